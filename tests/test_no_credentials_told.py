"""Whatever is locked, asked or refused, with every kind of login: no password or token stands in any output or file."""

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.cli import Cli
from tests.support.images import image
from tests.support.web import Reply, Request, Web, reply

PASSWORD, TOKEN, IDENTITY = "hunter2-Password/1", "tok3n-for-one-pull", "1dentity-token-long-lived"
SECRETS = [
    spelled
    for one in (PASSWORD, TOKEN, IDENTITY)
    for spelled in (one, quote(one, safe=""), base64.b64encode(one.encode()).decode().rstrip("="))
] + [base64.b64encode(f"robot:{PASSWORD}".encode()).decode().rstrip("=")]
IMAGE = image()


@pytest.fixture
def cli(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Cli:
    folder = tmp_path / "work"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return Cli(folder, capsysbinary, monkeypatch)


def echo(request: Request) -> str:
    """What a hostile server says: all that it was told."""
    return json.dumps({"errors": [{"code": "X", "message": f"{request.target} {dict(request.headers)}"}]})


def good(request: Request) -> Reply:
    if request.headers.get("authorization") is None:
        return reply(401, WWW_Authenticate='Basic realm="here"')
    return reply(200, IMAGE.content, Content_Type=IMAGE.media_type, Docker_Content_Digest=IMAGE.digest)


def refusing(request: Request) -> Reply:
    return reply(401, echo(request), WWW_Authenticate='Basic realm="here"')


def failing(request: Request) -> Reply:
    return reply(401 if "authorization" not in request.headers else 403, echo(request), WWW_Authenticate="Basic")


def repeating(request: Request) -> Reply:
    if "authorization" not in request.headers:
        return reply(401, WWW_Authenticate="Basic realm=x")
    return reply(200, echo(request), Content_Type=request.headers["authorization"], Docker_Content_Digest=echo(request))


def redirecting(request: Request) -> Reply:
    if "authorization" not in request.headers:
        return reply(401, WWW_Authenticate="Basic realm=x")
    return reply(307, Location=f"http://{request.headers['authorization'].replace(' ', '')}@elsewhere.invalid/")


def with_tokens(request: Request) -> Reply:
    host = request.headers["host"]
    if request.target.startswith("/token"):
        return reply(200, {"token": TOKEN})
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return reply(401, WWW_Authenticate=f'Bearer realm="http://{host}/token",service="s",scope="repository:a:pull"')
    return reply(404, echo(request))


def token_refused(request: Request) -> Reply:
    host = request.headers["host"]
    if request.target.startswith("/token"):
        return reply(401, echo(request) + request.body.decode())
    return reply(401, WWW_Authenticate=f'Bearer realm="http://{host}/token?{IDENTITY}",service="s"')


@pytest.mark.parametrize(
    "answer",
    [good, refusing, failing, repeating, redirecting, with_tokens, token_refused],
    ids=lambda one: one.__name__,
)
@pytest.mark.parametrize("login", ["auth", "identitytoken"])
def test_no_secret_is_ever_told(
    answer: Callable[[Request], Reply], login: str, cli: Cli, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Web(answer) as web:
        entry = {"auth": base64.b64encode(f"robot:{PASSWORD}".encode()).decode()}
        if login == "identitytoken":
            entry["identitytoken"] = IDENTITY
        (tmp_path / "docker").mkdir()
        (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": {web.host: entry}}))
        download = f"http://robot:{quote(PASSWORD, safe='')}@{web.host}/file"
        cli.write("Dockerfile", f"FROM {web.host}/a:1\nADD http://{web.host}/file /f\n")
        # What a person wrote into a Dockerfile stands in its diff, but in nothing that is said of it.
        secret = cli.write("secret/Dockerfile", f"FROM {web.host}/a:1\nADD {download} /g\n")
        told, ours = "", ("--select", "pin-digests,add-checksum")
        for arguments in (
            ("lock",),
            ("lock", "--refresh", "--verify", "--cooldown", "3"),
            ("lock", "--check"),
            ("diff", ".", *ours),
            ("diff", "Dockerfile", "--online", "--output-format", "json"),
            ("diff", "Dockerfile", "--online", "--mirror", f"docker.io=http://robot:{PASSWORD}@{web.host}"),
            ("check", ".", "--locked", *ours),
            ("fix", "Dockerfile", "--online", "--unsafe"),
        ):
            ran = cli(*arguments)
            told += ran.err + (ran.out.decode() if "." not in arguments else "")
        assert any("authorization" in request.headers for request in web.requests) or answer is token_refused
        files = "".join(path.read_text() for path in cli.folder.rglob("*") if path.is_file() and path != secret)
    everything = told + files + caplog.text
    assert web.host in everything
    assert not [one for one in SECRETS if one in everything.replace("\n    ", "")]
