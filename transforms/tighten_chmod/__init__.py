"""Take the right to write from those whom nothing is known to need it: chmod 777 is 775, 666 is 664."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.readable import called, unreadable
from hardenfile.dockerfile.shell import Command
from hardenfile.dockerfile.shell_words import Word
from hardenfile.dockerfile.stages import Stage
from hardenfile.errors import RewriteRejected
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows
from hardenfile.rewrite.insert import replace
from hardenfile.transform import Change, Refusal, Safety, Transform

_OCTAL = re.compile(r"(0?)([0-7]?)([0-7])([0-7])([2367])\Z")
_SYMBOLIC = {"a+rwx": "ug+rwx,o+rx", "a+rwX": "ug+rwX,o+rX", "ugo+rwx": "ug+rwx,o+rx", "ugo=rwx": "ug=rwx,o=rx"}
_SYMBOLIC |= {"a+w": "ug+w", "ugo+w": "ug+w", "a=rwx": "ug=rwx,o=rx", "a=rwX": "ug=rwX,o=rX", "a+rw": "ug+rw,o+r"}
_SHARED = re.compile(r"/(?:var/)?tmp/?\Z|/dev/shm/?\Z|/run/lock/?\Z")
_STICKY = 1
_LOOSE = re.compile(r"\bchmod\b[^&|;\n]*(?:\b[0-7]{2,4}[2367]\b|[+=]\w*w)")


@dataclass(frozen=True)
class TightenChmod(Transform):
    """What everybody may write, whoever gets into the container may change."""

    id = "tighten-chmod"
    title = "Let not everybody write"
    safety = "`unsafe`, or refused"
    after = ("prefer-copy", "split-stages", "chown-copies", "add-user", "drop-sudo")
    rules = ("CIS 4.8", "Sonar S2612", "tally world-writable-state-path-workaround")
    why = "who writes there was not seen: where it is neither the owner nor the group, writing fails now"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            if is_windows(stage, evidence):
                continue
            for at in stage.instructions:
                if at.keyword in ("COPY", "ADD"):
                    yield from self._in_copy(at)
                elif at.keyword == "RUN" and any(_LOOSE.search(text) for text in _texts(at)):
                    yield from self._in_run(at, stage)

    def _in_copy(self, at: Instruction) -> Iterator[Change | Refusal]:
        flag = at.flag("chmod")
        tight = tightened(flag.value or "") if flag is not None else None
        if flag is None or tight is None:
            return
        mode, end = flag.value or "", flag.span.end
        end -= at.logical[flag.span.start : end].endswith(("'", '"'))  # in quotes, which the builder takes away
        if at.logical[end - len(mode) : end] != mode:
            yield self.refuse(at, "locked", "how the mode is written could not be read with certainty")
            return
        yield self._replaced(at, Span(end - len(mode), end), mode, tight)

    def _in_run(self, run: Instruction, stage: Stage) -> Iterator[Change | Refusal]:
        unread = unreadable(run, stage, flat=False)
        if unread is not None:
            yield self.refuse(run, *unread)
            return
        start = run.split.rest.start
        for command in run.shell.commands:
            mode = _mode(command)
            tight = tightened(mode.value or "") if mode is not None else None
            if mode is not None and tight is not None:
                span = Span(start + mode.span.start, start + mode.span.end)
                yield self._replaced(run, span, mode.raw, tight)

    def _replaced(self, at: Instruction, span: Span, mode: str, tight: str) -> Change | Refusal:
        if at.locked:
            return self.refuse(at, "locked", at.locked)
        try:
            edit = replace(at, span, tight)
        except RewriteRejected:
            return self.refuse(at, "locked", "a line continuation cuts the mode")
        return self.change(at, f"Write {tight} instead of {mode}", edit, safety=Safety.UNSAFE)


def _texts(run: Instruction) -> Iterator[str]:
    yield run.logical
    for heredoc in run.heredocs:
        yield heredoc.body


def tightened(mode: str) -> str | None:
    """The mode without the right of others to write; None where they have none, or the sticky bit tames it."""
    found = _OCTAL.match(mode)
    if found is None:
        return _SYMBOLIC.get(mode)
    zero, special, user, group, others = found.groups()
    if special and int(special) & _STICKY:
        return None
    return f"{zero}{special}{user}{group}{int(others) - 2}"


def _mode(command: Command) -> Word | None:
    """The mode of a chmod; None for other commands, and for folders that are there for everybody."""
    if called(command).name != "chmod":
        return None
    at = next(at for at, word in enumerate(command.words) if (word.value or "").rpartition("/")[2] == "chmod")
    words = [word for word in command.words[at + 1 :] if not (word.value or "").startswith("-")]
    if len(words) < 2 or any(_SHARED.match(word.value or "") for word in words[1:]):
        return None
    return words[0]
