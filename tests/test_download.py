"""What a URL hashes to, and every way in which a server can keep that from being known."""

import gzip
import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardenfile.errors import UsageError
from hardenfile.evidence.download import DownloadError, checksum_of
from hardenfile.evidence.pins import Checksum
from tests.support.docker_registry import require
from tests.support.web import Authority, Reply, Request, Web, hang_up, reply, reset

CONTENT = b"content " * 20_000
AT = "2026-11-22T01:00:00Z"
EXPECTED = Checksum(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), AT)


def cut(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")


def chunked(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
    for at in range(0, len(CONTENT), 7001):
        piece = CONTENT[at : at + 7001]
        connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    connection.sendall(b"0\r\n\r\n")


def silent(connection: socket.socket) -> None:
    connection.recv(1)  # until the other side gives up


def answer(request: Request) -> Reply:
    replies: dict[str, Reply] = {
        "/file": reply(200, CONTENT),
        "/chunked": chunked,
        "/moved": reply(301, Location="/again"),
        "/again": reply(302, Location="/file"),
        "/loop": reply(302, Location="/loop"),
        "/local": reply(302, Location="file:///etc/passwd"),
        "/plain": reply(302, Location="http://127.0.0.1:1/file"),
        "/packed": reply(200, gzip.compress(CONTENT), Content_Encoding="gzip"),
        "/cut": cut,
        "/reset": reset,
        "/nothing": hang_up,
        "/noise": b"\x00\x01 this is no HTTP\r\n\r\n",
        "/silent": silent,
    }
    return replies.get(request.target, reply(404, "what the server says"))


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(answer) as running:
        yield running


@pytest.mark.parametrize("path", ["/file", "/moved", "/chunked"])
def test_the_checksum_of_what_is_there(web: Web, path: str) -> None:
    assert checksum_of(f"http://{web.host}{path}", resolved=AT) == EXPECTED
    assert all(request.headers["accept-encoding"] == "identity" for request in web.requests)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/gone", "the server answered with status 404"),
        ("/loop", "the server answered with status 302"),
        ("/local", "the server answered with status 302"),
        ("/packed", "compressed"),
        ("/cut", "cut short"),
        ("/reset", "cannot be fetched"),
        ("/nothing", "cannot be fetched"),
        ("/noise", "cannot be read"),
        ("/silent", "did not answer in time"),
    ],
)
def test_what_cannot_be_hashed_is_one_line_in_our_words(web: Web, path: str, says: str) -> None:
    url = f"http://{web.host}{path}"
    with pytest.raises(DownloadError) as caught:
        checksum_of(url, resolved=AT, timeout=0.5)
    assert str(caught.value).startswith(f"{url}: ") and says in str(caught.value)
    assert "\n" not in str(caught.value) and "what the server says" not in str(caught.value)


def test_the_limit_is_of_bytes(web: Web) -> None:
    url = f"http://{web.host}/file"
    assert checksum_of(url, resolved=AT, limit=len(CONTENT)) == EXPECTED
    with pytest.raises(DownloadError, match="larger than"):
        checksum_of(url, resolved=AT, limit=len(CONTENT) - 1)


def test_tls_with_a_private_authority_and_no_way_down(tmp_path: Path) -> None:
    require("openssl")
    authority = Authority(tmp_path)
    with Web(answer, context=authority.context()) as web:
        at = f"https://{web.host}"
        assert checksum_of(f"{at}/moved", resolved=AT, ca=authority.certificate) == EXPECTED
        with pytest.raises(DownloadError, match="not trusted"):
            checksum_of(f"{at}/file", resolved=AT)
        with pytest.raises(DownloadError, match="redirects from https to plain http"):
            checksum_of(f"{at}/plain", resolved=AT, ca=authority.certificate)
    (tmp_path / "none.pem").write_text("no certificate")
    with pytest.raises(UsageError, match="holds no certificates"):
        checksum_of(f"{at}/file", resolved=AT, ca=tmp_path / "none.pem")
