"""Keep the caches of package managers out of the image."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.dockerfile.readable import unreadable
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows
from hardenfile.evidence.layers import shipped
from hardenfile.rewrite.edit import Edit
from hardenfile.transform import Change, Refusal, Transform

from . import apk, node, pip, rpm
from .proposal import NAMED, Kept, Proposal


@dataclass(frozen=True)
class DropPackageCaches(Transform):
    """What a package manager keeps to install it again is of no use in an image."""

    every_stage: bool = False

    id = "drop-package-caches"
    title = "Leave no package caches in the image"
    safety = "`safe` by evidence, else `unsafe` or refused"
    after = ("prefer-copy", "split-stages", "clean-apt-lists", "drop-sudo")
    rules = (
        "Trivy DS-0015",
        "Trivy DS-0019",
        "Trivy DS-0020",
        "Trivy DS-0025",
        "Trivy DS-0027",
        "hadolint DL3019",
        "hadolint DL3032",
        "hadolint DL3036",
        "hadolint DL3040",
        "hadolint DL3042",
        "hadolint DL3060",
        "KICS df746b39",
        "dockle DKL-DI-0005",
        "tally prefer-package-cache-mounts",
    )
    why = "a layer keeps what a later one deletes, so caches are dropped where they are filled"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in shipped(document, evidence, self.every_stage):
            if is_windows(stage, evidence):
                continue
            for run in stage.each("RUN", "ONBUILD"):
                texts = (run.logical, *(heredoc.body for heredoc in run.heredocs))
                if not any(map(NAMED.search, texts)):
                    continue
                if run.keyword == "ONBUILD":
                    if run.sub is not None and run.sub.keyword == "RUN":
                        yield self.refuse(run, "onbuild", "what follows the trigger in the child image is not seen")
                    continue
                unread = unreadable(run, stage, flat=False)
                if unread is not None:
                    yield self.refuse(run, *unread)
                    continue
                taken: list[Edit] = []
                for manager in (apk, pip, rpm, node):
                    for found in manager.propose(run, stage, evidence):
                        edits = () if isinstance(found, Kept) else found.edits
                        if any(_meet(one, other) for one in edits for other in taken):
                            continue  # the next round sees what the first of the two has written
                        taken += edits
                        yield self._told(found)

    def _told(self, found: Proposal | Kept) -> Change | Refusal:
        if isinstance(found, Kept):
            return self.refuse(found.run, found.reason, found.message)
        return self.change(
            found.run, found.title, *found.edits, safety=found.safety, evidence=(found.fact,), why=found.doubt
        )


def _meet(one: Edit, other: Edit) -> bool:
    return one.span.start <= other.span.end and other.span.start <= one.span.end
