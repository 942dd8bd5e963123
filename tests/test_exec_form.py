"""exec-form: the exec form starts what the shell would have started, or the shell form stays."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile.plan import Outcome

_WORDS = (
    "app.py", "--x=1", "'a b'", '"c \\" d"', "e\\ f", "-", "''", '"$X"', "*.py", "~/x", "$Y", "a;b", ">log", "|", "&&",
    "{a,b}", "ü", "[x]", "#c", "x#y", "\\\n", "!", "`id`", "A=1", "\\\\", "(", "a\tb",
)  # fmt: skip


def run(text: str, context: Path | None = None, unsafe: bool = True) -> Outcome:
    return hardenfile.harden(text, context=context, select=["exec-form"], unsafe=unsafe)


@given(st.lists(st.sampled_from(_WORDS), max_size=6))
@settings(max_examples=300, deadline=None)
def test_the_array_is_what_a_shell_makes_of_the_words(words: list[str]) -> None:
    outcome = run(f"FROM python:3.12-slim\nCMD python {' '.join(words)}\n", unsafe=False)
    if not outcome.changed:
        assert outcome.before.errors or outcome.refusals
        return
    before, after = outcome.before.instructions[1], outcome.after.instructions[1]
    assert after.json
    assert list(after.args) == shlex.split(before.value, comments=False)
    assert not any(word in ("$Y", '"$X"', "*.py", "~/x", "`id`", "|", "&&", "{a,b}", "(") for word in words)


@pytest.mark.parametrize(
    "command",
    [
        "FOO=bar python app.py", "node $X", "a && b", "a; b", "a | b", "python app.py &", "python app.py 2>&1",
        "cat < x",
        "python *.py", "python ~/x", "python {a,b}", "echo hi", "test -f x", "cd /x", ". ./env", "source env", "true",
        "exec -a x y", "exec", "$(which python)", "`x`", "python app.py # x", "if x; then y; fi", "(python app.py)",
        "! python", "time python", "python $((1+1))", "kill 1", "wait", "[ -f x ]", "['python']", "[\"python\",]",
        "\"$X\"", "python \"${X}\"",
    ],
)  # fmt: skip
def test_what_needs_a_shell_keeps_it(command: str) -> None:
    text = f"FROM python:3.12-slim\nCMD {command}\n"
    assert run(text).after.text == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('FROM debian:12\nENTRYPOINT ["x"]\nCMD python3 a\n', "entrypoint"),
        ('FROM debian:12 AS a\nENTRYPOINT ["x"]\nFROM a\nCMD python3 a\n', "entrypoint"),
        ("FROM debian:12 AS a\nENTRYPOINT y\nFROM a\nCMD python3 a\n", "moot"),
        ("FROM nginx\nCMD python3 a\n", "entrypoint"),
        ("FROM debian:12\nCMD python3 a\nENTRYPOINT $X\n", "moot"),
        ('FROM debian:12\nENTRYPOINT python3 a\nCMD ["b"]\n', "cmd"),
    ],
)
def test_the_other_of_the_two_decides(text: str, reason: str) -> None:
    outcome = run(text)
    assert not outcome.changed
    assert reason in [one.reason for one in outcome.refusals]


def test_an_entrypoint_empties_the_cmd_that_it_inherits() -> None:
    outcome = run('FROM debian:12 AS a\nCMD ["x"]\nFROM a\nENTRYPOINT python3 a\n')
    assert outcome.after.text.endswith('ENTRYPOINT ["python3", "a"]\n')
    assert [one.safety for one in outcome.changes] == ["unsafe"]


@pytest.mark.parametrize(
    ("data", "lines", "told"),
    [
        (b"#!/bin/sh\n", "COPY run.sh /\nCMD /run.sh", "safe"),
        (b"\x7fELF\x02", "COPY run.sh /\nCMD /run.sh", "safe"),
        (b"echo\n", "COPY run.sh /\nCMD /run.sh", "script"),
        (b"", "COPY run.sh /\nCMD /run.sh", "script"),
        (b"\xef\xbb\xbf#!/bin/sh\n", "COPY run.sh /\nCMD /run.sh", "script"),
        (b"echo\n", "COPY run.sh /usr/local/bin/python\nCMD python x", "script"),
        (None, "COPY run.sh /\nCMD /run.sh", "unsafe"),
        (None, "COPY --from=x /y /run.sh\nCMD /run.sh", "unsafe"),
        (b"#!/bin/sh\n", "COPY . /\nCMD run.sh", "unsafe"),
        (b"#!/bin/sh\n", "COPY run.sh /\nRUN chmod +x /run.sh\nCMD /run.sh", "safe"),
        (b"#!/bin/sh\n", "COPY run.sh /\nRUN echo x >> /run.sh\nCMD /run.sh", "unsafe"),
        (b"#!/bin/sh\n", "COPY run.sh /\nRUN <<E\ncat x > /run.sh\nE\nCMD /run.sh", "unsafe"),
        (b"#!/bin/sh\n", "WORKDIR /x\nCOPY run.sh .\nCMD ./run.sh", "safe"),
        (b"#!/bin/sh\n", "CMD /usr/bin/python3 x", "safe"),
        (b"#!/bin/sh\n", "CMD /opt/bin/python3 x", "unsafe"),
    ],
)
def test_the_kernel_has_to_be_able_to_start_it(tmp_path: Path, data: bytes | None, lines: str, told: str) -> None:
    if data is not None:
        (tmp_path / "run.sh").write_bytes(data)
    outcome = run(f"FROM debian:12\n{lines}\n", tmp_path)
    assert [*(one.safety for one in outcome.changes), *(one.reason for one in outcome.refusals)] == [told]
