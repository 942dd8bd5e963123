"""join-apt-update: the same commands in the same order, all comments kept."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile.dockerfile import Document
from hardenfile.plan import Outcome
from hardenfile.rewrite.verify import comments

_LINES = (
    "RUN apt-get update", "RUN apt-get -qq update", "RUN sudo apt-get update", "RUN apt-get install -y curl",
    "RUN apt-get install -y curl \\\n    # note\n    git", "RUN apt-get install -y curl \\\n && make", "RUN make",
    "RUN apt-get install -y curl && \\\n    apt-get clean", "# a comment", "", "USER app", "ENV A=1", "FROM debian:12",
    "RUN apt-get install -y x; y", "RUN <<E\napt-get install -y x\nE", "RUN apt-get update && apt-get install -y x",
    "RUN --network=none apt-get install -y x", "ONBUILD RUN apt-get update", "run apt-get install -y x | cat",
    "RUN apt-get update # x", "RUN cd /x && apt-get install -y y",
)  # fmt: skip


def run(text: str) -> Outcome:
    return hardenfile.harden(text, select=["join-apt-update"])


def commands(document: Document) -> list[str]:
    """All commands of all stages, each with its words."""
    return [
        " ".join(word.raw for word in command.words) for run in document.each("RUN") for command in run.shell.commands
    ]


@given(st.lists(st.sampled_from(_LINES), max_size=9), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=250, deadline=None)
def test_the_same_commands_and_comments(lines: list[str], ending: str, final: bool) -> None:
    text = "\n".join(["FROM debian:12", *lines]) + ("\n" if final else "")
    outcome = run(text.replace("\n", ending))
    assert commands(outcome.before) == commands(outcome.after)
    assert Counter(comments(outcome.before)) == Counter(comments(outcome.after))
    runs = [len(list(document.each("RUN"))) for document in (outcome.before, outcome.after)]
    assert runs[0] - runs[1] == len(outcome.changes)
    for one in outcome.changes:
        assert outcome.before.text.replace("\r\n", "\n").split("\n")[one.line - 1].endswith("update")


@pytest.mark.parametrize(
    "second",
    [
        "RUN make", "RUN apt-get install -y x; y", "RUN apt-get install -y x || y", "RUN apt-get install -y x & y",
        "RUN set -e; apt-get install -y x", "RUN apt-get update && apt-get install -y x", "RUN $X", "RUN apt-get clean",
        'RUN ["apt-get", "install", "-y", "x"]', "RUN <<E\napt-get install -y x\nE", "RUN (apt-get install -y x)",
        "RUN --mount=type=cache,target=/x apt-get install -y x", "ENV A=1\nRUN apt-get install -y x",
        "FROM debian:12\nRUN apt-get install -y x", "RUN apt-get install -y 'x", "CMD apt-get install -y x",
        "ONBUILD RUN apt-get install -y x", "RUN apt-get install -y x &", "RUN apk add x",
    ],
)  # fmt: skip
def test_what_is_no_plain_install_stays_apart(second: str) -> None:
    text = f"FROM debian:12\nRUN apt-get update\n{second}\n"
    assert run(text).after.text == text


@pytest.mark.parametrize(
    ("second", "joined"),
    [
        ("RUN apt-get install -y x", "RUN apt-get update && apt-get install -y x"),
        ("run apt-get install -y x", "run apt-get update && apt-get install -y x"),
        ("RUN   apt-get install -y x", "RUN   apt-get update && apt-get install -y x"),
        ("RUN \\\n  apt-get install -y x", "RUN \\\n  apt-get update && apt-get install -y x"),
        ("RUN mkdir x && apt install x", "RUN apt-get update && mkdir x && apt install x"),
        ("RUN yes | apt-get install x", "RUN apt-get update && yes | apt-get install x"),
        ("RUN apt-get -y upgrade", "RUN apt-get update && apt-get -y upgrade"),
        ("# c\nRUN apt-get install x", "# c\nRUN apt-get update && apt-get install x"),
        ("RUN a \\\n  && apt-get install x", "RUN apt-get update \\\n  && a \\\n  && apt-get install x"),
    ],
)
def test_the_update_comes_first(second: str, joined: str) -> None:
    assert run(f"FROM debian:12\nRUN apt-get update\n{second}\n").after.text == f"FROM debian:12\n{joined}\n"
