"""Start the program itself, with no shell in between."""

import json
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.shell import Word, simple_words
from hardenfile.dockerfile.stages import Stage
from hardenfile.errors import RewriteRejected
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows, known_base
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import replace
from hardenfile.transform import Change, Refusal, Safety, Transform

from .blockers import blocker
from .programs import Program, judge
from .shell_variables import reads_pwd


@dataclass(frozen=True)
class ExecForm(Transform):
    """A shell that only starts a program keeps the signals of the container's end from it."""

    id = "exec-form"
    title = "Start the program without a shell"
    safety = "`safe` by evidence, else `unsafe` or refused"
    after = ("prefer-copy", "split-stages")
    rules = (
        "hadolint DL3025",
        "BuildKit JSONArgsRecommended",
        "KICS b86987e1",
        "Sonar S7019",
        "tally JSONArgsRecommended",
    )
    why = "the program becomes process 1, and gets the signals that end the container"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for at in stage.each("CMD", "ENTRYPOINT"):
                final = stage.final.cmd if at.keyword == "CMD" else stage.final.entrypoint
                if at.json or not at.value or at is not final:  # of several, only the last one counts
                    continue
                yield self._exec(at, stage, evidence)
            for trigger in stage.each("ONBUILD"):
                sub = trigger.sub
                if sub is not None and sub.keyword in ("CMD", "ENTRYPOINT") and sub.value and not sub.json:
                    yield self.refuse(trigger, "onbuild", "the image that the trigger runs in is not seen here")

    def _exec(self, at: Instruction, stage: Stage, evidence: Evidence) -> Change | Refusal:
        blocked = blocker(at, stage, is_windows(stage, evidence))
        if blocked is not None:
            return self.refuse(at, *blocked)
        words = at.shell.commands[0].words
        values = [word.value or "" for word in words]
        if values[0] == "exec" and len(values) > 1:
            values = values[1:]
        if values[0].startswith("-") or simple_words(_quoted(values)) is None:
            return self.refuse(at, "shell-needed", f"{values[0]} is a command of the shell itself, and no program")
        row = known_base(stage, evidence)
        entrypoint = row.entrypoint if stage.final.entrypoint is None and row is not None else None
        if entrypoint and at.keyword == "CMD":
            message = f"{row.name if row else ''} has the ENTRYPOINT {entrypoint[0]}, which would get other arguments"
            return self.refuse(at, "entrypoint", message)
        try:
            edits = list(_edits(at, words, len(words) - len(values)))
        except RewriteRejected:
            return self.refuse(at, "locked", "a line continuation cuts one of the words")
        program = judge(values[0], stage, evidence)
        if program.impossible:
            return self.refuse(at, "script", program.text)
        doubts = list(_doubts(at, stage, entrypoint is not None, program))
        reader = reads_pwd(values[0], stage, evidence)
        if reader is not None:
            doubts.append(f"{reader} reads PWD, which the shell sets and nothing else")
        facts = [f"nothing in {at.value!r} needs a shell"]
        if program.sure:
            facts.append(program.text)
        if at.keyword == "CMD" and entrypoint is not None and row is not None:
            facts.append(f"{row.name} has no ENTRYPOINT")
        elif at.keyword == "CMD" and stage.final.entrypoint is not None:
            facts.append(f"line {stage.final.entrypoint.first_line} empties the ENTRYPOINT")
        return self.change(
            at,
            f"Start {posixpath.basename(values[0])} without a shell",
            *edits,
            safety=Safety.UNSAFE if doubts else Safety.SAFE,
            evidence=facts,
            why="; ".join(doubts),
        )


def _doubts(at: Instruction, stage: Stage, base_known: bool, program: Program) -> Iterator[str]:
    if not program.sure:
        yield program.text
    if at.keyword == "ENTRYPOINT":
        yield "what `docker run` is given behind the image's name would reach the program, which the shell threw away"
    elif stage.final.entrypoint is None and not base_known:
        yield f"whether {stage.root.base.text} has an ENTRYPOINT, which would get other arguments, is not known"


def _quoted(values: Sequence[str]) -> str:
    from shlex import join

    return join(values)


def _edits(at: Instruction, words: Sequence[Word], skipped: int) -> Iterator[Edit]:
    """Each word becomes a JSON string where it stands, so that spaces, continuations and comments stay."""
    shift = at.split.rest.start
    kept = words[skipped:]
    for index, word in enumerate(kept):
        start, end = word.span.start + shift, word.span.end + shift
        opening = "[" if index == 0 else ""
        closing = "]" if index == len(kept) - 1 else ","
        if index == 0 and skipped:
            start = words[0].span.start + shift
        text = json.dumps(word.value, ensure_ascii=False)
        yield replace(at, Span(start, end), f"{opening}{text}{closing}")
