"""Tell of secrets and history that a COPY of the whole context takes along."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.layers import shipped
from hardenfile.evidence.layout import Layout
from hardenfile.transform import Change, Refusal, Transform

from .sensitive import taken_along

# To ignore what a COPY names would break the build.
_NAMED = (
    "a RUN that needs it can have it by --mount=type=secret, and a container when it starts; if it was in an image "
    "that left this machine, replace what it holds"
)


@dataclass(frozen=True)
class ExtendDockerignore(Transform):
    """What is in the context and not ignored is one COPY away from the image."""

    id = "extend-dockerignore"
    title = "Keep .git, .env and keys out of the build context"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "CIS 4.10",
        "Sonar S6470",
    )
    why = "add it to .dockerignore; if it was in an image that left this machine, replace what it holds"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        if evidence.context is None:
            return
        for stage in document.stages:
            layout = Layout(stage, evidence.context)
            place = "the image" if stage in shipped(document, evidence, every=False) else f"stage {_called(stage)}"
            for at, found, named in taken_along(stage, layout):
                yield self.advise(at, f"{at.keyword} takes {found} into {place}", _NAMED if named else "")


def _called(stage: Stage) -> str:
    return stage.name or str(stage.index)
