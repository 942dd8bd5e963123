"""move-secrets: an ARG goes only where one RUN gets the same variable in its stead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile.dockerfile import Document, Heredoc
from hardenfile.plan import Outcome
from hardenfile.rewrite.verify import comments

_LINES = (
    "ARG A_TOKEN", "ARG B_PASSWORD=", "ARG C=1 A_TOKEN D", "ARG B_PASSWORD=x", "ARG A_TOKEN \\\n  # why\n  B_PASSWORD",
    "RUN a $A_TOKEN", "RUN b ${B_PASSWORD} \\\n  $A_TOKEN", "RUN true", "ENV X=$A_TOKEN", "# a comment", "FROM a AS b",
    "RUN <<E\n$A_TOKEN\nE", "RUN --mount=type=cache,target=/$B_PASSWORD true", "ONBUILD ARG A_TOKEN", "FROM b",
    'RUN ["a", "$B_PASSWORD"]', "LABEL a=b", "ARG API_KEY", "RUN API_KEY=x c",
)  # fmt: skip


def run(text: str, unsafe: bool = True) -> Outcome:
    return hardenfile.harden(text, select=["move-secrets"], unsafe=unsafe)


def names(document: Document) -> list[str]:
    """What the ARG lines declare."""
    return [word.partition("=")[0] for one in document.each("ARG") for word in one.args]


def commands(document: Document) -> list[tuple[str, tuple[Heredoc, ...]]]:
    """What each RUN runs, flags left out."""
    return [(one.value, one.heredocs) for one in document.each("RUN")]


@given(st.lists(st.sampled_from(_LINES), max_size=9))
@settings(max_examples=300, deadline=None)
def test_every_run_keeps_the_variables_that_it_names(lines: list[str]) -> None:
    outcome = run("\n".join(("# syntax=docker/dockerfile:1", "FROM a", *lines, "")))
    before, after = outcome.before, outcome.after
    assert sorted(comments(before)) == sorted(comments(after))
    gone = names(before)
    for name in names(after):
        gone.remove(name)
    mounts = [
        flag.value or "" for one in after.each("RUN") for flag in one.flags if "type=secret" in (flag.value or "")
    ]
    assert sorted(mount.rpartition("env=")[2] for mount in mounts) == sorted(gone)
    for one in after.each("RUN"):
        for flag in one.flags:
            if "type=secret" in (flag.value or ""):
                name = (flag.value or "").rpartition("=")[2]
                assert name in one.value or any(name in heredoc.body for heredoc in one.heredocs)
    assert commands(before) == commands(after)


@pytest.mark.parametrize(
    ("syntax", "moved"),
    [
        ("docker/dockerfile:1", True),
        ("docker/dockerfile:1-labs", True),
        ("docker/dockerfile", True),
        ("docker.io/docker/dockerfile:1.10", True),
        ("docker/dockerfile:1.20.1", True),
        ("docker/dockerfile:1.10@sha256:" + "a" * 64, True),
        ("docker/dockerfile:1@sha256:" + "a" * 64, False),
        ("docker/dockerfile:1.9", False),
        ("docker/dockerfile:1.2-labs", False),
        ("docker/dockerfile:experimental", False),
        ("acme.test/frontend:1.10", False),
    ],
)
def test_the_frontend_must_know_how(syntax: str, moved: bool) -> None:
    assert run(f"# syntax={syntax}\nFROM a\nARG API_TOKEN\nRUN b $API_TOKEN\n").changed == moved
