"""Tell of RUN lines that ask the builder for more than a container may do."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

ASKS = frozenset((("security", "insecure"), ("network", "host")))


@dataclass(frozen=True)
class AvoidInsecureRuns(Transform):
    """A build with more rights can reach the machine that builds."""

    id = "avoid-insecure-runs"
    title = "Build without extra privileges"
    safety = "advice"
    after = ("prefer-copy",)
    rules = ("OWASP R3",)
    why = "the build needs an entitlement that most builders refuse, and can reach the machine that it runs on"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for at in stage.instructions:
                run = at.sub if at.sub is not None else at
                for flag in run.flags if run.keyword == "RUN" else ():
                    if (flag.name, flag.value) in ASKS or (flag.name == "device" and flag.value):
                        yield self.advise(at, f"RUN {flag} asks for more than a build should have")
