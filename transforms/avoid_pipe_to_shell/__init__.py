"""Say what it means that a RUN runs whatever a server sends."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

from .pipes import piped


@dataclass(frozen=True)
class AvoidPipeToShell(Transform):
    """Whoever answers in the server's place runs code in every build."""

    id = "avoid-pipe-to-shell"
    title = "Do not run what a server sends before looking at it"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "OWASP R9",
        "CIS 4.11",
    )
    why = "download it, check it against a checksum that you keep, then run it; or take a package"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for line in piped(document):
            yield self.advise(line.at, f"{line.shell} runs what {line.source} fetches, unseen")
