"""Git over HTTP as GitHub speaks it: `git http-backend` behind the fake's own port."""

import base64
import os
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .calls import Answer

if TYPE_CHECKING:
    from .github import GitHub, Token


def git_http(forge: "GitHub", method: str, target: str, headers: Mapping[str, str], content: bytes) -> Answer:
    """Answer one request of `git clone`, `fetch` or `push`; a push wants a token, as the password of anybody."""
    path, _, query = target.partition("?")
    pushes = "git-receive-pack" in target
    login = _login(headers.get("authorization", ""), forge.tokens)
    _, owner, name, *rest = path.split("/")
    name = name.removesuffix(".git")
    found = forge.find(owner, name) or forge.moved(owner, name)
    closed = found is not None and found.private and (login is None or login in found.outsiders)
    if login is None and (pushes or closed or "authorization" in headers):
        return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="GitHub"'})
    if found is None or closed:
        return Answer(404, b"Repository not found.")
    if pushes and (found.archived or login in found.readers):
        return Answer(403, b"Write access to repository not granted.")
    environment = {
        **os.environ,
        "GIT_PROJECT_ROOT": str(forge.folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "REQUEST_METHOD": method,
        "PATH_INFO": "/".join(["", owner, f"{found.name}.git", *rest]),
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_USER": login or "",
    }
    done = subprocess.run(["git", "http-backend"], input=content, capture_output=True, env=environment)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    told = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(told.pop("Status", "200").split()[0])
    return Answer(status, body, told)


def _login(authorization: str, tokens: Mapping[str, "Token"]) -> str | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        value = base64.b64decode(value).decode().partition(":")[2]
    token = tokens.get(value)
    return token.login if token is not None and (token.calls is None or token.calls > 0) else None
