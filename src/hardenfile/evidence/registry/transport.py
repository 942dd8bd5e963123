"""One HTTP request and its whole answer: trust, retries and redirects, with nothing known of registries."""

import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPMessage, HTTPResponse
from pathlib import Path

from hardenfile.errors import UsageError

from .connections import Connections
from .endpoints import is_listed
from .errors import RegistryError, Unavailable, Untrusted
from .origin import Origin, Url, is_loopback, origin_of, read_url
from .retry import Retry, seconds_asked

_log = logging.getLogger("hardenfile.registry")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_PASSING = frozenset({429, *range(500, 600)} - {501, 505})
_PROBE_SECONDS = 5.0  # for a loopback host that takes a TLS greeting and says nothing
_CHUNK = 1 << 16
_ERROR_LIMIT = 1 << 16  # bytes of an error's body that are read at most


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read whole and found as long as it claimed to be."""

    origin: Origin
    status: int
    headers: HTTPMessage
    body: bytes

    def all(self, header: str) -> list[str]:
        """Every value of a header, in order."""
        return [value.strip() for value in self.headers.get_all(header) or ()]

    def one(self, header: str) -> str | None:
        """A header's value, or None. Raises Untrusted where it is given twice with different values."""
        values = self.all(header)
        if len({*values}) > 1:
            raise Untrusted(f"sent two different {header} headers", host=self.origin.name)
        return values[0] if values else None


class _Passing(Exception):  # noqa: N818 - never leaves this module
    """A fault that may be gone at the next attempt."""


