"""Which hosts to ask for a registry's images, and in which order: its mirrors, then itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hardenfile.errors import UsageError
from hardenfile.evidence.reference import HUB

from .errors import RegistryError
from .origin import is_loopback, split_netloc

_HUB_HOST = "registry-1.docker.io"  # docker.io itself serves web pages
HUB_NAMES = frozenset({HUB, _HUB_HOST, "index.docker.io", "registry.hub.docker.com"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One host that serves a registry's images."""

    host: str
    port: int | None
    scheme: str | None
    """None: https, or for a loopback host whatever it turns out to speak."""
    prefix: str
    """What a mirror puts before the repository's name, with its slash: `hub-proxy/`."""
    account: str
    """The host under which its credentials are filed."""


class Endpoints:
    """The hosts for each registry, with the mirrors that the user configured."""

    def __init__(self, mirrors: Mapping[str, Sequence[str]], plain: frozenset[str]) -> None:
        """Read `mirrors`: registry -> mirrors as `[http[s]://]host[:port][/prefix]`; `plain` may be asked over http.

        Raises UsageError for a mirror that is not of that form, or is plain http and neither loopback nor in `plain`.
        """
        self._mirrors = {
            HUB if registry in HUB_NAMES else registry: [_mirror(text, plain) for text in texts]
            for registry, texts in mirrors.items()
        }

    def of(self, registry: str) -> list[Endpoint]:
        """The endpoints of a registry, the registry itself last. Raises RegistryError for what names no host."""
        name = HUB if registry in HUB_NAMES else registry
        place = split_netloc(_HUB_HOST if name == HUB else name)
        if place is None:
            raise RegistryError("names no registry's host", advice="write it as host[:port]/repository")
        return [*self._mirrors.get(name, ()), Endpoint(*place, None, "", name)]


def _mirror(text: str, plain: frozenset[str]) -> Endpoint:
    scheme, separator, rest = text.partition("://")
    netloc, _, path = (rest if separator else text).partition("/")
    place = split_netloc(netloc)
    if place is None or (separator and scheme not in {"http", "https"}) or not path.isprintable() or {*"?#@"} & {*path}:
        # The text is not repeated: people do write passwords into such addresses.
        raise UsageError("a registry mirror is written [https://]host[:port][/prefix], without credentials")
    if scheme == "http" and separator and not (is_loopback(place[0]) or is_listed(place, plain)):
        raise UsageError(f"the mirror {netloc} is plain http: name it among the insecure hosts as well, or use https")
    prefix = path.strip("/")
    return Endpoint(*place, scheme if separator else None, f"{prefix}/" if prefix else "", netloc)


def is_listed(place: tuple[str, int | None], hosts: frozenset[str]) -> bool:
    """Whether a host is in a list of `host` and `host:port` entries."""
    host, port = place
    return host in hosts or f"{host}:{port}" in hosts or f"[{host}]" in hosts or f"[{host}]:{port}" in hosts
