"""Where the files of an image come from: the paths that COPY and ADD fill, and what of them the context holds."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.stages import Settings, Stage

from .context import BuildContext, is_remote
from .globs import is_glob
from .paths import is_known_folder, within


@dataclass(frozen=True, slots=True)
class Placed:
    """One source of a COPY or ADD and where it ends up.

    `target` is the absolute path in the image, of the file itself or of the folder that the source's content goes
    into; None where a variable or an unknown working directory hides it. `source` is the path in the context, None for
    what another stage, a URL, an archive or a heredoc gives; `folder` says whether the source is one (None: not known).
    """

    instruction: Instruction
    target: str | None
    source: str | None
    folder: bool | None
    stage: str | None = None
    remote: bool = False
    unpacked: bool = False


class Layout:
    """The files that a stage's chain puts into its image, later ones on top of earlier ones."""

    def __init__(self, stage: Stage, context: BuildContext | None, workdir: str | None = None) -> None:
        """`workdir` is the base image's own, where it is known."""
        self.stage = stage
        self.context = context
        self.workdir = workdir
        self._made: set[str] = set()

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """Every source of every COPY and ADD of the chain, in order."""
        return tuple(
            one for stage in self.stage.chain for at in stage.each("COPY", "ADD") for one in self._place(stage, at)
        )

    def _place(self, stage: Stage, at: Instruction) -> Sequence[Placed]:
        values = stage.values(at)
        if len(values) < 2:
            return ()
        target = self.destination(stage, at) if at.flag("parents") is None else None
        from_flag = at.flag("from")
        last = values[-1].text
        there = target is not None and (is_known_folder(target) or target in self._made)
        into_folder = last.endswith("/") or last in (".", "..", "") or len(values) > 2 or there
        if into_folder and target is not None:
            self._made.add(target)
        found: list[Placed] = []
        for value in values[:-1]:
            if from_flag is not None:
                base = posixpath.basename(value.text.rstrip("/"))
                inner = posixpath.join(target, base) if target and into_folder and value.known else target
                # Whether the other stage has a file or a folder there is not known: a name with a slash at its end is.
                folder = True if value.text.endswith("/") or base in (".", "") else None
                found.append(Placed(at, target if folder else inner, None, folder, stage=from_flag.value))
            elif value.text.startswith("<<") or is_remote(value.text):
                name = posixpath.basename(value.text.rstrip("/")) if is_remote(value.text) else value.text.lstrip("<-")
                inner = posixpath.join(target, name) if target and into_folder else target
                found.append(Placed(at, inner, None, False, remote=is_remote(value.text)))
            elif self.context is None or not value.known:
                known_folder = value.known and (value.text.endswith("/") or value.text in (".", "./", ".."))
                name = posixpath.basename(value.text.rstrip("/"))
                is_file = value.known and "." in name.lstrip(".") and not known_folder
                inner = posixpath.join(target, name) if target and into_folder and is_file else target
                found.append(Placed(at, inner, None, True if known_folder else (False if is_file else None)))
            else:
                found += self._seen(at, value.text, target, into_folder)
        return found

    def _seen(self, at: Instruction, source: str, target: str | None, into_folder: bool) -> Sequence[Placed]:
        assert self.context is not None
        entries = self.context.match(source)
        if not entries:
            name = posixpath.basename(source.rstrip("/"))
            unseen = posixpath.join(target, name) if target and into_folder and not is_glob(source) else target
            return (Placed(at, unseen, None, None),)
        several = len(entries) > 1
        found = []
        for entry in entries:
            if at.keyword == "ADD" and entry.kind != "directory" and self.context.archive(entry.path):
                found.append(Placed(at, target, None, True, unpacked=True))
                continue
            if entry.kind == "directory":
                found.append(Placed(at, target, entry.path, True))
                if target is not None:
                    self._made.add(target)
                continue
            name = posixpath.basename(entry.path)
            inner = posixpath.join(target, name) if target and (into_folder or several) else target
            found.append(Placed(at, inner, entry.path, False))
        return found

    def destination(self, stage: Stage, at: Instruction) -> str | None:
        """The absolute path that a COPY or ADD writes to or into; None where it cannot be known."""
        values = stage.values(at)
        return self.absolute(values[-1].text, stage, at) if values and values[-1].known else None

    def absolute(self, path: str, stage: Stage, at: Instruction) -> str | None:
        """A path of an instruction made absolute by the WORKDIR that holds there."""
        if path.startswith("/"):
            return posixpath.normpath("/" + path.lstrip("/"))
        workdir = self.workdir_at(stage.before(at))
        return posixpath.normpath(posixpath.join(workdir, path)) if workdir is not None else None

    def workdir_at(self, settings: Settings) -> str | None:
        """The working directory of these settings, else the base image's; None where it is not known."""
        if settings.workdir is not None:
            return settings.workdir.text if settings.workdir.known else None
        return self.workdir

    def to_context(self, path: str) -> str | None:
        """The path in the context of a file or folder of the image; None when it does not come from there."""
        path = posixpath.normpath(path)
        for one in reversed(self.placed):
            if one.target is None:
                continue
            if one.target == path:
                return one.source
            if one.folder and one.source is not None and path.startswith(one.target.rstrip("/") + "/"):
                below = path[len(one.target.rstrip("/")) + 1 :]
                candidate = posixpath.normpath(posixpath.join(one.source, below))
                if self.context is not None and self.context.match(literal(candidate)):
                    return candidate
        return None

    def fills(self, path: str) -> bool:
        """Whether a COPY or ADD puts something there, seen or not."""
        path = posixpath.normpath(path)
        return any(
            one.target is not None and (one.target == path or (one.folder is not False and within(path, one.target)))
            for one in self.placed
        )

    def read(self, path: str, limit: int = 1_000_000) -> bytes | None:
        """The content of a file of the image that comes from the context, up to `limit` bytes."""
        source = self.to_context(path)
        return self.context.read(source, limit) if self.context is not None and source is not None else None

    def exists(self, path: str) -> bool:
        """Whether a file or folder of the image is known to come from the context."""
        return self.to_context(path) is not None

    def listing(self, path: str) -> Sequence[str]:
        """The names in a folder of the image that come from the context."""
        path = posixpath.normpath(path)
        names: set[str] = set()
        for one in self.placed:
            if one.target is None or one.source is None:
                continue
            if not one.folder and posixpath.dirname(one.target) == path:
                names.add(posixpath.basename(one.target))
        source = self.to_context(path)
        if source is not None and self.context is not None:
            names |= {posixpath.basename(entry.path) for entry in self.context.match(literal(source) + "/*")}
        return sorted(names)

    def source_of(self, path: str) -> str:
        """The path in the context, for reports."""
        return self.to_context(path) or path


def literal(path: str) -> str:
    """A path spelled so that no character of it is a pattern."""
    return "".join(f"\\{char}" if char in "*?[\\" else char for char in path)
