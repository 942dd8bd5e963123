"""Who runs a RUN: the USER above it in the stage or those that it is FROM, else the base image's own."""

from typing import NamedTuple

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.stages import Stage

from . import Evidence
from .bases import known_base


class Who(NamedTuple):
    """Whether it is root for sure, and the sentence that says why; with a reason code where it is not."""

    root: bool
    text: str
    reason: str = ""


def who_runs(run: Instruction, stage: Stage, evidence: Evidence) -> Who:
    """As whom a RUN runs."""
    setting = stage.before(run).user
    if setting is not None:
        at, value = setting.instruction, setting.value
        if not value.known or value.by_default:
            return Who(False, f"who {at.value} in line {at.first_line} is, only the build knows", "unknown-user")
        if is_root(value.text):
            return Who(True, f"line {at.first_line} makes root the user")
        return Who(False, f"it runs as {value.text}, by line {at.first_line}, and may need sudo", "not-root")
    row = known_base(stage, evidence)
    if row is None:
        return Who(False, f"as whom {stage.root.base.text} runs is not known", "unknown-user")
    if is_root(row.default_user):
        return Who(True, f"{row.name} runs as root, and no USER stands above")
    return Who(False, f"{row.name} runs as {row.default_user}, who may need sudo", "not-root")


def is_root(user: str) -> bool:
    """Whether a USER value is root, by name, by number, or by naming nobody."""
    name, _, group = user.partition(":")
    root_group = group in ("", "root") or (group.isdigit() and int(group) == 0)
    return root_group and (name in ("", "root") or (name.isdigit() and int(name) == 0))
