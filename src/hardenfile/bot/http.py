"""One HTTP request and its answer: connections are kept, nothing is retried and nothing is followed here.

The registry's transport is no help: it sends POSTs again after a 502, and keeps a body in memory. Its connections are.
"""

import http.client
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import BinaryIO

from hardenfile.errors import UsageError
from hardenfile.evidence.registry.connections import Connections
from hardenfile.evidence.registry.errors import RegistryError
from hardenfile.evidence.registry.origin import Origin, Url, is_loopback, origin_of, read_url, split_netloc

from .errors import ForgeError, Passing

_log = logging.getLogger("hardenfile.bot")
_CHUNK = 1 << 16
_LIMIT = 128 << 20  # bytes of one JSON answer; a listing of 100,000 files has 30 million
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is empty where it went into a file."""

    status: int
    headers: HTTPMessage
    body: bytes
    url: Url

    def header(self, name: str) -> str:
        """A header's value, empty where it is not there."""
        return str(self.headers.get(name) or "").strip()

    @property
    def moved(self) -> bool:
        """Whether it says to ask elsewhere."""
        return self.status in _REDIRECTS and bool(self.header("Location"))

    def there(self) -> Url:
        """Where it says to ask. Raises ForgeError for what may not be followed."""
        try:
            there = read_url(self.header("Location"), base=self.url, said_by=self.url.origin.name)
        except RegistryError as error:
            raise ForgeError(str(error), self.status) from None
        if there.origin.scheme == "http" and (self.url.origin.scheme == "https" or not is_loopback(there.origin.host)):
            raise ForgeError(f"{self.url.origin.name} redirects to plain http", self.status)
        return there


def base_url(text: str) -> Url:
    """The address of an API as a person gives it. Raises UsageError; plain http only for this machine itself."""
    scheme, separator, rest = text.strip().partition("://")
    netloc, _, path = rest.partition("/")
    place = split_netloc(netloc)
    if not separator or scheme not in ("http", "https") or place is None or {*"?# "} & {*path}:
        # Not repeated: people do write tokens into such addresses.
        raise UsageError("the forge's address is written https://host[:port][/path], without a token")
    if scheme == "http" and not is_loopback(place[0]):
        raise UsageError(f"the forge's address http://{netloc} would send the token in the clear: use https")
    path = path.strip("/")
    return Url(origin_of(scheme, *place), f"/{path}" if path else "")


class Http:
    """Sends requests from one thread; `calls` counts them by kind."""

    def __init__(self, *, timeout: float = 30.0, ca: Path | None = None) -> None:
        """`timeout`: seconds of silence; `ca`: a PEM file trusted besides the system's."""
        self._ca = ca
        self._trust: ssl.SSLContext | None = None
        self._connections = Connections(context=self._context, timeout=timeout, keep=2)
        self.reads = self.writes = 0

    def close(self) -> None:
        """Close the idle connections."""
        self._connections.close()

    def send(
        self, method: str, url: Url, headers: Mapping[str, str], body: bytes | None = None, into: BinaryIO | None = None
    ) -> Answer:
        """The answer to one request; with `into`, a 200's body goes there. Raises Passing, ForgeError."""
        if method == "GET":
            self.reads += 1
        else:
            self.writes += 1
        connection, response = self._ask(method, url, headers, body)
        try:
            content = _body(response, into)
            answer = Answer(response.status, response.headers, content, url)
        except (OSError, http.client.HTTPException):
            connection.close()
            raise Passing(f"{url.origin.name} sent an answer that is cut short") from None
        except BaseException:
            connection.close()
            raise
        if response.isclosed():
            self._connections.keep(url.origin, connection)
        else:
            connection.close()
        response.close()
        _log.debug("%s %s: %d", method, url.origin.name, answer.status)  # no path: it may carry a signature
        return answer

    def _ask(
        self, method: str, url: Url, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[HTTPConnection, HTTPResponse]:
        host = url.origin.name
        while True:
            connection, reused = None, False
            try:
                connection, reused = self._connections.take(url.origin)
                connection.request(method, url.target or "/", body=body, headers=dict(headers))
                return connection, connection.getresponse()
            except (OSError, http.client.HTTPException) as fault:
                if connection is not None:
                    connection.close()
                # The server closes a connection that is idle too long; a read may be asked again at no risk.
                if reused and method == "GET" and not isinstance(fault, TimeoutError):
                    self._connections.forget(url.origin)
                    continue
                raise _worded(fault, host) from None
            except BaseException:
                if connection is not None:
                    connection.close()
                raise

    def _context(self, origin: Origin) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = ssl.create_default_context()
            if self._ca is not None:
                try:
                    self._trust.load_verify_locations(cafile=self._ca)
                except OSError:
                    raise UsageError(f"{self._ca} holds no certificates in PEM form that can be read") from None
        return self._trust


def _worded(fault: Exception, host: str) -> ForgeError:
    """What happened, in our words: the library's exceptions quote what the server sent."""
    match fault:
        case ssl.SSLCertVerificationError():
            return ForgeError(f"{host} shows a certificate that is not trusted ({fault.verify_message})")
        case TimeoutError():
            return Passing(f"{host} did not answer in time")
        case ConnectionRefusedError():
            return Passing(f"{host} refuses the connection")
        case http.client.RemoteDisconnected() | ConnectionError():
            return Passing(f"{host} closed the connection without an answer")
        case OSError():
            return Passing(f"{host} cannot be reached")
        case _:
            return Passing(f"{host} sent an answer that is not HTTP")


def _body(response: HTTPResponse, into: BinaryIO | None) -> bytes:
    if into is not None and response.status == 200:
        while piece := response.read(_CHUNK):
            into.write(piece)
        if response.length:
            raise http.client.IncompleteRead(b"")
        return b""
    body = response.read(_LIMIT + 1)
    if len(body) > _LIMIT:
        raise ForgeError(f"an answer is larger than the {_LIMIT >> 20} MiB that are allowed")
    return body
