"""The command line and the world: which files it finds, odd names, files and streams that fail, signals."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli, real

ADD = b"FROM alpine:3\nADD main.py /app/\n"
COPY = b"FROM alpine:3\nCOPY main.py /app/\n"
ONLY = ("--select", "prefer-copy")
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")


@pytest.fixture
def cli(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path, capsysbinary, monkeypatch)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Act as a user without privileges."""
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)
    os.setegid(0)


# --- which files


@pytest.mark.parametrize(
    "name",
    "Dockerfile dockerfile Dockerfile.dev app.Dockerfile app.dockerfile .dockerfile Dockerfile.ü Containerfile "
    "Containerfile.dev Containerfile-dev".split(),
)
def test_a_folder_is_searched_for_what_is_called_a_dockerfile(cli: Cli, name: str) -> None:
    cli.write(f"a/b/{name}", ADD)
    assert cli("diff", *ONLY, ".").out.count(b"\n+COPY main.py /app/\n") == 1


@pytest.mark.parametrize(
    "name",
    "Dockerfiles myDockerfile Dockerfile-dev Dockerfile.dockerignore Dockerfile.j2 Dockerfile.tmpl DOCKERFILE.txt "
    "docker-compose.yml Containerfile.dockerignore".split(),
)
def test_other_files_are_not_looked_at_unless_they_are_named(cli: Cli, name: str) -> None:
    cli.write(name, ADD)
    assert cli("diff", *ONLY, ".").code == 3
    assert cli("diff", *ONLY, name).out.endswith(b"\n+COPY main.py /app/\n")


@pytest.mark.parametrize("folder", [".git", "node_modules", ".venv", ".tox", "sub/node_modules/deep"])
def test_folders_of_other_people_are_skipped(cli: Cli, folder: str) -> None:
    cli.write(f"{folder}/Dockerfile", ADD)
    assert cli("diff", *ONLY, ".").code == 3
    assert cli("diff", *ONLY, f"{folder}/Dockerfile").code == 0
    assert cli("diff", *ONLY, folder).code == 0


def test_a_virtual_environment_is_known_by_its_marker(cli: Cli) -> None:
    cli.write("env/lib/Dockerfile", ADD)
    assert cli("check", *ONLY, ".").code == 1
    cli.write("env/pyvenv.cfg", "home = /usr/bin\n")
    assert cli("check", *ONLY, ".").code == 3


def test_each_file_is_done_once_in_the_order_given(cli: Cli) -> None:
    for name in ("b/Dockerfile", "a/Dockerfile", "a/Dockerfile.x"):
        cli.write(name, ADD)
    (cli.folder / "link").symlink_to("a")
    ran = cli("diff", *ONLY, "b", "./b/Dockerfile", ".", "link", "a/../a")
    heads = [line.split(":")[0] for line in ran.lines if not line.startswith(" ")]
    assert heads == ["b/Dockerfile", "a/Dockerfile", "a/Dockerfile.x", "3 of 3 files with changes"]


def test_folders_behind_links_are_not_searched(cli: Cli) -> None:
    cli.write("outside/Dockerfile", ADD)
    (cli.folder / "tree").mkdir()
    (cli.folder / "tree/link").symlink_to("../outside")
    (cli.folder / "tree/loop").symlink_to(".")
    assert cli("diff", *ONLY, "tree").code == 3


@pytest.mark.parametrize(
    "name", ["a b", "ä", "new\nline", "tab\t", "-x", "'\"", "\\", "$(x)", "*", os.fsdecode(b"\xff")]
)
def test_odd_names(cli: Cli, name: str) -> None:
    path = cli.write(name, ADD)
    ran = cli("fix", *ONLY, "--", name)
    assert (ran.code, path.read_bytes()) == (0, COPY)
    assert ran.err.count("1 change; context: its own folder") == 1
    assert len(ran.lines[0].split("\n")) == 1


def test_a_file_called_minus_is_named_with_its_folder(cli: Cli) -> None:
    cli.write("-", ADD)
    assert cli("fix", *ONLY, "./-").code == 0
    assert (cli.folder / "-").read_bytes() == COPY


# --- files that fail


