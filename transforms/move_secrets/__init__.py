"""Give a secret to the one RUN that uses it, and to nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.stages import Stage
from hardenfile.errors import RewriteRejected
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows
from hardenfile.evidence.frontend import doubt_of
from hardenfile.evidence.secrets import is_secret
from hardenfile.rewrite.insert import add_flag
from hardenfile.transform import Change, Refusal, Safety, Transform

from .declared import Declared, declared, taken_out
from .uses import Elsewhere, user_of

_SINCE = 10  # docker/dockerfile:1.10 brought `env=` for secrets


@dataclass(frozen=True)
class MoveSecrets(Transform):
    """The value of an ARG is in the history of the image; that of a secret mount is in nothing that is left."""

    id = "move-secrets"
    title = "Give secrets to the RUN that uses them"
    safety = "`unsafe` with a frontend of 1.10 or later, else advice or refused"
    after = ("prefer-copy", "split-stages", "drop-sudo", "join-apt-update")
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
    why = "whoever can pull the image reads the value of an ARG in its history"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            if is_windows(stage, evidence):
                continue
            for at in stage.each("ARG", "ONBUILD"):
                moved = False
                for one in declared(at):
                    if not is_secret(one.name):
                        continue
                    found = self._move(document, stage, one)
                    # Two names of one line would be cut out with the same blank: the second one waits for a round.
                    if isinstance(found, Refusal) or not found.edits or not moved:
                        yield found
                    moved = moved or (isinstance(found, Change) and bool(found.edits))

    def _move(self, document: Document, stage: Stage, one: Declared) -> Change | Refusal:
        at, name = one.at, one.name
        if at.keyword == "ONBUILD":
            return self.refuse(at, "onbuild", f"which RUN uses {name}, only the child image tells")
        if one.default:
            return self.refuse(at, "default", f"the file itself holds a value of {name}: remove it, and rotate it")
        try:
            run = user_of(document, stage, one)
        except Elsewhere as use:
            return self.refuse(at, use.reason, str(use))
        identity = name.lower().replace("_", "-")
        asks = f"`docker build --secret id={identity},env={name}` instead of `--build-arg {name}`"
        doubt = None if _mounts_by_name(document) else doubt_of(document, _SINCE, "env= in a secret mount")
        if doubt is not None and doubt.old:
            return self.refuse(at, "frontend", doubt.text)
        if doubt is not None:
            return self.advise(
                at,
                f"Give {name} to line {run.first_line} by --mount=type=secret, and build with {asks}",
                f"{doubt.text}: with `# syntax=docker/dockerfile:1` it could be moved here",
            )
        taken = taken_out(one)
        locked = at.locked or run.locked or (taken if isinstance(taken, str) else None)
        if locked or isinstance(taken, str):
            return self.refuse(at, "locked", locked or "")
        try:
            mount = add_flag(run, f"--mount=type=secret,id={identity},env={name}")
        except RewriteRejected as error:
            return self.refuse(at, "locked", str(error))
        return self.change(
            at,
            f"Give {name} as a secret to the RUN in line {run.first_line}",
            taken,
            mount,
            safety=Safety.UNSAFE,
            evidence=(f"no other instruction names {name}",),
            why=f"the build now takes {asks}; a file or script that another RUN reads it in was not seen, and what the "
            "RUN writes down stays in its layer",
        )


def _mounts_by_name(document: Document) -> bool:
    """Whether a RUN has a secret in a variable already, so that the frontend must know how."""
    return any(_by_name(run) for run in document.each("RUN"))


def _by_name(run: Instruction) -> bool:
    return any(
        flag.name == "mount" and "type=secret" in (flag.value or "") and ",env=" in (flag.value or "")
        for flag in run.flags
    )
