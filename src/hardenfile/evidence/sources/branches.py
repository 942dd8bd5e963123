"""Patterns of many branches, of which a text is held only against those that it can have."""

import re
from collections.abc import Sequence
from functools import cache


def has(text: str, words: Sequence[str]) -> bool:
    """Whether one of the words is in the text; many times faster than a pattern is."""
    for word in words:  # noqa: SIM110 - a generator would take three times as long
        if word in text:
            return True
    return False


class Branches:
    """A pattern whose branches each need one of some plain words (an empty word is in every text).

    The result is that of the whole pattern, since a branch whose words are not there cannot match.
    """

    def __init__(self, *branches: tuple[tuple[str, ...], str]) -> None:
        """Each branch is its words and its pattern, which is read with `re.X`."""
        self._branches = branches

    def within(self, text: str) -> re.Pattern[str] | None:
        """The pattern of the branches that the text may have; None where it can have none."""
        found = "\n|".join(pattern for words, pattern in self._branches if has(text, words))
        return _compiled(found) if found else None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.X)
