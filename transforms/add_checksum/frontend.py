"""Whether the builder of a file knows `ADD --checksum`, which came with version 1.6 of the Dockerfile frontend."""

from hardenfile.dockerfile import Document
from hardenfile.evidence.frontend import doubt_of

_SINCE = 6


def knows_checksum(document: Document) -> str:
    """Why that is in doubt; empty where the file says so itself."""
    if any((one.sub or one).flag("checksum") is not None for one in document.each("ADD", "ONBUILD")):
        return ""
    doubt = doubt_of(document, _SINCE, "--checksum")
    return doubt.text if doubt is not None else ""
