"""Tell of packages that are installed without their signature."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.dockerfile.commands import commands
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

from .options import UNSIGNED, setting


@dataclass(frozen=True)
class VerifyPackages(Transform):
    """An unsigned package is whatever the mirror sends."""

    id = "verify-packages"
    title = "Leave the check of package signatures on"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "CIS 4.12",
        "Checkov CKV2_DOCKER_7",
        "Checkov CKV2_DOCKER_8",
        "Checkov CKV2_DOCKER_9",
        "Checkov CKV2_DOCKER_10",
        "Checkov CKV2_DOCKER_11",
        "dockle CIS-DI-0011",
    )
    why = "whoever serves the package decides what it holds; add the repository's key instead"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for ran in commands(document):
            option = ran.has(*UNSIGNED.get(ran.name, ()))
            if option is not None or setting(ran):
                yield self.advise(ran.at, f"{ran.name} {option or setting(ran)} installs packages that nobody signed")
