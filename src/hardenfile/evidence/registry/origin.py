"""Where a request goes: scheme, host and port, and which of them may be spoken to in the clear."""

import ipaddress
import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from .errors import Untrusted

_NETLOC = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_URL_TEXT = re.compile(r"[!-~]{1,8192}", re.ASCII)
_DEFAULT_PORT = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """What RFC 6454 calls an origin: credentials for one are never sent to another."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """The host as people write it: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Url:
    """One place to ask: an origin and what follows it, which may carry signatures: errors name the origin only."""

    origin: Origin
    target: str


def split_netloc(netloc: str) -> tuple[str, int | None] | None:
    """`host[:port]` as a host in lower case (IPv6 without brackets) and a port, or None where it is neither."""
    found = _NETLOC.fullmatch(netloc)
    if not found:
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        return None
    return found["host"].strip("[]").lower(), port


def origin_of(scheme: str, host: str, port: int | None) -> Origin:
    """The origin with the scheme's own port where none is given."""
    return Origin(scheme, host, _DEFAULT_PORT[scheme] if port is None else port)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name alone: localhost, 127.0.0.0/8, ::1, as Docker has it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_url(text: str, *, base: Url | None = None, said_by: str) -> Url:
    """A URL that a server sent (a redirect's target, a token realm), relative to `base` where one is given.

    Raises Untrusted for what is no plain http or https URL: one with credentials in it, spaces or control characters.
    """
    bad = Untrusted("sent an address that is not a plain http or https URL", host=said_by)
    if not _URL_TEXT.fullmatch(text):
        raise bad
    try:
        parts = urlsplit(urljoin(f"{base.origin.scheme}://{base.origin.name}{base.target}", text) if base else text)
    except ValueError:
        raise bad from None
    place = split_netloc(parts.netloc)
    if parts.scheme not in _DEFAULT_PORT or place is None:
        raise bad
    target = parts.path or "/"
    return Url(origin_of(parts.scheme, *place), f"{target}?{parts.query}" if parts.query else target)
