"""What a person reads on standard error: what was done, what was held back, and why."""

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from hardenfile.files import STDIN, Result
from hardenfile.transform import Change, Refusal

WIDTH = 100  # columns
SHOWN = 5  # of a list that may be long


def report(result: Result) -> Iterator[str]:
    """The lines about one file: a head with its path, and below it an entry for each thing, by its line."""
    outcome = result.outcome
    if result.error is not None:
        yield f"error: {result.error}"
    if outcome is None or result.error is not None:
        return
    yield from _wrap("", f"{result.path}: {_counts(result)}{_context(result)}", "    ")
    for diagnostic in outcome.before.diagnostics:
        yield from _entry(diagnostic.line, f"{diagnostic.severity}: {diagnostic.message}")
    said: set[str] = set()
    for change in outcome.changes:
        yield from _change(change, "", said)
    for change in outcome.held:
        yield from _change(change, "needs --unsafe: ", said)
    for change in outcome.advice:
        yield from _change(change, "advice: ", said)
    yield from _refusals(outcome.refusals)


def summary(results: list[Result]) -> str:
    """One line about all files."""
    outcomes = [one.outcome for one in results if one.outcome is not None]
    held = sum(len(one.held) for one in outcomes)
    errors = sum(one.error is not None for one in results)
    parts = [f"{sum(one.changed for one in results)} of {count(len(results), 'file')} with changes"]
    if held:
        parts.append(f"{count(held, 'change')} more with --unsafe")
    if errors:
        parts.append(count(errors, "error"))
    return "; ".join(parts)


def rows(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A term and what is said of it, wrapped beside each other."""
    table = list(pairs)
    margin = max((len(term) for term, _ in table), default=0) + 2
    for term, text in table:
        yield from _wrap(f"{term:<{margin}}", text, " " * margin)


def printable(line: str) -> str:
    """The text with all that a terminal would act on spelled out; names and contents come from strangers."""
    return "".join(char if char.isprintable() else _spelled(char) for char in line)


def count(number: int, noun: str) -> str:
    """The number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _counts(result: Result) -> str:
    outcome = result.outcome
    assert outcome is not None
    parts = [count(len(outcome.changes), "change") if outcome.changes else "nothing to change"]
    if outcome.held:
        parts.append(f"{len(outcome.held)} more with --unsafe")
    return ", ".join(parts)


def _context(result: Result) -> str:
    context = result.context
    if context is None:
        return "; no context"
    own = result.path != STDIN and context.root.resolve() == Path(result.path).parent.resolve()
    notes = [] if own or context.why == "it was given" else ["the nearest parent with every source"]
    if context.missing:
        notes.append(f"missing: {_some(context.missing)}")
    name = "its own folder" if own else shown(context.root)
    return f"; context: {name}" + (f" ({'; '.join(notes)})" if notes else "")


def shown(root: Path) -> str:
    """A folder as a person would name it from here."""
    try:
        return str(root.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(root)


def _change(change: Change, prefix: str, said: set[str]) -> Iterator[str]:
    yield from _entry(change.line, f"{prefix}{change.title}", f"{change.transform}:{change.safety}")
    # The same reason below each of ten lines would hide what differs between them.
    if change.why and change.why not in said:
        yield from _wrap("    why: ", change.why)
    said.add(change.why)
    for fact in change.evidence[:SHOWN]:
        yield from _wrap("    evidence: ", fact)
    if len(change.evidence) > SHOWN:
        yield f"    evidence: {len(change.evidence) - SHOWN} more facts (--output-format json)"


def _refusals(refusals: Iterable[Refusal]) -> Iterator[str]:
    for refusal in refusals:
        yield from _entry(refusal.line, f"left alone: {refusal.message}", f"{refusal.transform}:{refusal.reason}")


def _entry(line: int, text: str, tag: str = "") -> Iterator[str]:
    yield from _wrap(f"  line {line}: ", f"{text} [{tag}]" if tag else text, "    ")


def _wrap(head: str, text: str, hanging: str = "      ") -> list[str]:
    return textwrap.wrap(
        printable(text),
        WIDTH,
        initial_indent=head,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head.rstrip()]


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _spelled(char: str) -> str:
    byte = ord(char) - 0xDC00
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else ascii(char)[1:-1]
