"""The images that a file names, and whether a list of registries covers them."""

from collections.abc import Iterator, Sequence

from hardenfile.dockerfile import Document, Instruction
from hardenfile.evidence.reference import ImageReference


def foreign_images(document: Document, allowed: Sequence[str]) -> Iterator[tuple[Instruction, str]]:
    """Each image that no entry of the list covers, with the instruction that names it."""
    for at, text in _images(document):
        reference = ImageReference.parse(text)
        if reference is not None and text != "scratch" and not _covered(reference, allowed):
            yield at, text


def _images(document: Document) -> Iterator[tuple[Instruction, str]]:
    names: set[str] = set()
    for stage in document.stages:
        if stage.base.known and stage.parent is None:
            yield stage.instruction, stage.base.text
        for at in stage.instructions:
            for text in _named_by(at):
                if text.lower() not in names and not text.isdigit() and "$" not in text:
                    yield at, text
        names.update(name for name in (stage.name, str(stage.index)) if name)
    if document.syntax is not None and document.instructions:
        yield document.instructions[0], document.syntax


def _named_by(at: Instruction) -> Iterator[str]:
    for flag in at.flags:
        if at.keyword in ("COPY", "ADD") and flag.name == "from" and flag.value:
            yield flag.value
        if at.keyword == "RUN" and flag.name == "mount" and flag.value:
            yield from (part[len("from=") :] for part in flag.value.split(",") if part.startswith("from="))


def _covered(reference: ImageReference, allowed: Sequence[str]) -> bool:
    names = (reference.name, reference.familiar.partition("@")[0], reference.name.removeprefix("docker.io/library/"))
    entries = [entry.strip().rstrip("/") for entry in allowed]
    return any(name == entry or name.startswith((f"{entry}/", f"{entry}:")) for name in names for entry in entries)
