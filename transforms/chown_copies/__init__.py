"""Give files their owner in the COPY, where a chown of its own would store them twice."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.errors import UsageError
from hardenfile.evidence import Evidence
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import add_flag
from hardenfile.transform import Change, Refusal, Safety, Transform

from .fold import Fold, folds

_MODE = re.compile(r"0?[0-7]{3,4}\Z")


@dataclass(frozen=True)
class ChownCopies(Transform):
    """RUN chown -R writes every file into a layer again; COPY --chown writes it once."""

    chmod: str = ""

    id = "chown-copies"
    title = "Fold RUN chown -R into COPY --chown"
    after = ("prefer-copy", "split-stages")
    why = "a chown in a RUN of its own stores each of the files a second time"

    def __post_init__(self) -> None:
        if self.chmod and not _MODE.match(self.chmod):
            raise UsageError(f"{self.id}: chmod is an octal mode such as 0755, not {self.chmod!r}")

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for found in folds(stage, evidence):
                yield self._fold(found) if isinstance(found, Fold) else self.refuse(*found)

    def _fold(self, found: Fold) -> Change:
        mode = f" --chmod={self.chmod}" if self.chmod else ""
        flags = [add_flag(copy, f"--chown={found.owner}{'' if copy.flag('chmod') else mode}") for copy in found.copies]
        return self.change(
            found.run,
            f"Copy {found.path} as {found.owner} instead of a chown afterwards",
            *flags,
            Edit(found.run.span, ""),
            safety=Safety.UNSAFE if mode else Safety.SAFE,
            evidence=found.facts,
            why=f"every file and folder gets the mode {self.chmod}" if mode else "",
        )
