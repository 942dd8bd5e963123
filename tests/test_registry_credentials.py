"""Where the registry client finds its credentials: Docker's configuration and its helpers."""

import base64
import sys
from pathlib import Path

import pytest

from hardenfile.evidence.registry import Credentials
from hardenfile.evidence.registry.credentials import CredentialsProblem
from tests.support.docker_config import SECRET, docker_config, login


def pair(credentials: Credentials, host: str) -> tuple[str, str] | None:
    found = credentials.login(host)
    return (found.username, found.password) if found else None


def packed(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def test_entries_are_found_by_the_spellings_that_docker_wrote(tmp_path: Path) -> None:
    credentials = docker_config(
        tmp_path,
        auths={
            "https://index.docker.io/v1/": packed("hub:a:b"),
            "https://old.example/v2/": packed("old:1"),
            "plain.example:5000": {"username": "u", "password": "p"},
            "quay.io/team": packed("team:only"),
            "https://both.example": packed("loose:1"),
            "both.example": packed("exact:1"),
            "empty.example": {},
        },
    )
    assert pair(credentials, "docker.io") == ("hub", "a:b")
    assert pair(credentials, "old.example") == ("old", "1")
    assert pair(credentials, "plain.example:5000") == ("u", "p")
    assert pair(credentials, "both.example") == ("exact", "1")
    for host in ("quay.io", "empty.example", "plain.example", "example"):
        assert pair(credentials, host) is None


def test_docker_config_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    login("a.example", tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert pair(Credentials(), "a.example") == ("robot", SECRET)
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert pair(Credentials(), "a.example") is None
    (tmp_path / "home/.docker").mkdir(parents=True)
    (tmp_path / "config.json").rename(tmp_path / "home/.docker/config.json")
    assert pair(Credentials(), "a.example") == ("robot", SECRET)


@pytest.mark.parametrize("content", ["{", "[]", '{"auths": {"a.example": {"auth": "%%%"}}}', "[" * 99_999])
def test_a_configuration_that_cannot_be_read_is_a_problem_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(CredentialsProblem, match=r"config\.json") as caught:
        Credentials(tmp_path / "config.json").login("a.example")
    assert "\n" not in str(caught.value)


def helper(folder: Path, name: str, code: str) -> None:
    """A credential helper in Python, in `folder`; it notes what it was asked in a file beside it."""
    script = folder / f"docker-credential-{name}"
    note = f"import sys; asked = sys.stdin.read(); open({str(script) + '.log'!r}, 'a').write(sys.argv[1] + ' ' + asked)"
    script.write_text(f"#!{sys.executable} -IS\n{note}\n{code}\n")
    script.chmod(0o755)


def test_helpers_are_asked_by_their_protocol_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, "store", """print('{"ServerURL": "x", "Username": "stored", "Secret": "s"}')""")
    helper(tmp_path, "own", """print('{"Username": "<token>", "Secret": "identity"}')""")
    helper(tmp_path, "none", "print('credentials not found in native keychain'); sys.exit(1)")
    monkeypatch.setenv("PATH", str(tmp_path))
    credentials = docker_config(
        tmp_path,
        credsStore="store",
        credHelpers={"own.example": "own", "none.example": "none", "file.example": "none"},
        auths={"file.example": packed("file:1")},
    )
    for _ in range(2):
        assert pair(credentials, "docker.io") == ("stored", "s")
        own = credentials.login("own.example")
        assert own is not None and (own.identity_token, own.password) == ("identity", "")
        assert pair(credentials, "none.example") is None
        assert pair(credentials, "file.example") == ("file", "1")
    assert (tmp_path / "docker-credential-store.log").read_text() == "get https://index.docker.io/v1/"
    assert (tmp_path / "docker-credential-own.log").read_text() == "get own.example"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fails", "docker-credential-fails failed"),
        ("babbles", "gave no login that can be read"),
        ("missing", "docker-credential-missing is not in PATH"),
        ("../evil", "no plain name"),
        ("a;b", "no plain name"),
        (7, "no plain name"),
    ],
)
def test_a_helper_that_does_not_work_is_a_problem_that_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: object, said: str
) -> None:
    helper(tmp_path, "fails", f"sys.exit('{SECRET}')")
    helper(tmp_path, "babbles", f"print('{SECRET}')")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CredentialsProblem, match=said) as caught:
        docker_config(tmp_path, credsStore=name).login("a.example")
    assert SECRET not in str(caught.value)


def test_a_helper_in_the_folder_under_work_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, "planted", """print('{"Username": "u", "Secret": "s"}')""")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{':'}/usr/bin")
    with pytest.raises(CredentialsProblem, match="not in PATH"):
        docker_config(tmp_path, credsStore="planted").login("a.example")
    assert not (tmp_path / "docker-credential-planted.log").exists()
