"""Hold what ADD downloads to the checksum that it had when it was locked."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.evidence.pins import Pins, Unresolved
from hardenfile.rewrite.insert import add_flag
from hardenfile.transform import Change, Refusal, Safety, Transform

from .downloads import Download, downloads
from .frontend import knows_checksum


@dataclass(frozen=True)
class AddChecksum(Transform):
    """A URL answers whatever its server likes today; a checksum makes the build notice."""

    id = "add-checksum"
    title = "Verify what ADD downloads"
    safety = "`safe` with a lock file and a frontend of 1.6 or later, else `unsafe` or advice"
    rules = ("CIS 4.11",)
    after = ("prefer-copy", "split-stages")
    why = "what the URL answers can change between two builds; with a checksum the build stops instead"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for found in downloads(document):
            if found.reason:
                yield self.refuse(found.add, found.reason, found.message)
            elif evidence.pins is None:
                title = f"Nothing checks what {found.url} answers: `hardenfile lock` gets its checksum"
                yield self.advise(found.add, title)
            else:
                yield self._verify(document, found, evidence.pins)

    def _verify(self, document: Document, found: Download, pins: Pins) -> Change | Refusal:
        try:
            checksum = pins.checksum(found.url)
        except Unresolved as error:
            return self.refuse(found.add, "unknown", str(error))
        if checksum is None:
            message = f"{found.url} is not in {pins.name}: `hardenfile lock` adds it"
            return self.refuse(found.add, "unknown", message)
        when = f", fetched {checksum.resolved}" if checksum.resolved else ""
        doubt = knows_checksum(document)
        return self.change(
            found.add,
            f"Verify the download of {found.url}",
            add_flag(found.add, f"--checksum=sha256:{checksum.sha256}"),
            safety=Safety.UNSAFE if doubt else Safety.SAFE,
            evidence=(f"{pins.name} has its SHA-256, of {checksum.size:,} bytes{when}",),
            why=doubt,
        )
