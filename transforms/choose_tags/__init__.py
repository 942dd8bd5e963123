"""Tell of images whose tag means another image tomorrow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction
from hardenfile.evidence import Evidence
from hardenfile.evidence.reference import ImageReference
from hardenfile.transform import Change, Refusal, Transform

_FROM = re.compile(r"(?:\Afrom=|\Amount=(?:.*,)?from=)([^,@$]+:latest)(?=,|\Z)")


@dataclass(frozen=True)
class ChooseTags(Transform):
    """latest is whatever was pushed last."""

    id = "choose-tags"
    title = "Name the version of a base image"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "OWASP R9",
        "Trivy DS-0001",
        "Checkov CKV_DOCKER_7",
        "hadolint DL3006",
        "hadolint DL3007",
        "KICS 9efb0b2d",
        "KICS f45ea400",
        "Sonar S6596",
        "Sonar S8431",
        "dockle DKL-DI-0006",
        "tally DL3006",
        "tally DL3007",
    )
    why = "the same file builds another image tomorrow; which version is meant is yours to say"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        names = {stage.name for stage in document.stages}
        for stage in document.stages:
            reference = ImageReference.parse(stage.base.text) if stage.base.known and stage.parent is None else None
            if (
                reference is None
                or stage.base.text == "scratch"
                or reference.digest is not None
                or stage.base.text in names
            ):
                continue
            if reference.tag in (None, "latest"):
                said = "names no tag" if reference.tag is None else "names the tag latest"
                yield self.advise(stage.instruction, f"{stage.base.text} {said}")
        for at, text in _taken_from(document):
            yield self.advise(at, f"{text} names the tag latest")


def _taken_from(document: Document) -> Iterator[tuple[Instruction, str]]:
    """What COPY and mounts take from an image of the tag latest; a name with no tag may be a build context."""
    for stage in document.stages:
        for at in stage.each("COPY", "ADD", "RUN"):
            for flag in at.flags:
                found = _FROM.search(f"{flag.name}={flag.value}")
                if found:
                    yield at, found[1]
