"""Say that a secret in ENV or ARG is no secret."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.evidence.secrets import is_secret, names
from hardenfile.transform import Change, Refusal, Transform


@dataclass(frozen=True)
class RotateSecrets(Transform):
    """ENV and ARG stay in the image and its history for whoever pulls it."""

    id = "rotate-secrets"
    title = "Keep secrets out of ENV and ARG, and rotate those that were in"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "CIS 4.10",
        "OWASP R12",
        "Trivy DS-0031",
        "hadolint DL3064",
        "BuildKit SecretsUsedInArgOrEnv",
        "KICS c3e1b6ae",
        "Sonar S6472",
        "dockle CIS-DI-0010",
        "tally SecretsUsedInArgOrEnv",
    )
    why = (
        "whoever can pull the image can read it: give it to the container when it runs, or to one RUN by "
        "--mount=type=secret; what was in an image that left this machine has to be replaced"
    )

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for at in stage.instructions:
                one = at.sub if at.sub is not None else at
                for name in names(one):
                    if is_secret(name):
                        yield self.advise(at, f"{one.keyword} {name} keeps a secret in the image")
