"""What a run of the bot tells: a line for each Dockerfile, or one JSON document."""

import json
from collections.abc import Iterator, Sequence

from hardenfile.report.text import count

from .fleet import Outcome, as_json
from .keep import Done

VERSION = 1


def lines(outcome: Outcome) -> Iterator[str]:
    """What a person reads of one repository."""
    calls = f"{count(outcome.reads, 'read')}, {count(outcome.writes, 'write')}"
    if outcome.status != "done":
        head = "error: " if outcome.status == "failed" else ""
        yield f"{head}{outcome.repository}: {outcome.status}: {outcome.why} ({calls})"
    else:
        yield f"{outcome.repository}: {count(len(outcome.files), 'Dockerfile')} ({calls})"
    for one in outcome.files:
        yield f"  {_name(one)}: {_words(one)}"
        for problem in one.problems:
            yield f"    {problem}"
        if one.error and one.action != "nothing":  # a pull request for several, and one of them failed
            yield f"    error: {one.error}"


def document(outcomes: Sequence[Outcome]) -> str:
    """All repositories as one JSON document."""
    return json.dumps({"version": VERSION, "repositories": [as_json(one) for one in outcomes]}, indent=2)


def summary(outcomes: Sequence[Outcome]) -> str:
    """One line about all repositories."""
    done = [file.action for one in outcomes for file in one.files]
    words = [f"{done.count(action)} {word}" for action, word in _WORDS.items() if done.count(action)]
    failed = sum(one.status == "failed" for one in outcomes)
    parts = [count(len(outcomes), "repository").replace("repositorys", "repositories"), *words]
    return "; ".join([*parts, *([f"{failed} failed"] if failed else [])])


_WORDS = {"open": "opened", "reopen": "reopened", "update": "updated", "close": "closed", "hands-off": "left to others"}


def _name(done: Done) -> str:
    return "all Dockerfiles" if done.path == "*" else done.path


def _words(done: Done) -> str:
    if done.error and done.action == "nothing":
        return f"error: {done.error}"
    word = _WORDS.get(done.action, done.action)
    where = f" {done.url or f'#{done.pull}'}" if done.pull and done.action != "nothing" else ""
    return f"{word}{where}: {done.why}"
