"""The findings of one source file."""

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain

from hardenfile.evidence.python_app.model import Finding, Kind

from .branches import has
from .calls import MODE, PLAIN_ROOT, PLAIN_ROOT_CALLS, READS, ROOT, calls_of
from .comments import blank_comments
from .elsewhere import above
from .home import asks_for_home, home_uses
from .languages import Language
from .paths import ABSOLUTE, DATABASE, LITERAL, Literal, absolute, for_anybody, is_state
from .ports import ports
from .redirects import redirects

_ARGUMENTS = 600  # characters of a call that are looked at
_BEFORE = 90  # characters in front of a literal or a call
_DEFINES = re.compile(r"(?:\b(?:function|func|def|defp|fn|fun|sub|void|static|public|private|async|import|class)\s+)\Z")
_TEMPORARY = re.compile(
    r"(?i:tmp_?dir|temp_?dir|temp_?path|temp_?file|java\.io\.tmpdir|sys_get_temp_dir|mkdtemp|tempnam|tmpfile)|NamedTemp"
)
_ENDS_IN = re.compile(r"(?i:copy|cp|move|mv|rename|link|transfer|replace|install)")
_FOLDERS = re.compile(
    r"(?i:mkdir|mkpath|create_?dir|make_?dir|make_path|ensure_?dir|makedirs|forcemkdir|rolling|multer|CreateSub|PersistKeys)"
)
_JOINS = re.compile(r"(?:[Jj]oin|Combine|resolve|Path\.of|Paths\.get|new File|Path)\(\s*\Z")
# A literal behind these goes on what stands before it: it is the end of a path, not all of one.
_GOES_ON = re.compile(r"(?:[^\s(\[{=,:<>|&?+.][ \t]*(?:\+{1,2}|\.{1,2}|<>|\^|~|&)|[jJ]oin\([^()\"'`]+,)\s*\Z")
_RELATIVE = re.compile(r"[\w.@-]+/[\w./@{}$%-]*\Z|[\w@-]+(?:\.[\w-]+)*\.[a-z][a-z0-9]{1,7}\Z|\.[\w-]+\Z")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_CONSTANT = re.compile(
    r"""([A-Za-z_$][\w$]*)["']?\s*(?::?=(?![=~>])|:(?!:))\s*(?:[^;\n"'`{},]|["'][A-Za-z_][\w.]*["'](?:\s*,)?){0,70}?
    (?P<quote>["'`])(?P<text>/[^"'`\n\\]{1,200})(?P=quote)""",
    re.X,
)
# Plain words that each kind of finding needs: looking for them first is many times faster than the patterns.
_PATH_WORDS = ('"/', "'/", "`/", "sqlite", "jdbc:", "ata Source=", "ilename=", "file:/")
_PORT_WORDS = (
    "isten(", "ListenAnd", "ListenTLS", "ListenAny", "ListenLocal", ".Listen", "Addr:", "Addr :", "Addr  ", "Socket",
    "htons", "UseUrls", "bind(", "port:", "port=", "port = ", "port ENV", "PORT", ".Run", ".Start(",
    ".StartTLS", "Server(", "TCPServer.new", ":port", "serve(",
)  # fmt: skip
_ROOT_WORDS = (
    "tuid", "tgid", "teuid", "tegid", "tresuid", "tresgid", "treuid", "tgroups", "hroot", "hown", "chgrp", "knod",
    "mount(", "Mount(", "setOwner", "change_privilege", "etns", "nshare", "SOCK_RAW", "AF_PACKET", "ListenIP", "icmp.",
    "gopacket", "pcap", "::RAW", "sudo", "docker.sock",
)  # fmt: skip


