"""Run commands as the root that the RUN is anyway, without sudo."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.readable import unreadable
from hardenfile.dockerfile.shell import Command
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows
from hardenfile.evidence.runs_as import Who, who_runs
from hardenfile.rewrite.edit import Edit
from hardenfile.transform import Change, Refusal, Safety, Transform

from .plain import SUDO, is_sudo, problem
from .surroundings import doubt


@dataclass(frozen=True)
class DropSudo(Transform):
    """Where root runs a command anyway, sudo adds a program with the setuid bit and another environment."""

    id = "drop-sudo"
    title = "Drop sudo where root runs the command anyway"
    safety = "`safe` by evidence, else `unsafe` or refused"
    after = ("prefer-copy", "split-stages")
    rules = ("Trivy DS-0010", "Checkov CKV2_DOCKER_1", "hadolint DL3004", "KICS 8ada6e80", "dockle DKL-DI-0001")
    why = "root needs no sudo, which hands the command another environment and another process for signals"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            if is_windows(stage, evidence):
                continue
            for run in stage.each("RUN", "ONBUILD"):
                if run.keyword == "RUN" and SUDO.search(run.value):
                    yield from self._drop(run, stage, evidence)
                elif run.sub is not None and run.sub.keyword == "RUN" and SUDO.search(run.sub.value):
                    yield self.refuse(run, "onbuild", "as whom the trigger runs, only the child image tells")

    def _drop(self, run: Instruction, stage: Stage, evidence: Evidence) -> Iterator[Change | Refusal]:
        unread = unreadable(run, stage)
        if unread is not None:
            yield self.refuse(run, *unread)
            return
        calls = [command for command in run.shell.commands if is_sudo(command)]
        if not calls:
            return
        who = who_runs(run, stage, evidence)
        if not who.root:
            yield self.refuse(run, who.reason, who.text)
            return
        edits: list[Edit] = []
        doubts: list[str] = []
        told: dict[str, str] = {}
        for command in calls:
            found = problem(command)
            edit = None if found else _edit(run, command)
            if found:
                told.setdefault(*found)
            elif edit is None:
                told.setdefault("locked", "a line continuation stands between sudo and the command")
            else:
                edits.append(edit)
                doubts += doubt(command, run, stage, evidence)
        if edits:
            yield self._change(run, who, edits, doubts)
        for reason, message in told.items():
            yield self.refuse(run, reason, message)

    def _change(self, run: Instruction, who: Who, edits: list[Edit], doubts: list[str]) -> Change:
        return self.change(
            run,
            self.title,
            *edits,
            safety=Safety.UNSAFE if doubts else Safety.SAFE,
            evidence=(who.text,),
            why="; ".join(dict.fromkeys(doubts)),
        )


def _edit(run: Instruction, command: Command) -> Edit | None:
    """Takes the word sudo away, and the blanks behind it; None where a continuation stands there."""
    start = run.split.rest.start
    place = run.place(Span(start + command.words[0].span.start, start + command.words[1].span.start))
    behind = run.place(Span(start + command.words[1].span.start, start + command.words[1].span.end))
    return Edit(place, "") if place is not None and behind is not None and place.end == behind.start else None
