"""Let the engine ask the application whether it still works."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows, known_base
from hardenfile.evidence.shipped import Shipped
from hardenfile.rewrite.insert import lines_after, lines_before
from hardenfile.transform import Change, Refusal, Safety, Transform

from .port import Unproven, served
from .probe import probe

# Listed images whose build files have a HEALTHCHECK.
_BRING_ONE = ("jupyter/", "apache/superset", "kong", "minio/")


@dataclass(frozen=True)
class AddHealthcheck(Transform):
    """A process that runs is not yet one that answers."""

    id = "add-healthcheck"
    title = "Add a HEALTHCHECK"
    safety = "`unsafe` by evidence, else advice or refused"
    about_stage = True
    after = ("prefer-copy", "split-stages", "add-user", "numeric-user", "exec-form", "strip-setuid")
    rules = (
        "CIS 4.6",
        "Trivy DS-0026",
        "Checkov CKV_DOCKER_2",
        "hadolint DL3057",
        "KICS b03a748a",
        "dockle CIS-DI-0006",
        "tally DL3057",
    )
    why = (
        "what acts on it (Swarm, Compose's depends_on, an autoheal) now sees a container that does not answer within "
        "30 seconds, three times in a row, as broken; Kubernetes has probes of its own"
    )

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        stage = evidence.final_stage(document)
        if stage is None or stage.final.healthcheck is not None or is_windows(stage, evidence):
            return
        at = stage.final.cmd or stage.final.entrypoint or stage.instruction
        image = known_base(stage, evidence)
        if image is not None and any(name in stage.root.base.text for name in _BRING_ONE):
            yield self.refuse(at, "inherited", f"{image.name} has a HEALTHCHECK of its own")
            return
        shipped = Shipped(stage, evidence)
        if shipped.start.nothing:
            yield self.refuse(at, "no-start", "the image starts nothing but a shell, as a base for others does")
            return
        try:
            if image is None:
                raise Unproven(f"whether {stage.root.base.text} has a HEALTHCHECK of its own is not known")
            server = served(shipped)
            words, fact = probe(shipped, image, server)
        except Unproven as reason:
            yield self.advise(at, "Say with HEALTHCHECK how it shows that the application works", str(reason))
            return
        before, place = _place(stage)
        if place.locked:
            yield self.refuse(at, "locked", place.locked)
            return
        lines = [f"HEALTHCHECK CMD [{', '.join(map(_quoted, words))}]"]
        edit = lines_before(place, lines) if before else lines_after(place, lines)
        yield self.change(place, self.title, edit, safety=Safety.UNSAFE, evidence=(*server.facts, fact))


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _place(stage: Stage) -> tuple[bool, Instruction]:
    """Before (True) or after (False) an instruction: above the CMD and ENTRYPOINT that end the stage."""
    own = stage.instructions
    at = len(own)
    while at > 0 and own[at - 1].keyword in ("CMD", "ENTRYPOINT"):
        at -= 1
    return (True, own[at]) if at < len(own) else (False, own[-1] if own else stage.instruction)
