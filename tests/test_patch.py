"""The diff, held to its word by the tools that apply it."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardenfile.dockerfile.source import Span, encode
from hardenfile.errors import Overlap
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.patch import Patch

# Few and alike, so that a hunk one line off would often find the very same lines; some look like a diff's own.
LINES = (
    *("", "", "a", "a", "b", "\r", "a\r", " ", "\t\r", "\udcff\udc80", "é", "\x0c", "\x85", "\u2028", "\x00"),
    *("-", "+", "@@ -1 +1 @@", "--- a/a", "+++ b/a", "\\ No newline at end of file", "diff --git a/a b/a", "\ufeffa"),
)
ADDED = st.lists(st.sampled_from(LINES), max_size=4).map("\n".join)
TEXTS = st.builds(
    str.__add__, st.lists(st.sampled_from(LINES), max_size=12).map("\n".join), st.sampled_from(("", "\n"))
)
NAMES = st.text("aaab  \t\"\\é\u2028\n\r\x01\x1b\x7f\udcff-+.~#$'/", min_size=1, max_size=8)

FORWARDS = ("git", "apply")
BACKWARDS = ("git", "apply", "-R")
PATCH = ("patch", "-p1", "--binary", "-F0")


def edit(start: int, end: int, text: str = "") -> Edit:
    return Edit(Span(start, end), text)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, tuple[Edit, ...]]:
    """A text and edits of it, in any order."""
    text = draw(TEXTS)
    # Where lines start and end it is easiest to be wrong.
    turns = [0, len(text), *(place for found in re.finditer("\n", text) for place in found.span())]
    places = sorted(draw(st.lists(st.integers(0, len(text)) | st.sampled_from(turns), max_size=8)))
    edits = [edit(start, end, draw(ADDED)) for start, end in zip(places[::2], places[1::2], strict=False)]
    return text, tuple(draw(st.permutations(edits)))


@st.composite
def patches(draw: st.DrawFn) -> list[Patch]:
    """Patches of files that can stand side by side in one folder."""
    found: dict[str, Patch] = {}
    for name, (before, edits) in draw(st.lists(st.tuples(NAMES, edited()), min_size=1, max_size=12)):
        path = str(PurePosixPath(name.strip("/")))
        if path == "." or ".." in PurePosixPath(path).parts:
            continue
        if not any(f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/") for other in found):
            found[path] = Patch(path, before, edits)
    return list(found.values())


def need(tool: str) -> None:
    if shutil.which(tool) is None:
        assert os.environ.get("CI") != "true", f"{tool} has to be installed where the tests decide"
        pytest.skip(f"{tool} is not installed")


def run(folder: Path, command: tuple[str, ...], diff: str = "") -> str:
    """Feed the diff to a tool with the settings it comes with, and give what it said."""
    need(command[0])
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    environment["GIT_CEILING_DIRECTORIES"] = tempfile.gettempdir()
    done = subprocess.run(command, cwd=folder, env=environment, input=encode(diff), capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode(errors="backslashreplace")
    assert done.returncode == 0, f"{command}: {said}\n{diff}"
    return said


def lay(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode(text))


def found(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def encoded(files: dict[str, str]) -> dict[str, bytes]:
    return {name: encode(text) for name, text in files.items()}


def hunks(diff: str) -> list[tuple[int, list[str]]]:
    """For each hunk the number its old lines start at, and its lines with their marks."""
    split: list[tuple[int, list[str]]] = []
    for line in diff.split("\n")[2:-1]:
        if header := re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@", line):
            split.append((int(header[1]) + (header[2] == "0"), []))
        else:
            split[-1][1].append(line)
    return split


@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(patches(), st.integers(1, 4))
def test_git_and_patch_apply_the_diff_byte_for_byte(changes: list[Patch], context: int) -> None:
    before = {change.path: change.before for change in changes}
    after = {change.path: change.after for change in changes}
    diff = "".join(change.diff(context) for change in changes)
    if not diff:
        assert before == after
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay(folder, before)
        run(folder, FORWARDS, diff)
        assert found(folder) == encoded(after)
        run(folder, BACKWARDS, diff)
        assert found(folder) == encoded(before)
        # patch tells when a hunk was not at the line that its header names.
        assert "offset" not in run(folder, PATCH, diff)
        assert found(folder) == encoded(after)
        assert "offset" not in run(folder, (*PATCH, "-R"), diff)
        assert found(folder) == encoded(before)


@given(edited())
def test_a_diff_touches_no_line_that_the_edits_do_not(case: tuple[str, tuple[Edit, ...]]) -> None:
    before, edits = case
    touched: set[int] = set()
    for each in edits:
        touched.update(range(before.count("\n", 0, each.span.start) + 1, before.count("\n", 0, each.span.end) + 2))
    removed, added = set(), 0
    for number, lines in hunks(Patch("f", before, edits).diff()):
        for line in lines:
            if line[0] == "-":
                removed.add(number)
            number += line[0] in " -"
            added += line[0] == "+"
    assert removed <= touched
    assert added <= len(touched) + sum(each.text.count("\n") for each in edits)


@given(edited(), st.integers(0, 4))
def test_a_diff_says_nothing_twice_and_shows_no_more_context_than_asked(
    case: tuple[str, tuple[Edit, ...]], context: int
) -> None:
    for _, lines in hunks(Patch("f", *case).diff(context)):
        # The remark on a missing line end belongs to its line.
        joined = "\n".join(lines).replace("\n\\ No newline", "\x1e\\ No newline").split("\n")
        runs = re.findall(r"(\ *)(-*)(\+*)", "".join(line[0] for line in joined))[:-1]
        assert all(old or new for _, old, new in runs[:-1])
        assert len(runs[0][0]) <= context
        assert all(1 <= len(kept) <= 2 * context for kept, _, _ in runs[1:-1])
        if not runs[-1][1] and not runs[-1][2]:
            assert len(runs[-1][0]) <= context
        at = 0
        for kept, old, new in runs:
            gone = [line[1:] for line in joined[at + len(kept) : at + len(kept) + len(old)]]
            at += len(kept) + len(old) + len(new)
            come = [line[1:] for line in joined[at - len(new) : at]]
            assert not (gone and come) or (gone[0] != come[0] and gone[-1] != come[-1])


@pytest.mark.parametrize(
    ("before", "edits", "body"),
    [
        ("a\nb\nc\n", [edit(2, 3, "B")], "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"),
        ("ab\n", [edit(0, 1, "A"), edit(1, 2, "B")], "@@ -1 +1 @@\n-ab\n+AB\n"),
        ("a\n", [edit(1, 1, "\nb")], "@@ -1 +1,2 @@\n a\n+b\n"),
        ("a\n", [edit(2, 2, "b\n")], "@@ -1 +1,2 @@\n a\n+b\n"),
        ("a\n", [edit(2, 2, "b")], "@@ -1 +1,2 @@\n a\n+b\n\\ No newline at end of file\n"),
        ("a\n", [edit(0, 0, "b"), edit(0, 0, "\n")], "@@ -1 +1,2 @@\n+b\n a\n"),
        (
            "a",
            [edit(1, 1, "\nb")],
            "@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n",
        ),
        ("a\nb", [edit(0, 1, "A")], "@@ -1,2 +1,2 @@\n-a\n+A\n b\n\\ No newline at end of file\n"),
        ("a\nb\n", [edit(1, 2)], "@@ -1,2 +1 @@\n-a\n-b\n+ab\n"),
        ("a\nb\n", [edit(1, 3)], "@@ -1,2 +1 @@\n a\n-b\n"),
        ("a\nb\n", [edit(0, 2), edit(4, 4, "a\n")], "@@ -1,2 +1,2 @@\n-a\n b\n+a\n"),
        ("a\nb\nc\n", [edit(0, 4, "a\nx\nb\n"), edit(4, 5, "d")], "@@ -1,3 +1,4 @@\n a\n+x\n b\n-c\n+d\n"),
        ("a\r\nb\r\n", [edit(1, 1, "\r\nc")], "@@ -1,2 +1,3 @@\n a\r\n+c\r\n b\r\n"),
        ("", [edit(0, 0, "a\n")], "@@ -0,0 +1 @@\n+a\n"),
        ("a\n", [edit(0, 2)], "@@ -1 +0,0 @@\n-a\n"),
        ("a\n", [edit(0, 2), edit(2, 2, "a\n")], None),
        ("a\n", [edit(0, 1, "a")], None),
        ("a\n", [], None),
    ],
)
def test_the_diff_is_the_smallest_that_the_edits_allow(before: str, edits: list[Edit], body: str | None) -> None:
    expected = "" if body is None else f"--- a/f\n+++ b/f\n{body}"
    assert Patch("f", before, tuple(edits)).diff() == expected


def test_hunks_part_where_more_than_twice_the_context_lies_between() -> None:
    text = "".join(f"{number}\n" for number in range(1, 10))
    near = Patch("f", text, (edit(0, 1, "x"), edit(14, 15, "y\nz")))
    assert near.diff() == "--- a/f\n+++ b/f\n@@ -1,9 +1,10 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n+z\n 9\n"
    assert (
        near.diff(2) == "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n-1\n+x\n 2\n 3\n@@ -6,4 +6,5 @@\n 6\n 7\n-8\n+y\n+z\n 9\n"
    )
    assert near.diff(0) == "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+x\n@@ -8 +8,2 @@\n-8\n+y\n+z\n"
    assert Patch("f", text, (edit(4, 4, "x\n"), edit(6, 8))).diff(0).split("\n")[2::2] == [
        "@@ -2,0 +3 @@",
        "@@ -4 +4,0 @@",
        "",
    ]


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("docker/Dockerfile.dev", "a/docker/Dockerfile.dev"),
        ("my app/Dockerfile", "a/my app/Dockerfile\t"),
        ("-x", "a/-x"),
        ('q"\\', r'"a/q\"\\"'),
        ("\a\b\t\n\v\f\r\x01\x7f", r'"a/\a\b\t\n\v\f\r\001\177"'),
        ("\x7f", r'"a/\177"'),
        ("é\udcff", r'"a/\303\251\377"'),
        ("é x", '"a/\\303\\251 x"\t'),
        ("end ", '"a/end "\t'),
    ],
)
def test_file_names_are_written_as_git_writes_them(path: str, written: str) -> None:
    old, new, _ = Patch(path, "a\n", (edit(0, 1, "b"),)).diff().split("\n", 2)
    assert (old, new) == (f"--- {written}", f"+++ {written.replace('a/', 'b/', 1)}")


@pytest.mark.parametrize("path", ["Dockerfile", "sub/Dockerfile"])
@pytest.mark.parametrize("setting", ["core.autocrlf=false", "core.autocrlf=true", "core.autocrlf=input"])
def test_git_apply_works_within_a_repository_too(tmp_path: Path, path: str, setting: str) -> None:
    """From its root and from a folder in it, whether paths start there or at the root."""
    change = Patch(path, "a\r\nb\r\n", (edit(1, 1, "x"),))
    file = tmp_path / "sub/Dockerfile"
    lay(tmp_path, {"sub/Dockerfile": change.before})
    file.chmod(0o755)
    run(tmp_path, ("git", "init", "-q"))
    run(tmp_path, ("git", "config", *setting.split("=")))
    run(tmp_path, ("git", "add", "."))
    run(tmp_path / "sub", FORWARDS, change.diff())
    assert file.read_bytes() == encode(change.after)
    assert file.stat().st_mode & 0o777 == 0o755
    if path.startswith("sub/"):
        run(tmp_path, BACKWARDS, change.diff())
        assert file.read_bytes() == encode(change.before)


def test_each_hunk_counts_the_lines_that_all_before_it_added() -> None:
    change = Patch("f", "1\n2\n3\n4\n5\n", (edit(0, 0, "x\ny\n"), edit(4, 4, "z\n"), edit(8, 9, "w")))
    headers = [line for line in change.diff(0).split("\n") if line.startswith("@@")]
    assert headers == ["@@ -0,0 +1,2 @@", "@@ -2,0 +5 @@", "@@ -5 +8 @@"]


def test_a_large_file_with_every_line_changed() -> None:
    lines = 40_000
    change = Patch("f", "RUN x\n" * lines, tuple(edit(line * 6 + 4, line * 6 + 5, "y") for line in range(lines)))
    assert change.diff() == f"--- a/f\n+++ b/f\n@@ -1,{lines} +1,{lines} @@\n" + "-RUN x\n" * lines + "+RUN y\n" * lines
    joined = Patch("f", "x\n" * lines, tuple(edit(line * 2 + 1, line * 2 + 2) for line in range(lines)))
    assert joined.diff().endswith("-x\n+" + "x" * lines + "\n\\ No newline at end of file\n")


def test_what_cannot_be_a_diff_is_an_error() -> None:
    with pytest.raises(Overlap):
        Patch("f", "abc\n", (edit(0, 2), edit(1, 3))).diff()
    with pytest.raises(ValueError, match="-1 lines of context"):
        Patch("f", "abc\n", (edit(0, 2),)).diff(-1)


def test_after_is_the_text_with_the_edits_made() -> None:
    change = Patch("f", "abc", (edit(2, 3, "C"), edit(0, 1, "A")))
    assert change.after == "AbC"
