"""Which files are Dockerfiles, and what hardening one of them came to."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .config import Config
from .dockerfile import Document, parse
from .errors import HardenfileError, UsageError
from .evidence.context import BuildContext, FoundContext, find_context, is_remote
from .evidence.pins import Pins
from .plan import Outcome, harden

STDIN = "-"
SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", ".tox", ".nox"})
# Beside a Dockerfile by name, but no Dockerfiles: the ignore file, and sources that another program fills in first.
_NO_DOCKERFILE = (".dockerignore", ".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".m4", ".mustache")


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for on the command line; None leaves it to the configuration."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    unsafe: bool | None = None
    context: Path | None = None
    target: str | None = None
    refresh: bool = False
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A file to harden; with `error`, one line about a path that cannot be."""

    path: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One file: what came of it, or in one line why it was left as it was.

    `data` is what was read; `context` the folder that was taken, None where there was none or nothing got so far.
    """

    path: str
    data: bytes = b""
    outcome: Outcome | None = None
    context: FoundContext | None = None
    error: str | None = None

    @property
    def changed(self) -> bool:
        """Whether there is something to change, and it could be."""
        return self.error is None and self.outcome is not None and self.outcome.changed


def is_dockerfile(name: str) -> bool:
    """Whether a file is a Dockerfile by its name."""
    if name.endswith(_NO_DOCKERFILE):
        return False
    return (
        name in ("Dockerfile", "dockerfile")
        or name.startswith(("Dockerfile.", "Containerfile"))
        or name.endswith((".Dockerfile", ".dockerfile"))
    )


def find(paths: Iterable[str]) -> Iterator[Found]:
    """The files that the paths name, folders looked into; each once. What cannot be looked at comes with its error."""
    seen: set[str] = set()
    for path in paths:
        for found in _walk(path) if path != STDIN and is_folder(path) else (_named(path),):
            key = STDIN if found.path == STDIN else os.path.realpath(found.path)
            if key not in seen:
                seen.add(key)
                yield found


def is_folder(path: str) -> bool:
    """Whether a path is a folder; one that cannot be looked at is none."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def _named(path: str) -> Found:
    if path == STDIN:
        return Found(path)
    try:
        Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Found(path, f"{path}: there is no such file or folder")
    except OSError as error:
        return Found(path, f"{path}: cannot be read: {error.strerror}")
    return Found(path)


def _walk(root: str) -> Iterator[Found]:
    failed: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=failed.append):
        inner = (name for name in folders if name not in SKIPPED_FOLDERS)
        folders[:] = sorted(name for name in inner if not os.path.lexists(Path(folder, name, "pyvenv.cfg")))
        for name in sorted(names):
            if is_dockerfile(name) and _may_be_read(Path(folder, name)):
                yield Found(os.path.normpath(os.path.join(folder, name)))  # noqa: PTH118 - names need not be UTF-8
    for error in failed:
        yield Found(str(error.filename), f"{error.filename}: cannot be read: {error.strerror}")


def _may_be_read(path: Path) -> bool:
    """No pipe or device. A link that leads nowhere passes: somebody meant a file to be there, and should hear of it."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode)


def read(path: str) -> bytes:
    """A file's bytes. Raises UsageError where it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        why = error.strerror
        if Path(path).is_symlink() and isinstance(error, FileNotFoundError):
            why = f"it is a link to {Path(path).readlink()}, which does not exist"
        raise UsageError(f"{path}: cannot be read: {why}") from error


def label(path: str) -> str:
    """The path as a diff names it: relative to the present folder where the file lies below it.

    That is the file behind a link, since `git apply` refuses to patch a link.
    """
    if path == STDIN:
        return "Dockerfile"
    real = os.path.realpath(path)
    here = os.path.realpath(".").rstrip("/") + "/"
    return real.removeprefix(here) if real.startswith(here) else path


def harden_file(path: str, data: bytes, request: Request, config: Config, images: Pins | None = None) -> Result:
    """Harden one file that was read, with the digests that `images` knows; errors become part of the result."""
    name = label(path)
    document = parse(data, name)
    if document.errors:
        return Result(path, data, Outcome(document, document), error=_refused(path, document))
    context = _context(path, document, request)
    try:
        outcome = harden(
            document,
            context=None if context is None else context.root,
            target=request.target,
            select=_select(request, config),
            profile=request.profile or config.profile,
            ignore=request.ignore if request.ignore is not None else config.ignore,
            unsafe=request.unsafe if request.unsafe is not None else config.unsafe,
            options=_options(config, request),
            base_images=config.images,
            images=images,
        )
    except HardenfileError as error:
        text = str(error).removeprefix(f"{name}: ").removeprefix(f"{path}: ")
        return Result(path, data, context=context, error=f"{path}: {text}")
    return Result(path, data, outcome, context)


def _select(request: Request, config: Config) -> tuple[str, ...] | None:
    """What was asked for on the command line, a profile too, beats what the configuration selects."""
    if request.select is not None or request.profile is not None:
        return request.select
    return config.select


def _options(config: Config, request: Request) -> Mapping[str, Mapping[str, object]]:
    if not request.refresh:
        return config.options
    return {**config.options, "pin-digests": {**config.options.get("pin-digests", {}), "refresh": True}}


def _refused(path: str, document: Document) -> str:
    first, *others = document.errors
    more = f" (and {len(others)} more)" if others else ""
    return f"{path}:{first.line}: {first.message}{more}; a build would fail too, so the file is left as it is"


def _context(path: str, document: Document, request: Request) -> FoundContext | None:
    sources = local_sources(document)
    if request.context is not None:
        context = BuildContext(request.context, Path(document.path))
        missing = tuple(source for source in sources if not context.match(source))
        return FoundContext(request.context, "it was given", missing)
    return None if path == STDIN else find_context(Path(path), sources)


def local_sources(document: Document) -> list[str]:
    """The sources of COPY and ADD that must lie in the context, as far as no variable hides them."""
    found: dict[str, None] = {}
    for stage in document.stages:
        for one in stage.each("COPY", "ADD"):
            if one.flag("from") is not None:
                continue
            for value in stage.values(one)[:-1]:
                if value.known and not is_remote(value.text) and not value.text.startswith("<<"):
                    found[value.text] = None
    return list(found)
