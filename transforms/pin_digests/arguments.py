"""Which text decides what a FROM names: its own word, or the default of an ARG that nothing else depends on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.stages import PLATFORM_ARGS, Stage
from hardenfile.evidence.reference import ImageReference

_SPECIAL = re.compile("[$\\\\`'\"]")
_VARIABLE = re.compile(r"(?P<head>[^$\\`'\"]*)\$(?:\{(?P<braced>\w+)(?P<default>:?-[^$\\`'\"{}]+)?\}|(?P<bare>\w+))")


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of an image reference: `written` stands in `at` and ends at `end` of its logical line.

    `text` is the whole reference; `argument` the ARG whose default it is, empty where the FROM itself holds it.
    """

    at: Instruction
    text: str
    written: str
    end: int
    argument: str = ""


def tail_of(document: Document, stage: Stage) -> Tail | str:
    """The tail of what a stage is FROM, or in words why what is written there cannot be pinned."""
    at, word = stage.instruction, stage.base_word
    raw, quotes = _unquoted(word.text)
    end = word.span.end - quotes
    if not _SPECIAL.search(raw):
        return Tail(at, raw, raw, end)
    found = _VARIABLE.fullmatch(raw)
    if found is None:
        return "only a variable that is the whole image, or its whole tag, can be followed"
    head, name = found["head"], found["braced"] or found["bare"]
    if head and not _is_name(head):
        return f"${name} is neither the whole image nor its whole tag"
    declared = list(_declarations(document, name))
    if not any("=" in raw for _, raw, _ in declared):
        if found["default"] is None or name in PLATFORM_ARGS or (declared and not found["default"].startswith(":")):
            return f"nothing in the file says what ${name} is"
        written = found["default"].lstrip(":").removeprefix("-")
        return Tail(at, head + written, written, end - 1)
    if len(declared) > 1:
        return f"{name} is declared more than once"
    problem = _other_use(document, name, head)
    if problem:
        return problem
    arg, pair, place = declared[0]
    value, quotes = _unquoted(pair.partition("=")[2])
    if not value or _SPECIAL.search(value):
        return f"the default of {name} is empty, or depends on others"
    return Tail(arg, head + value, value, place - quotes, name)


def _unquoted(text: str) -> tuple[str, int]:
    """The text without one pair of quotes around it, and how many characters stand behind it."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        inner = text[1:-1]
        if text[0] not in inner and not (text[0] == "'" and "$" in inner):
            return inner, 1
    return text, 0


def _is_name(head: str) -> bool:
    """Whether what stands before a variable is an image's name and a colon."""
    reference = ImageReference.parse(head.removesuffix(":"))
    return head.endswith(":") and reference is not None and reference.tag is None and reference.digest is None


def _declarations(document: Document, name: str) -> Iterator[tuple[Instruction, str, int]]:
    """The ARGs of that name before the first FROM: the instruction, the word, and where the word ends."""
    for one in document.instructions:
        if one.keyword == "FROM":
            return
        if one.keyword == "ARG":
            for word in one.words:
                if word.text.partition("=")[0] == name:
                    yield one, word.text, word.span.end


def _other_use(document: Document, name: str, head: str) -> str:
    """Where else the value of an ARG would land, so that a digest in it would do harm; empty where nowhere."""
    use = re.compile(rf"\$(?:\{{{name}\b|{name}\b)")
    for stage in document.stages:
        word = stage.base_word.text
        found = _VARIABLE.fullmatch(_unquoted(word)[0])
        same = found is not None and found["head"] == head and stage.parent is None
        if use.search(word) and not same:
            return f"{name} stands in {word} as well"
        if any(use.search(flag.value or "") for flag in stage.instruction.flags):
            return f"{name} decides the platform as well"
    in_stage = False
    for one in document.instructions:
        in_stage = in_stage or one.keyword == "FROM"
        inner = one.sub or one
        for text in inner.args if inner.keyword == "ARG" else ():
            other, _, default = text.partition("=")
            if in_stage and other == name:
                return f"{name} is declared again in a stage, where its value would land in other places"
            if not in_stage and use.search(default):
                return f"the default of {other} depends on {name}"
    return ""
