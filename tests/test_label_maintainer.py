"""label-maintainer: the label says, letter by letter, what MAINTAINER said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile import UsageError
from hardenfile.dockerfile.expand import expand

_PARTS = (
    "Jane", "Doe", " ", "  ", "\t", '"', "'", "$HOME", "${X}", "$", "\\", "`", "<j@e.test>", ",", "=", "ü", "#", "[",
    "]",
    "<<EOF", "&", "é\u0301", "\u2028", "{{x}}", "%", "\\n",
)  # fmt: skip


def said(text: str) -> str:
    """What is meant: a pair of quotes around the whole is no part of it."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and text[0] not in text[1:-1]:
        return text[1:-1]
    return text


@given(st.lists(st.sampled_from(_PARTS), min_size=1, max_size=8).map("".join), st.sampled_from(["", "# escape=`\n"]))
@settings(max_examples=300, deadline=None)
def test_the_label_is_the_text(text: str, head: str) -> None:
    before = f"{head}FROM alpine:3.20\nMAINTAINER {text}\nRUN true\n"
    outcome = hardenfile.harden(before, select=["label-maintainer"])
    old, new = outcome.before.instructions, outcome.after.instructions
    assert len(old) == len(new)
    if outcome.before.errors or not outcome.changed:
        assert outcome.before.errors or old[1].keyword != "MAINTAINER" or not old[1].args or outcome.refusals
        return
    label = new[1]
    assert label.keyword == "LABEL"
    ((name, value),) = label.pairs()
    assert name == "org.opencontainers.image.authors"
    assert expand(value, {"HOME": "wrong", "X": "wrong"}, outcome.after.escape).text == said(old[1].args[0])


def test_every_stage_has_its_own() -> None:
    text = "FROM a AS x\nMAINTAINER one\nFROM x\nMAINTAINER two\nMAINTAINER three\n"
    outcome = hardenfile.harden(text, select=["label-maintainer"])
    assert [one.line for one in outcome.changes] == [2, 4, 5]


def test_the_label_has_to_be_one() -> None:
    with pytest.raises(UsageError, match=r"'two words' is no name of a label"):
        hardenfile.harden("FROM a\n", options={"label-maintainer": {"label": "two words"}})
