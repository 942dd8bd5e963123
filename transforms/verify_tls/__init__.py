"""Tell of downloads that take any certificate."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

from .switches import unchecked


@dataclass(frozen=True)
class VerifyTls(Transform):
    """Without the check, anybody on the way can answer."""

    id = "verify-tls"
    title = "Leave the check of TLS certificates on"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "CIS 4.11",
        "Checkov CKV2_DOCKER_2",
        "Checkov CKV2_DOCKER_3",
        "Checkov CKV2_DOCKER_4",
        "Checkov CKV2_DOCKER_5",
        "Checkov CKV2_DOCKER_6",
        "Checkov CKV2_DOCKER_12",
        "Checkov CKV2_DOCKER_13",
        "Checkov CKV2_DOCKER_14",
        "Checkov CKV2_DOCKER_15",
        "Checkov CKV2_DOCKER_16",
    )
    why = "anybody on the way can answer in the server's place; add the missing certificate to the image instead"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for at, what in unchecked(document):
            yield self.advise(at, f"{what} takes any certificate")
