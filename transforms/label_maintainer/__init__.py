"""Say who maintains an image with LABEL, as MAINTAINER is deprecated."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.expand import ExpansionError, expand
from hardenfile.dockerfile.stages import Stage
from hardenfile.dockerfile.words import split
from hardenfile.errors import RewriteRejected, UsageError
from hardenfile.evidence import Evidence
from hardenfile.rewrite.edit import Edit, apply
from hardenfile.rewrite.insert import replace
from hardenfile.transform import Change, Refusal, Transform

_KEY = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")


@dataclass(frozen=True)
class LabelMaintainer(Transform):
    """MAINTAINER has been deprecated since 2017; a label says the same and can be read with all the others."""

    label: str = "org.opencontainers.image.authors"

    id = "label-maintainer"
    title = "Say the maintainer with LABEL"
    after = ("prefer-copy", "split-stages")
    rules = (
        "Trivy DS-0022",
        "Checkov CKV_DOCKER_6",
        "hadolint DL4000",
        "BuildKit MaintainerDeprecated",
        "KICS 99614418",
        "Sonar S6586",
        "tally DL4000",
    )
    why = "MAINTAINER is deprecated, and the builder warns of it"

    def __post_init__(self) -> None:
        if not _KEY.match(self.label):
            raise UsageError(f"{self.id}: {self.label!r} is no name of a label")

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for at in stage.each("MAINTAINER"):
                if at.args:
                    yield self._label(at, stage)

    def _label(self, at: Instruction, stage: Stage) -> Change | Refusal:
        if at.locked:
            return self.refuse(at, "locked", at.locked)
        kin = (part for part in stage.document.stages if part in stage.chain or stage in part.chain)
        there = next((one for part in kin for one in part.each("LABEL") if _says(one, self.label)), None)
        if there is not None:
            message = f"line {there.first_line} sets the label {self.label}, and only one of the two could stay"
            return self.refuse(at, "labelled", message)
        text, edits = _edits(at, self.label)
        if _read_back(at, edits, self.label) != text:
            return self.refuse(at, "locked", "builders would not read the label as the text that MAINTAINER has")
        try:
            placed = [replace(at, edit.span, edit.text) for edit in edits]
        except RewriteRejected:
            return self.refuse(at, "locked", "a line continuation cuts the keyword")
        return self.change(at, self.title, *placed, evidence=(f"the label is {text!r}, as MAINTAINER had it",))


def _says(label: Instruction, key: str) -> bool:
    return any(name.strip("\"'") == key for name, _ in label.pairs())


def _edits(at: Instruction, key: str) -> tuple[str, list[Edit]]:
    """The text of the label, and edits of the logical line, which leave its continuations as they are."""
    start, end = at.split.rest
    text = at.logical[start:end]
    quote = text[0] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else ""
    if quote and quote not in text[1:-1]:
        start, end, text = start + 1, end - 1, text[1:-1]
        opening, closing = Span(start - 1, start), Span(end, end + 1)
    else:
        opening, closing = Span(start, start), Span(end - 1, end)  # with the last character, or it is no part of it
    escape = at.document.escape
    escaped = [Edit(Span(start + i, start + i), escape) for i, char in enumerate(text) if char in ('"', "$", escape)]
    keyword = Edit(at.split.keyword_span, _cased(at))
    last = "" if closing.start == end else text[-1]
    return text, [keyword, Edit(opening, f'{key}="'), *escaped, Edit(closing, f'{last}"')]


def _cased(at: Instruction) -> str:
    """The keyword in the letters that the file uses."""
    written = at.logical[at.split.begin : at.split.keyword_end]
    if written.islower():
        return "label"
    return "Label" if written.istitle() else "LABEL"


def _read_back(at: Instruction, edits: list[Edit], key: str) -> str | None:
    """What a builder would make of the label; None where it would make something else of the line."""
    found = split(apply(at.logical, edits), at.document.escape)
    if found.keyword != "LABEL" or found.error or len(found.args) != 3 or found.args[0] != key:
        return None
    try:
        return expand(found.args[1], {}, at.document.escape).text
    except ExpansionError:
        return None
