"""Reading manifests and indexes: which images a name stands for, and the digests that hold them.

Media types: OCI image-spec 1.1 and Docker's image manifest, version 2, schema 2.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import Untrusted

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
ASKED = (OCI_INDEX, DOCKER_LIST, OCI_IMAGE, DOCKER_IMAGE)
# A registry that is asked for fewer converts, and answers with the digest of what it converted to.
ACCEPT = ", ".join(ASKED)
CONFIG_TYPES = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})

MANIFEST_LIMIT = 4 << 20  # bytes; what the distribution specification asks registries to take at least
CONFIG_LIMIT = 8 << 20

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}", re.ASCII)
_PLATFORM_PART = re.compile(r"[a-z0-9]{1,16}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_CREATED = "org.opencontainers.image.created"
# A platform without a variant means this one (containerd's platforms package).
_USUAL_VARIANT = {"arm": "v7", "arm64": "v8"}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to content: its type, digest and size in bytes."""

    media_type: str
    digest: str
    size: int
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says: an index has images, an image has a config."""

    media_type: str
    digest: str
    size: int
    images: tuple[Descriptor, ...]
    config: Descriptor | None
    created: str | None

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms an index offers, as `os/architecture[/variant]`, in its order, each once."""
        return tuple(dict.fromkeys(image.platform for image in self.images if image.platform))


def is_digest(text: str) -> bool:
    """Whether a text is a digest of an algorithm that can be checked here."""
    return _DIGEST.fullmatch(text) is not None


def matches(digest: str, body: bytes) -> bool:
    """Whether a digest is that of these bytes."""
    return digest == digest_of(body, digest.partition(":")[0])


def digest_of(body: bytes, algorithm: str = "sha256") -> str:
    """The digest of bytes, as registries write it; `algorithm`: sha256, sha384 or sha512."""
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def date_or_none(value: object) -> str | None:
    """An RFC 3339 date as it stands, or None for anything else."""
    return value if isinstance(value, str) and _DATE.fullmatch(value) else None


def read_object(body: bytes, *, host: str, what: str) -> dict[str, object]:
    """A JSON object. Raises Untrusted for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Untrusted(f"sent a {what} that is not a JSON object", host=host)
    return found


def read_manifest(body: bytes, *, media_type: str, digest: str, host: str) -> Manifest:
    """Read a manifest whose bytes were checked against `digest`. Raises Untrusted where it is malformed."""
    found = read_object(body, host=host, what="manifest")
    # One document must not be read as two things (CVE-2021-41190).
    if found.get("mediaType", media_type) != media_type or ("manifests" in found and {"config", "layers"} & {*found}):
        raise Untrusted("sent a manifest that contradicts its own type", host=host)
    images: tuple[Descriptor, ...] = ()
    config: Descriptor | None = None
    if media_type in INDEX_TYPES:
        entries = found.get("manifests")
        if not isinstance(entries, list):
            raise _malformed("index", host)
        images = tuple(_descriptor(entry, "index", host) for entry in entries)
    else:
        config = _descriptor(found.get("config"), "manifest", host)
    notes = found.get("annotations")
    created = date_or_none(notes.get(_CREATED)) if isinstance(notes, dict) else None
    return Manifest(media_type, digest, len(body), images, config, created)


def choose(images: tuple[Descriptor, ...], platform: str) -> Descriptor | None:
    """What a builder on `platform` takes of an index: its very variant, else the first of its architecture."""
    wanted = _parts(platform)
    candidates = [image for image in images if image.platform and _parts(image.platform)[:2] == wanted[:2]]
    exact = [image for image in candidates if image.platform and _parts(image.platform) == wanted]
    if exact or platform.count("/") > 1:
        return exact[0] if exact else None
    return candidates[0] if candidates else None


def same_platform(one: str, other: str) -> bool:
    """Whether two platforms have the same system and architecture."""
    return _parts(one)[:2] == _parts(other)[:2]


def platform_of(found: Mapping[str, object]) -> str | None:
    """`os/architecture[/variant]` of an object that has these fields, or None: attestations are "unknown/unknown"."""
    parts = [found.get("os"), found.get("architecture"), found.get("variant") or None]
    words = [part for part in parts if part is not None]
    if parts[0] in (None, "unknown") or parts[1] is None:
        return None
    if not all(isinstance(word, str) and _PLATFORM_PART.fullmatch(word) for word in words):
        return None
    return "/".join(map(str, words))


def _parts(platform: str) -> tuple[str, str, str]:
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    return system, architecture, variant or _USUAL_VARIANT.get(architecture, "")


def _descriptor(found: object, where: str, host: str) -> Descriptor:
    if not isinstance(found, dict):
        raise _malformed(where, host)
    media_type, digest, size = found.get("mediaType"), found.get("digest"), found.get("size")
    if not (isinstance(media_type, str) and isinstance(digest, str) and is_digest(digest)):
        raise _malformed(where, host)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _malformed(where, host)
    platform = found.get("platform")
    return Descriptor(media_type, digest, size, platform_of(platform) if isinstance(platform, dict) else None)


def _malformed(what: str, host: str) -> Untrusted:
    return Untrusted(
        f"sent an {what} that is not as the specification says".replace("an manifest", "a manifest"), host=host
    )
