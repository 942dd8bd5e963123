"""The errors that hardenfile raises; each message is one line that a person can act on."""

from collections.abc import Iterable


class HardenfileError(Exception):
    """Base of every error that hardenfile raises on purpose."""


class UsageError(HardenfileError):
    """A wrong argument, option or configuration."""


class Overlap(HardenfileError):  # noqa: N818 - the name says what happened
    """Two edits of one transform touch the same characters."""


class RewriteRejected(HardenfileError):  # noqa: N818
    """A rewrite did not read back as it was foretold, so it was dropped."""


class DidNotSettle(HardenfileError):  # noqa: N818
    """The plan still changed the file after its last round."""


def nearest(word: str, known: Iterable[str]) -> str:
    """`word`, with the known word that is the fewest typing errors away named beside it when one is close."""
    best = min(known, key=lambda candidate: _distance(word, candidate), default="")
    if best and _distance(word, best) <= max(len(word), len(best)) // 2:
        return f"{word!r} (did you mean {best!r}?)"
    return repr(word)


def _distance(one: str, other: str) -> int:
    """How many letters must be put in, taken out or changed."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above = row
        row = [i]
        for j, b in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]
