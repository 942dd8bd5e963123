"""What shell scripts that run at start write, and the ports that command lines name."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from hardenfile.dockerfile.shell import Command, Script, Word

from .python_app.model import Finding, Kind
from .sources.paths import for_anybody

_PREFIXES = frozenset("exec command env busybox nice time nohup builtin".split())
_EVERY = {"mkdir": "makes", "touch": "touches", "tee": "writes", "truncate": "writes", "rm": "removes"}
_EVERY |= {"rmdir": "removes", "unlink": "removes", "mkfifo": "makes"}
_LAST = {"cp": "copies to", "mv": "moves to", "ln": "links", "install": "installs to", "rsync": "copies to"}
_FOLDERS = frozenset(("mkdir", "rmdir"))
# Options whose value is the next word.
_VALUED = {
    "mkdir": "-m --mode", "install": "-m -o -g --mode --owner --group", "truncate": "-s -r --size --reference",
    "touch": "-d -r -t --date --reference", "cp": "-S --suffix", "mv": "-S --suffix", "ln": "-S --suffix",
    "sed": "-e -f -l --expression --file", "chmod": "--reference",
}  # fmt: skip
_OUTPUTS = {
    "wget": ("-O", "--output-document", "-P", "--directory-prefix"),
    "curl": ("-o", "--output"),
    "unzip": ("-d",),
    "tar": ("-C", "--directory"),
    "openssl": ("-out", "-keyout"),
    "sort": ("-o", "--output"),
}
_VARIABLE = re.compile(r"\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?::?[-=](?P<default>[^{}$`]*))?\})")
_DYNAMIC = re.compile(r"[$`*?\[{]")
_OUTPUT_OF_PID_1 = re.compile(r"/proc/(?:1|\$\$|self)/fd/\d")

# Programs whose options of these names mean another server's port, or no port at all.
_CLIENTS = frozenset(
    "ssh scp sftp psql pg_isready pg_dump createdb redis-cli mysql mysqladmin mysqldump mariadb mongosh mongo nc ncat "
    "crond curl wget mkdir cp mv ln rm touch install telnet wait-for-it.sh wait-for read ps tar sed kcadm.sh".split()
)
_OPTION = re.compile(
    r"(?:--?(?:server[.-]|http[.-]|web[.-]|listen[.-])?(?:port|bind|listen|addr|address|http|bind-address|listen-address"
    r"|http-port|https-port|web\.listen-address)|-p|-b|-l|-S|-a|-Dserver\.port)\Z"
)
_ADDRESS = re.compile(r"(?:[a-z]+://)?(?:[\w.*-]*|\[[0-9a-fA-F:]*\]):(\d{1,5})/?\Z|(\d{1,5})\Z")
_ASSIGNED = re.compile(r"(?:\w+_)?PORT=(\d{1,5})\Z")


def script_findings(script: Script, file: str, text: str = "", line: int | None = None) -> tuple[Finding, ...]:
    """What the commands of a shell text write and listen on; owners, packages and users are not told again.

    `text` is what `read_shell` was given: lines are counted in it, unless `line` says where all of it stands.
    """
    variables = _assigned(script)
    found: dict[tuple[Kind, str | None, int | None, str], Finding] = {}
    for command in script.commands:
        at = line if line is not None else text.count("\n", 0, command.span.start) + 1 if text else 0
        for one in (*_writes(command, variables, file, at), *_ports(command, file, at)):
            found.setdefault((one.kind, one.path, one.port, one.what), one)
    return tuple(found.values())


def command_ports(argv: Sequence[str | None]) -> tuple[int, ...]:
    """The ports that a command line names as its own: `--port 80`, `-b :80`, `PORT=80` and the like."""
    found: dict[int, None] = {}
    words = list(argv)
    program = next((posixpath.basename(one) for one in words if one and one not in _PREFIXES and "=" not in one), "")
    for index, word in enumerate(words):
        if word is None:
            continue
        assigned = _ASSIGNED.match(word.removeprefix("-e"))
        if assigned and not word.startswith("-"):
            found[int(assigned[1])] = None
        if program in _CLIENTS:
            continue
        name, sign, value = word.partition("=")
        following = value if sign else words[index + 1] if index + 1 < len(words) else None
        if (_OPTION.match(name) or name == "runserver") and following:
            address = _ADDRESS.match(following)
            if address:
                found[int(address[1] or address[2])] = None
    return tuple(port for port in found if 0 < port < 65536)


def _assigned(script: Script) -> dict[str, str]:
    """The variables that a script sets once, to something plain."""
    values: dict[str, list[str | None]] = {}
    for command in script.commands:
        words = list(command.assignments)
        if command.name in ("export", "readonly", "local", "declare"):
            words += command.arguments
        elif command.name == "read":
            for word in command.arguments:
                values.setdefault(word.raw, []).append(None)
        for word in words:
            name, sign, raw = word.raw.partition("=")
            if sign:
                values.setdefault(name.rstrip("+"), []).append(_expand(raw, {}))
    return {name: given[0] for name, given in values.items() if len(given) == 1 and given[0] is not None}


def _expand(raw: str, variables: Mapping[str, str]) -> str | None:
    """A word's text with known variables and defaults in place; what stays dynamic is as it was; None in odd quotes."""

    def value(match: re.Match[str]) -> str:
        known = variables.get(match["plain"] or match["name"])
        return known if known is not None else match["default"] or match.group()

    text = _VARIABLE.sub(value, raw.replace("\\\n", ""))
    return None if "\\" in text or "$(" in text or "`" in text else text.replace('"', "").replace("'", "")


