"""Sources that no repository can hold, and inputs that want prefer-copy to go wrong."""

import io
import os
import re
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardenfile.dockerfile import Instruction
from hardenfile.plan import Outcome, harden


def run(text: str | bytes, context: Path | None = None) -> Outcome:
    return harden(text, context=context, select=["prefer-copy"])


def refusals(outcome: Outcome) -> list[str]:
    assert not outcome.changed
    return [one.reason for one in outcome.refusals]


def archive() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a.txt"))
    return out.getvalue()


def test_a_link_leads_to_the_content_that_counts(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases/blob").write_bytes(archive())
    (tmp_path / "latest.txt").symlink_to("releases/blob")
    (tmp_path / "round.txt").symlink_to("/latest.txt")  # builders take the context's root for /
    assert refusals(run("FROM a\nADD latest.txt /x\nADD round.txt /x\n", tmp_path)) == ["archive", "archive"]


def test_a_link_out_of_the_context_is_not_followed(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (tmp_path / "blob").write_bytes(archive())
    (context / "data").symlink_to("../blob")
    assert refusals(run("FROM a\nADD data /x\nADD ../blob /x\n", context)) == ["unseen", "unseen"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "events.txt")
    assert refusals(run("FROM a\nADD events.txt /x\n", tmp_path)) == ["unreadable"]


def test_a_folder_may_be_called_as_an_archive_only_below_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "all/site.tar").mkdir(parents=True)
    outcome = run("FROM a\nADD all/* /x\n", tmp_path)
    assert outcome.after.text == "FROM a\nCOPY all/* /x\n"
    assert refusals(run("FROM a\nADD all/site.tar /x\n", tmp_path)) == ["archive"]


def test_the_first_bytes_are_the_whole_content_of_small_files(tmp_path: Path) -> None:
    for name, data in (("empty", b""), ("short", b"\x1f"), ("zeros", bytes(1024)), ("ustar", b"ustar")):
        (tmp_path / name).write_bytes(data)
    outcome = run("FROM a\nADD empty short zeros ustar /x/\n", tmp_path)
    assert outcome.after.text == "FROM a\nCOPY empty short zeros ustar /x/\n"


def test_a_line_that_would_become_too_long_stays() -> None:
    name = "a" * (65_535 - len("ADD .txt /x"))
    short, long = f"ADD {name[1:]}.txt /x\n", f"ADD {name}.txt /x\n"
    outcome = run(f"FROM a\n{long}{short}ADD b.txt /y\n")
    assert outcome.after.text == f"FROM a\n{long}{short.replace('ADD', 'COPY', 1)}COPY b.txt /y\n"
    assert [(one.reason, one.line) for one in outcome.refusals] == [("verify", 2)]


@pytest.mark.parametrize(
    "line",
    [
        'ADD "https://e/a.txt" /x',
        "ADD 'https://e/a.txt' /x",
        "ADD \\https://e/a.txt /x",
        'ADD ["\\u0068ttps://e/a.txt", "/x"]',
        'ADD ["https:\\/\\/e/a.txt", "/x"]',
        "ADD \\\nhttps://e/a.txt /x",
        "ADD http\\\ns://e/a.txt /x",
        "ADD --chown=1:1 https://e/a.txt /x",
        "ADD --link -- https://e/a.txt /x",
        "ADD git@e:a/b.txt /x",
        "ADD ssh://git@e/a.txt /x",
        'ADD "git@e:a b.txt" /x',
        "ONBUILD ADD https://e/a.txt /x",
        "ONBUILD\tadd\t'https://e/a.txt'\t/x",
        "ADD b.txt https://e/a.txt c.txt /x/",
    ],
)
def test_no_spelling_of_an_address_passes(line: str) -> None:
    outcome = run(f"FROM a\n{line}\n")
    assert not outcome.before.errors
    assert refusals(outcome)


@pytest.mark.parametrize(
    "line",
    [
        "ADD a.txt$X /x",
        "ADD ${X}a.txt /x",
        "ADD \\$X.txt /x",
        "ADD '$X.txt' /x",
        'ADD ["$X.txt", "/x"]',
        "ADD ${X:-a}.txt /x",
        'ADD "a.tar" /x',
        "ADD a\\.tar /x",
        "ADD a.t\\\nar /x",
        'ADD ["a.t\\u0061r", "/x"]',
        "ADD a.tar/ /x",
        "ADD a.TGZ /x",
        "ADD a.txt/../b.tar /x",
        "ADD a.txt? /x",
        "ADD [a].txt /x",
        "ADD --unpack='true' a.txt /x",
        "ADD --unp\\ack=true a.txt /x",
        "ADD --link --checksum=sha256:0 a.txt /x",
        'ADD ["<<EOF", "/x"]',
    ],
)
def test_no_spelling_of_a_doubt_passes(line: str) -> None:
    outcome = run(f"FROM a\n{line}\n")
    assert not outcome.before.errors
    assert refusals(outcome)


_PIECES = (
    "ADD ", "add ", "Add\t", "COPY ", "ONBUILD ", "RUN ", "FROM b AS c\n", "a.txt ", "b.tar ", "src/ ", ". ", "*.md ",
    "/x", "/x/", "$V ", "https://e/a.txt ", '["a.txt", "/x"]', "--chown=1:1 ", "--unpack ", "--link ", "\n", "\r\n",
    " \\\n", "\\", "`", "# note\n", "\n\n", "<<EOF", "EOF\n", '"', "'", "\ufeff", "\u00a0", "\u2028", "\x0c", "\udcff",
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=24).map("".join))
@settings(max_examples=400, deadline=None)
def test_nothing_but_the_keyword_ever_changes(body: str) -> None:
    outcome = run(f"FROM a\n{body}")
    before, after = outcome.before, outcome.after
    assert len(before.instructions) == len(after.instructions)
    changed = 0
    for old, new in zip(before.instructions, after.instructions, strict=True):
        assert old.heredocs == new.heredocs
        assert len(old.comments) == len(new.comments)
        if old.logical == new.logical:
            continue
        changed += 1
        add, copy = old.sub or old, new.sub or new
        assert (add.keyword, copy.keyword) == ("ADD", "COPY")
        assert (add.args, add.flags, add.json) == (copy.args, copy.flags, copy.json)
        assert _is_plain(add)
    assert changed == len(outcome.changes)
    assert re.sub("add|copy", "", before.text, flags=re.I) == re.sub("add|copy", "", after.text, flags=re.I)
    assert len(after.errors) == len(before.errors)
    assert not run(after.text).changed


def _is_plain(add: Instruction) -> bool:
    return not any("$" in source or "://" in source or source.endswith(".tar") for source in add.args[:-1])
