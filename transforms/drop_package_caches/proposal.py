"""What a package manager's module proposes for a RUN, and how its words are found there."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.readable import called
from hardenfile.dockerfile.shell import Command, Word
from hardenfile.dockerfile.stages import Stage
from hardenfile.rewrite.edit import Edit
from hardenfile.transform import Safety

NAMED = re.compile(
    r"\bapk\s[^&|;]*\b(?:add|upgrade)\b|\bpip[\d.]*\s[^&|;]*\binstall\b"
    r"|\b(?:yum|dnf|microdnf|tdnf|zypper)\s[^&|;]*\b(?:\w*install|in|update|up|upgrade)\b"
    r"|\bnpm\s[^&|;]*\b(?:install|i|ci|add)\b|\byarn\b"
)


class Proposal(NamedTuple):
    """A change of one RUN; with a doubt it is unsafe."""

    run: Instruction
    title: str
    edits: tuple[Edit, ...]
    fact: str
    doubt: str = ""

    @property
    def safety(self) -> Safety:
        """Unsafe where there is a doubt."""
        return Safety.UNSAFE if self.doubt else Safety.SAFE


class Kept(NamedTuple):
    """A RUN that stays as it is: a reason code and a sentence."""

    run: Instruction
    reason: str
    message: str


def flag_after(run: Instruction, word: Word, flag: str) -> Edit | None:
    """A flag behind a word of a command; None where a continuation cuts the word."""
    start = run.split.rest.start
    place = run.place(Span(start + word.span.start, start + word.span.end))
    return Edit(Span(place.end, place.end), f" {flag}") if place is not None else None


def word_of(command: Command, *values: str) -> Word | None:
    """The first argument of what the command runs, sudo and env looked through, that is one of these."""
    behind = command.words[len(command.words) - len(called(command).arguments) :]
    return next((word for word in behind if word.value in values), None)


def texts(document: Document) -> Iterator[tuple[Instruction, Stage, str]]:
    """Every instruction of a file with its stage and its text, heredocs included."""
    for stage in document.stages:
        for one in stage.instructions:
            yield one, stage, "\n".join((one.logical, *(heredoc.body for heredoc in one.heredocs)))


@lru_cache(maxsize=16)  # asked for each RUN of a file
def first_with(document: Document, matches: Callable[[str], object]) -> Instruction | None:
    """The first instruction whose text matches."""
    return next((one for one, _, text in texts(document) if matches(text)), None)