class SourceReader:
    """Reads one file; `text` is its content as it stands."""

    def __init__(self, file: str, text: str, language: Language) -> None:
        self.file = file
        self.language = language
        self.calls = calls_of(language.calls)
        self.raw = text
        self.text = ""
        self._lines: list[int] = []
        self._names: dict[str, list[str]] | None = None
        self._taken: set[int] = set()

    def findings(self) -> list[Finding]:
        """What the file does; each thing once, by the first line that does it."""
        paths, ports_, root = (has(self.raw, words) for words in (_PATH_WORDS, _PORT_WORDS, _ROOT_WORDS))
        home = asks_for_home(self.raw)
        if not (paths or ports_ or root or home or self.calls.write.search(self.raw) or self._chained(self.raw)):
            return []
        self.text = blank_comments(self.raw, self.language.comments)
        self._lines = [0] + [at.end() for at in re.finditer("\n", self.text)]
        found: dict[tuple[Kind, str | None, int | None, str], Finding] = {}
        readers = [self._writes()]
        readers += [self._databases(), self._mentions()] if paths else []
        readers += [self._ports()] if ports_ else []
        readers += [self._root()] if root else []
        readers += [home_uses(self.text, self.file)] if home else []
        readers += [redirects(self.text, self.file)] if ">" in self.text else []
        readers += [above(self.text, self.file)] if "../" in self.text else []
        for one in chain.from_iterable(readers):
            found.setdefault((one.kind, one.path, one.port, one.what), one)
        written = {one.path for one in found.values() if one.kind == "write"}
        kept = (one for one in found.values() if one.kind != "unknown" or one.path not in written)
        return sorted(kept, key=lambda one: one.line)

    def _chained(self, text: str) -> bool:
        return self.calls.chained is not None and self.calls.chained.search(text) is not None

    def _line(self, at: int) -> int:
        return bisect_right(self._lines, at)

    def _finding(self, kind: Kind, at: int, what: str, path: Literal | None = None, port: int | None = None) -> Finding:
        folder = path.folder if path else False
        return Finding(kind, path.path if path else None, folder, port, what, self.file, self._line(at))

    def _writes(self) -> Iterator[Finding]:
        for match in self.calls.write.finditer(self.text):
            if _DEFINES.search(self.text, max(0, match.start() - 20), match.start()):
                continue
            end = self._end(match.end(), bare=self.calls.bare and not match.group().endswith("("))
            arguments = self.text[match.end() : end]
            if match.groupdict().get("mode") and not self._asks_to_write(match["call"], arguments):
                if not re.search(r"[A-Za-z_]", _without_strings(arguments).replace("O_RDONLY", "")):
                    self._taken.update(one.start() for one in LITERAL.finditer(self.text, match.end(), end))
                continue
            if self.language.calls == "js" and re.match(r"\)\s*\{", self.text[end : end + 8]):
                continue  # a method of that name
            if arguments.strip(" )\n\t") or match["call"] in ("multer",):
                yield from self._target(match["call"], match.end(), end, match.start())
        if self.calls.chained is not None:
            for match in self.calls.chained.finditer(self.text):
                start = max(self.text.rfind(sign, 0, match.start()) for sign in (";", "{", "}", "\n")) + 1
                yield from self._target(match["call"], start, match.start(), match.start())

    def _asks_to_write(self, call: str, arguments: str) -> bool:
        if MODE.search(arguments):
            return True
        # Flags that are a variable's may be any; a plain open() with one argument reads.
        return call == "os.OpenFile" and "O_RDONLY" not in arguments

    def _end(self, at: int, *, bare: bool) -> int:
        """Where the arguments of a call end: at the bracket that closes it, or with the line where there is none."""
        depth, last = 0, min(len(self.text), at + _ARGUMENTS)
        while at < last:
            char = self.text[at]
            if char in "\"'`":
                literal = LITERAL.match(self.text, at)
                at = literal.end() if literal else at + 1
                continue
            depth += (char in "([{") - (char in ")]}")
            if depth < 0 or (bare and depth == 0 and char in "\n;"):
                return at
            at += 1
        return last

    def _target(self, call: str, start: int, end: int, at: int) -> Iterator[Finding]:
        """The findings of a writing call; what it writes to is named between two offsets."""
        arguments = self.text[start:end]
        name = " ".join(call.split()).lstrip(".")
        name = name if len(name) < 40 else f"{name[:18]}…{name[-12:]}"
        if _TEMPORARY.search(arguments):
            return
        literals = [one for one in LITERAL.finditer(self.text, start, end) if one["text"]]
        paths = [one for one in literals if one["text"].startswith("/") and one["text"] != "/"]
        ends = [one for one in paths if self._goes_on(one.start())]
        paths = [one for one in paths if one not in ends]
        if paths:
            chosen = paths[-1] if _ENDS_IN.search(call) else paths[0]
            self._taken.update(one.start() for one in paths)
            yield from self._written(name, call, self._joined(chosen, literals), at, chosen["text"])
            return
        known = [path for one in _NAME.findall(_without_strings(arguments)) for path in self._constants().get(one, ())]
        if known:
            for path in dict.fromkeys(known[:3]):
                literal = absolute(path)
                below = (
                    re.search(r"(?:[+,./]|\bjoin\b)", arguments.split(",")[0]) is not None
                    or "join" in arguments.lower()
                )
                if literal is not None and below:
                    literal = Literal(literal.path, True)
                yield from self._written(name, call, literal, at, path)
            return
        relative = next((one["text"] for one in literals if _RELATIVE.match(one["text"])), None)
        if arguments.lstrip()[:1] in ("'", '"', "`") and literals:
            relative = relative or literals[0]["text"]
        if ends:
            yield self._finding("write", at, f"writes a path that ends in {ends[0]['text']} ({name})")
        elif relative is not None and not MODE.match(f'"{relative}"'):
            yield self._finding("write", at, f"writes the relative path {relative} ({name})")
        else:
            yield self._finding("write", at, f"writes a path that only the run knows ({name})")

    def _joined(self, literal: re.Match[str], literals: list[re.Match[str]]) -> Literal | None:
        path = absolute(literal["text"])
        behind = self.text[literal.end() : literal.end() + 3].lstrip()
        if path is None or behind[:1] not in ("+", ".", ",", "/") or behind[:1] == "":
            return path
        joins = _JOINS.search(self.text, max(0, literal.start() - _BEFORE), literal.start())
        if behind[:1] == "," and not joins:
            return path
        following = next((one for one in literals if one.start() > literal.start()), None)
        between = self.text[literal.end() : following.start()] if following else "x"
        if following is not None and joins and between.strip() == "," and "/" not in following["text"][:1]:
            tail = self.text[following.end() : following.end() + 2].lstrip()
            return Literal(posixpath.normpath(f"{path.path}/{following['text']}"), tail[:1] == ",")
        return Literal(path.path if joins or path.folder else posixpath.dirname(path.path), True)

    def _written(self, name: str, call: str, path: Literal | None, at: int, text: str) -> Iterator[Finding]:
        if path is None:
            yield self._finding("write", at, f"writes a path that only the run knows, {text} ({name})")
        elif not for_anybody(path.path):
            folder = path.folder or bool(_FOLDERS.search(call))
            yield self._finding("write", at, f"writes {path.path} ({name})", Literal(path.path, folder))

    def _goes_on(self, at: int) -> bool:
        return _GOES_ON.search(self.text, max(0, at - _BEFORE), at) is not None

    def _constants(self) -> dict[str, list[str]]:
        """Names that the file gives an absolute path."""
        if self._names is None:
            self._names = {}
            for match in () if not has(self.text, _PATH_WORDS[:3]) else _CONSTANT.finditer(self.text):
                if self._goes_on(match.start("quote")):
                    continue
                behind = self.text[match.end() : match.end() + 3].lstrip()[:1]
                more = behind == "+" or (
                    behind == "," and _JOINS.search(self.text[match.start() : match.start("quote")])
                )
                self._names.setdefault(match[1], []).append(match["text"] + ("/" if more else ""))
        return self._names

    def _databases(self) -> Iterator[Finding]:
        for match in DATABASE.finditer(self.text):
            self._taken.add(match.start())
            text = match["text"]
            if match["kind"].endswith("///") and not text.startswith("/") and self.language.calls != "python":
                text = f"/{text}"  # three slashes are a relative path to SQLAlchemy only
            path = absolute(text) if text.startswith("/") else None
            if path is not None and not for_anybody(path.path):
                yield self._finding("write", match.start(), f"keeps a database in {path.path}", path)
            elif path is None and not re.match(r"[\[{$%:]|memory", text):
                yield self._finding("write", match.start(), f"keeps a database at the relative path {text}")

    def _mentions(self) -> Iterator[Finding]:
        for match in ABSOLUTE.finditer(self.text):
            path = absolute(match["text"])
            if path is None or match.start() in self._taken or self._goes_on(match.start()):
                continue
            line = self.text.rfind("\n", 0, match.start()) + 1
            before = self.text[max(line, match.start() - _BEFORE) : match.start()]
            if READS.search(before) or not is_state(path.path, before):
                continue
            yield self._finding("unknown", match.start(), f"names {path.path}, which it may write", path)

    def _ports(self) -> Iterator[Finding]:
        for at, port in ports(self.text, self.language.calls):
            yield self._finding("port", at, f"listens on port {port}", port=port)

    def _root(self) -> Iterator[Finding]:
        patterns = (ROOT, PLAIN_ROOT) if self.language.calls in PLAIN_ROOT_CALLS else (ROOT,)
        for pattern in patterns:
            for match in pattern.finditer(self.text):
                start = max(0, match.start() - 20)
                if _DEFINES.search(self.text, start, match.start()):
                    continue
                yield self._finding("root", match.start(), _privilege(match))


def _privilege(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "raw":
        return f"opens a raw socket ({match['raw']})"
    if kind == "sudo":
        return "runs sudo"
    if kind == "docker":
        return "talks to the Docker daemon's socket"
    return f"calls {match[kind or 0]}"


def _without_strings(arguments: str) -> str:
    return LITERAL.sub(" ", arguments)


def read_source(file: str, text: str, language: Language) -> list[Finding]:
    """The findings of one source file of the context."""
    return SourceReader(file, text, language).findings()
