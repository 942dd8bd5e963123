"""What Go sources say of the program: read once, each file by its own, as text."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..survey import Survey

_SIZE = 1_000_000  # bytes of a source file that are read at most
_MAIN = re.compile(r"^package\s+main\b", re.MULTILINE)
_IGNORED = re.compile(r"^//(?:go:build\s+ignore\b|\s*\+build\s+ignore\b)", re.MULTILINE)
_CGO = re.compile(r'^import\s+(?:\(\s*)?"C"|^\s+"C"\s*$', re.MULTILINE)
_STRING = re.compile(r'"((?:[^"\\\n]|\\.){1,200})"|`([^`]{1,200})`')
_EMBED = re.compile(r"^//go:embed[ \t]+(.+)$", re.MULTILINE)
_QUOTED = re.compile(r'"([^"]*)"|`([^`]*)`|(\S+)')
_EXEC = re.compile(r'\bexec\.(?:Command\(|CommandContext\([^,()]*(?:\([^()]*\))?,|LookPath\()\s*(?:"([^"\n]*)"|(.))')
_OTHER_START = re.compile(r"\b(?:os\.StartProcess|syscall\.(?:Exec|ForkExec|StartProcess)|unix\.Exec)\(")
# What reads files by path; a program that has embedded files and none of these reads those alone.
_READS = re.compile(
    r"\b(?:os\.(?:Open|OpenFile|ReadFile|ReadDir|DirFS|Stat|OpenRoot)|ioutil\.Read(?:File|Dir)|http\.(?:Dir|ServeFile)"
    r"|filepath\.(?:Walk|WalkDir|Glob)|template\.Parse(?:Files|Glob)|viper\.\w+|godotenv\.\w+)\("
    r"|\.(?:Parse(?:Files|Glob)|LoadHTML\w+|Static\w*|SendFile|File|FileAttachment|ServeFiles|ReadInConfig)\(|\"file://"
)
# Reading the folder that it starts in, or one that only the run knows.
_HERE = re.compile(
    r'\b(?:http\.Dir|os\.(?:DirFS|ReadDir)|ioutil\.ReadDir|filepath\.Walk(?:Dir)?)\(\s*(?:"\.?/?"|"")'
    r'|\b(?:Parse|filepath\.)Glob\(\s*"(?:\./)?\*'
)
_TOOLCHAIN = re.compile(
    r'\b(?:Getenv|LookupEnv)\("(?:GOPATH|GOROOT|GOTOOLCHAIN)"\)|\bruntime\.GOROOT\(|^\s*(?:\w+\s+)?"(?:go/build|plugin|'
    r'golang\.org/x/tools/go/packages)"',
    re.MULTILINE,
)
# What checks the certificate of another server.
_DIALS = re.compile(
    r"\b(?:http\.(?:Get|Post|PostForm|Head|Client|DefaultClient|DefaultTransport|Transport|NewRequest\w*)\b"
    r"|(?:tls|x509|smtp|httputil|rpc|jsonrpc)\.)"
)
_TOOLCHAIN_WORDS = ("GOPATH", "GOROOT", "GOTOOLCHAIN", '"go/build"', '"plugin"', "go/packages")
_HERE_WORDS = ("Dir", "Walk", "Glob(")
# What tells the type of a file by the system's list, and what asks for an account by its name.
_SERVES = re.compile(
    r"\b(?:http\.(?:FileServer\w*|ServeFile\w*|ServeContent)|mime\.\w+)\(|\.(?:Static\w*|SendFile|File)\("
)
_ACCOUNTS = re.compile(r"\buser\.Lookup\w*\(")
_GENERATE = re.compile(r"^//go:generate\s+(.+)$", re.MULTILINE)
_OTHER_SYSTEM = re.compile(
    r"_(?:windows|darwin|freebsd|netbsd|openbsd|dragonfly|solaris|illumos|aix|plan9|android|ios|js|wasip1|wasm)(?:_\w+)?\.go\Z"
)


@dataclass(slots=True)
class Sources:
    """Findings, each with the path in the context that it was found at where that matters for a report.

    `strings` are the program's own, not those of vendored modules. `mains` are the folders of the image with a program.
    """

    strings: set[str] = field(default_factory=set)
    mains: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    cgo: list[str] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)
    programs: list[tuple[str, str | None]] = field(default_factory=list)
    generators: list[tuple[str, str]] = field(default_factory=list)
    toolchain: list[str] = field(default_factory=list)
    here: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    reads: bool = False
    dials: bool = False
    serves: bool = False
    accounts: bool = False


def read_sources(survey: Survey) -> Sources:
    """All Go files of the context that the image gets; tests, and files for other systems, left out."""
    found = Sources()
    for path, entry in survey.files:
        if not path.endswith(".go"):
            continue
        folder, _, name = path.rpartition("/")
        found.folders.add(folder or "/")
        if name.endswith("_test.go") or _OTHER_SYSTEM.search(name) or "/testdata/" in path:
            continue
        data = survey.context.read(entry.path, _SIZE)
        if data is None:
            found.unread.append(entry.path)
            continue
        _read(found, path, entry.path, data.decode("utf-8", "replace"))
    return found


def _read(found: Sources, path: str, shown: str, text: str) -> None:
    if '"C"' in text and _CGO.search(text) and not _IGNORED.search(text):
        found.cgo.append(shown)
    for match in _EMBED.finditer(text) if "//go:embed" in text else ():
        found.embedded += _patterns(match[1], posixpath.dirname(path))
    if "/vendor/" in path:
        return
    if "package main" in text and _MAIN.search(text) and not _IGNORED.search(text):
        found.mains.add(posixpath.dirname(path))
    found.strings.update(match[1] or match[2] for match in _STRING.finditer(text))
    if "exec." in text:
        found.programs += ((shown, match[1]) for match in _EXEC.finditer(text))
    if ("StartProcess" in text or "Exec(" in text) and _OTHER_START.search(text):
        found.programs.append((shown, None))
    if "go:generate" in text:
        found.generators += ((shown, match[1]) for match in _GENERATE.finditer(text))
    if any(word in text for word in _TOOLCHAIN_WORDS) and _TOOLCHAIN.search(text):
        found.toolchain.append(shown)
    if any(word in text for word in _HERE_WORDS) and _HERE.search(text):
        found.here.append(shown)
    found.serves = found.serves or _SERVES.search(text) is not None
    found.accounts = found.accounts or ("user.Lookup" in text and _ACCOUNTS.search(text) is not None)
    found.dials = found.dials or _DIALS.search(text) is not None
    found.reads = found.reads or _READS.search(text) is not None


def _patterns(text: str, folder: str) -> Iterator[str]:
    """The patterns of a go:embed line as paths of the image."""
    for match in _QUOTED.finditer(text):
        word = (match[1] or match[2] or match[3] or "").removeprefix("all:")
        yield posixpath.normpath(posixpath.join(folder, word))


def modules(survey: Survey) -> tuple[Sequence[str], bool]:
    """The modules of others that the go.mod files of the image require, and whether all of them are vendored."""
    paths = {path for path, _ in survey.files}
    required: set[str] = set()
    vendored = True
    for path in paths:
        if not path.endswith("/go.mod") or "/vendor/" in path or "/testdata/" in path:
            continue
        text = re.sub(r"//[^\n]*", "", survey.text(path) or "")
        local = set(re.findall(r"^\s*(?:replace\s+)?(\S+)(?:\s+v\S+)?\s+=>\s+\.{1,2}/", text, re.MULTILINE))
        own = {
            name.strip('"')
            for name in re.findall(r'^\s*(?:require\s+)?("?[\w.~-]+[^\s"=>()]*"?)\s+v\d', text, re.MULTILINE)
        }
        own -= local
        required |= own
        if own and posixpath.join(posixpath.dirname(path), "vendor/modules.txt") not in paths:
            vendored = False
    return sorted(required), vendored
