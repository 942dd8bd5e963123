"""Tell of instructions of which only the last one counts."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform


@dataclass(frozen=True)
class KeepOneCommand(Transform):
    """Whoever reads the first one is misled."""

    id = "keep-one-command"
    title = "Keep one CMD, ENTRYPOINT and HEALTHCHECK in a stage"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "Trivy DS-0016",
        "Trivy DS-0007",
        "hadolint DL4003",
        "hadolint DL4004",
        "BuildKit MultipleInstructionsDisallowed",
        "KICS 41c195f4",
        "Sonar S6589",
    )
    why = "only the last one counts; which one is meant is yours to say"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
                found = stage.each(keyword)
                for at in found[:-1]:
                    yield self.advise(at, f"{keyword} of line {found[-1].first_line} takes the place of this one")
