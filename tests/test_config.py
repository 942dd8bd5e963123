"""The configuration: where it is looked for, what it may say, and how a mistake in it is told."""

from pathlib import Path

import pytest

from hardenfile.config import Config, nearest_config, read_config
from hardenfile.errors import UsageError
from tests.support.cli import Cli

ADD = b"FROM alpine:3\nADD main.py /app/\n"
COPY = b"FROM alpine:3\nCOPY main.py /app/\n"
NOT_COPY = 'ignore = ["prefer-copy"]\nselect = ["prefer-copy"]\n'
ONLY_COPY = 'select = ["prefer-copy"]\n'


@pytest.fixture
def cli(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path, capsysbinary, monkeypatch)


def changed(cli: Cli, *arguments: str) -> list[str]:
    """The files that a run would change."""
    ran = cli("diff", *arguments)
    assert ran.code == 0, ran.err
    return [line[6:].decode() for line in ran.out.split(b"\n") if line.startswith(b"+++ b/")]


def test_the_nearest_file_upwards_holds(cli: Cli) -> None:
    for folder in ("a", "a/b", "a/b/c", "d"):
        cli.write(f"{folder}/Dockerfile", ADD)
    cli.write(".hardenfile.toml", ONLY_COPY)
    cli.write("a/b/.hardenfile.toml", NOT_COPY)
    assert changed(cli, ".") == ["a/Dockerfile", "d/Dockerfile"]
    assert changed(cli, "a/b/c/Dockerfile") == []


def test_both_names_are_read_and_the_own_one_goes_first(cli: Cli) -> None:
    cli.write("Dockerfile", ADD)
    cli.write("pyproject.toml", "[tool.hardenfile]\n" + NOT_COPY)
    assert changed(cli, ".") == []
    cli.write(".hardenfile.toml", ONLY_COPY)
    assert changed(cli, ".") == ["Dockerfile"]


def test_a_pyproject_that_says_nothing_of_hardenfile_is_passed_over(cli: Cli) -> None:
    cli.write("pyproject.toml", "[tool.hardenfile]\n" + NOT_COPY)
    cli.write("a/Dockerfile", ADD)
    for text in ("", "[tool.other]\nx = 1\n", "this is no TOML", b"\xff\xfe", "[project]\nname = 'hardenfile-x'\n"):
        cli.write("a/pyproject.toml", text)
        assert changed(cli, ".") == []


def test_standard_input_takes_the_configuration_of_the_present_folder(cli: Cli) -> None:
    cli.write(".hardenfile.toml", NOT_COPY)
    assert cli("fix", "-", stdin=ADD).out == ADD


def test_the_command_line_overrides_the_file(cli: Cli) -> None:
    cli.write("Dockerfile", ADD)
    cli.write(".hardenfile.toml", NOT_COPY)
    assert changed(cli, "--ignore", "add-user", "Dockerfile") == ["Dockerfile"]
    cli.write(".hardenfile.toml", 'select = ["add-user"]\n')
    assert changed(cli, "--select", "prefer-copy", "Dockerfile") == ["Dockerfile"]
    source = b"FROM example.test/unknown\nUSER root\nCMD x\n"
    cli.write(".hardenfile.toml", 'unsafe = true\nselect = ["add-user"]\n')
    assert b"+USER" in cli("diff", "-", stdin=source).out
    assert cli("diff", "--no-unsafe", "-", stdin=source).out == b""
    cli.write(".hardenfile.toml", 'select = ["add-user"]\n')
    assert cli("diff", "-", stdin=source).out == b""
    assert b"+USER" in cli("diff", "--unsafe", "-", stdin=source).out


def test_a_file_that_is_named_goes_before_the_nearest(cli: Cli) -> None:
    cli.write("Dockerfile", ADD)
    cli.write(".hardenfile.toml", NOT_COPY)
    cli.write("other.toml", ONLY_COPY)
    assert changed(cli, "--config", "other.toml", ".") == ["Dockerfile"]
    cli.write("pyproject.toml", "[tool.hardenfile]\n" + ONLY_COPY)
    assert changed(cli, "--config", "pyproject.toml", ".") == ["Dockerfile"]


def test_options_reach_their_transform(cli: Cli) -> None:
    cli.write(".hardenfile.toml", "[add-user]\nuid = 2345\ngid = 3456\n")
    ran = cli("diff", "--unsafe", "-", stdin=b"FROM debian:12\nCMD sleep 9\n")
    assert b"\n+USER 2345:3456\n" in ran.out


