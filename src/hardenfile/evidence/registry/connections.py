"""Connections that are kept for the next request, and answers that must arrive by a deadline."""

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any

from .origin import Origin

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A server may be silent for one time-out, and an answer may take so many of them in all.
_TIMEOUTS_IN_ALL = 4


class Connections:
    """Idle connections, a few for each origin. Safe to use from several threads."""

    def __init__(self, *, context: Callable[[Origin], ssl.SSLContext], timeout: float, keep: int) -> None:
        """`timeout`: seconds; `keep`: how many idle connections stay open for an origin."""
        self._context, self._timeout, self._keep = context, timeout, keep
        self._idle: dict[Origin, list[HTTPConnection]] = {}
        self._lock = threading.Lock()

    def take(self, origin: Origin) -> tuple[HTTPConnection, bool]:
        """A connection for one request, and whether it was used before (so the server may have closed it since)."""
        with self._lock:
            idle = self._idle.get(origin)
            connection = idle.pop() if idle else None
        if connection is None:
            return self.open(origin), False
        if connection.sock is not None:
            connection.sock.settimeout(self._timeout)
        return connection, True

    def open(self, origin: Origin, timeout: float | None = None) -> HTTPConnection:
        """A new connection, connected and with its TLS handshake done. Raises OSError."""
        wait = self._timeout if timeout is None else timeout
        connection = (
            _SecureConnection(origin.host, origin.port, timeout=wait, context=self._context(origin))
            if origin.scheme == "https"
            else _PlainConnection(origin.host, origin.port, timeout=wait)
        )
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        connection.sock.settimeout(self._timeout)
        return connection

    def keep(self, origin: Origin, connection: HTTPConnection) -> None:
        """Take a connection back whose answer was read to its end."""
        if connection.sock is not None:
            with self._lock:
                idle = self._idle.setdefault(origin, [])
                if len(idle) < self._keep:
                    idle.append(connection)
                    return
        connection.close()

    def forget(self, origin: Origin) -> None:
        """Close an origin's idle connections."""
        with self._lock:
            idle = self._idle.pop(origin, [])
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Close all that are idle; the pool can be used again afterwards."""
        for origin in list(self._idle):
            self.forget(origin)


class _Timed(io.RawIOBase):
    """Reads a socket until a deadline, however slowly the other side drips."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock, self._raw = sock, sock.makefile("rb", buffering=0)
        self._silence = sock.gettimeout() or 1.0
        self._deadline = time.monotonic() + _TIMEOUTS_IN_ALL * self._silence

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(min(self._silence, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        untimed, self.fp = self.fp, io.BufferedReader(_Timed(sock))
        untimed.close()


class _PlainConnection(HTTPConnection):
    response_class = _TimedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse
