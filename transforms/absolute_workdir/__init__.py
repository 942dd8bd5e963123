"""Write a relative WORKDIR as the path that it comes to."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.stages import BASE_WORKDIR, Stage
from hardenfile.errors import RewriteRejected
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows, known_base
from hardenfile.rewrite.insert import replace
from hardenfile.transform import Change, Refusal, Transform

_PLAIN = re.compile(r"[\w.@+/:,=~% -]+\Z", re.ASCII)  # what no builder takes for anything but itself
_DRIVE = re.compile(r"[\"']?[A-Za-z]:|[\"']?[\\]")


class _Path(NamedTuple):
    """An absolute path and the fact that says so, or a reason code and a sentence."""

    path: str
    text: str
    reason: str = ""


@dataclass(frozen=True)
class AbsoluteWorkdir(Transform):
    """A relative WORKDIR means another folder as soon as a line above it changes."""

    id = "absolute-workdir"
    title = "Write WORKDIR as an absolute path"
    after = ("prefer-copy", "split-stages")
    rules = (
        "Trivy DS-0009",
        "Checkov CKV_DOCKER_10",
        "hadolint DL3000",
        "BuildKit WorkdirRelativePath",
        "KICS 6b376af8",
        "Sonar S7021",
        "tally DL3000",
    )
    why = "what a relative WORKDIR comes to changes with the lines above it and with the base image"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for at in stage.instructions:
                if at.sub is not None and at.sub.keyword == "WORKDIR" and _relative(at.sub, at.sub.value):
                    yield self.refuse(at, "onbuild", "the folder that this is relative to is the child image's")
                elif at.keyword == "WORKDIR" and at.args and _surely_relative(at, stage):
                    yield self._resolve(at, stage, evidence)

    def _resolve(self, at: Instruction, stage: Stage, evidence: Evidence) -> Change | Refusal:
        if at.locked:
            return self.refuse(at, "locked", at.locked)
        if is_windows(stage, evidence):
            return self.refuse(at, "windows", "paths of Windows images are left alone")
        value = stage.values(at)[0]
        if not value.known or value.by_default or not value.text:
            return self.refuse(at, "variable", f"what {at.value} comes to is decided by the build")
        prior = _prior(at, stage, evidence)
        if prior.reason:
            return self.refuse(at, prior.reason, prior.text)
        path = posixpath.normpath(posixpath.join(prior.path, value.text))
        edit = _written(at, prior.path, path)
        if edit is None:
            return self.refuse(at, "unclear", f"how to write {path} so that every builder reads it is not sure")
        try:
            return self.change(at, f"Write WORKDIR {at.value} as {path}", replace(at, *edit), evidence=(prior.text,))
        except RewriteRejected:
            return self.refuse(at, "locked", "a line continuation cuts the path")


def _relative(at: Instruction, text: str) -> bool:
    """Whether a path is relative; a drive letter or a backslash makes it one of Windows, which is left alone."""
    return not text.lstrip("\"'").startswith("/") and not _DRIVE.match(at.value)


def _surely_relative(at: Instruction, stage: Stage) -> bool:
    value = stage.values(at)[0]
    hidden = at.value.startswith("$") and not value.known  # it may well be absolute
    return not hidden and _relative(at, value.text)


def _prior(at: Instruction, stage: Stage, evidence: Evidence) -> _Path:
    """The working directory that holds before an instruction."""
    before = stage.before(at).workdir
    if before is not None and before.known and not before.by_default:
        setter = _setter(at, stage)
        where = f"line {setter.first_line} makes {before.text} the working directory" if setter else "scratch has /"
        return _Path(before.text, where)
    if before is not None and (before.by_default or before.missing != {BASE_WORKDIR}):
        return _Path("", "the working directory above it is decided by the build", "variable")
    row = known_base(stage, evidence)
    if row is None or not row.workdir.startswith("/"):
        return _Path("", f"the working directory of {stage.root.base.text} is not known", "unknown-base")
    return _Path(
        posixpath.normpath(posixpath.join(row.workdir, before.text if before is not None else "")),
        f"{row.name} has the working directory {row.workdir}",
    )


def _setter(at: Instruction, stage: Stage) -> Instruction | None:
    """The last WORKDIR above an instruction, in its stage or one that it is FROM."""
    for part in reversed(stage.chain):
        found = [one.sub or one for one in part.each("WORKDIR", "ONBUILD") if one.begin < at.begin]
        # A trigger runs in the stages that are FROM the one that has it.
        found = [
            one for one in found if one.keyword == "WORKDIR" and (one.parent is None or at not in part.instructions)
        ]
        if found:
            return found[-1]
    return None


def _written(at: Instruction, prior: str, path: str) -> tuple[Span, str] | None:
    """What to replace in the logical line and by what; None where the path could be read as another one."""
    text, (start, end) = at.value, at.split.rest
    if not _PLAIN.match(path):
        return None
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        text, start, end = text[1:-1], start + 1, end - 1
    if _PLAIN.match(text):
        return Span(start, end), path
    if re.match(r"\$?\w|\$\{", text):  # variables stay, behind the folder that they are relative to
        return Span(start, start), prior.rstrip("/") + "/"
    return None
