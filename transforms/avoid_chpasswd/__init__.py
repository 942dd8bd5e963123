"""Tell of passwords that a build sets."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.dockerfile.commands import commands
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

from .passwords import sets_password


@dataclass(frozen=True)
class AvoidChpasswd(Transform):
    """A password in a Dockerfile is known to everybody who reads it, or the image."""

    id = "avoid-chpasswd"
    title = "Set no passwords in an image"
    safety = "advice"
    after = ("prefer-copy",)
    rules = ("CIS 4.10",)
    why = "it stands in the file and in the image's history; an account that nobody logs in to needs none"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for ran in commands(document):
            if sets_password(ran):
                yield self.advise(ran.at, f"{ran.name} sets a password for everybody to read")
