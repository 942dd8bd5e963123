"""Small servers that answer whatever a test wants, well-formed or not, and remember what they were asked."""

import contextlib
import json
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came; names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


# Bytes are sent as they are, and the connection is kept; a callable gets the socket, which is closed after it.
Reply = bytes | Callable[[socket.socket], None]


def reply(
    status: int = 200, body: bytes | str | dict[str, object] = b"", *, reason: str = "", **headers: str | int
) -> bytes:
    """A well-formed HTTP answer; `Content_Type=...` is the header Content-Type, and a dict is sent as JSON."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    named.setdefault("Content-Length", str(len(content)))
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


def reset(connection: socket.socket) -> None:
    """Drop the connection as a crash does: the other side sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket) -> None:
    """Close the connection without an answer."""


@dataclass
class Web:
    """A server on a free port of loopback, one thread a connection; `answer` maps a request to its reply."""

    answer: Callable[[Request], Reply]
    context: ssl.SSLContext | None = None
    address: str = "127.0.0.1"
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((self.address, 0))
        self.host = f"{self.address}:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def asked(self, method: str | None = None) -> list[str]:
        """The targets of all requests so far, or of those with one method."""
        return [request.target for request in self.requests if method in (None, request.method)]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        try:
            with contextlib.suppress(OSError):
                if self.context is not None:
                    self._open.discard(connection)
                    connection = self.context.wrap_socket(connection, server_side=True)
                    self._open.add(connection)
                self._talk(connection)
        finally:
            self._open.discard(connection)
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            while (first := lines.readline()).rstrip().endswith(b" HTTP/1.1"):
                words = first.decode().split()
                headers = {}
                while line := lines.readline().strip():
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                request = Request(words[0], words[1], headers, lines.read(int(headers.get("content-length", "0"))))
                self.requests.append(request)
                answer = self.answer(request)
                if callable(answer):
                    return answer(connection)
                head, _, body = answer.partition(b"\r\n\r\n")
                connection.sendall(head + b"\r\n\r\n" + (b"" if request.method == "HEAD" else body))
            if first:  # a TLS greeting, most likely
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        return None


class Authority:
    """A private certificate authority with one server certificate, for 127.0.0.1 and localhost."""

    def __init__(self, folder: Path) -> None:
        """Make keys and certificates with the `openssl` command."""
        self.certificate, self.key = folder / "ca.pem", folder / "ca.key"
        self.server_certificate, self.server_key = folder / "server.pem", folder / "server.key"
        self.folder = folder
        new: list[str | Path] = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        authority = [
            "-subj",
            "/CN=hardenfile test authority",
            "-addext",
            "keyUsage=critical,keyCertSign,digitalSignature",
        ]
        _run([*new, *authority, "-out", self.certificate, "-keyout", self.key])
        server = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
        issued: list[str | Path] = [
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-CA",
            self.certificate,
            "-CAkey",
            self.key,
        ]
        _run([*new, *server, *issued, "-out", self.server_certificate, "-keyout", self.server_key])

    def context(self) -> ssl.SSLContext:
        """For a server that shows the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server_certificate, self.server_key)
        return context

    def sign(self, text: bytes) -> bytes:
        """The RS256 signature of a text by the authority's key."""
        return _run(["openssl", "dgst", "-sha256", "-sign", self.key], text)


def _run(command: list[str | Path], text: bytes | None = None) -> bytes:
    return subprocess.run(command, input=text, capture_output=True, check=True).stdout
