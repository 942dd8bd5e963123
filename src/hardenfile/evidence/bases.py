"""What is known for sure of the image that a stage starts from."""

import re

from hardenfile.dockerfile.stages import Stage

from . import Evidence
from .images import BaseImage

_BRACED = re.compile(r"\$\{[^}]*\}")


def known_base(stage: Stage, evidence: Evidence) -> BaseImage | None:
    """The image at the end of the stage's FROM chain; None where it is not listed, not sure, or not fixed.

    A build argument may choose among the tags of an image, but not the image. ONBUILD triggers of an image may change
    any of its settings, so nothing of such an image is sure.
    """
    row = evidence.base_image(stage)
    if row is None or row.confidence == "L" or row.onbuild:
        return None
    base = stage.root.base
    return None if base.by_default and "$" in _name(stage.root.base_word.text) else row


def is_windows(stage: Stage, evidence: Evidence) -> bool:
    """Whether the stage builds a Windows image, as far as that shows."""
    row, root = evidence.base_image(stage), stage.root
    if row is not None and row.family == "windows":
        return True
    platform = root.platform.value if root.platform is not None else None
    base = root.base.text.lower()
    return (platform or "").startswith("windows") or any(word in base for word in ("windows", "nanoserver"))


def _name(reference: str) -> str:
    """An image reference as written, without its tag and digest."""
    reference = _BRACED.sub("$", reference).partition("@")[0]
    name, colon, tag = reference.rpartition(":")
    return name if colon and "/" not in tag else reference
