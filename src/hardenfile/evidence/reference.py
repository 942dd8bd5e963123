"""Image references: registry, repository, tag and digest, as `FROM` and `COPY --from` name them."""

import re
from dataclasses import dataclass
from functools import lru_cache

HUB = "docker.io"

# The legacy name is the hub's everywhere; the two hosts are the hub's only with a namespace written out.
_LEGACY_HUB = "index.docker.io"
_HUB_HOSTS = ("registry-1.docker.io", "registry.hub.docker.com")

# The grammar of github.com/distribution/reference (regexp.go), read for its facts.
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?", re.ASCII)
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REMOTE = re.compile(
    rf"(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
_LONGEST_PATH = 255
_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_IMAGE_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image in full: `docker.io` and `library/` are filled in; a tag or digest not written is None."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    @lru_cache(maxsize=1024)
    def parse(cls, text: str) -> "ImageReference | None":
        """The reference that `text` spells, or None where it spells none; never raises.

        The rules are those of github.com/distribution/reference, which BuildKit reads `FROM` with.
        """
        if _IMAGE_ID.fullmatch(text):
            return None
        registry, remote = _split_registry(text)
        match = _REMOTE.fullmatch(remote)
        if match is None or not _REGISTRY.fullmatch(registry) or len(match["path"]) > _LONGEST_PATH:
            return None
        digest = match["digest"]
        if digest is not None and not _sound_digest(digest):
            return None
        return cls(registry, match["path"], match["tag"], digest)

    @property
    def name(self) -> str:
        """Registry and repository in full: `docker.io/library/python`."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar(self) -> str:
        """The short spelling that people write: `python:3.12`, `gcr.io/distroless/static-debian12:nonroot`."""
        if self.registry != HUB:
            return str(self)
        official = self.repository.removeprefix("library/")
        short = (self.repository if "/" in official else official) + self._tail
        # A namespace that reads as a host, as in docker.io/localhost/app, leaves nothing to shorten.
        return short if ImageReference.parse(short) == self else str(self)

    @property
    def _tail(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        return f"{tag}@{self.digest}" if self.digest is not None else tag

    def __str__(self) -> str:
        return self.name + self._tail


def _split_registry(text: str) -> tuple[str, str]:
    """The registry, filled in where it is the hub, and the rest: repository, tag and digest."""
    first, slash, rest = text.partition("/")
    if not slash:
        return HUB, f"library/{text}"
    if first in _HUB_HOSTS and "/" in rest:
        return HUB, rest
    if first == _LEGACY_HUB:
        first = HUB
    # A first part is a host when it could be no namespace of the hub.
    if first != "localhost" and not re.search("[.:A-Z]", first):
        return HUB, text
    if first == HUB and "/" not in rest:
        return HUB, f"library/{rest}"
    return first, rest


def _sound_digest(digest: str) -> bool:
    algorithm, _, value = digest.partition(":")
    # Registered algorithms have one length and small letters; of others nothing is known.
    length = _HEX_LENGTHS.get(algorithm)
    return length is None or (len(value) == length and value == value.lower())
