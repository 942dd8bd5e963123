"""split-stages: the converted image answers as the original one did, promises the same, and holds no build tools."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import split_table
from tests.engine.docker import Engine
from tests.engine.filesystem import below, tools
from tests.engine.split_case import SplitCase, split_cases
from tests.engine.split_trial import SplitTrial

pytestmark = pytest.mark.engine
SETTINGS = ("WorkingDir", "ExposedPorts", "Volumes", "Cmd", "User", "Labels", "StopSignal", "Healthcheck", "Shell")


@pytest.fixture(scope="session")
def split_table_file() -> Path | None:
    """Where this table is asked for, beside add-user's, emptied."""
    if "TABLE" not in os.environ:
        return None
    path = Path(os.environ["TABLE"])
    path = path.with_name(f"{path.stem}_split{path.suffix}")
    path.unlink(missing_ok=True)
    return path


@pytest.fixture(scope="module", params=split_cases(), ids=lambda case: case.name)
def split(
    request: pytest.FixtureRequest,
    engine: Engine,
    split_table_file: Path | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SplitTrial]:
    """A case, converted through the command line; its images are built and run when a test asks."""
    case: SplitCase = request.param
    one = SplitTrial(engine, case, tmp_path_factory.mktemp(case.name))
    try:
        yield one
        if split_table_file is not None:
            split_table.add(split_table_file, one)
    finally:
        engine.close()


@pytest.fixture
def changed(split: SplitTrial) -> SplitTrial:
    """A case that is converted; what is refused has a test of its own."""
    if split.case.refused is not None:
        pytest.skip("nothing is converted")
    return split


def environment(config: dict[str, list[str] | None]) -> dict[str, str]:
    return dict(one.split("=", 1) for one in config["Env"] or [])


def test_it_is_converted_or_refused_as_the_case_says(split: SplitTrial) -> None:
    reasons = [one["reason"] for one in split.converted.report["refusals"]]
    if split.case.refused is not None:
        assert reasons == [split.case.refused] and not split.converted.changed
    else:
        assert split.converted.changed, split.converted.report
        wanted = "unsafe" if split.case.settings.get("unsafe") else "safe"
        assert [one["safety"] for one in split.converted.report["changes"]] == [wanted]


def test_the_answers_are_the_same(changed: SplitTrial) -> None:
    assert changed.answers_after == changed.answers_before
    assert any(answer.status < 400 for answer in changed.answers_before), changed.answers_before


def test_what_the_image_promises_is_the_same(changed: SplitTrial) -> None:
    before, after = changed.before.config, changed.after.config
    assert {key: after.get(key) or None for key in SETTINGS} == {key: before.get(key) or None for key in SETTINGS}
    was, becomes = changed.case.settings.get("entrypoint", (None, None))
    wanted = before["Entrypoint"] if was is None else [becomes]
    assert after["Entrypoint"] == wanted and was in (None, *(before["Entrypoint"] or ()))


def test_the_environment_is_the_same_but_for_the_toolchains_own(changed: SplitTrial) -> None:
    may = {*changed.case.texts("environment"), "PATH"}
    before, after = environment(changed.before.config), environment(changed.after.config)
    assert {key: value for key, value in after.items() if key not in may} == {
        key: value for key, value in before.items() if key not in may
    }


def test_no_tool_of_the_build_is_left(changed: SplitTrial) -> None:
    assert tools(changed.before.files), "the original holds no build tool: the case shows nothing"
    assert tools(changed.after.files) == changed.case.texts("left")
    for folder in changed.case.texts("gone"):
        assert below(changed.before.files, folder), f"the original has no {folder}"
        assert not below(changed.after.files, folder)


def test_what_is_copied_is_the_same_file_by_file(changed: SplitTrial) -> None:
    """Content, mode and owner."""
    assert changed.converted.trees, changed.converted.after
    for source, target in changed.converted.trees:
        copied = below(changed.build_stage, source)
        assert source.strip("/") in changed.build_stage and target.strip("/") in changed.after.files
        assert below(changed.after.files, target) == copied, source


def test_the_image_is_smaller(changed: SplitTrial) -> None:
    assert changed.after.image.size < changed.before.image.size
