"""drop-sudo: nothing goes but the word, where root runs the plain command anyway."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile.plan import Outcome

_PIECES = (
    "sudo ", "sudo  ", "apt-get update", "mkdir /x", " && ", "; ", " | ", " || ", "-u app ", "-E ", "A=1 ", "> /x ",
    "echo ",
    "'sudo x' ", "$X ", "make ", "\\\n  ", "/usr/bin/sudo ", "&", "# no", "(", ")", "cd /x", "sudo\t", "if true; then ",
    "fi",
)  # fmt: skip


def run(text: str, unsafe: bool = False) -> Outcome:
    return hardenfile.harden(text, select=["drop-sudo"], unsafe=unsafe)


@given(st.lists(st.sampled_from(_PIECES), max_size=10).map("".join))
@settings(max_examples=300, deadline=None)
def test_only_plain_calls_lose_the_word(body: str) -> None:
    outcome = run(f"FROM debian:12\nRUN {body}\n", unsafe=True)
    if not outcome.changed:
        return
    before, after = outcome.before.instructions[1].shell.commands, outcome.after.instructions[1].shell.commands
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert (old.before, old.after) == (new.before, new.after)
        assert [word.raw for word in old.assignments] == [word.raw for word in new.assignments]
        words, kept = [word.raw for word in old.words], [word.raw for word in new.words]
        if words != kept:
            gone = words[: len(words) - len(kept)]
            assert words[len(gone) :] == kept
            assert set(gone) <= {"sudo", "/usr/bin/sudo"}
            assert not kept[0].startswith("-")
            assert "=" not in kept[0]
            assert not old.redirects


@pytest.mark.parametrize(
    "line",
    [
        "RUN sudo -u app make", "RUN sudo -E make", "RUN sudo -H make", "RUN sudo -n make", "RUN sudo -- make",
        "RUN sudo A=1 make", "RUN A=1 sudo make", "RUN sudo $X", 'RUN sudo "$X" y', "RUN sudo cd /x", "RUN sudo echo x",
        "RUN sudo make > log", "RUN yes | sudo make", "RUN sudo make | cat", "RUN sudo make &", "RUN (sudo make)",
        "RUN if sudo make; then x; fi", "RUN ! sudo make", 'RUN ["sudo", "make"]', "RUN sh -c 'sudo make'",
        "RUN echo '%sudo ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers", "RUN apt-get install sudo", "CMD sudo make",
        "ONBUILD RUN sudo make", "RUN <<E\nsudo make\nE", "RUN x \\\n# sudo make\n y", "RUN env sudo make",
        "RUN xargs sudo make", "RUN mysudo make", "RUN ./sudo make", "RUN /opt/sudo make",
    ],
)  # fmt: skip
def test_what_is_no_plain_call_stays(line: str) -> None:
    text = f"FROM debian:12\n{line}\n"
    assert run(text, unsafe=True).after.text == text


@pytest.mark.parametrize(
    ("above", "known"),
    [
        ("FROM debian:12", True),
        ("FROM node:20", True),
        ("FROM debian:12\nUSER root", True),
        ("FROM debian:12\nUSER 0", True),
        ("FROM debian:12\nUSER root:root", True),
        ("FROM debian:12\nUSER 0:1000", False),
        ("FROM debian:12\nUSER 1000", False),
        ("FROM debian:12\nUSER app\nUSER root", True),
        ("FROM debian:12\nARG U=root\nUSER $U", False),
        ("FROM debian:12\nENV U=root\nUSER $U", True),
        ("ARG B=debian:12\nFROM $B", False),
        ("FROM jenkins/jenkins", False),
        ("FROM acme/x", False),
        ("FROM acme/x\nUSER root", True),
        ("FROM cgr.dev/chainguard/python:latest-dev", False),
        ("FROM debian:12 AS a\nUSER app\nFROM a", False),
        ("FROM acme/x AS a\nUSER root\nFROM a", True),
    ],
)
def test_root_has_to_be_sure(above: str, known: bool) -> None:
    assert run(f"{above}\nRUN sudo apt-get update\n").changed == known


@pytest.mark.parametrize(
    ("above", "command", "safe"),
    [
        ("ENV A=1", "apt-get update", True),
        ("ENV A=1", "make", False),
        ("ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8", "make", True),
        ("ARG http_proxy", "apt-get update", False),
        ("ENV PATH=/x:$PATH", "mkdir /y", False),
        ("RUN true", "make", True),
        ("RUN true", "./make.sh", False),
        ("RUN true", "/usr/bin/apt-get update", True),
    ],
)
def test_what_sudo_keeps_from_the_command(above: str, command: str, safe: bool) -> None:
    text = f"FROM debian:12\n{above}\nRUN sudo {command}\n"
    assert [run(text).changed, run(text, unsafe=True).changed] == [safe, True]
