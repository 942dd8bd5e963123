"""clean-apt-lists: one command more, which runs where all before it went well, in the layout of the RUN."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile.plan import Outcome

_RM = "rm -rf /var/lib/apt/lists/*"
_COMMANDS = (
    "apt-get update", "apt-get install -y curl \\\n  # note\n  git", "make > log", "curl x | tar x", "true",
    "echo 'a b'",
    "set -e", "x || true", "cat \\\n  y",
)  # fmt: skip
_OPERATORS = (" && ", "; ", " || ", " \\\n    && ", " && \\\n  ", "; \\\n\t", " \\\n# between\n && ", " \\\r\n  && ")


def run(text: str, unsafe: bool = False, every: bool = False) -> Outcome:
    return hardenfile.harden(
        text, select=["clean-apt-lists"], unsafe=unsafe, options={"clean-apt-lists": {"every-stage": every}}
    )


@given(
    st.lists(st.tuples(st.sampled_from(_OPERATORS), st.sampled_from(_COMMANDS)), max_size=5),
    st.sampled_from(["", ";", " # why", "\n", "\nRUN true\n"]),
)
@settings(max_examples=250, deadline=None)
def test_one_command_more_behind_all_others(parts: list[tuple[str, str]], tail: str) -> None:
    text = "FROM debian:12\nRUN apt-get update" + "".join(operator + command for operator, command in parts) + tail
    outcome = run(text)
    if not outcome.changed:
        assert outcome.refusals
        return
    before, after = outcome.before.instructions[1].shell, outcome.after.instructions[1].shell
    assert [one.words for one in after.commands[:-1]] != []
    assert [[word.raw for word in one.words] for one in after.commands[:-1]] == [
        [word.raw for word in one.words] for one in before.commands
    ]
    added = after.commands[-1]
    assert " ".join(word.raw for word in added.words) == _RM
    assert added.before == "&&" or (added.before == ";" and any(one.name == "set" for one in before.commands))
    assert after.flat
    assert outcome.before.text.count("#") == outcome.after.text.count("#")


@pytest.mark.parametrize(
    ("below", "kind"),
    [
        ("RUN apt-get install -y git", "used-later"),
        ("RUN apt install -y git", "used-later"),
        ("RUN aptitude install -y git", "used-later"),
        ("RUN sudo apt-get install -y git", "used-later"),
        ("RUN DEBIAN_FRONTEND=x apt-get -y install git", "used-later"),
        ("RUN apt-cache search git", "used-later"),
        ("RUN x && apt-get install -y git && apt-get update", "used-later"),
        ("RUN false || apt-get update; apt-get install -y git", "used-later"),
        ("RUN curl x | bash && apt-get install -y git", "used-later"),
        ("RUN rosdep install x", "used-later"),
        ("RUN bash -c 'apt-get install -y git'", "used-later"),
        ("RUN $(apt-get install -y git)", "used-later"),
        ('RUN ["apt-get", "install", "-y", "git"]', "used-later"),
        ("RUN <<E\napt-get install -y git\nE", "used-later"),
        ("ONBUILD RUN apt-get install -y git", "used-later"),
        ('CMD ["apt-get", "install", "-y", "git"]', "used-later"),
        ("RUN if x; then apt-get update; fi", "used-later"),
        ("RUN ./install.sh", "unsafe"),
        ("RUN bash /x/install.sh", "unsafe"),
        ("RUN . ./env", "unsafe"),
        ("RUN curl x | sh", "unsafe"),
        ("RUN make", "unsafe"),
        ("RUN $INSTALL git", "unsafe"),
        ("RUN <<E\n./install.sh\nE", "unsafe"),
        ("RUN apt-get update && apt-get install -y git", "safe"),
        ("RUN ./x.sh && apt-get update\nRUN apt-get install -y git", "unsafe"),
        ("RUN apt-get update\nRUN apt-get install -y git", "used-later-below"),
        ("RUN apt-get purge -y git && apt-get autoremove -y && apt-get clean", "safe"),
        ("RUN pip install x && npm ci && /usr/bin/env python3 x", "safe"),
        ("RUN rm -rf /etc/apt/sources.list.d && which apt", "safe"),
        ("RUN bash -c 'pip install x'", "safe"),
        ("COPY apt-get.sh /x", "safe"),
    ],
)
def test_what_comes_later_decides(below: str, kind: str) -> None:
    outcome = run(f"FROM debian:12\nRUN apt-get update && apt-get install -y curl\n{below}\n")
    told = [
        *(str(one.safety) for one in (*outcome.changes, *outcome.held) if one.line == 2),
        *(one.reason for one in outcome.refusals if one.line == 2),
    ]
    assert told == ["safe" if kind == "used-later-below" else kind]


def test_who_is_from_the_stage_counts_and_who_ships() -> None:
    head = "FROM debian:12 AS a\nRUN apt-get update\n"
    assert not run(head + "FROM a AS b\nFROM b\nRUN apt-get install -y git\n").changed
    assert run(head + "FROM a AS b\nFROM b\nRUN apt-get update && apt-get install -y git\n").changed
    assert not run(head + "FROM debian:12\nRUN true\n").changed
    assert run(head + "FROM debian:12\nRUN true\n", every=True).changed


@pytest.mark.parametrize("shell", ['["/bin/bash", "-o", "pipefail", "-c"]', '["/bin/sh", "-c"]', '["bash", "-ec"]'])
def test_the_usual_shells_are_read(shell: str) -> None:
    assert run(f"FROM debian:12\nSHELL {shell}\nRUN apt-get update\n").changed


@pytest.mark.parametrize("shell", ['["/bin/zsh", "-c"]', '["pwsh", "-c"]', '["cmd", "/S", "/C"]', "[]"])
def test_other_shells_are_not(shell: str) -> None:
    assert not run(f"FROM debian:12\nSHELL {shell}\nRUN apt-get update\n").changed
