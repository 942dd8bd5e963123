"""Where a Dockerfile names images, and how each stands there: to be pinned, pinned already, or out of reach."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Flag, Instruction, Span
from hardenfile.dockerfile.checks import csv_fields
from hardenfile.dockerfile.stages import Stage
from hardenfile.dockerfile.words import lower
from hardenfile.evidence.reference import HUB, ImageReference

from .arguments import Tail, tail_of

_SCRATCH = f"{HUB}/library/scratch"
_DIGEST = re.compile(r"@[A-Za-z0-9+._-]+:[0-9a-fA-F]+\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """One image that the file names. `end` is where its digest stands, or would, in the document's text."""

    line: int
    where: str
    reference: ImageReference
    end: Span

    @property
    def pinned(self) -> bool:
        """Whether it names a digest already."""
        return self.reference.digest is not None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """An image that cannot be pinned here: a reason code and a sentence."""

    line: int
    reason: str
    message: str


def places(document: Document, contexts: Collection[str] = ()) -> Iterator[Place | Unreachable]:
    """Every image that the file names, in order; stages, scratch and the build contexts in `contexts` are none.

    Two FROMs that are fed by one ARG are one place: that of the ARG's default.
    """
    if "syntax" in document.directives:
        yield from _syntax(document)
    finder = _Finder(document, frozenset(_context(name) for name in contexts))
    seen: set[Span] = set()
    for found in finder.all():
        if isinstance(found, Place):
            if found.end in seen:
                continue
            seen.add(found.end)
        yield found


def _context(name: str) -> str:
    """The name of a build context as BuildKit looks it up: without a `latest` that says nothing."""
    reference = ImageReference.parse(name)
    return reference.familiar.removesuffix(":latest") if reference else name


def _syntax(document: Document) -> Iterator[Place | Unreachable]:
    directive = document.directives["syntax"]
    text = document.syntax or ""
    reference = ImageReference.parse(text)
    if reference is None:
        yield Unreachable(directive.line, "reference", f"{text} is no image reference")
    elif reference.name != _SCRATCH:
        at = directive.span.start + len(text)
        yield Place(directive.line, "# syntax=", reference, Span(at - _digest_length(text), at))


def _digest_length(text: str) -> int:
    found = _DIGEST.search(text)
    return len(found[0]) if found else 0


class _Finder:
    def __init__(self, document: Document, contexts: frozenset[str]) -> None:
        self.document = document
        self.contexts = contexts
        # COPY --from and mounts find every stage by its name, those below them too, and then complain of a circle.
        self.stages = frozenset(stage.name for stage in document.stages if stage.name)

    def all(self) -> Iterator[Place | Unreachable]:
        for stage in self.document.stages:
            yield from self._from(stage)
            for one in stage.instructions:
                inner = one.sub or one
                if inner.keyword == "COPY":
                    yield from self._copy(inner)
                elif inner.keyword == "RUN":
                    yield from self._mounts(inner)

    def _from(self, stage: Stage) -> Iterator[Place | Unreachable]:
        if stage.parent is not None:
            return
        at, word = stage.instruction, stage.base_word
        found = tail_of(self.document, stage)
        if not isinstance(found, Tail):
            reference = ImageReference.parse(stage.base.text)
            if not (_DIGEST.search(word.text) or (reference and (reference.digest or self._never(reference)))):
                yield Unreachable(at.first_line, "variable", f"{word.text}: {found}")
            return
        where = "FROM" if found.at is at else f"FROM {word.text}, by the default of ARG {found.argument}"
        yield from self._place(found.at, where, found.text, found.written, found.end)

    def _copy(self, copy: Instruction) -> Iterator[Place | Unreachable]:
        flag = copy.flag("from")
        if flag is None or flag.value is None:
            return
        value = flag.value
        if not self._names_stage(value) and not re.fullmatch(r"[+-]?[0-9]+", value):
            yield from self._flag(copy, f"{copy.keyword} --from", flag, value, len(str(flag)))

    def _mounts(self, run: Instruction) -> Iterator[Place | Unreachable]:
        for flag in run.flags:
            if flag.name != "mount":
                continue
            at, source = len("--mount="), None
            for field in csv_fields(flag.value or "") or ():
                name, equals, value = field.partition("=")
                if name.lower() == "from" and equals:
                    source = value, at + len(field)  # the last one holds
                at += len(field) + 1
            if source is None or not source[0] or self._names_stage(source[0]):
                continue
            if '"' in (flag.value or ""):
                message = f"{source[0]} stands in a mount with quotes of its own"
                yield Unreachable(run.line_of(flag.span.start), "locked", message)
            else:
                yield from self._flag(run, "RUN --mount from", flag, *source)

    def _names_stage(self, name: str) -> bool:
        return lower(name) in self.stages

    def _flag(self, at: Instruction, where: str, flag: Flag, value: str, length: int) -> Iterator[Place | Unreachable]:
        """An image in a flag whose text, quotes taken away, has the image end after `length` characters."""
        line = at.line_of(flag.span.start)
        if "$" in value:
            yield Unreachable(line, "variable", f"{value}: no variable is expanded there")
            return
        raw = at.logical[flag.span.start : flag.span.end]
        start = raw.find("=") + 1
        quote = raw[start : start + 1] if raw[start : start + 1] in ("'", '"') else ""
        if raw != f"--{flag.name}={quote}{flag.value}{quote}":
            yield Unreachable(line, "locked", f"{value} is written with quotes or escapes inside of it")
            return
        end = flag.span.start + len(quote) + length
        if at.parent is not None and not re.search("[:/@]", value):
            yield Unreachable(line, "onbuild", f"{value} may be a stage of the file that builds on this image")
            return
        yield from self._place(at, where, value, value, end)

    def _place(self, at: Instruction, where: str, text: str, written: str, end: int) -> Iterator[Place | Unreachable]:
        """The image `text`, of which `written` stands in the instruction and ends at `end` of its logical line."""
        line = at.line_of(end - 1)
        reference = ImageReference.parse(text)
        if reference is None:
            yield Unreachable(line, "reference", f"{text} is no image reference")
            return
        if self._never(reference):
            return
        outer = at.parent or at
        size = _digest_length(written)
        # By the last character: an empty span where two lines are joined would stand on the second of them.
        place = at.place(Span(end - max(size, 1), end))
        if outer.locked or place is None:
            why = outer.locked or "a line continuation cuts its digest"
            yield Unreachable(line, "locked", f"{reference.familiar}: {why}")
        else:
            yield Place(line, where, reference, Span(place.end - size, place.end))

    def _never(self, reference: ImageReference) -> bool:
        return reference.name == _SCRATCH or reference.familiar.removesuffix(":latest") in self.contexts
