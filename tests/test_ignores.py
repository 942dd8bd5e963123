"""Comments that ask to be left alone: those of other tools and our own, below, beside and for the whole file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardenfile import harden
from hardenfile.cli import run
from hardenfile.dockerfile import parse
from hardenfile.ignores import read_ignores
from hardenfile.plan import IGNORED

TWO = "FROM debian:bookworm-slim\n{0}ADD one.txt /one\nADD two.txt /two\n"


def left(text: str, *select: str) -> list[tuple[str, int]]:
    """What was left alone because a comment says so: transform and line."""
    outcome = harden(text, select=list(select) or ["prefer-copy"], unsafe=True)
    return [(one.transform, one.line) for one in outcome.refusals if one.reason == IGNORED]


@pytest.mark.parametrize(
    "comment",
    [
        "# hadolint ignore=DL3020",
        "#hadolint ignore=DL3008,DL3020",
        "# hadolint ignore = dl3020 , DL3008",
        "#trivy:ignore:DS-0005",
        "# trivy:ignore:AVD-DS-0005 the archive moves",
        "# trivy:ignore:DS005",
        "# nosemgrep",
        "# nosemgrep: dockerfile.best-practice.prefer-copy-over-add.prefer-copy-over-add",
        "# hardenfile: ignore[prefer-copy] it will be an archive",
        "# hardenfile: ignore[pin-digests, prefer-copy]",
        "# hardenfile: ignore[CKV_DOCKER_4]",
        "# hardenfile: ignore it stays",
        "# hardenfile: ignore[prefer-copy]\n# what it is for",
        "# what it is for\n# hadolint ignore=DL3020",
    ],
)
def test_it_holds_for_the_instruction_below(comment: str) -> None:
    lines = comment.count("\n") + 1
    assert left(TWO.format(comment + "\n")) == [("prefer-copy", 2 + lines)]


@pytest.mark.parametrize(
    "comment",
    [
        "# hadolint global ignore=DL3020",
        "#checkov:skip=CKV_DOCKER_4: it is one",
        "# hardenfile: ignore-file[prefer-copy]",
    ],
)
def test_it_holds_for_the_file(comment: str) -> None:
    assert left(TWO.format(comment + "\n")) == [("prefer-copy", 3), ("prefer-copy", 4)]


def test_the_directive_of_buildkit_holds_for_the_file() -> None:
    text = (
        "# check=skip=JSONArgsRecommended,MaintainerDeprecated;error=true\n" + "FROM alpine:3.20\nMAINTAINER somebody\n"
    )
    assert left(text, "label-maintainer") == [("label-maintainer", 3)]
    assert left("# check=skip=all\n" + TWO.format("")) == [("prefer-copy", 3), ("prefer-copy", 4)]


@pytest.mark.parametrize(
    "comment",
    [
        "# hadolint ignore=DL3021",
        "# hadolint ignore=DL3020\n",  # a blank line between
        "# trivy:ignore:DS-0050",
        "# hardenfile: ignore[add-user]",
        "# hardenfile: ignored for years",
        "# nosemgrep: dockerfile.security.missing-user.missing-user",
        "# this is no hadolint comment",
    ],
)
def test_what_asks_for_something_else_keeps_nothing_away(comment: str) -> None:
    assert left(TWO.format(comment + "\n")) == []


def test_a_comment_among_continuation_lines_counts_for_its_instruction() -> None:
    text = "FROM debian:bookworm-slim\nADD one.txt \\\n  # hadolint ignore=DL3020\n  /one\n"
    assert left(text) == [("prefer-copy", 2)]


def test_what_is_about_a_stage_is_kept_away_by_a_comment_anywhere_in_it(tmp_path: Path) -> None:
    text = 'FROM debian:bookworm-slim\n# hadolint ignore=DL3002\nUSER root\nRUN true\nCMD ["sleep", "1"]\n'
    assert left(text, "add-user") == [("add-user", 5)]
    assert left(text.replace("hadolint ignore=DL3002", "nosemgrep"), "add-user") == []


def test_a_heeded_comment_is_told_with_its_line() -> None:
    outcome = harden(TWO.format("# hadolint ignore=DL3020\n"), select=["prefer-copy"])
    assert [(one.line, one.tool) for one in outcome.ignored] == [(2, "hadolint")]
    assert outcome.changed  # the other ADD
    assert "line 2 says # hadolint ignore=DL3020" in outcome.refusals[0].message


@given(st.text(alphabet="#hadolint ignore=DL30.,[]*:\\n-trvycks", max_size=60))
def test_no_comment_is_too_odd_to_read(text: str) -> None:
    document = parse(f"FROM alpine\n# hardenfile: {text}\nRUN true\n", "Dockerfile")
    assert all(one.line >= 1 for one in read_ignores(document))


def test_comments_that_no_longer_matter_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.txt").write_text("1")
    file = tmp_path / "Dockerfile"
    file.write_text(
        "FROM debian:bookworm-slim\n# hadolint ignore=DL3020\nCOPY one.txt /one\n# hadolint ignore=DL3020\n"
        "ADD one.txt /two\n# hadolint ignore=DL3059\nRUN true\n"
    )
    assert run(["list", "--unused-ignores", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}:2: nothing is kept away by # hadolint ignore=DL3020\n"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "--unused-ignores", str(tmp_path / "absent")]) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert run(["list", str(tmp_path)]) == 2
