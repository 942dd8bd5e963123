"""Whether the builder of a file knows `ADD --checksum`, which came with version 1.6 of the Dockerfile frontend."""

import re

from hardenfile.dockerfile import Document
from hardenfile.evidence.reference import HUB, ImageReference

_SINCE = 6
_TAG = re.compile(r"(?:1(?:\.(?P<minor>[0-9]+)(?:\.[0-9]+)?)?|latest)(?:-labs)?|labs", re.ASCII)


def knows_checksum(document: Document) -> str:
    """Why that is in doubt; empty where the file says so itself."""
    if any((one.sub or one).flag("checksum") is not None for one in document.each("ADD", "ONBUILD")):
        return ""
    if document.syntax is None:
        return "without a `# syntax=` line the builder's own frontend holds, and before 1.6 it knows no --checksum"
    reference = ImageReference.parse(document.syntax)
    if reference is None or reference.name != f"{HUB}/docker/dockerfile":
        return f"whether {document.syntax} knows --checksum is not known"
    found = _TAG.fullmatch(reference.tag or "latest")
    minor = found["minor"] if found else None
    if found is None or (minor is None and reference.digest is not None):
        return f"which version {document.syntax} is cannot be told, and before 1.6 none knows --checksum"
    if minor is not None and int(minor) < _SINCE:
        return f"{document.syntax} is older than 1.6, which brought --checksum"
    return ""
