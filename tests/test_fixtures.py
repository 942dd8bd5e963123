"""Every fixture: before gives after, again gives nothing, git takes the diff, and no order of naming matters."""

import os
import subprocess
from collections.abc import Sequence
from itertools import islice, permutations
from pathlib import Path

import pytest

from hardenfile import Change, Refusal, Transform
from hardenfile.catalog import build, catalog, choose
from hardenfile.dockerfile.source import encode
from hardenfile.plan import Outcome, harden
from hardenfile.rewrite.patch import Patch
from hardenfile.testing import Case, cases

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = tuple(cases(FIXTURES))
CHANGED = tuple(case for case in CASES if case.after != case.before)
MOST_ORDERS = 3  # of a case with more transforms, the first orders and the last one are tried

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_changed_case = pytest.mark.parametrize("case", CHANGED, ids=lambda case: case.name)


@every_case
def test_comes_out_as_written_and_stays_so(case: Case) -> None:
    outcome = case.check()
    assert outcome.changed == (case.after != case.before)
    if not outcome.changed:
        assert outcome.diff() == ""


@every_case
def test_steps_account_for_the_whole_change(case: Case) -> None:
    outcome = case.harden()
    stepped = [change for step in outcome.steps for change in step.changes]
    assert sorted(one.line for one in stepped) == [one.line for one in outcome.changes]
    assert {one.transform for one in stepped} == {step.transform for step in outcome.steps}
    last = case.before.count(b"\n") + 1
    told: list[Change | Refusal] = [*outcome.changes, *outcome.held, *outcome.advice, *outcome.refusals]
    assert all(1 <= one.line <= last for one in told), "a line lies outside of the original file"
    assert all(one.evidence or one.why for one in outcome.changes), "a change says neither fact nor reason"


@every_changed_case
def test_settles_from_anywhere_on_the_way(case: Case) -> None:
    """Transforms run one at a time, round after round as if by hand, end where the plan ends."""
    selected = _selected(case)
    data, rounds = case.before, 0
    while rounds < 5:
        rounds += 1
        start = data
        for name in selected:
            data = _harden(case, data, select=[name]).after.to_bytes()
        if data == start:
            break
    assert data == case.after
    assert rounds <= 3


@every_changed_case
def test_the_order_of_naming_does_not_matter(case: Case) -> None:
    selected = _selected(case)
    options = case.settings.get("options", {})
    for order in _orders(selected):
        assert _harden(case, case.before, select=order).after.to_bytes() == case.after, order
        instances = [build(catalog()[name], options.get(name, {})) for name in order]
        assert _harden(case, case.before, transforms=instances).after.to_bytes() == case.after, order


def test_git_takes_every_diff_and_takes_it_back(tmp_path: Path) -> None:
    assert len(CHANGED) > 50
    patch = b""
    for case in CHANGED:
        outcome = case.harden()
        file = tmp_path / case.name / "Dockerfile"
        file.parent.mkdir(parents=True)
        file.write_bytes(case.before)
        patch += encode(Patch(f"{case.name}/Dockerfile", outcome.before.text, outcome.edits).diff())
    _git_apply(tmp_path, patch)
    assert {case.name: (tmp_path / case.name / "Dockerfile").read_bytes() for case in CHANGED} == {
        case.name: case.after for case in CHANGED
    }
    _git_apply(tmp_path, patch, "-R")
    assert {case.name: (tmp_path / case.name / "Dockerfile").read_bytes() for case in CHANGED} == {
        case.name: case.before for case in CHANGED
    }


def test_every_folder_of_fixtures_is_a_case() -> None:
    """A misspelt before.Dockerfile would be passed over in silence."""
    known = {case.folder for case in CASES}
    folders = {toml.parent for toml in FIXTURES.glob("*/*/case.toml")} | {
        after.parent for after in FIXTURES.glob("*/*/after.Dockerfile")
    }
    assert folders <= known


def _selected(case: Case) -> list[str]:
    own = case.folder.parent.name
    default = [one.id for one in choose()] if own.startswith("_") else [own.replace("_", "-")]
    names: list[str] = case.settings.get("transforms", default)
    return [name for name in catalog() if name in names]


def _orders(names: Sequence[str]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys((*islice(permutations(names), MOST_ORDERS), tuple(reversed(names)))))


def _harden(
    case: Case, data: bytes, *, select: Sequence[str] | None = None, transforms: Sequence[Transform] | None = None
) -> Outcome:
    return harden(
        data,
        path="Dockerfile",
        context=case.context,
        target=case.settings.get("target"),
        select=select,
        transforms=transforms,
        unsafe=case.settings.get("unsafe", False),
        options=case.settings.get("options") if transforms is None else None,
        base_images=case.settings.get("images"),
        images=case.images,
    )


def _git_apply(folder: Path, patch: bytes, *options: str) -> None:
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", *options, "-"],
        cwd=folder,
        input=patch,
        env={**os.environ, **quiet},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