def test_the_other_files_are_still_done(cli: Cli) -> None:
    cli.write("a/Dockerfile", b"NOSUCH\n")
    cli.write("c/Dockerfile", ADD)
    ran = cli("fix", *ONLY, "a", "none", "c")
    assert (ran.code, ran.out) == (2, b"")
    assert [line for line in ran.lines if line.startswith("error: ")] == [
        "error: a/Dockerfile:1: unknown instruction: NOSUCH; a build would fail too, so the file is left as it is",
        "error: none: there is no such file or folder",
    ]
    assert ran.lines[-1] == "1 of 3 files with changes; 2 errors"
    assert (cli.folder / "a/Dockerfile").read_bytes() == b"NOSUCH\n"
    assert (cli.folder / "c/Dockerfile").read_bytes() == COPY


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Dockerfile:1: the file holds no instructions"),
        (b"# words\n", "Dockerfile:1: the file holds no instructions"),
        (b"RUN x\n", "Dockerfile:1: RUN stands before the first FROM"),
        ("FROM a\n".encode("utf-16"), "Dockerfile:1: the file is UTF-16 or UTF-32: save it as UTF-8"),
        (b"\x00\x01\x02", "Dockerfile:1: unknown instruction"),
        (b"FROM a\nCOPY x\nNO\nNOPE\n", "Dockerfile:2: COPY requires at least two arguments"),
        (b"{{ x }}\n" * 3, "Dockerfile:1: unknown instruction: {{ (and 2 more)"),
    ],
    ids=["empty", "comments", "no-from", "utf-16", "binary", "arguments", "template"],
)
@pytest.mark.parametrize("command", ["diff", "fix", "check"])
def test_what_is_no_dockerfile_is_one_line_and_stays(cli: Cli, content: bytes, says: str, command: str) -> None:
    path = cli.write("Dockerfile", content)
    ran = cli(command, "Dockerfile")
    assert (ran.code, ran.out, path.read_bytes()) == (2, b"", content)
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith("error: " + says)


def test_a_file_without_any_stage_is_nothing_to_change(cli: Cli) -> None:
    cli.write("Dockerfile", b"ARG A=1\n")
    ran = cli("diff", "Dockerfile")
    assert (ran.code, ran.out) == (0, b"")
    assert "  line 1: warning: the file holds no FROM: there is nothing to build" in ran.lines


def test_links_that_lead_nowhere(cli: Cli) -> None:
    (cli.folder / "Dockerfile").symlink_to("none")
    (cli.folder / "Dockerfile.loop").symlink_to("Dockerfile.loop")
    for paths in (["."], ["Dockerfile", "Dockerfile.loop"]):
        ran = cli("fix", *paths)
        assert ran.code == 2
        assert ran.lines == [
            "error: Dockerfile: cannot be read: it is a link to none, which does not exist",
            "error: Dockerfile.loop: cannot be read: Too many levels of symbolic links",
            "0 of 2 files with changes; 2 errors",
        ]


def test_a_folder_called_dockerfile_is_searched_like_any_other(cli: Cli) -> None:
    (cli.folder / "Dockerfile").mkdir()
    assert cli("diff", *ONLY, ".").code == 3
    assert cli("diff", *ONLY, "Dockerfile").code == 3
    cli.write("Dockerfile/app.Dockerfile", ADD)
    assert cli("check", *ONLY, "Dockerfile").code == 1


def test_sockets_are_passed_over_in_a_folder(cli: Cli) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("Dockerfile")
        os.mkfifo("Dockerfile.pipe")
        assert cli("diff", ".").code == 3
        ran = cli("diff", "Dockerfile")
        assert ran.code == 2
        assert ran.lines[0].startswith("error: Dockerfile: cannot be read: ")


def test_a_path_that_is_too_long(cli: Cli) -> None:
    ran = cli("diff", "a" * 5_000)
    assert ran.code == 2
    assert ran.lines[0].endswith("a: cannot be read: File name too long")
    assert cli("diff", "none/Dockerfile").lines == ["error: none/Dockerfile: there is no such file or folder"]