class Transport:
    """Sends requests. Safe to use from several threads; touches the network only inside its methods."""

    def __init__(
        self, *, ca: Path | None, insecure: Collection[str], timeout: float, keep: int, retry: Retry | None = None
    ) -> None:
        """`ca`: a PEM file trusted besides the system's; `insecure`: hosts whose certificate is not checked and that
        may be asked over plain http; `timeout`: seconds of silence; `keep`: idle connections kept for an origin."""
        self._ca, self._insecure = ca, frozenset(insecure)
        self._retry = retry or Retry()
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._schemes: dict[tuple[str, int | None], str] = {}
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connections = Connections(context=self._context, timeout=timeout, keep=keep)

    def close(self) -> None:
        """Close the idle connections."""
        self._connections.close()

    def allows_plain(self, host: str, port: int | None) -> bool:
        """Whether a host may be spoken to over plain http: loopback, or listed as insecure."""
        return is_loopback(host) or is_listed((host, port), self._insecure)

    def origin(self, host: str, port: int | None, scheme: str | None) -> Origin:
        """The origin of a host: https, unless it may be asked in the clear and speaks no TLS (asked once)."""
        if scheme is None and self.allows_plain(host, port):
            with self._lock:  # the first to come asks, the others wait for what it found
                scheme = self._schemes.get((host, port))
                if scheme is None:
                    scheme = self._schemes[host, port] = self._spoken_by(origin_of("https", host, port))
        return origin_of(scheme or "https", host, port)

    def _spoken_by(self, origin: Origin) -> str:
        try:
            connection = self._connections.open(origin, min(self._timeout, _PROBE_SECONDS))
        except ssl.SSLCertVerificationError:
            return "https"  # a certificate that is not trusted never leads to plain http
        except OSError:
            return "http"
        self._connections.keep(origin, connection)
        return "https"

    def send(
        self,
        method: str,
        url: Url,
        *,
        headers: Mapping[str, str],
        limit: int,
        authorization: str | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """The answer to a request after redirects; `limit`: bytes that the body of a 200 may have.

        `authorization` goes to `url`'s origin only. Raises Unavailable, Untrusted.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            private = {} if authorization is None else {"Authorization": authorization}
            answer = self._send_patiently(method, url, {**headers, **private}, limit, body)
            if answer.status not in _REDIRECTS:
                return answer
            if body is not None:
                raise Untrusted("redirects a request that carries credentials", host=url.origin.name)
            here, url = url, self._redirected(url, answer)
            if url.origin != here.origin:
                authorization = None  # and it stays so, should a later redirect lead back
        raise Untrusted(f"redirects more than {_MOST_REDIRECTS} times", host=url.origin.name)

    def _redirected(self, here: Url, answer: Answer) -> Url:
        location = answer.one("Location")
        if not location:
            raise Untrusted("redirects to nowhere", host=here.origin.name)
        there = read_url(location, base=here, said_by=here.origin.name)
        if there.origin.scheme == "http":
            if here.origin.scheme == "https":
                raise Untrusted("redirects from https to plain http", host=here.origin.name)
            if not self.allows_plain(there.origin.host, there.origin.port):
                raise Untrusted("redirects to another host over plain http", host=here.origin.name)
        return there

    def _send_patiently(
        self, method: str, url: Url, headers: Mapping[str, str], limit: int, body: bytes | None
    ) -> Answer:
        attempt = 0
        while True:
            asked, answer, fault = None, None, ""
            try:
                answer = self._send_once(method, url, headers, limit, body)
            except _Passing as passing:
                fault = str(passing)
            if answer is not None:
                if answer.status not in _PASSING:
                    return answer
                asked = seconds_asked(answer.headers.get("Retry-After"), answer.headers.get("Date"))
            pause = self._retry.pause(attempt, asked)
            if pause is None and answer is not None:
                return answer
            if pause is None:
                tries = f" ({attempt + 1} attempts)" if attempt else ""
                raise Unavailable(f"{fault}{tries}", host=url.origin.name, advice="try again later")
            self._retry.sleep(pause)
            attempt += 1

    def _send_once(self, method: str, url: Url, headers: Mapping[str, str], limit: int, body: bytes | None) -> Answer:
        host = url.origin.name
        while True:
            connection: HTTPConnection | None = None
            reused = False
            try:
                connection, reused = self._connections.take(url.origin)
                connection.request(method, url.target, body=body, headers=dict(headers))
                response = connection.getresponse()
                break
            except (OSError, http.client.HTTPException) as fault:
                if connection is not None:
                    connection.close()
                if not reused or isinstance(fault, TimeoutError):
                    raise self._worded(fault, host) from None
                # It was kept from an earlier request and the server has closed it since: no fault of this request.
                self._connections.forget(url.origin)
            except BaseException:
                if connection is not None:
                    connection.close()
                raise
        try:
            answer = Answer(url.origin, response.status, response.headers, _whole_body(response, limit, host))
            if response.isclosed():
                self._connections.keep(url.origin, connection)
            else:
                connection.close()  # an error's body that was not worth reading to its end
        except BaseException as fault:
            connection.close()
            if isinstance(fault, OSError | http.client.HTTPException):
                raise self._worded(fault, host) from None
            raise
        finally:
            response.close()
        _log.debug("%s %s: %d", method, host, answer.status)  # no path, no query: both may carry signatures
        return answer

    def _worded(self, fault: Exception, host: str) -> Exception:
        """What happened, in our words: the library's exceptions quote what the server sent."""
        match fault:
            case ssl.SSLCertVerificationError():
                return Untrusted(
                    f"shows a certificate that is not trusted ({fault.verify_message})",
                    host=host,
                    advice="if it is yours, name its authority's certificate with the CA option",
                )
            case TimeoutError():
                return Unavailable(f"did not answer in time ({self._timeout:g} s)", host=host, advice="try again later")
            case ConnectionRefusedError():
                return Unavailable("refuses the connection", host=host, advice="check the name and the port")
            case socket.gaierror():
                return Unavailable("is a name that cannot be resolved", host=host, advice="check it, and the network")
            case http.client.IncompleteRead():
                return _Passing("sent an answer that is cut short")
            case http.client.RemoteDisconnected() | ConnectionError() | ssl.SSLEOFError() | ssl.SSLZeroReturnError():
                return _Passing("closed the connection without an answer")
            case ssl.SSLError():
                return Unavailable("does not speak TLS as expected", host=host, advice="check the port")
            case OSError():
                return Unavailable("cannot be reached", host=host, advice="check the network")
            case _:
                return Untrusted("sent an answer that is not HTTP", host=host, advice="check the host and the port")

    def _context(self, origin: Origin) -> ssl.SSLContext:
        unchecked = is_listed((origin.host, origin.port), self._insecure)
        if self._ca is None and not unchecked:
            return _system_trust()
        context = self._contexts.get(unchecked)
        if context is None:
            context = ssl.create_default_context()
            if unchecked:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            elif self._ca is not None:
                try:
                    context.load_verify_locations(cafile=self._ca)
                except OSError:
                    raise UsageError(f"{self._ca} holds no certificates in PEM form that can be read") from None
            self._contexts[unchecked] = context
        return context


@cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads every authority of the system: 30 ms


def _whole_body(response: HTTPResponse, limit: int, host: str) -> bytes:
    """The body, as long as its headers claim. Raises Untrusted where it passes `limit` bytes, IncompleteRead."""
    claimed = _claimed_length(response, host)
    body = bytearray()
    if response.length == 0 or response.isclosed():  # HEAD, and statuses without a body
        response.read()
        return b""
    wanted = response.status == 200
    most = limit if wanted else _ERROR_LIMIT
    if wanted and claimed is not None and claimed > most:
        raise _too_large(most, host)
    while piece := response.read(_CHUNK):
        body += piece
        if len(body) > most:
            if wanted:
                raise _too_large(most, host)
            return bytes(body[:most])
    if claimed is not None and len(body) != claimed:
        raise http.client.IncompleteRead(b"")
    return bytes(body)


def _claimed_length(response: HTTPResponse, host: str) -> int | None:
    if response.chunked:
        return None  # Content-Length means nothing then (RFC 9112 6.3)
    values = {value.strip() for value in response.headers.get_all("Content-Length") or ()}
    if not values:
        return None
    value = values.pop()
    if values or not (value.isascii() and value.isdigit() and len(value) < 19):
        raise Untrusted("sent a Content-Length that is not one number", host=host)
    return int(value)


def _too_large(limit: int, host: str) -> RegistryError:
    return Untrusted(f"sent an answer larger than the {limit >> 10} KiB that are allowed", host=host)
