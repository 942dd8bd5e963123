"""What BuildKit refuses once a file is parsed: unknown instructions and flags, wrong numbers of arguments."""

import re
from collections.abc import Iterator

from .document import Diagnostic, Document, Instruction
from .expand import ExpansionError
from .parse import heredoc_mark
from .words import SPACE, Flag, lower

# Flags by instruction: "bool", "one" value, or "many" values.
FLAGS: dict[str, dict[str, str]] = {
    "FROM": {"platform": "one"},
    "ADD": {
        "chown": "one",
        "chmod": "one",
        "link": "bool",
        "keep-git-dir": "bool",
        "checksum": "one",
        "unpack": "bool",
        "exclude": "many",
    },
    "COPY": {"chown": "one", "from": "one", "chmod": "one", "link": "bool", "exclude": "many", "parents": "bool"},
    "RUN": {"mount": "many", "network": "one", "security": "one", "device": "many"},
    "HEALTHCHECK": {
        "interval": "one",
        "timeout": "one",
        "start-period": "one",
        "start-interval": "one",
        "retries": "one",
    },
}
_UNCHECKED = ("ARG", "STOPSIGNAL")  # BuildKit never looks at their flags
_ONE_ARGUMENT = ("USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER")
_SOME_ARGUMENT = ("ENV", "LABEL", "EXPOSE", "ARG", "VOLUME", "SHELL", "HEALTHCHECK")
_STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*\Z")
_DURATION = re.compile(r"[+-]?(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:ns|us|µs|μs|ms|s|m|h))+\Z")
_DURATION_PART = re.compile(r"([0-9]*+)\.?([0-9]*+)(ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_INTEGER = re.compile(r"([+-]?)0*+([0-9]*)\Z")
_GO_BOOLEANS = ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False")


def check(document: Document) -> Iterator[Diagnostic]:
    """The errors of every instruction, and of the file as a whole."""
    seen_from = False
    for instruction in document.instructions:
        keyword = instruction.keyword
        message = next(_messages(instruction), None)
        if message is None and not seen_from and keyword not in ("FROM", "ARG"):
            message = f"{keyword} stands before the first FROM"
        seen_from = seen_from or keyword == "FROM"
        if message is not None:
            yield Diagnostic(instruction.first_line, "error", message)
    if not document.instructions:
        yield Diagnostic(max(len(document.source.line_starts) - 1, 1), "error", "the file holds no instructions")
    elif all(one.keyword == "ARG" for one in document.instructions):
        # A warning, as the parser takes it; the build then finds that it has no stage.
        yield Diagnostic(
            document.instructions[-1].last_line, "warning", "the file holds no FROM: there is nothing to build"
        )


def _messages(instruction: Instruction) -> Iterator[str]:
    parts = instruction.split
    keyword, args = parts.keyword, parts.args
    message = parts.error or _arguments(keyword, args, instruction.known)
    if message is not None:
        yield message
        return
    if keyword == "ONBUILD":
        yield from _onbuild(instruction)
        return
    unchecked = keyword in _UNCHECKED or (keyword == "HEALTHCHECK" and args[0].upper() == "NONE")
    if not unchecked:
        yield from _flags(keyword, parts.flags)
    if keyword in ("ADD", "COPY"):
        yield from _destination(keyword, args[-1])
    elif keyword == "HEALTHCHECK":
        yield from _health(args, parts.flags)
    elif keyword == "SHELL" and not parts.json:
        yield "SHELL requires the arguments to be in JSON form"
    elif keyword == "VOLUME" and not all(arg.strip(SPACE) for arg in args):
        yield "VOLUME specified can not be an empty string"
    elif keyword == "RUN":
        yield from _run(parts.flags)


def _arguments(keyword: str, args: tuple[str, ...], known: bool) -> str | None:
    """What is wrong with the number of arguments, or with their form where BuildKit looks at it first."""
    if not known:
        return f"unknown instruction: {_shown(keyword)}"
    if keyword == "FROM":
        return _from(args)
    if keyword in ("ADD", "COPY") and len(args) < 2:
        return f"{keyword} requires at least two arguments: a source and a destination"
    if keyword in _ONE_ARGUMENT and len(args) != 1:
        return f"{keyword} requires exactly one argument"
    if keyword in _SOME_ARGUMENT and not args:
        return f"{keyword} requires at least one argument"
    if (keyword in ("ENV", "LABEL") and "" in args[::3]) or (keyword == "ARG" and any(a.startswith("=") for a in args)):
        return f"{keyword} names can not be blank"
    return None


def _shown(word: str) -> str:
    return word if len(word) <= 40 and word.isprintable() else repr(word[:40])


def _from(args: tuple[str, ...]) -> str | None:
    if len(args) == 3 and args[1].casefold() == "as":
        return None if _STAGE_NAME.match(lower(args[2])) else f"invalid name for build stage: {_shown(args[2])}"
    return None if len(args) == 1 else "FROM requires either one or three arguments"


def _onbuild(instruction: Instruction) -> Iterator[str]:
    """BuildKit checks the trigger itself only when a child image runs it; what its parser refuses counts here."""
    inner = instruction.sub
    if inner is None:
        yield "ONBUILD requires at least one argument"
        return
    yield from _flags("ONBUILD", instruction.flags)
    trigger = inner.keyword.strip(SPACE).upper()
    if trigger == "ONBUILD":
        yield "chaining ONBUILD via ONBUILD ONBUILD isn't allowed"
    elif trigger in ("FROM", "MAINTAINER"):
        yield f"{trigger} isn't allowed as an ONBUILD trigger"
    elif inner.split.error:
        yield inner.split.error


def _flags(keyword: str, flags: tuple[Flag, ...]) -> Iterator[str]:
    allowed = FLAGS.get(keyword, {})
    seen: set[str] = set()
    for flag in flags:
        kind = allowed.get(flag.name)
        if kind is None:
            yield f"unknown flag: --{flag.name}"
        elif flag.name in seen and kind != "many":
            yield f"duplicate flag specified: --{flag.name}"
        elif (kind != "bool" and flag.value is None) or (kind == "bool" and flag.value == ""):
            yield f"missing a value on flag: --{flag.name}"
        elif kind == "bool" and flag.value is not None and flag.value.lower() not in ("true", "false"):
            yield f"expecting boolean value for flag --{flag.name}, not: {flag.value}"
        seen.add(flag.name)


def _destination(keyword: str, destination: str) -> Iterator[str]:
    try:
        heredoc = heredoc_mark(destination)
    except ExpansionError:
        heredoc = None
    if heredoc is not None:
        yield f"{keyword} cannot accept a heredoc as a destination"


def _health(args: tuple[str, ...], flags: tuple[Flag, ...]) -> Iterator[str]:
    kind = args[0].upper()
    if kind == "NONE":
        if len(args) > 1:
            yield "HEALTHCHECK NONE takes no arguments"
        return
    if kind != "CMD":
        yield f"unknown type {_shown(args[0])} in HEALTHCHECK (try CMD)"
    elif len(args) == 1:
        yield "missing command after HEALTHCHECK CMD"
    for flag in flags:
        value = flag.value or ""
        if flag.name == "retries":
            if value and not _retries(value):
                yield f"--retries must be a number that is not negative, not {_shown(value)}"
        elif value and (nanoseconds := _duration(value)) is None:
            yield f"--{flag.name} is no duration: {_shown(value)}"
        elif value and nanoseconds and nanoseconds < 10**6:
            yield f"--{flag.name} cannot be less than 1ms"


def _retries(text: str) -> bool:
    match = _INTEGER.match(text)
    if match is None or not text[-1].isdigit() or len(match[2]) > 10:
        return False
    number = int(match[2] or 0)
    return number == 0 or (match[1] != "-" and number < 2**31)


def _duration(text: str) -> int | None:
    """A Go duration in nanoseconds; None when it is none, or more than fits."""
    if text in ("0", "+0", "-0"):
        return 0
    if not _DURATION.match(text):
        return None
    total = 0
    for whole, fraction, unit in _DURATION_PART.findall(text):
        digits = whole.lstrip("0")[:20]
        scaled = int(fraction[:18] or 0) * _NANOSECONDS[unit] // 10 ** len(fraction[:18])
        total += int(digits or 0) * _NANOSECONDS[unit] + scaled
    if total >= 2**63:
        return None
    return -total if text.startswith("-") else total


def _run(flags: tuple[Flag, ...]) -> Iterator[str]:
    last = {flag.name: flag.value or "" for flag in flags}
    for flag in flags:
        if flag.name not in ("mount", "device"):
            continue
        fields = csv_fields(flag.value or "")
        if fields is None:
            yield f"--{flag.name} is no valid CSV: {_shown(flag.value or '')}"
        elif flag.name == "device":
            yield from _device(fields)
        else:
            for field in fields:
                name, _, value = field.partition("=")
                if name.lower() == "from" and "$" in value[:-1]:
                    yield "'from' doesn't support variable expansion, define alias stage instead"
    if last.get("network", "default") not in ("default", "none", "host"):
        yield f"invalid network mode {_shown(last['network'])}"
    if last.get("security", "sandbox") not in ("sandbox", "insecure"):
        yield f"security {_shown(last['security'])} is not valid"


def _device(fields: list[str]) -> Iterator[str]:
    device = ""
    for field in fields:
        name, equals, value = field.partition("=")
        name = name.lower()
        if name == "required":
            if equals and value not in _GO_BOOLEANS:
                yield f"invalid value for required: {_shown(value)}"
        elif name == "name" and equals:
            if device:
                yield f"device name already set to {_shown(device)}"
            device = value
        elif not device:
            device = field
        else:
            yield f"unexpected {_shown(field)} in --device"


def csv_fields(text: str) -> list[str] | None:
    """The fields of one CSV record, as a `--mount` holds them; None when it is empty or the quotes are wrong."""
    if not text:
        return None
    fields: list[str] = []
    at, size = 0, len(text)
    while True:
        if text[at : at + 1] != '"':
            end = text.find(",", at)
            end = size if end < 0 else end
            if '"' in text[at:end]:
                return None
            fields.append(text[at:end])
        else:
            end = at + 1
            while (end := text.find('"', end)) >= 0 and text[end + 1 : end + 2] == '"':
                end += 2
            if end < 0 or text[end + 1 : end + 2] not in ("", ","):
                return None
            fields.append(text[at + 1 : end].replace('""', '"'))
            end += 1
        if end >= size:
            return fields
        at = end + 1
