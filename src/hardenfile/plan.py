"""The plan: transforms in order, each on what the one before it wrote, until a whole round moves nothing."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from .catalog import catalog, choose
from .dockerfile import Document, parse
from .errors import DidNotSettle, HardenfileError, Overlap, RewriteRejected, UsageError
from .evidence import Evidence
from .evidence.pins import Images, pins_of
from .ignores import Ignore, read_ignores
from .rewrite.edit import Edit, History
from .rewrite.patch import Patch
from .rewrite.verify import rewrite
from .transform import Change, Refusal, Safety, Transform

ROUNDS = 8
IGNORED = "ignored"
"""The reason of a refusal that a comment of the file asked for."""

_One = TypeVar("_One", bound=Change | Refusal)


@dataclass(frozen=True, slots=True)
class Step:
    """What one transform did in one round."""

    transform: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Outcome:
    """What hardening a file came to. All lines are those of the file as it was.

    `changes` were applied; `held` are unsafe ones that were not; `advice` has no edit; `refusals` say what was left
    alone and why. A file with errors (`before.errors`) is left as it was. `ignored` are the comments that asked for
    something to be left alone, and were heeded.
    """

    before: Document
    after: Document
    changes: tuple[Change, ...] = ()
    held: tuple[Change, ...] = ()
    advice: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    steps: tuple[Step, ...] = ()
    edits: tuple[Edit, ...] = ()
    ignored: tuple[Ignore, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the text differs."""
        return bool(self.edits)

    @property
    def patch(self) -> Patch:
        """The edits of the original file."""
        return Patch(_relative(self.before.path), self.before.text, self.edits)

    def diff(self, context: int = 3) -> str:
        """The unified diff that `git apply` takes; empty when nothing changed. `context` is in lines."""
        return self.patch.diff(context)


def harden(
    source: bytes | str | Path | Document,
    *,
    path: str | Path | None = None,
    context: str | Path | None = None,
    target: str | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    profile: str | None = None,
    unsafe: bool = False,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    transforms: Iterable[Transform] | None = None,
    base_images: Mapping[str, Mapping[str, object]] | None = None,
    images: Images | None = None,
) -> Outcome:
    """Harden one Dockerfile: bytes, text, a `Path` to read, or a Document.

    `path` is the name in the diff; `context` the folder of the build context, of which nothing is known without it;
    `target` the stage that ships (name or index; the last one by default); `unsafe` applies unsafe changes too;
    `select` and `ignore` take ids of transforms, families of `profiles.py` and ids of other tools; `profile` is a
    family to run instead of the recommended one;
    `options` go to transforms by id, or `transforms` are the instances to run; `base_images` are rows to add to what is
    known of images; `images` knows digests: a Lock, a mapping of references to digests, or a function of a reference.

    Raises UsageError for a wrong argument, DidNotSettle and HardenfileError when a transform misbehaves.
    """
    # Only a file of that name may have a .dockerignore of its own beside it.
    named = path is not None or not isinstance(source, bytes | str)
    if isinstance(source, Path):
        path = path or source
        try:
            source = source.read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    document = source if isinstance(source, Document) else parse(source, str(path or "Dockerfile"))
    if transforms is not None and options:
        raise UsageError("options are for transforms by id; instances in transforms have theirs already")
    if options or transforms is not None:
        chosen = choose(select=select, ignore=ignore, profile=profile, options=options, transforms=transforms)
    else:
        chosen = _chosen(tuple(catalog().values()), None if select is None else tuple(select), tuple(ignore), profile)
    pins = None if images is None else pins_of(images)
    evidence = Evidence(
        _context(context, Path(document.path) if named else None),
        target,
        base_images or {},
        pins,
        getattr(pins, "config", None),
    )
    if document.errors:
        return Outcome(document, document)
    evidence.final_stage(document)
    return _Run(document, evidence, unsafe).settle(chosen)


@lru_cache(maxsize=64)
def _chosen(
    kinds: tuple[type[Transform], ...], select: tuple[str, ...] | None, ignore: tuple[str, ...], profile: str | None
) -> list[Transform]:
    """The transforms that the files of a run share; `kinds` are those of the catalog that it is chosen from."""
    return choose(select=select, ignore=ignore, profile=profile)


def _context(root: str | Path | None, dockerfile: Path | None) -> Any:
    if root is None:
        return None
    from .evidence.context import BuildContext

    root = Path(root)
    if not root.is_dir():
        raise UsageError(f"the context {root} is no folder")
    return BuildContext(root, dockerfile)


def _relative(path: str) -> str:
    parts = [part for part in path.replace(os.sep, "/").split("/") if part not in ("", ".")]
    return "/".join(parts) or "Dockerfile"


