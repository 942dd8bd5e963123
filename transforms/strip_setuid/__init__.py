"""Take the setuid and setgid bits from the programs of the image, before it drops root."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows, known_base
from hardenfile.evidence.runs_as import who_runs
from hardenfile.evidence.shipped import Shipped
from hardenfile.rewrite.insert import lines_before
from hardenfile.transform import Change, Refusal, Safety, Transform

# BusyBox's find takes no `-perm /6000`, so both bits are asked for one by one.
_LINE = "RUN find / -xdev -type f \\( -perm -4000 -o -perm -2000 \\) -exec chmod a-s {} +"
_GAINS = frozenset("su sudo doas ping passwd mount umount newgrp chsh gosu-setuid fusermount crontab at bwrap".split())
_GAINED = re.compile(rf"(?<![\w./-])(?:{'|'.join(sorted(_GAINS))})(?![\w.-])")
# Their images have find; those made of RPM packages often come without.
_HAS_FIND = ("debian", "ubuntu", "alpine", "busybox", "wolfi")
_SHELLS = ("sh", "bash", "ash", "dash", "zsh", "ksh")
_FIND = re.compile(r"\bfindutils\b|(?:^|[\s;&|(])find\s+[/.$]")
_ROOT = frozenset(("root", "0", "0:0", "root:root", ""))


@dataclass(frozen=True)
class StripSetuid(Transform):
    """A program with the setuid bit is how a process that is not root becomes root after all."""

    id = "strip-setuid"
    title = "Take the setuid and setgid bits away"
    safety = "`unsafe`, or refused"
    about_stage = True
    after = (
        "prefer-copy",
        "split-stages",
        "add-user",
        "numeric-user",
        "drop-sudo",
        "join-apt-update",
        "clean-apt-lists",
    )
    rules = ("CIS 4.8", "dockle CIS-DI-0008")
    why = "su, sudo, ping and mount work for root only then; the layer holds a copy of each program that lost its bit"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        stage = evidence.final_stage(document)
        if stage is None or _done(stage):
            return
        user = _drops(stage)
        if user is None:
            return
        if is_windows(stage, evidence):
            return
        image = known_base(stage, evidence)
        if image is None:
            yield self.refuse(user, "unknown-base", f"whether {stage.root.base.text} has find and chmod is not known")
        elif not image.shell:
            yield self.refuse(user, "no-shell", f"{stage.root.base.text} has no shell, and hardly a program")
        elif not _has_find(user, stage, image.family):
            yield self.refuse(user, "no-find", f"whether {stage.root.base.text} has find is not known")
        elif not (who := who_runs(user, stage, evidence)).root:
            yield self.refuse(user, who.reason, f"only root may take the bits away: {who.text}")
        elif (shell := stage.before(user).shell) is not None and posixpath.basename(shell.args[0]) not in _SHELLS:
            yield self.refuse(user, "shell", f"what the SHELL of line {shell.first_line} makes of it is not known")
        elif document.escape != "\\" or user.locked:
            yield self.refuse(user, "locked", user.locked or "the file escapes with a backtick")
        elif (needed := _needed(stage, evidence)) is not None:
            yield self.refuse(user, "needs-setuid", needed)
        else:
            fact = f"line {user.first_line} drops root, and the programs stay as they are below it"
            yield self.change(user, self.title, lines_before(user, [_LINE]), safety=Safety.UNSAFE, evidence=(fact,))


def _done(stage: Stage) -> bool:
    """Whether a RUN does it already, in whatever words."""
    return any(
        "find" in run.logical and "-perm" in run.logical and ("a-s" in run.logical or "-s " in run.logical)
        for part in stage.chain
        for run in part.each("RUN")
    )


def _drops(stage: Stage) -> Instruction | None:
    """The USER that drops root for good; None where the image runs as root, or never was it."""
    setting = stage.final.user
    if setting is None or not setting.value.known or setting.value.text.partition(":")[0] in _ROOT:
        return None
    at = setting.instruction
    if at not in stage.instructions:
        return None
    before = stage.before(at).user
    root = before is None or before.value.text.partition(":")[0] in _ROOT
    later = any(one.keyword == "RUN" and one.begin > at.begin for one in stage.instructions)
    return at if root and not later else None


def _has_find(user: Instruction, stage: Stage, family: str) -> bool:
    """Whether find is there: by the base image, or because a RUN above installs or runs it."""
    runs = (run for part in stage.chain for run in part.each("RUN") if run.begin < user.begin)
    return family in _HAS_FIND or any(_FIND.search(run.logical) for run in runs)


def _needed(stage: Stage, evidence: Evidence) -> str | None:
    """Why the run needs such a program; None where nothing is seen to."""
    for command in Shipped(stage, evidence).start.commands:
        if command.program in _GAINS:
            return f"{command.where} starts {command.program}, which works by its setuid bit"
    check = stage.final.healthcheck
    found = _GAINED.search(check.value) if check is not None else None
    if check is not None and found is not None:
        return f"the HEALTHCHECK of line {check.first_line} runs {found[0]}, which works by its setuid bit"
    return None
