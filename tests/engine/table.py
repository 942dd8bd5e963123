"""The table of what each case was and became, as Markdown; and its place in add-user's page.

`python -m tests.engine.table TABLE PAGE` puts the file TABLE between the page's markers.
"""

import sys
from pathlib import Path

from tests.engine.docker import Image
from tests.engine.trial import Ran, Trial

HEAD = "| case | user | may write, besides what anybody may | size in MB | result |\n|---|---|---|---|---|\n"
START, END = "<!-- engine -->\n", "<!-- /engine -->\n"


def add(path: Path, trial: Trial) -> None:
    """Append a row; the first one brings the head. What fails is told by a test, and here by one word."""
    if not path.exists():
        path.write_text(HEAD, "utf-8")
    with path.open("a", encoding="utf-8") as file:
        try:
            file.write(row(trial))
        except AssertionError:
            file.write(_line(trial.case.name, "", "", "", "**does not run**"))


def row(trial: Trial) -> str:
    """One line of the table, by what was measured."""
    case, settings = trial.case, trial.case.settings
    size, user = _megabytes(trial.image_before), trial.before.processes[0].user
    alone = [f"`USER` alone: {_quoted(trial.naive_says)}"] if trial.naive_says else []
    if not trial.hardened.changed:
        why = f"refused: {settings['refused']}" if "refused" in settings else f"held back: {settings['held']}"
        return _line(case.name, user, "as before", size, "; ".join((why, *alone)))
    became = ", ".join(dict.fromkeys(one.user for one in trial.after.processes))
    given = ", ".join(f"`{one}`" for one in trial.given) or "nothing"
    safety = "unsafe" if any(one["safety"] == "unsafe" for one in trial.hardened.applied) else "safe"
    result = [safety, _answers(trial.after, trial.before)]
    if settings.get("locked_down"):
        result.append(f"locked down: {_answers(trial.locked_down, trial.before)}")
    sizes = f"{size} → {_megabytes(trial.image_after)}"
    return _line(case.name, f"{user} → {became}", given, sizes, "; ".join((*result, *alone)))


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _answers(after: Ran, before: Ran) -> str:
    return "answers as before" if after.answers == before.answers else "**other answers**"


def _megabytes(image: Image) -> str:
    return f"{image.size / 1e6:.1f}"


def _quoted(text: str) -> str:
    return f"*{text}*".replace("|", "\\|")


def into(page: str, table: str) -> str:
    """The page with the table between its markers. Raises ValueError where it has none."""
    head, start, rest = page.partition(START)
    _, end, tail = rest.partition(END)
    if not (start and end):
        raise ValueError(f"the page has no {START.strip()} … {END.strip()}")
    return f"{head}{start}{table}{end}{tail}"


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.write_text(into(target.read_text("utf-8"), source.read_text("utf-8")), "utf-8")