def _writes(command: Command, variables: Mapping[str, str], file: str, line: int) -> Iterator[Finding]:
    for redirect in command.redirects:
        if ">" in redirect.operator and not (
            redirect.operator.endswith("&") and re.match(r"[\d-]", redirect.target.raw)
        ):
            yield from _target(redirect.target, "writes", variables, file, line, folder=False)
    for word, doing, folder in _operands(command):
        yield from _target(word, doing, variables, file, line, folder=folder)


def _operands(command: Command) -> Iterator[tuple[Word, str, bool]]:
    """The words of a command that it writes to, how, and whether each is a folder."""
    words = list(command.words)
    while words and (words[0].value in _PREFIXES or re.match(r"[A-Za-z_]\w*=", words[0].raw)):
        words.pop(0)
    if not words or words[0].value is None:
        return
    name = posixpath.basename(words[0].value)
    plain, options = _split(name, words[1:])
    if name in _EVERY:
        yield from ((word, _EVERY[name], name in _FOLDERS) for word in plain)
    elif name in _LAST:
        into = options.get("-t") or options.get("--target-directory")
        folders = name == "install" and "-d" in options
        if into is not None:
            yield into, _LAST[name], True
        elif folders:
            yield from ((word, "makes", True) for word in plain)
        elif len(plain) > 1:
            yield plain[-1], _LAST[name], len(plain) > 2 or plain[-1].raw.endswith(("/", '/"', "."))
            if name == "mv":
                yield from ((word, "moves", False) for word in plain[:-1])
    elif name == "sed" and any(re.match(r"-[nErsuz]*i|--in-place", option) for option in options):
        scripted = any(option in options for option in ("-e", "--expression", "-f", "--file"))
        yield from ((word, "changes", False) for word in plain[0 if scripted else 1 :])
    elif name == "chmod":
        yield from ((word, "changes the mode of", False) for word in plain[1:])
    elif name == "dd":
        for word in plain:
            if word.raw.startswith("of="):
                yield Word(word.raw[3:], word.span, word.value[3:] if word.value else None), "writes", False
    elif name in _OUTPUTS:
        yield from ((options[one], "writes", one in ("-C", "-d", "-P")) for one in _OUTPUTS[name] if one in options)


def _split(name: str, words: Sequence[Word]) -> tuple[list[Word], dict[str, Word]]:
    """The operands of a command, and its options with the word behind each."""
    valued = (*_VALUED.get(name, "").split(), *_OUTPUTS.get(name, ()), *(("-t",) if name in _LAST else ()))
    plain: list[Word] = []
    options: dict[str, Word] = {}
    index, ended = 0, False
    while index < len(words):
        word = words[index]
        text = word.value if word.value is not None else word.raw
        if ended or not text.startswith("-") or text == "-":
            plain.append(word)
        elif text == "--":
            ended = True
        else:
            key, sign, value = text.partition("=")
            if sign:
                options[key] = Word(value, word.span, value)
            elif key in valued and index + 1 < len(words):
                index += 1
                options[key] = words[index]
            else:
                options[key] = word
        index += 1
    return plain, options


def _target(
    word: Word, doing: str, variables: Mapping[str, str], file: str, line: int, *, folder: bool
) -> Iterator[Finding]:
    text = word.value if word.value is not None else _expand(word.raw, variables)
    if not text or text == "-" or (text and (_OUTPUT_OF_PID_1.match(text) or for_anybody(text))):
        if text is None:
            yield Finding(
                "unknown", None, False, None, f"{doing} a path that only the run knows, {word.raw}", file, line
            )
        return
    hole = _DYNAMIC.search(text) if word.value is None else None
    shown = text if hole is None else f"{text}, of which a part is known only at run time"
    if hole is not None:
        text, folder = text[: text.rfind("/", 0, hole.start()) + 1], True
    path = posixpath.normpath("/" + text.lstrip("/")) if text.startswith("/") else ""
    if path and path != "/":
        if not for_anybody(path):
            yield Finding("write", path, folder or text.endswith("/"), None, f"{doing} {shown}", file, line)
    elif hole is not None:
        yield Finding("unknown", None, False, None, f"{doing} {shown}", file, line)
    elif not path:
        yield Finding("write", None, False, None, f"{doing} the relative path {shown}", file, line)


def _ports(command: Command, file: str, line: int) -> Iterator[Finding]:
    assigned = [word.value for word in command.assignments]
    for port in command_ports((*assigned, *(word.value for word in command.words))):
        yield Finding("port", None, False, port, f"names port {port}", file, line)
