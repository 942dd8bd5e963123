"""Tell of downloads over plain http."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

from .urls import plain


@dataclass(frozen=True)
class DownloadByHttps(Transform):
    """Anybody on the way can change what arrives."""

    id = "download-by-https"
    title = "Download by https"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "CIS 4.11",
        "Sonar S5332",
    )
    why = "anybody on the way can change what arrives; whether the other end answers https has to be tried"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for at, url in plain(document):
            yield self.advise(at, f"{url} is fetched without TLS")
