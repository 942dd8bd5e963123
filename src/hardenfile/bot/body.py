"""The text of a pull request, of its commit and of its comments, for a reviewer who knows nothing of hardenfile."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from typing import TYPE_CHECKING, Any

from hardenfile import __version__
from hardenfile.transform import Change, Safety

from .escape import code, plain, prose
from .hardening import Rewritten
from .marker import Marker

if TYPE_CHECKING:
    from jinja2 import Template

LIMIT = 60_000  # characters; GitHub takes 65,536
_FACTS = 8  # of one change
_LEAST = 1
_USERS = frozenset({"add-user", "numeric-user"})
HANDS_OFF, CLOSED = "<!-- hardenfile:hands-off -->", "<!-- hardenfile:closed -->"


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    changes: Sequence[dict[str, Any]]
    held: Sequence[dict[str, Any]]
    advice: Sequence[dict[str, Any]]
    more: int


def body(files: Sequence[Rewritten], marker: Marker, label: str) -> str:
    """The body, marker and all; cut down where it would be longer than a forge takes."""
    most, facts = 200, _FACTS
    while True:
        text = _render(files, marker, label, most, facts)
        if len(text) <= LIMIT or (most <= _LEAST and facts == 0):
            return text if len(text) <= LIMIT else f"{marker}\n{_short(files)}"
        most, facts = max(_LEAST, most // 2), facts // 2


def _render(files: Sequence[Rewritten], marker: Marker, label: str, most: int, facts: int) -> str:
    changed = [one for one in files if one.result.changed]
    applied = [change for one in changed for change in _outcome(one).changes]
    first = next((change.transform for change in applied), "add-user")
    return (
        _template()
        .render(
            marker=str(marker),
            files=[_file(one, most, facts) for one in changed],
            one=len(changed) == 1,
            safe=not any(one.unsafe for one in changed),
            user=any(change.transform in _USERS for change in applied),
            comment=f"# hardenfile: ignore[{first}]",
            ignore=f'ignore = ["{first}"]',
            label=label,
            version=__version__,
        )
        .strip("\n")
        + "\n"
    )


def _short(files: Sequence[Rewritten]) -> str:
    count = sum(one.result.changed for one in files)
    return f"This changes {count} Dockerfiles; the report of `hardenfile diff` says why, line by line.\n"


def title(files: Sequence[Rewritten], conventional: bool) -> str:
    """The title of the pull request and of the commit; a path is not markdown there, but could still refer."""
    changed = [one for one in files if one.result.changed]
    applied = {change.transform: change for one in changed for change in _outcome(one).changes}
    name = plain(changed[0].path) if len(changed) == 1 else f"{len(changed)} Dockerfiles"
    if len(applied) == 1 and len(changed) == 1:
        (only,) = applied.values()
        text = f"{plain(changed[0].clean(only.title))} in {name}"
    else:
        text = f"Harden {name}"
    text = _cut(text, 200)
    return f"fix: {text[0].lower()}{text[1:]}" if conventional else text


def message(files: Sequence[Rewritten], conventional: bool) -> str:
    """The commit's message: the title, and a line for each change."""
    lines = []
    for one in files:
        if one.result.changed:
            where = f"{plain(one.path)}: " if len(files) > 1 else ""
            said = dict.fromkeys(plain(one.clean(change.title)) for change in _outcome(one).changes)
            lines += [f"- {where}{_cut(text, 160)}" for text in said]
    return "\n".join([title(files, conventional), "", *lines[:100]])


def hands_off(label: str) -> str:
    """What is said once when others have committed to the bot's branch."""
    return (
        "There are commits of yours on this branch, so I leave it to you from here on. "
        f"Add the label {code(label)} to have it built anew from the base; that drops them."
    )


def closed(why: str) -> str:
    """What is said when the bot closes a pull request of its own."""
    return f"I close this and delete the branch: {prose(why)}."


def _file(one: Rewritten, most: int, facts: int) -> _File:
    outcome = _outcome(one)
    shown = [_view(one, change, facts) for change in outcome.changes[:most]]
    more = len(outcome.changes) - len(shown)
    held, advice = outcome.held[:most], outcome.advice[:most]
    return _File(one.path, shown, _views(one, held), _views(one, advice), more)


def _views(one: Rewritten, changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [_view(one, change, 0) for change in changes]


def _view(one: Rewritten, change: Change, facts: int) -> dict[str, Any]:
    return {
        "title": _cut(one.clean(change.title), 300),
        "line": change.line,
        "transform": change.transform,
        "unsafe": change.safety is Safety.UNSAFE,
        "why": _cut(one.clean(change.why), 1000),
        "evidence": [_cut(one.clean(fact), 500) for fact in change.evidence[:facts]],
        "rules": change.rules,
    }


def _outcome(one: Rewritten) -> Any:
    assert one.result.outcome is not None
    return one.result.outcome


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    environment.globals.update(code=code, prose=prose)
    environment.filters["prose"] = prose
    return environment.from_string((resources(__package__ or "hardenfile.bot") / "body.j2").read_text("utf-8"))
