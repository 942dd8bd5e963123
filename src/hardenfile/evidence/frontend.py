"""Whether the builder of a file knows what came with a version of the Dockerfile frontend (docker/dockerfile:1.x)."""

import re
from typing import NamedTuple

from hardenfile.dockerfile import Document

from .reference import HUB, ImageReference

_TAG = re.compile(r"(?:1(?:\.(?P<minor>[0-9]+)(?:\.[0-9]+)?)?|latest)(?:-labs)?|labs", re.ASCII)


class Doubt(NamedTuple):
    """Why a feature may be unknown. `old`: the frontend that the file names lacks it for sure."""

    text: str
    old: bool = False


def doubt_of(document: Document, minor: int, feature: str) -> Doubt | None:
    """Why the builder may not know what came with version 1.`minor`; None where `# syntax=` says that it does.

    A tag that moves, such as `1`, is taken for its newest image.
    """
    if document.syntax is None:
        return Doubt(
            f"without a `# syntax=` line the builder's own frontend holds, and before 1.{minor} it knows no {feature}"
        )
    reference = ImageReference.parse(document.syntax)
    if reference is None or reference.name != f"{HUB}/docker/dockerfile":
        return Doubt(f"whether {document.syntax} knows {feature} is not known")
    found = _TAG.fullmatch(reference.tag or "latest")
    named = found["minor"] if found else None
    if found is None or (named is None and reference.digest is not None):
        return Doubt(f"which version {document.syntax} is cannot be told, and before 1.{minor} none knows {feature}")
    if named is not None and int(named) < minor:
        return Doubt(f"{document.syntax} is older than 1.{minor}, which brought {feature}", old=True)
    return None
