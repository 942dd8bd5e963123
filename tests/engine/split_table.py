"""The table of what each conversion gave on the engine, as Markdown."""

from collections.abc import Callable
from pathlib import Path

from tests.engine.split_trial import Built, SplitTrial

HEAD = "| stack | case | works | size in MB | build in s |\n|---|---|---|---|---|\n"


def add(path: Path, trial: SplitTrial) -> None:
    """Append a row; the first one brings the head. What fails is told by a test, and here by a few words."""
    if not path.exists():
        path.write_text(HEAD, "utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"| {' | '.join(_cells(trial))} |\n")


def _cells(trial: SplitTrial) -> tuple[str, ...]:
    case = trial.case
    stack, about = case.settings["stack"], f"{case.name}: {case.settings['about']}"
    if case.refused is not None:
        return stack, about, f"refused: {case.refused}", "", ""
    try:
        same = trial.answers_after == trial.answers_before
        safety = "unsafe" if case.settings.get("unsafe") else "safe"
        works = f"{safety}, answers as before" if same else "**other answers**"
        return stack, about, works, _both(trial, _megabytes), _both(trial, lambda built: f"{built.seconds:.1f}")
    except AssertionError:
        return stack, about, "**does not run**", "", ""


def _both(trial: SplitTrial, tell: Callable[[Built], str]) -> str:
    return f"{tell(trial.before)} → {tell(trial.after)}"


def _megabytes(built: Built) -> str:
    return f"{built.image.size / 1e6:.1f}"
