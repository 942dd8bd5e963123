"""The files of the context that a compiled program needs beside itself: what its code, or its start, names."""

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from hardenfile.evidence.paths import within

from .split import Tree
from .survey import Survey, listed

_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.){1,200})\"|'((?:[^'\\\n]|\\.){1,200})'|`([^`]{1,200})`")
_MANIFEST = re.compile(rb"^apiVersion:", re.MULTILINE)
_KIND = re.compile(rb"^kind:", re.MULTILINE)
_SIZE = 1_000_000  # bytes of a source file that are read at most
_INERT = re.compile(
    r"(?i)(?:readme|licen[cs]e|copying|notice|changelog|changes|authors|contributing|code_of_conduct|security|codeowners"
    r"|todo|makefile|gnumakefile|justfile|taskfile|dockerfile|containerfile|docker-compose|compose|jenkinsfile|vagrantfile"
    r"|procfile|renovate|cloudbuild|skaffold|chart)(?:[.-].*)?\Z|.*\.(?:md|rst|adoc|dockerfile|orig|rej|swp)\Z|\..*\Z"
)
_INERT_FOLDERS = frozenset(
    ".git .github .gitlab .circleci .idea .vscode .hg .svn test tests testdata docs doc examples".split()
)


@dataclass(frozen=True, slots=True)
class Named:
    """`trees` are named; `unnamed` are the files that would stay behind and that nothing was seen to name."""

    trees: tuple[Tree, ...]
    unnamed: tuple[str, ...]


def named_files(
    survey: Survey,
    sources: frozenset[str],
    folders: Iterable[str],
    built_in: frozenset[str],
    texts: Iterable[str] = (),
    packed: Callable[[str], bool] = lambda path: False,
) -> Named:
    """What of the context below some folders of the image a program needs when it runs.

    `sources` are the file endings of its language (`.go`), `built_in` the names that only its build reads (`go.mod`).
    A file counts as named where a string in the sources, the start command or ENV is its path or its folder's, taken
    from the working directory, from one of the folders, or by the last part of its name. `texts` are more that may name
    one, and `packed` says which paths the build packs into the artefact.
    """
    folders = tuple(folders)
    data, code, elsewhere = [], [], set()
    for path, entry in survey.files:
        inside = next((folder for folder in folders if within(path, folder)), None)
        if inside is None:
            elsewhere.add(entry.path)
            continue
        below = posixpath.relpath(path, inside)
        if posixpath.splitext(path)[1] in sources:
            code.append((path, entry.path))
        elif posixpath.basename(path) not in built_in and not _inert(below) and not packed(path):
            data.append((path, inside, entry.path))
    known = {*texts, *_texts(survey, [source for _, source in code])}
    trees: dict[str, Tree] = {}
    unnamed = []
    for path, inside, source in data:
        top = _named_by(path, inside, survey.workdir, known)
        if top is None:
            unnamed += [path] * (source not in elsewhere and not _for_a_cluster(survey, source))
        else:
            trees.setdefault(top, Tree(top, top, f"{top} is named by the program or its start"))
    kept = [tree for path, tree in trees.items() if not any(path != one and within(path, one) for one in trees)]
    return Named(tuple(kept), tuple(one for one in unnamed if not any(within(one, tree.source) for tree in kept)))


def _inert(below: str) -> bool:
    parts = below.split("/")
    return any(part in _INERT_FOLDERS for part in parts[:-1]) or _INERT.match(parts[-1]) is not None


def _for_a_cluster(survey: Survey, source: str) -> bool:
    """Whether a file is a manifest of Kubernetes, which no program of the image reads."""
    if not source.endswith((".yaml", ".yml")):
        return False
    data = survey.context.read(source, _SIZE) or b""
    return _MANIFEST.search(data) is not None and _KIND.search(data) is not None


def _texts(survey: Survey, sources: Iterable[str]) -> Iterator[str]:
    """The strings of the program, its start command, its health check and its environment."""
    for source in sources:
        data = survey.context.read(source, _SIZE)
        if data is not None:
            text = data.decode("utf-8", "replace")
            yield from (match[1] or match[2] or match[3] for match in _STRING.finditer(text))
    for command in survey.start.commands:
        yield from (word for word in command.words if word)
    for value in survey.stage.env.values():
        yield value.text
    check = survey.stage.final.healthcheck
    if check is not None:
        yield from check.value.split()


def _named_by(path: str, inside: str, workdir: str, texts: Collection[str]) -> str | None:
    """The file, or the folder around it, that one of the texts names; None where none does."""
    top = posixpath.join(inside, posixpath.relpath(path, inside).partition("/")[0])
    if top != path and any(_below(text, top, workdir) for text in texts):
        return top  # something in the folder is named, by a pattern perhaps: what else is there may be as well
    at = path
    while at != inside and within(at, inside):
        ways = {at, posixpath.relpath(at, inside), posixpath.basename(at), posixpath.relpath(at, workdir)}
        if any(
            form in texts for way in ways for form in (way, f"./{way}", f"{way}/", f"./{way}/", f"/{way}", f"/{way}/")
        ):
            return at
        at = posixpath.dirname(at)
    return None


def _below(text: str, folder: str, workdir: str) -> bool:
    """Whether a text is a path inside a folder, spelled from the root, the working directory or the folder's parent."""
    bare = text.removeprefix("./").removeprefix("/")
    starts = (folder[1:], posixpath.relpath(folder, workdir), posixpath.basename(folder))
    return any(bare.startswith(f"{start}/") for start in starts)


def left_behind(named: Named) -> tuple[str, ...]:
    """A doubt about the files that nothing names; none where there are none."""
    if not named.unnamed:
        return ()
    return (f"nothing was seen to name {listed(named.unnamed)}, which the final image would not have any more",)