@as_root
def test_what_may_not_be_read(
    open_folder: Path, nobody: None, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(open_folder)
    cli = Cli(open_folder, capsysbinary, monkeypatch)
    secret = cli.write("a/Dockerfile", ADD)
    inside = cli.write("closed/Dockerfile", ADD)
    cli.write("z/Dockerfile", ADD)
    secret.chmod(0)
    inside.parent.chmod(0)
    ran = cli("check", *ONLY, ".", "closed/Dockerfile")
    inside.parent.chmod(0o755)
    assert ran.code == 2
    assert [line for line in ran.lines if not line.startswith(" ")] == [
        "error: a/Dockerfile: cannot be read: Permission denied",
        "z/Dockerfile: 1 change; context: its own folder (missing: main.py)",
        "error: ./closed: cannot be read: Permission denied",
        "error: closed/Dockerfile: cannot be read: Permission denied",
        "1 of 4 files with changes; 3 errors",
    ]


@as_root
def test_what_may_not_be_written_stays(
    open_folder: Path, nobody: None, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(open_folder)
    cli = Cli(open_folder, capsysbinary, monkeypatch)
    path = cli.write("Dockerfile", ADD)
    path.chmod(0o444)
    ran = cli("fix", *ONLY, "Dockerfile")
    assert (ran.code, ran.lines, path.read_bytes()) == (2, ["error: Dockerfile is read-only"], ADD)


# --- the program itself


def test_the_program_runs_in_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(ADD)
    ran = real("set -o pipefail; hardenfile diff --select prefer-copy . | git apply", cwd=tmp_path, shell=True)
    assert ran.code == 0
    assert (tmp_path / "Dockerfile").read_bytes() == COPY


def test_arguments_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff")).write_bytes(ADD)
    ran = real("fix", *ONLY, b"\xff", cwd=tmp_path, env={"LC_ALL": "C"})
    assert ran.code == 0
    assert (tmp_path / os.fsdecode(b"\xff")).read_bytes() == COPY
    assert ran.lines[0].startswith("\\xff: 1 change")
    assert real("diff", b"--no-such-\xff", cwd=tmp_path).lines[0].startswith("error: No such option: --no-such-")


def test_a_pipe_may_be_named(tmp_path: Path) -> None:
    script = "hardenfile fix --select prefer-copy --output - <(printf 'FROM a\\nADD b.py /\\n')"
    assert real(script, cwd=tmp_path, shell=True).out == b"FROM a\nCOPY b.py /\n"


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        ("hardenfile diff --select prefer-copy . | true; exit ${PIPESTATUS[0]}", 0, "Dockerfile: 1 change"),
        ("hardenfile diff --select prefer-copy . >/dev/full", 2, "error: standard output cannot be written: No space"),
        ("hardenfile fix --select prefer-copy - >&- <Dockerfile", 2, "error: standard output is closed"),
        ("hardenfile fix --select prefer-copy - <&-", 2, "error: standard input is closed"),
    ],
    ids=["nobody-reads", "disk-full", "no-output", "no-input"],
)
def test_standard_streams_that_fail(tmp_path: Path, script: str, code: int, says: str) -> None:
    (tmp_path / "Dockerfile").write_bytes(ADD * 3_000)
    ran = real(script, cwd=tmp_path, shell=True)
    assert "Traceback" not in ran.err
    assert "Exception ignored" not in ran.err
    assert ran.code == code
    assert code == 0 or says in ran.err


@pytest.mark.parametrize("end", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_the_work_goes_on_when_nobody_is_told(tmp_path: Path, end: str) -> None:
    for name in "abc":
        (tmp_path / f"Dockerfile.{name}").write_bytes(ADD)
    ran = real(f"hardenfile fix --select prefer-copy . {end}", cwd=tmp_path, shell=True)
    assert (ran.code, ran.err) == (0, "")
    assert {(tmp_path / f"Dockerfile.{name}").read_bytes() for name in "abc"} == {COPY}


def test_an_interrupt_is_no_traceback(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Dockerfile")
    program = subprocess.Popen(
        [sys.executable, "-m", "hardenfile", "diff", "Dockerfile"], cwd=tmp_path, stderr=subprocess.PIPE
    )
    with (tmp_path / "Dockerfile").open("wb"):  # opens once the program has opened it, and now waits for what it says
        program.send_signal(signal.SIGINT)
        _, err = program.communicate()
    assert (program.returncode, err) == (130, b"")