class _Run:
    def __init__(self, document: Document, evidence: Evidence, unsafe: bool) -> None:
        self.before = self.document = document
        self.evidence = evidence
        self.unsafe = unsafe
        self.history = History(document.text)
        self.steps: list[Step] = []
        self.rejected: dict[tuple[str, str, int], Refusal] = {}
        self.ignores = read_ignores(document)
        self.heeded: dict[tuple[int, str], Ignore] = {}

    def settle(self, transforms: Sequence[Transform]) -> Outcome:
        said: dict[str, list[Change | Refusal]] = {}
        asked: dict[str, Document] = {}
        for _ in range(ROUNDS):
            moved = False
            for transform in transforms:
                if asked.get(transform.id) is self.document:
                    continue  # of the same document it would say the same
                asked[transform.id] = self.document
                proposals = self._proposals(transform)
                wanted = [one for one in proposals if isinstance(one, Change) and self._applies(one)]
                taken = {id(one) for one in wanted}
                left = [self._original(one) for one in proposals if id(one) not in taken]
                if any(step.transform == transform.id for step in self.steps):
                    # What it says of its own result is no news, so its first word stands; what is held now is told.
                    left = [*(one for one in said[transform.id] if not _held(one)), *filter(_held, left)]
                said[transform.id] = left
                moved = self._apply(transform, wanted) or moved
            if not moved:
                self._second_opinion()
                return self._outcome([one for proposals in said.values() for one in proposals])
        raise DidNotSettle(f"{self.before.path}: the transforms still change the file after {ROUNDS} rounds")

    def _second_opinion(self) -> None:
        """Let another parser read the result, too, where it reads the original as we do."""
        from .dockerfile.inspect import disagreement

        if self.document is self.before:
            return
        found = disagreement(self.document)
        if found is not None and disagreement(self.before) is None:
            raise HardenfileError(f"{self.before.path}: dockerfile-parse reads the result otherwise: {found}")

    def _applies(self, change: Change) -> bool:
        trusted = change.safety is Safety.SAFE or (self.unsafe and change.safety is Safety.UNSAFE)
        return trusted and bool(change.edits) and not self._dropped(self._original(change))

    def _dropped(self, told: Change) -> bool:
        return _key(told) in self.rejected

    def _proposals(self, transform: Transform) -> list[Change | Refusal]:
        try:
            found = transform.propose(self.document, self.evidence)
            return [self._unless_ignored(transform, one) for one in found] if self.ignores else list(found)
        except HardenfileError:
            raise
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise HardenfileError(f"{self.before.path}: {transform.id} failed on this file ({what})") from error

    def _unless_ignored(self, transform: Transform, one: Change | Refusal) -> Change | Refusal:
        """The change, or the refusal that a comment of the file asks for."""
        if isinstance(one, Change):
            for ignore in self.ignores:
                if ignore.covers(transform, one):
                    line = self._original_line(ignore.line)
                    self.heeded[line, ignore.text] = replace(ignore, line=line)
                    return Refusal(transform.id, IGNORED, f"{one.title}: line {line} says {ignore.text}", one.line)
        return one

    def _apply(self, transform: Transform, wanted: Sequence[Change]) -> bool:
        """Apply them together; when that does not read back as foretold, those that do one by one."""
        if not wanted:
            return False
        changes = list(wanted)
        try:
            after = self._after(changes)
        except RewriteRejected:
            changes = self._sound(changes)
            if not changes:
                return False
            after = self._after(changes)
        except (Overlap, ValueError) as error:
            kind = Overlap if isinstance(error, Overlap) else HardenfileError
            raise kind(f"{self.before.path}: {transform.id}: {error}") from error
        self.steps.append(Step(transform.id, tuple(self._original(one) for one in changes)))
        self.history.apply([edit for change in changes for edit in change.edits])
        self.document = after
        self.ignores = read_ignores(after) if self.ignores else ()
        return True

    def _after(self, changes: Sequence[Change]) -> Document:
        return rewrite(self.document, [edit for change in changes for edit in change.edits])

    def _sound(self, changes: Sequence[Change], taken: Sequence[Change] = ()) -> list[Change]:
        """Those that read back as foretold beside `taken`; the others are remembered as refusals."""
        try:
            self._after([*taken, *changes])
        except RewriteRejected as error:
            if len(changes) > 1:
                half = len(changes) // 2
                first = self._sound(changes[:half], taken)
                return [*first, *self._sound(changes[half:], [*taken, *first])]
            told = self._original(changes[0])
            message = f"{told.title}: {error}; the file was left as it was there"
            self.rejected[_key(told)] = Refusal(told.transform, "verify", message, told.line)
            return []
        return list(changes)

    def _original(self, one: _One) -> _One:
        """The same, with the line that it has in the original file."""
        line = self._original_line(one.line)
        return one if line == one.line else replace(one, line=line)

    def _original_line(self, line: int) -> int:
        starts = self.document.source.line_starts
        offset = self.history.origin(starts[min(line, len(starts)) - 1])
        return self.before.source.line_at(offset)

    def _outcome(self, said: Sequence[Change | Refusal]) -> Outcome:
        changes = [one for one in said if isinstance(one, Change)]
        refusals = [one for one in said if isinstance(one, Refusal)] + list(self.rejected.values())
        edits = self.history.edits()
        return Outcome(
            before=self.before,
            after=self.document if edits else self.before,
            changes=tuple(_by_line(change for step in self.steps for change in step.changes)),
            held=tuple(_by_line(one for one in changes if _held(one) and not self._dropped(one))),
            advice=tuple(_by_line(one for one in changes if one.safety is Safety.ADVICE)),
            refusals=tuple(_by_line(refusals)),
            steps=tuple(self.steps),
            edits=edits,
            ignored=tuple(self.heeded[key] for key in sorted(self.heeded)),
        )


def _held(one: Change | Refusal) -> bool:
    return isinstance(one, Change) and one.safety is Safety.UNSAFE


def _key(change: Change) -> tuple[str, str, int]:
    return change.transform, change.title, change.line


def _by_line(found: Iterable[_One]) -> list[_One]:
    return sorted(found, key=lambda one: one.line)
