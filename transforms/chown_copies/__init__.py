"""Give files their owner in the COPY, where a chown of its own would store them twice."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import add_flag
from hardenfile.transform import Change, Refusal, Transform

from .fold import Fold, folds


@dataclass(frozen=True)
class ChownCopies(Transform):
    """RUN chown -R writes every file into a layer again; COPY --chown writes it once."""

    id = "chown-copies"
    title = "Fold RUN chown -R into COPY --chown"
    after = ("prefer-copy", "split-stages")
    why = "a chown in a RUN of its own stores each of the files a second time"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for found in folds(stage, evidence):
                if isinstance(found, Fold):
                    flags = [add_flag(copy, f"--chown={found.owner}") for copy in found.copies]
                    title = f"Copy {found.path} as {found.owner} instead of a chown afterwards"
                    yield self.change(found.run, title, *flags, Edit(found.run.span, ""), evidence=found.facts)
                else:
                    yield self.refuse(*found)
