"""The files of the context that a Go program needs beside itself, and what of the system it asks for."""

import fnmatch
import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from hardenfile.evidence.paths import within

from ..setup import named_paths
from ..split import Tree
from ..survey import Survey, listed
from .sources import Sources, modules
from .workshop import Workshop

_SOURCES = frozenset((".go", ".s", ".c", ".h", ".cc", ".cpp", ".hpp", ".syso", ".mod", ".sum", ".y", ".templ"))
_BUILD_ONLY = re.compile(
    r"(?i)go\.(?:mod|sum|work|work\.sum)\Z|modules\.txt\Z|(?:readme|licen[cs]e|copying|notice|changelog|changes|authors|"
    r"contributing|contributors|maintainers|code_of_conduct|security|codeowners|todo|version|makefile|gnumakefile|justfile|"
    r"taskfile|dockerfile|containerfile|docker-compose|compose|jenkinsfile|vagrantfile|procfile|renovate|cloudbuild|"
    r"skaffold|tiltfile|earthfile|codecov|sqlc|buf|golangci|goreleaser|magefile|sonar-project)(?:[._-].*)?\Z"
    r"|.*\.(?:md|rst|adoc|dockerfile|orig|rej|swp|proto|iml)\Z|\.(?!env(?:\.|\Z)).*\Z"
)
_BUILD_FOLDERS = frozenset(
    ".git .github .gitlab .circleci .idea .vscode .hg .svn .devcontainer test tests testdata docs doc examples vendor "
    "node_modules hack k8s kubernetes helm charts deploy deployment deployments terraform".split()
)
_MOST = 16  # trees that are copied though nothing names them
# In every image with a shell: coreutils, grep, sed, tar, find and the like.
_BASIC = frozenset(
    "sh ls cat echo sleep true false date uname id env cp mv rm mkdir rmdir ln chmod chown df head tail sort uniq "
    "wc cut tr tee grep sed awk tar gzip gunzip find xargs printf test touch stat readlink basename dirname hostname "
    "nproc whoami".split()
)
# Modules that are no use without a program of the system, which they start.
_DRIVERS = re.compile(
    r"\b(?:chromedp/chromedp|go-rod/rod|playwright-go|go-wkhtmltopdf|u2takey/ffmpeg-go|floostack/transcoder|tebeka/selenium"
    r"|hashicorp/go-getter|hashicorp/terraform-exec|go-gitea/git|gogs/git-module|jhspan/gotenberg|dcaraxes/gotoll|go-python)"
)
# What distroless brings of what a program may name by path.
_SYSTEM = re.compile(r"/(?:bin|sbin|lib|lib64|usr/(?:bin|sbin|lib|share|libexec|local)|go|opt|srv|mnt|media)/[\w.+-]")
_ZONES = re.compile(r"/usr/(?:share|lib|local/share)/zoneinfo|/etc/|/usr/local/(?:share/)?ca-certificates")


@dataclass(frozen=True, slots=True)
class Needs:
    """`trees` are copied; `doubts` is what may be missing; `shell`: a program that any distribution has is started."""

    trees: tuple[Tree, ...]
    doubts: tuple[str, ...]
    shell: str = ""


def read_needs(survey: Survey, sources: Sources, shop: Workshop) -> Needs:
    """What of the context and of the system the program needs."""
    trees, doubts = _files(survey, sources, shop)
    programs, shell = _programs(survey, sources, shop)
    return Needs(trees, (*doubts, *shop.doubts, *programs, *_system(survey, sources, shop)), shell)


def _files(survey: Survey, sources: Sources, shop: Workshop) -> tuple[tuple[Tree, ...], list[str]]:
    """The trees, and a doubt about what is left."""
    data, code, plain = [], set(), set()
    elsewhere = {entry.path for path, entry in survey.files if not _in(path, shop.folders)}
    for path, entry in survey.files:
        inside = _in(path, shop.folders)
        if not inside:
            continue
        if posixpath.splitext(path)[1] in _SOURCES:
            code.add(posixpath.dirname(path))
            continue
        if not shop.lacks(path):
            below = path[len(inside.rstrip("/")) + 1 :]
            if not _build_only(below) and entry.path not in elsewhere:
                plain.add(path)
            data.append((path, inside))
    for folder in tuple(code):
        while folder not in ("/", ""):
            folder = posixpath.dirname(folder)
            code.add(folder)
    embedded = () if sources.reads else tuple(sources.embedded)
    names = _Names(survey, sources)
    found: dict[str, str] = {}
    left = set()
    for path, inside in data:
        if embedded and _is_embedded(path, embedded):
            continue
        top = names.top_of(path, inside, strict=path not in plain and not sources.reads)
        if top is not None:
            found.setdefault(top, "is named by the program or its start")
        elif path in plain and not _is_embedded(path, sources.embedded):
            left.add(path)
    more = {_highest(path, code, shop.folders) for path in left if not _under(path, found)}
    doubts = []
    if len(more) > _MOST:
        doubts.append(f"nothing was seen to name {listed(left)}, which the final image would not have any more")
    else:
        found.update((path, "is not part of what is compiled, and stays") for path in sorted(more))
    if len(found) > _MOST:
        found = dict.fromkeys((_first(path, shop.folders) for path in found), "holds many files that the program names")
    found.update((path, f"is made in line {step.run.first_line}") for path, step in shop.made.items())
    tops = [path for path in found if not _under(posixpath.dirname(path), found)]
    needless = {*shop.binaries, survey.workdir}
    return tuple(Tree(path, path, f"{path} {found[path]}") for path in tops if path not in needless), doubts


