"""Tell of pipes whose first command may fail unseen."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows
from hardenfile.transform import Change, Refusal, Transform

from .pipes import unseen_failures


@dataclass(frozen=True)
class SetPipefail(Transform):
    """The build goes on with half a file."""

    id = "set-pipefail"
    title = "Let a failure in a pipe fail the build"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "hadolint DL4006",
        "KICS efbf148a",
        "tally DL4006",
    )
    why = "only the last command of a pipe is asked whether it worked; bash has `set -o pipefail`, other shells may not"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for at in unseen_failures(stage, is_windows(stage, evidence)):
                yield self.advise(at, "a command in front of a pipe may fail and the build goes on")
