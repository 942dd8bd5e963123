"""Tell of an image that exposes ssh."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

from .ports import includes_ssh, out_of_range


@dataclass(frozen=True)
class CloseSshPort(Transform):
    """A container is looked into with exec; a server in it is one more way in."""

    id = "close-ssh-port"
    title = "Offer no ssh from a container"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "Trivy DS-0004",
        "Checkov CKV_DOCKER_1",
        "KICS 71bf8cf8",
        "Sonar S6473",
        "hadolint DL3011",
    )
    why = "a container is looked into by docker exec or kubectl exec; an ssh server needs keys, updates and root"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for at in stage.each("EXPOSE"):
                for value in stage.values(at):
                    if includes_ssh(value.text):
                        yield self.advise(at, f"EXPOSE {value.text} offers ssh")
                    elif out_of_range(value.text):
                        yield self.advise(at, f"EXPOSE {value.text} is no port: they end at 65535")