def _under(path: str, tops: Collection[str]) -> bool:
    """Whether a path is one of some, or lies in one."""
    while path not in tops:
        if path in ("/", ""):
            return False
        path = posixpath.dirname(path)
    return True


def _first(path: str, folders: Collection[str]) -> str:
    """The folder right below the one that copies fill; the file where it lies there itself."""
    while posixpath.dirname(path) not in folders and posixpath.dirname(path) != "/":
        path = posixpath.dirname(path)
    return path


def _in(path: str, folders: Collection[str]) -> str:
    return next((folder for folder in folders if within(path, folder)), "")


def _build_only(below: str) -> bool:
    *folders, name = below.split("/")
    return any(part in _BUILD_FOLDERS for part in folders) or _BUILD_ONLY.match(name) is not None


def _is_embedded(path: str, patterns: Collection[str]) -> bool:
    return any(
        within(path, one) or fnmatch.fnmatchcase(path, one) or fnmatch.fnmatchcase(path, f"{one}/*") for one in patterns
    )


def _highest(path: str, code: Collection[str], folders: Collection[str]) -> str:
    """The highest folder around a file that holds no sources; the file where there is none."""
    while (above := posixpath.dirname(path)) not in code and above not in folders and above != "/":
        path = above
    return path


class _Names:
    """The texts of the program, its start and its environment that may name a file."""

    def __init__(self, survey: Survey, sources: Sources) -> None:
        self.workdir = survey.workdir
        self.texts = {self._bare(text) for text in (*sources.strings, *_given(survey))} - {""}
        self.stems = {text for text in sources.strings if "/" not in text and "." not in text}
        self.below: set[str] = set()  # every folder that some text names something in
        for text in self.texts:
            at = text
            while "/" in at:
                at = at.rpartition("/")[0]
                self.below.add(at)
        self._tops: dict[tuple[str, str], str | None] = {}

    @staticmethod
    def _bare(text: str) -> str:
        while text.startswith(("./", "../")):
            text = text.partition("/")[2]
        return text.removeprefix("file://").strip("/")

    def top_of(self, path: str, inside: str, *, strict: bool) -> str | None:
        """The file, or the folder around it, that is named. `strict`: by more than the bare name of a folder."""
        folder, name = posixpath.split(path)
        key = (folder, "strict" if strict else inside)
        if key not in self._tops:
            self._tops[key] = self._folder(folder, inside, strict)
        top = self._tops[key]
        if top is not None:
            return top
        if any(way in self.texts for way in self._ways(path, inside)) or name in self.texts:
            return path
        stem, dot, ending = name.partition(".")
        if dot and stem in self.stems and ending in ("yaml", "yml", "toml", "json", "env", "ini", "hcl", "properties"):
            return path
        return None

    def _ways(self, path: str, inside: str) -> Iterator[str]:
        yield path.strip("/")
        for folder in (inside, self.workdir):
            if within(path, folder) and path != folder:
                yield path[len(folder.rstrip("/")) + 1 :]

    def _folder(self, folder: str, inside: str, strict: bool) -> str | None:
        chain = []
        while folder != inside and within(folder, inside):
            chain.append(folder)
            folder = posixpath.dirname(folder)
        for at in reversed(chain):
            ways = {*self._ways(at, inside), posixpath.basename(at)}
            if any(way in self.below for way in ways) or (not strict and any(way in self.texts for way in ways)):
                return at
        return None


def _given(survey: Survey) -> Iterator[str]:
    for command in survey.start.commands:
        for word in command.words:
            if word:
                yield word
                yield word.partition("=")[2]
    for value in survey.stage.env.values():
        yield value.text
    check = survey.stage.final.healthcheck
    if check is not None:
        yield from check.value.split()


def _programs(survey: Survey, sources: Sources, shop: Workshop) -> tuple[list[str], str]:
    """Doubts about the programs that it starts; and why a shell's usual company is enough for all of them."""
    names = {posixpath.basename(path) for path in shop.binaries}
    unknown, basic = [], ""
    for at, program in sources.programs:
        if program is None or (posixpath.basename(program) not in _BASIC | names):
            what = f"starts {program}" if program else "starts programs that only the run knows"
            unknown.append(f"{at} {what}, and the final image may not have what it needs")
        elif posixpath.basename(program) not in names:
            basic = f"{at} starts {program}"
    drivers = (name for name in modules(survey)[0] if _DRIVERS.search(name))
    unknown += (f"{name} starts a program of the system, which the final image may not have" for name in drivers)
    return unknown[:3], "" if unknown else basic


def _system(survey: Survey, sources: Sources, shop: Workshop) -> Iterator[str]:
    """What it asks of the image that built it."""
    if sources.toolchain:
        yield f"{sources.toolchain[0]} asks for Go's own folders, which stay behind"
    if sources.here:
        yield f"{sources.here[0]} reads the folder that it starts in, where the sources would be gone"
    placed = {path for path, _ in survey.files}
    there = {path or "" for step in survey.runs("mkdir") for path in named_paths(step)}
    there |= {value.text for one in survey.stage.each("VOLUME") for value in survey.stage.values(one)}
    for text in sorted(sources.strings):
        if not _SYSTEM.match(text) or _ZONES.match(text) or " " in text:
            continue
        path = posixpath.normpath(text)
        known = path in shop.binaries or path in placed or any(within(one, path) for one in placed)
        known = known or _under(path, there)
        if not known and not any(within(path, folder) for folder in shop.folders):
            yield f"the sources name {path}, which the final image may not have"
            return
    if sources.unread:
        yield f"{sources.unread[0]} is too big to be read"
