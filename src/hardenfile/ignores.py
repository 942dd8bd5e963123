"""Comments that ask to be left alone: those people already write for other tools, and hardenfile's own.

What each means is what its tool documents: hadolint's, Trivy's and semgrep's hold for the instruction below, hadolint's
`global` one, BuildKit's `# check=skip=` and Checkov's for the file.

    # hardenfile: ignore[add-user] the base image needs root
    # hardenfile: ignore-file[pin-digests]
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .dockerfile import Document, Instruction
from .rules import answers
from .transform import Change, Transform

EVERYTHING = "*"
_MAY = re.compile(r"(?i)hadolint|nosemgrep|trivy:|checkov:|hardenfile:|check\s*=")
_IDS = r"[\w.*-]+(?:\s*,\s*[\w.*-]+)*"
_BELOW = (
    ("hardenfile", re.compile(rf"#\s*hardenfile:\s*ignore(?:\s*\[\s*({_IDS})\s*\])?(?![\w-])")),
    ("hadolint", re.compile(rf"#\s*hadolint\s+ignore\s*=\s*({_IDS})")),
    ("Trivy", re.compile(r"#\s*trivy:ignore:([\w*-]+)")),
    ("semgrep", re.compile(rf"#\s*nosemgrep(?::\s*({_IDS}))?(?![\w-])")),
)
_WHOLE = (
    ("hardenfile", re.compile(rf"#\s*hardenfile:\s*ignore-file(?:\s*\[\s*({_IDS})\s*\])?")),
    ("hadolint", re.compile(rf"#\s*hadolint\s+global\s+ignore\s*=\s*({_IDS})")),
    ("Checkov", re.compile(r"#\s*checkov:skip\s*=\s*([\w]+)")),
)


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment. `line` is where it stands, 1-based; `at` the instruction that it holds for, None for the file.

    `ids` are spelled as in the comment; `*` is everything.
    """

    tool: str
    ids: tuple[str, ...]
    line: int
    at: Instruction | None
    text: str

    def covers(self, transform: Transform | type[Transform], change: Change) -> bool:
        """Whether a change of that transform is to be left undone."""
        below = self.at is None or self.at.first_line <= change.line <= self.at.last_line
        # What is about a whole stage has no line of its own that a comment could stand on.
        if not below and (not transform.about_stage or EVERYTHING in self.ids):
            return False
        return any(one == EVERYTHING or one.lower() == "all" or answers(transform, one) for one in self.ids)

    def is_known(self, transforms: Iterable[type[Transform]]) -> bool:
        """Whether any transform answers to one of its ids: of others nothing can be said."""
        kinds = tuple(transforms)
        return any(one == EVERYTHING or answers(kind, one) for one in self.ids for kind in kinds)


def read_ignores(document: Document) -> tuple[Ignore, ...]:
    """Every such comment of a file, in order."""
    if _MAY.search(document.text) is None:
        return ()
    return tuple(sorted(_read(document), key=lambda one: one.line))


def _read(document: Document) -> Iterator[Ignore]:
    check = document.directives.get("check")
    if check is not None:
        for part in check.value.split(";"):
            name, _, value = part.partition("=")
            if name.strip() == "skip":
                ids = tuple(one.strip() for one in value.split(",") if one.strip())
                yield Ignore("BuildKit", ids, check.line, None, f"# check={check.value}")
    below = {one.begin: one for one in document.instructions}
    for node in reversed(document.trivia):
        if node.kind == "comment":
            at = below.get(node.span.end)
            if at is not None:
                below[node.span.start] = at  # comments may stand on top of one another
            yield from _in_comment(document.text[node.span.start : node.span.end].strip(), node.line, at)
    for one in document.instructions:
        for span in one.comments:
            line = document.source.line_at(span.start)
            yield from _in_comment(document.text[span.start : span.end].strip(), line, one)


def _in_comment(text: str, line: int, at: Instruction | None) -> Iterator[Ignore]:
    for tool, pattern in _WHOLE:
        for found in pattern.finditer(text):
            yield Ignore(tool, _ids(found[1]), line, None, text)
    if at is None:
        return
    for tool, pattern in _BELOW:
        for found in pattern.finditer(text):
            yield Ignore(tool, _ids(found[1]), line, at, text)


def _ids(text: str | None) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",")) if text else (EVERYTHING,)
