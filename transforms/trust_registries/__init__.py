"""Tell of images from registries that are not on your list."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

from .images import foreign_images


@dataclass(frozen=True)
class TrustRegistries(Transform):
    """An image is as trustworthy as the registry that serves it."""

    allowed: tuple[str, ...] = ()

    id = "trust-registries"
    title = "Take images only from registries that you trust"
    safety = "advice"
    after = ("prefer-copy",)
    rules = ("OWASP R9",)
    why = "it is not on your list of registries; mirror the image, or add the registry to the list"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        if not self.allowed:
            return
        for at, text in foreign_images(document, self.allowed):
            yield self.advise(at, f"{text} comes from a registry that is not allowed")
