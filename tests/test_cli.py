"""The command line: what each command prints where, and how it ends."""

import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

import hardenfile
from hardenfile.catalog import catalog
from hardenfile.profiles import PROFILES
from tests.support.cli import Cli, Ran, real

ADD = b"FROM alpine:3\nADD main.py /app/\n"
COPY = b"FROM alpine:3\nCOPY main.py /app/\n"
DIFF = b"""\
--- a/Dockerfile
+++ b/Dockerfile
@@ -1,2 +1,2 @@
 FROM alpine:3
-ADD main.py /app/
+COPY main.py /app/
"""
ONLY = ("--select", "prefer-copy")
BROKEN = b"FROM alpine:3\nADD main.py /app/\nNOSUCH x\n"
PUSHY = '''
from dataclasses import dataclass
from hardenfile import Safety, Transform
from hardenfile.rewrite.insert import lines_after

@dataclass(frozen=True)
class Pushy(Transform):
    """Says three things and does none of them."""

    loud: bool = False
    id = "pushy"
    title = "Be pushy"
    rules = ("pushy 1",)

    def propose(self, document, evidence):
        first, last = document.instructions[0], document.instructions[-1]
        if "BOOM" in document.text:
            raise ValueError("boom")
        yield self.advise(first, "Think of it", "it would be good")
        if last.keyword != "USER":
            edit = lines_after(last, ["USER 1"])
            yield self.change(last, "Be one", edit, safety=Safety.UNSAFE, evidence=("it is so",), why="who knows")
'''


@pytest.fixture
def cli(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path, capsysbinary, monkeypatch)


