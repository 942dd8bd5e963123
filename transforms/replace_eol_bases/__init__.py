"""Tell of base images that get no security updates any more."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

from .dates import ended, is_day


@dataclass(frozen=True)
class ReplaceEolBases(Transform):
    """What nobody mends any more only gets worse."""

    on: str = ""

    id = "replace-eol-bases"
    title = "Start from an image that is still updated"
    safety = "advice"
    after = ("prefer-copy",)
    rules = ("OWASP R0",)
    why = "nobody mends what is found in it; which newer version fits is yours to try"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            if stage.parent is not None:
                continue
            image = evidence.base_image(stage)
            if image is not None and image.confidence != "L" and ended(image.eol, self.on):
                since = f" since {image.eol}" if is_day(image.eol) else "" if image.eol == "ended" else f": {image.eol}"
                yield self.advise(stage.instruction, f"{stage.base.text} gets no updates{since}")
