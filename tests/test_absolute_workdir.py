"""absolute-workdir: whatever it writes, the working directory at every instruction is the one that it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile.dockerfile import Document
from hardenfile.plan import Outcome

_LINES = (
    "WORKDIR app", "WORKDIR ../x", "WORKDIR .", "WORKDIR /srv//app/", "WORKDIR a/./b/", "WORKDIR $A", "WORKDIR ${B}/c",
    'WORKDIR "my app"', "WORKDIR 'x'", "WORKDIR $NOT/x", "workdir \\\n# note\n  deep", "WORKDIR a\\\nb", "ENV A=/a B=b",
    "ENV B=../up", "ARG C=c", "WORKDIR $C", "WORKDIR x$C", "RUN cd /opt", "FROM one", "FROM scratch",
    "FROM alpine:3.20",
    "FROM acme/unknown", "FROM golang:1.22", "WORKDIR ~/x", "WORKDIR a b", "WORKDIR \\$A", "WORKDIR [x]",
)  # fmt: skip


def run(text: str) -> Outcome:
    return hardenfile.harden(text, select=["absolute-workdir"])


def folders(document: Document) -> list[str | None]:
    """The effective working directory after each instruction, as far as the file says it."""
    found: list[str | None] = []
    for stage in document.stages:
        for one in stage.instructions:
            workdir = stage.before(one).workdir
            found.append(workdir.text if workdir is not None and workdir.known else None)
        final = stage.final.workdir
        found.append(final.text if final is not None and final.known else None)
    return found


@given(st.lists(st.sampled_from(_LINES), max_size=12))
@settings(max_examples=200, deadline=None)
def test_every_folder_that_was_known_stays_what_it_was(lines: list[str]) -> None:
    outcome = run("\n".join(["FROM alpine:3.20 AS one", *lines, ""]))
    for before, after in zip(folders(outcome.before), folders(outcome.after), strict=True):
        assert before in (None, after)


@pytest.mark.parametrize(
    ("lines", "becomes"),
    [
        ("WORKDIR x", "WORKDIR /x"),
        ("WORKDIR ./x/", "WORKDIR /x"),
        ("WORKDIR ../../x", "WORKDIR /x"),
        ("WORKDIR x # no comment", None),  # to a builder, the sign is a part of the path
        ('WORKDIR "x"', 'WORKDIR "/x"'),
        ("WORKDIR ~", "WORKDIR /~"),  # what a builder makes of it, which nobody meant
        ("ENV A=b\nWORKDIR $A", "ENV A=b\nWORKDIR /$A"),
        ("ENV A=b\nWORKDIR x/${A}", "ENV A=b\nWORKDIR /x/${A}"),
        ('ENV A=b\nWORKDIR "$A"', 'ENV A=b\nWORKDIR "/$A"'),
        ("ENV A=\nWORKDIR $A", None),
        ("ARG A=b\nWORKDIR $A", None),
        ("WORKDIR \\$A", None),
        ("WORKDIR C:/x", None),
        ("WORKDIR c:x", None),
    ],
)
def test_one_line(lines: str, becomes: str | None) -> None:
    before = f"FROM alpine:3.20\n{lines}\n"
    assert run(before).after.text == (before if becomes is None else f"FROM alpine:3.20\n{becomes}\n")


@pytest.mark.parametrize(
    ("base", "known"),
    [
        ("FROM alpine:3.20", True),
        ("ARG V=3.20\nFROM alpine:${V:-3.19}", True),
        ("ARG V=3.20\nFROM docker.io/library/alpine:$V", True),
        ("ARG I=alpine\nFROM $I:3.20", False),
        ("ARG R=docker.io\nFROM $R/library/alpine:3.20", False),
        ("FROM localhost:5000/alpine", False),
        ("FROM python@sha256:" + "a" * 64, False),
        ("FROM --platform=windows/amd64 golang:1.22", False),
    ],
)
def test_what_is_known_of_a_base(base: str, known: bool) -> None:
    assert run(f"{base}\nWORKDIR app\n").changed == known