@pytest.fixture
def plugin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which a package with a transform of its own is installed."""
    folder = tmp_path_factory.mktemp("site")
    info = folder / "pushy-1.dist-info"
    info.mkdir()
    (folder / "pushy.py").write_text(PUSHY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pushy\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[hardenfile.transforms]\npushy = pushy:Pushy\n")
    return {"PYTHONPATH": str(folder)}


def files(ran: Ran) -> list[dict[str, Any]]:
    """The files of a JSON report."""
    report = json.loads(ran.out.decode("utf-8"))
    assert report["version"] == 1
    found: list[dict[str, Any]] = report["files"]
    return found


# --- diff


def test_diff_prints_the_patch_and_nothing_else_on_standard_output(cli: Cli) -> None:
    path = cli.write("Dockerfile", ADD)
    ran = cli("diff", *ONLY, "Dockerfile")
    assert (ran.code, ran.out, path.read_bytes()) == (0, DIFF, ADD)
    assert ran.lines[0].startswith("Dockerfile: 1 change")
    assert "  line 2: Use COPY instead of ADD [prefer-copy:safe]" in ran.lines
    assert any(line.startswith("    evidence: main.py is no archive by its name") for line in ran.lines)


def test_diff_of_nothing_to_change_is_empty(cli: Cli) -> None:
    cli.write("Dockerfile", COPY)
    ran = cli("diff", *ONLY, "Dockerfile")
    assert (ran.code, ran.out) == (0, b"")
    assert ran.lines[0].startswith("Dockerfile: nothing to change")


def test_git_applies_the_patch_of_a_whole_tree(cli: Cli) -> None:
    names = [
        "Dockerfile",
        "a b/Dockerfile",
        "é/Dockerfile.x",
        "q\"'\\/Dockerfile",
        "new\nline/Dockerfile",
        "-x/Dockerfile",
    ]
    for at, name in enumerate(names):
        cli.write(name, ADD.replace(b"\n", b"\r\n") if at % 2 else ADD.rstrip(b"\n"))
    ran = cli("diff", *ONLY, ".")
    assert ran.code == 0
    subprocess.run(["git", "apply"], input=ran.out, check=True, cwd=cli.folder, env={**os.environ, "GIT_DIR": "/none"})
    for at, name in enumerate(names):
        wanted = COPY.replace(b"\n", b"\r\n") if at % 2 else COPY.rstrip(b"\n")
        assert (cli.folder / name).read_bytes() == wanted
    assert cli("check", *ONLY, ".").code == 0
    # One line stays one line, whatever a name holds.
    assert sum(line.startswith("new\\nline/Dockerfile: 1 change") for line in ran.lines) == 1
    assert ran.lines[-1] == "6 of 6 files with changes"


def test_the_patch_of_a_link_is_one_of_the_file_behind_it(cli: Cli) -> None:
    cli.write("Dockerfile", ADD)
    (cli.folder / "Containerfile").symlink_to("Dockerfile")
    ran = cli("diff", *ONLY, ".")
    assert ran.out == DIFF


def test_diff_of_standard_input(cli: Cli) -> None:
    ran = cli("diff", *ONLY, "-", stdin=ADD)
    assert (ran.code, ran.out) == (0, DIFF)
    assert ran.lines[0] == "-: 1 change; no context"


# --- fix


def test_fix_rewrites_in_place_and_keeps_the_mode(cli: Cli) -> None:
    path = cli.write("Dockerfile", ADD)
    path.chmod(0o751)
    ran = cli("fix", *ONLY, "Dockerfile")
    assert (ran.code, ran.out, path.read_bytes()) == (0, b"", COPY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert [one.name for one in cli.folder.iterdir()] == ["Dockerfile"]
    before = path.stat()
    assert cli("fix", *ONLY, "Dockerfile").code == 0
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_fix_writes_through_a_link_inside_the_tree_and_through_none_that_leads_out(cli: Cli) -> None:
    cli.write("tree/one/real", ADD)
    outside = cli.write("outside/real", ADD)
    (cli.folder / "tree/Dockerfile.in").symlink_to("one/real")
    (cli.folder / "tree/Dockerfile.out").symlink_to("../outside/real")
    ran = cli("fix", *ONLY, "tree")
    assert ran.code == 2
    assert (cli.folder / "tree/one/real").read_bytes() == COPY
    assert (cli.folder / "tree/Dockerfile.in").is_symlink()
    assert outside.read_bytes() == ADD
    (error,) = [line for line in ran.lines if line.startswith("error: ")]
    assert "tree/Dockerfile.out is a link to" in error
    assert "name that file" in error


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ADD, COPY),
        (ADD.replace(b"\n", b"\r\n"), COPY.replace(b"\n", b"\r\n")),
        (ADD.rstrip(b"\n"), COPY.rstrip(b"\n")),
        (b"# \xff\xfe\n" + ADD, b"# \xff\xfe\n" + COPY),
        (b"\xef\xbb\xbf" + ADD, b"\xef\xbb\xbf" + COPY),
        (COPY, COPY),
    ],
    ids=["plain", "crlf", "no-final-newline", "no-utf-8", "bom", "nothing"],
)
def test_fix_of_standard_input_prints_the_patched_file_byte_for_byte(cli: Cli, before: bytes, after: bytes) -> None:
    ran = cli("fix", *ONLY, "-", stdin=before)
    assert (ran.code, ran.out) == (0, after)


def test_fix_of_a_broken_standard_input_prints_it_as_it_was(cli: Cli) -> None:
    ran = cli("fix", *ONLY, "-", stdin=BROKEN)
    assert (ran.code, ran.out) == (2, BROKEN)
    assert ran.lines == [
        "error: -:3: unknown instruction: NOSUCH; a build would fail too, so the file is left as it is",
    ]
    cli.write(".hardenfile.toml", "nosuch = 1\n")
    assert cli("fix", "-", stdin=ADD).out == ADD


def test_output_writes_elsewhere_and_leaves_the_original(cli: Cli) -> None:
    path = cli.write("Dockerfile", ADD)
    ran = cli("fix", *ONLY, "Dockerfile", "--output", "new")
    assert (ran.code, ran.out, path.read_bytes(), (cli.folder / "new").read_bytes()) == (0, b"", ADD, COPY)
    assert cli("fix", *ONLY, "-", "--output", "from-stdin", stdin=ADD).out == b""
    assert (cli.folder / "from-stdin").read_bytes() == COPY
    assert cli("fix", *ONLY, "Dockerfile", "--output", "-").out == COPY
    cli.write("same", COPY)
    assert cli("fix", *ONLY, "same", "--output", "copy").code == 0
    assert (cli.folder / "copy").read_bytes() == COPY


def test_output_is_not_written_for_a_broken_file(cli: Cli) -> None:
    cli.write("Dockerfile", BROKEN)
    assert cli("fix", "Dockerfile", "--output", "new").code == 2
    assert not (cli.folder / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("fix", "Dockerfile", "other", "--output", "x"), "name one file"),
        (("fix", ".", "--output", "x"), "name one file"),
        (("fix", "-", "--output-format", "json"), "needs --output FILE as well"),
        (("fix", "Dockerfile", "--output", "no/such/folder"), "cannot write no/such/folder: No such file"),
    ],
)
def test_output_that_cannot_be(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    path = cli.write("Dockerfile", ADD)
    ran = cli(*arguments)
    assert (ran.code, ran.out, path.read_bytes()) == (2, b"", ADD)
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith("error: ")
    assert says in ran.lines[0]


# --- check


def test_check_ends_with_one_when_something_would_change(cli: Cli) -> None:
    path = cli.write("Dockerfile", ADD)
    ran = cli("check", *ONLY, "Dockerfile")
    assert (ran.code, ran.out, path.read_bytes()) == (1, b"", ADD)
    assert ran.lines[0].startswith("Dockerfile: 1 change")
    cli.write("Dockerfile", COPY)
    assert cli("check", *ONLY, "Dockerfile").code == 0
    cli.write("Dockerfile", BROKEN)
    assert cli("check", *ONLY, "Dockerfile").code == 2


def test_a_failure_weighs_more_than_a_change(cli: Cli) -> None:
    cli.write("a/Dockerfile", ADD)
    cli.write("b/Dockerfile", BROKEN)
    assert cli("check", *ONLY, ".").code == 2


def test_no_dockerfile_found(cli: Cli) -> None:
    for command in ("diff", "fix", "check"):
        ran = cli(command, ".")
        assert (ran.code, ran.out) == (3, b"")
        assert ran.lines == ["error: no Dockerfile was found in .; name the file if it is called otherwise"]
    ran = cli("diff", ".", "--output-format", "json")
    assert (ran.code, files(ran)) == (3, [])


# --- what is told


def test_held_changes_are_told_with_how_many_which_and_why(plugin: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(COPY)
    ran = real("diff", "--select", "pushy", "Dockerfile", cwd=tmp_path, env=plugin)
    assert (ran.code, ran.out) == (0, b"")
    assert ran.lines == [
        "Dockerfile: nothing to change, 1 more with --unsafe; context: its own folder (missing: main.py)",
        "  line 2: needs --unsafe: Be one [pushy:unsafe]",
        "    why: who knows",
        "    evidence: it is so",
        "  line 1: advice: Think of it [pushy:advice]",
        "    why: it would be good",
    ]
    # Neither what is held back nor advice is something that would change.
    assert real("check", "--select", "pushy", "Dockerfile", cwd=tmp_path, env=plugin).code == 0
    assert real("check", "--select", "pushy", "--unsafe", "Dockerfile", cwd=tmp_path, env=plugin).code == 1
    applied = real("fix", "--select", "pushy", "--unsafe", "-", cwd=tmp_path, env=plugin, stdin=COPY)
    assert applied.out == COPY + b"USER 1\n"


def test_a_transform_that_fails_is_one_line_and_the_other_files_are_done(
    plugin: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile.a").write_bytes(ADD + b"ENV A=BOOM\n")
    (tmp_path / "Dockerfile.b").write_bytes(ADD)
    ran = real("fix", ".", "--ignore", "add-user", cwd=tmp_path, env=plugin)
    assert ran.code == 2
    assert ran.lines[0] == "error: Dockerfile.a: pushy failed on this file (ValueError: boom)"
    assert (tmp_path / "Dockerfile.a").read_bytes() == ADD + b"ENV A=BOOM\n"
    assert (tmp_path / "Dockerfile.b").read_bytes() == COPY


def test_a_third_party_is_listed_explained_and_configured(plugin: dict[str, str], tmp_path: Path) -> None:
    listed = real("list", cwd=tmp_path, env=plugin)
    assert re.search(rb"^pushy +Be pushy\n +answers pushy 1\n", listed.out, re.MULTILINE)
    explained = real("explain", "pushy", cwd=tmp_path, env=plugin)
    assert (explained.code, explained.out.decode().split("\n")[0]) == (0, "pushy: Be pushy")
    (tmp_path / ".hardenfile.toml").write_text("[pushy]\nlod = true\n")
    wrong = real("diff", "-", cwd=tmp_path, env=plugin, stdin=COPY)
    assert "pushy has no option 'lod' (did you mean 'loud'?)" in wrong.err


def test_a_package_that_cannot_be_loaded_is_named(plugin: dict[str, str], tmp_path: Path) -> None:
    (Path(plugin["PYTHONPATH"]) / "pushy.py").write_text("import nosuchmodule\n")
    ran = real("list", cwd=tmp_path, env=plugin)
    assert (ran.code, ran.out) == (2, b"")
    assert ran.lines == ["error: the entry point pushy:Pushy cannot be loaded: No module named 'nosuchmodule'"]


def test_the_same_reason_is_told_once(cli: Cli) -> None:
    cli.write("Dockerfile", ADD + b"ADD util.py /app/\nADD x.tar.gz /\n")
    ran = cli("diff", *ONLY, "Dockerfile")
    assert sum("why: " in line for line in ran.lines) == 1
    assert sum("evidence: " in line for line in ran.lines) == 2
    assert ran.lines[-1].startswith("  line 4: left alone: x.tar.gz is an archive by its name")
    assert ran.err.split()[-1] == "[prefer-copy:archive]"


def test_lines_are_wrapped(cli: Cli) -> None:
    cli.write("Dockerfile", b"FROM alpine:3\nADD " + b" ".join(b"file%d.py" % at for at in range(60)) + b" /app/\n")
    ran = cli("diff", *ONLY, "Dockerfile")
    assert max(len(line) for line in ran.lines) <= 100


def test_nothing_that_a_terminal_acts_on_is_printed_to_it(cli: Cli) -> None:
    cli.write("Dockerfile", b"FROM alpine:3\nADD \x1b[31m.tar.gz \xff.tar.gz /\n\x1b]0;x\x07NO x\n")
    cli.write("Dockerfile.b", b"FROM alpine:3\nADD \x1b[31m.tar.gz /\nADD \xff.tar.gz /\n")
    ran = cli("diff", *ONLY, ".")
    assert all(char.isprintable() or char == "\n" for char in ran.err)
    assert "\\x1b[31m.tar.gz is an archive" in ran.err
    assert "error: Dockerfile:3: unknown instruction: " in ran.err


# --- JSON


def test_json_has_the_shape_that_programs_rely_on(cli: Cli) -> None:
    cli.write("Dockerfile", ADD + b"ADD x.tar.gz /\n")
    ran = cli("diff", *ONLY, "--output-format", "json", "Dockerfile")
    (file,) = files(ran)
    assert (ran.code, ran.err) == (0, "")
    assert (file["path"], file["status"]) == ("Dockerfile", "changed")
    (change,) = file["changes"]
    assert change.keys() >= {"transform", "title", "line", "safety", "applied", "evidence", "rules", "why"}
    assert (change["transform"], change["title"]) == ("prefer-copy", "Use COPY instead of ADD")
    assert (change["line"], change["safety"], change["applied"]) == (2, "safe", True)
    assert "CIS 4.9" in change["rules"]
    assert isinstance(change["evidence"], list)
    (refusal,) = file["refusals"]
    assert (refusal["transform"], refusal["reason"], refusal["line"]) == ("prefer-copy", "archive", 3)
    assert "x.tar.gz" in refusal["message"]
    assert (file["advice"], file["diagnostics"]) == ([], [])
    assert file["diff"].startswith("--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,3 +1,3 @@\n")
    assert file["context"]["path"] == "."
    assert file["context"]["missing"] == ["main.py", "x.tar.gz"]


def test_json_of_held_changes_and_advice(plugin: dict[str, str], tmp_path: Path) -> None:
    ran = real("diff", "--select", "pushy", "--output-format", "json", "-", cwd=tmp_path, env=plugin, stdin=COPY)
    (file,) = files(ran)
    assert (file["path"], file["status"], file["diff"]) == ("-", "unchanged", "")
    (change,) = file["changes"]
    assert (change["safety"], change["applied"], change["why"]) == ("unsafe", False, "who knows")
    assert file["advice"] == [
        {"transform": "pushy", "title": "Think of it", "line": 1, "rules": ["pushy 1"], "why": "it would be good"}
    ]


def test_json_of_errors(cli: Cli) -> None:
    cli.write("a/Dockerfile", BROKEN)
    cli.write("b/Dockerfile", ADD)
    ran = cli("check", *ONLY, "--output-format", "json", ".", "none")
    assert (ran.code, ran.err) == (2, "")
    broken, sound, missing = files(ran)
    assert [one["status"] for one in (broken, sound, missing)] == ["error", "changed", "error"]
    assert broken["diagnostics"] == [{"line": 3, "severity": "error", "message": "unknown instruction: NOSUCH"}]
    assert broken["error"].startswith("a/Dockerfile:3: unknown instruction")
    assert missing["error"] == "none: there is no such file or folder"
    for one in (broken, missing):
        assert (one["changes"], one["advice"], one["refusals"], one["diff"]) == ([], [], [], "")


def test_json_is_valid_whatever_the_file_and_its_name_hold(cli: Cli) -> None:
    folder = os.fsdecode(b"\xff\xfe\x1b")
    cli.write(f"{folder}/Dockerfile", b"# \xff\nFROM alpine:3\nADD \xfe.tar.gz /\nADD main.py /app/\n")
    ran = cli("diff", *ONLY, "--output-format", "json", "--context", folder, ".")
    (file,) = files(ran)
    assert file["path"] == "��\x1b/Dockerfile"
    assert "+COPY main.py" in file["diff"]


def test_fix_tells_what_it_did_as_json_too(cli: Cli) -> None:
    path = cli.write("Dockerfile", ADD)
    (file,) = files(cli("fix", *ONLY, "--output-format", "json", "Dockerfile"))
    assert (file["status"], path.read_bytes()) == ("changed", COPY)


# --- list, explain, help, version


def test_list_and_explain(cli: Cli) -> None:
    ran = cli("list")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(rb"^prefer-copy +Use COPY instead of ADD\n +answers CIS 4\.9; ", ran.out, re.MULTILINE)
    listed, _, families = ran.out.decode().partition("\nfamilies:\n")
    assert {line.split()[0] for line in listed.split("\n") if line[:1].strip()} == set(catalog())
    assert {line.split()[0] for line in families.split("\n") if line[:1].strip()} == set(PROFILES)
    page = Path(hardenfile.__file__).parent / "transforms/prefer_copy/README.md"
    assert cli("explain", "prefer-copy").out.rstrip(b"\n") == page.read_bytes().rstrip(b"\n")
    ran = cli("explain", "prefer-cpoy")
    assert (ran.code, ran.out) == (2, b"")
    assert ran.lines == [
        "error: no transform is called 'prefer-cpoy' (did you mean 'prefer-copy'?); hardenfile list names them all"
    ]


def test_version_and_help(cli: Cli) -> None:
    assert cli("--version").out.decode() == f"hardenfile {hardenfile.__version__}\n"
    for arguments in (("--help",), ("-h",), ("diff", "--help"), ("fix", "-h"), ("explain", "--help")):
        ran = cli(*arguments)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith(b"Usage: hardenfile ")
    assert b"Exit codes: 0 done" in cli("--help").out


def test_no_arguments_at_all_is_answered_with_the_help(cli: Cli) -> None:
    ran = cli()
    assert (ran.code, ran.out) == (2, b"")
    assert ran.lines[0].startswith("Usage: hardenfile ")
    assert "error" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("dif", "x"), "No such command 'dif'"),
        (("diff",), "Missing argument 'PATH'"),
        (("diff", "--selct", "x", "."), "No such option: --selct"),
        (("diff", "--select"), "'--select' requires an argument"),
        (("diff", "--output-format", "xml", "."), "'xml' is not one of 'text', 'json'"),
        (("diff", "--select", "prefer-cpoy", "."), "'prefer-cpoy' (did you mean 'prefer-copy'?)"),
        (("diff", "--ignore", "prefer-copy,zzzzzzzzzzzz", "."), "family or finding is called 'zzzzzzzzzzzz'"),
        (("diff", "--context", "none", "."), "--context none: there is no such folder"),
        (("diff", "--config", "none", "."), "--config none: cannot be read: No such file"),
        (("explain",), "Missing argument 'ID'"),
    ],
)
def test_a_wrong_argument_is_one_line(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    ran = cli(*arguments)
    assert (ran.code, ran.out) == (2, b"")
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith("error: ")
    assert says in ran.lines[0]


# --- which transforms


def test_select_and_ignore_take_ids_with_commas_or_repeated(cli: Cli) -> None:
    for chosen in (
        ["--select", "prefer-copy", "--select", "add-user"],
        ["--select", "prefer-copy, add-user"],
        ["--select", "prefer-copy,add-user", "--ignore", "add-user"],
        ["--ignore", "add-user"],
    ):
        assert b"+COPY main.py /app/" in cli("diff", *chosen, "-", stdin=ADD).out
    for chosen in (["--ignore", "prefer-copy,add-user"], [*ONLY, "--ignore", "prefer-copy"], ["--select", "add-user"]):
        assert b"+COPY" not in cli("diff", *chosen, "-", stdin=ADD).out


def test_an_unknown_target_lists_the_stages(cli: Cli) -> None:
    path = cli.write("Dockerfile", b"FROM alpine:3 AS build\nFROM alpine:3\nCMD x\n")
    ran = cli("fix", "--target", "biuld", "Dockerfile")
    assert (ran.code, path.read_bytes()) == (2, b"FROM alpine:3 AS build\nFROM alpine:3\nCMD x\n")
    assert ran.lines == ["error: Dockerfile: no stage is called 'biuld'; there are: build, 1"]
    assert cli("diff", *ONLY, "--target", "build", "Dockerfile").code == 0


# --- the context


def test_the_context_is_found_and_told(cli: Cli) -> None:
    (cli.folder / ".git").mkdir()
    cli.write("blob", b"\x1f\x8b\x08")
    cli.write("deploy/docker/Dockerfile", b"FROM alpine:3\nADD blob /\n")
    ran = cli("diff", *ONLY, "deploy")
    assert ran.out == b""
    assert ran.lines[0] == (
        "deploy/docker/Dockerfile: nothing to change; context: . (the nearest parent with every source)"
    )
    assert "[prefer-copy:archive]" in ran.err


def test_without_a_fitting_folder_it_is_the_files_own_and_what_is_missing_is_named(cli: Cli) -> None:
    cli.write("app/Dockerfile", b"FROM alpine:3\nCOPY . /\nCOPY dist package.json /\n")
    cli.write("app/package.json", "")
    ran = cli("diff", *ONLY, "app")
    assert ran.lines == ["app/Dockerfile: nothing to change; context: its own folder (missing: dist)"]
    many = b"FROM alpine:3\nCOPY a b c d e f g /x/\n"
    assert cli("diff", *ONLY, "--context", ".", "-", stdin=many).lines == [
        "-: nothing to change; context: . (missing: a, b, c, d, e and 2 more)"
    ]


def test_a_context_that_is_given_is_taken(cli: Cli) -> None:
    cli.write("app/Dockerfile", b"FROM alpine:3\nADD blob /\n")
    cli.write("app/blob", "text")
    cli.write("other/blob", b"\x1f\x8b\x08")
    assert b"+COPY blob" in cli("diff", *ONLY, "app/Dockerfile").out
    ran = cli("diff", *ONLY, "--context", "other", "app/Dockerfile")
    assert (ran.out, ran.lines[0]) == (b"", "app/Dockerfile: nothing to change; context: other")
    assert cli("diff", *ONLY, "--context", "other", "-", stdin=b"FROM alpine:3\nADD blob /\n").out == b""
