"""pin-packages: names gain the versions of the list, and nothing else changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile import UsageError
from hardenfile.plan import Outcome

_VERSIONS = ["apt:curl=8.1-2", "pip:six=1.17.0", "apk:zlib=1.3-r2"]
_PIECES = (
    "apt-get install ", "apk add ", "pip install ", "sudo ", "curl ", "six ", "zlib ", "-t ", "--virtual ", "-r ",
    "'six' ", "six>1 ", "$curl ", "curl=7 ", "&& ", "; ", "# no", "\\\n  ", "curl\\\n ", "./six ", "echo ",
    "if a; then ", "fi", '"',
)  # fmt: skip


def run(text: str, versions: list[str]) -> Outcome:
    options = {"pin-packages": {"versions": versions}}
    return hardenfile.harden(text, select=["pin-packages"], unsafe=True, options=options)


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_only_names_of_the_list_change(body: str) -> None:
    outcome = run(f"FROM a\nRUN {body}\n", _VERSIONS)
    if not outcome.changed:
        return
    before, after = outcome.before.instructions[1].shell.commands, outcome.after.instructions[1].shell.commands
    assert len(before) == len(after)
    allowed = {("curl", "curl=8.1-2"), ("six", "six==1.17.0"), ("zlib", "zlib=1.3-r2")}
    changed = set()
    for old, new in zip(before, after, strict=True):
        assert (old.before, old.after, old.assignments) == (new.before, new.after, new.assignments)
        assert len(old.words) == len(new.words)
        changed |= {(one.value, two.value) for one, two in zip(old.words, new.words, strict=True) if one.raw != two.raw}
    assert changed
    assert changed <= allowed


@pytest.mark.parametrize(
    "entry", ["curl", "curl=", "=1", "curl=1 2", "curl=$V", "curl=7.*", "npm:left-pad=1", "a=1;b", "-y=1"]
)
def test_what_gives_no_plain_version_is_refused(entry: str) -> None:
    with pytest.raises(UsageError, match="pin-packages: versions takes texts such as"):
        run("FROM a\n", [entry])


def test_two_versions_of_one_package_are_refused() -> None:
    with pytest.raises(UsageError, match="two versions of zope_interface"):
        run("FROM a\n", ["pip:zope.interface=1", "pip:zope_interface=2"])


def test_a_version_for_one_manager_beats_one_for_all() -> None:
    text = "FROM a\nRUN apt-get install curl\nRUN apk add curl\n"
    after = run(text, ["curl=1", "apt:curl=2", "apk:curl=3"]).after.text
    assert after == "FROM a\nRUN apt-get install curl=2\nRUN apk add curl=3\n"