def test_what_a_configuration_holds(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(
        b"\xef\xbb\xbfselect = ['add-user']\r\nunsafe = true\r\n[add-user]\r\nuid = 5\r\n"
        b"[images.'acme/base']\r\nlike = 'debian:12'\r\n"
    )
    assert read_config(path) == Config(
        path,
        select=("add-user",),
        ignore=(),
        unsafe=True,
        options={"add-user": {"uid": 5}},
        images={"acme/base": {"like": "debian:12"}},
    )
    assert nearest_config(tmp_path) == Config()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("unsfae = true", "unknown key 'unsfae' (did you mean 'unsafe'?)"),
        ("[add_user]\nuid = 1", "unknown key 'add_user' (did you mean 'add-user'?)"),
        ("zzzzzzzzzzzzzzzzz = 1", "unknown key 'zzzzzzzzzzzzzzzzz'"),
        (
            'select = ["prefer-cpoy"]',
            "select: no transform, family or finding is called 'prefer-cpoy' (did you",
        ),
        (
            'ignore = ["prefer-cpoy"]',
            "ignore: no transform, family or finding is called 'prefer-cpoy' (did you",
        ),
        ('select = "prefer-copy"', "select takes a list of texts, not 'prefer-copy'"),
        ("ignore = [1]", "ignore takes a list of texts, not [1]"),
        ("unsafe = 1", "unsafe takes true or false, not 1"),
        ("add-user = 3", "add-user takes a table, not 3"),
        ("[add-user]\nuidd = 1", "add-user has no option 'uidd' (did you mean 'uid'?)"),
        ('[add-user]\nuid = "1"', "add-user: uid takes a whole number, not '1'"),
        ("[add-user]\nuid = 0", "add-user: uid is a number from 1"),
        ("images = []", "images takes a table, not []"),
        ("[images]\nacme = 1", 'images."acme" takes a table, not 1'),
        ("[images.acme]\nfamliy = 'debian'", 'unknown key "famliy"; did you mean "family"?'),
        ("[images.acme]\nfamily = 'dos'", "family must be one of"),
        ("select = [", "is no TOML: "),
        (b"# \xff", "is not UTF-8"),
    ],
)
@pytest.mark.parametrize("name", [".hardenfile.toml", "pyproject.toml", "named.toml"])
def test_a_mistake_names_the_file_the_key_and_the_nearest(cli: Cli, text: str | bytes, says: str, name: str) -> None:
    path = cli.write("app/Dockerfile", ADD)
    raw = text.encode() if isinstance(text, str) else text
    if name == "pyproject.toml":
        table = raw.replace(b"[", b"[tool.hardenfile.", 1) if raw.startswith(b"[") else b"[tool.hardenfile]\n" + raw
        config = cli.write(name, table)
    else:
        config = cli.write(name, raw)
    given = ["--config", str(config)] if name == "named.toml" else []
    ran = cli("fix", *given, "app/Dockerfile")
    assert (ran.code, ran.out, path.read_bytes()) == (2, b"", ADD)
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith(f"error: {config}: ")
    assert says in ran.lines[0]


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nhardenfile = 3"])
def test_a_tool_table_that_is_none(cli: Cli, text: str) -> None:
    cli.write("Dockerfile", ADD)
    cli.write("pyproject.toml", text + "\n# hardenfile\n")
    ran = cli("diff", "--select", "prefer-copy", "Dockerfile")
    if "hardenfile =" in text:
        assert (ran.code, ran.out) == (2, b"")
        assert "pyproject.toml: tool.hardenfile takes a table, not 3" in ran.lines[0]
    else:
        assert ran.code == 0


def test_a_mistake_stops_only_the_files_below_it(cli: Cli) -> None:
    bad, good = cli.write("a/Dockerfile", ADD), cli.write("b/Dockerfile", ADD)
    cli.write("a/.hardenfile.toml", "unsfae = true")
    ran = cli("fix", "--select", "prefer-copy", ".")
    assert ran.code == 2
    assert (bad.read_bytes(), good.read_bytes()) == (ADD, COPY)


def test_the_same_mistake_is_told_once(cli: Cli) -> None:
    for name in "abc":
        cli.write(f"{name}/Dockerfile", ADD)
    cli.write(".hardenfile.toml", "unsfae = true")
    ran = cli("check", ".")
    assert ran.code == 2
    assert sum("unsfae" in line for line in ran.lines) == 1
    assert ran.lines[-1] == "0 of 3 files with changes; 3 errors"


def test_a_named_file_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    with pytest.raises(UsageError, match=r"pyproject\.toml: there is no \[tool\.hardenfile\] in it"):
        read_config(tmp_path / "pyproject.toml")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_config(tmp_path)


def test_a_folder_of_that_name_is_no_configuration(cli: Cli) -> None:
    (cli.folder / ".hardenfile.toml").mkdir()
    cli.write("Dockerfile", ADD)
    assert changed(cli, "--select", "prefer-copy", ".") == ["Dockerfile"]
