"""The stages whose layers end up in the image that ships."""

from hardenfile.dockerfile import Document
from hardenfile.dockerfile.stages import Stage

from . import Evidence


def shipped(document: Document, evidence: Evidence, every: bool) -> tuple[Stage, ...]:
    """The stage that ships and those it is FROM; with `every`, all."""
    if every:
        return document.stages
    final = evidence.final_stage(document)
    return final.chain if final is not None else ()
