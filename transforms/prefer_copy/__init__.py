"""Swap ADD for COPY where the two would do the same."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.parse import heredoc_marks
from hardenfile.evidence import Evidence
from hardenfile.evidence.context import BuildContext
from hardenfile.rewrite.insert import replace
from hardenfile.transform import Change, Refusal, Transform

from .sources import Verdict, judge

_COPY_KNOWS = ("chown", "chmod", "link", "exclude")  # and means the same by them


@dataclass(frozen=True)
class PreferCopy(Transform):
    """COPY copies; ADD also fetches and unpacks. Say the one you mean."""

    id = "prefer-copy"
    title = "Use COPY instead of ADD"
    rules = (
        "CIS 4.9",
        "OWASP R9",
        "Trivy DS-0005",
        "Checkov CKV_DOCKER_4",
        "hadolint DL3020",
        "KICS 9513a694",
        "Sonar S7029",
        "dockle CIS-DI-0009",
        "tally DL3020",
    )
    why = "ADD also fetches and unpacks, so a source that changes later can put more into the image than COPY would"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for instruction in document.instructions:
            # The trigger of an ONBUILD runs in a child's build, with a context that nobody knows here.
            add, context = (instruction.sub, None) if instruction.sub else (instruction, evidence.context)
            if add.keyword != "ADD":
                continue
            verdict = _verdict(add, context)
            if verdict.reason:
                yield self.refuse(add, verdict.reason, verdict.text)
            else:
                edit = replace(add, add.split.keyword_span, _cased("COPY", add))
                yield self.change(add, self.title, edit, evidence=(verdict.text,))


def _verdict(add: Instruction, context: BuildContext | None) -> Verdict:
    locked = (add.parent or add).locked
    if locked:
        return Verdict("locked", locked)
    if add.place(add.split.keyword_span) is None:
        return Verdict("locked", "a line continuation cuts the keyword")
    # Nobody checks the flags of an ONBUILD trigger here, so one that ADD lacks may turn up and mean something to COPY.
    other = [str(flag) for flag in add.flags if flag.name not in _COPY_KNOWS]
    if other:
        return Verdict("flags", f"COPY does not take {', '.join(other)} as ADD does")
    if len(add.args) < 2:
        return Verdict("locked", "it names no source or no destination")
    if (add.parent or add).heredocs or heredoc_marks(add.logical):
        return Verdict("heredoc", "its content is a heredoc")
    verdicts = [judge(source, add.document.escape, context) for source in add.args[:-1]]
    refused = next((one for one in verdicts if one.reason), None)
    return refused or Verdict("", "; ".join(dict.fromkeys(one.text for one in verdicts)))


def _cased(keyword: str, like: Instruction) -> str:
    """The keyword in the letters that the file uses."""
    written = like.logical[like.split.keyword_span.start : like.split.keyword_span.end]
    if written.islower():
        return keyword.lower()
    return keyword.title() if written.istitle() else keyword
