"""Images for tests, as the bytes that a registry keeps."""

import hashlib
import json
from dataclasses import dataclass, field

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def sha256(content: bytes) -> str:
    """The digest of bytes, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest or an index, with all that it points to."""

    media_type: str
    content: bytes
    blobs: tuple[bytes, ...] = ()
    parts: tuple["Stored", ...] = field(default=())

    @property
    def digest(self) -> str:
        """Its own digest."""
        return sha256(self.content)


def image(architecture: str = "amd64", *, oci: bool = False, **config: object) -> Stored:
    """An image with one small layer; `config` is what its config says beside `os` and `architecture`."""
    layer = f"a layer for {architecture}".encode()
    about = {"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": [sha256(layer)]}}
    said = json.dumps({**about, **config}).encode()
    media_type, of_config, of_layer = (OCI, OCI_CONFIG, OCI_LAYER) if oci else (DOCKER, DOCKER_CONFIG, DOCKER_LAYER)
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {"mediaType": of_config, "digest": sha256(said), "size": len(said)},
        "layers": [{"mediaType": of_layer, "digest": sha256(layer), "size": len(layer)}],
    }
    return Stored(media_type, json.dumps(manifest, indent=3).encode(), (said, layer))


def index(parts: dict[str, Stored], *, oci: bool = False, created: str | None = None) -> Stored:
    """An index of images by platform (`os/architecture[/variant]`)."""
    entries = []
    for platform, part in parts.items():
        names = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
        entry = {"mediaType": part.media_type, "digest": part.digest, "size": len(part.content), "platform": names}
        entries.append(entry)
    media_type = OCI_INDEX if oci else DOCKER_LIST
    said: dict[str, object] = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}
    if created:
        said["annotations"] = {"org.opencontainers.image.created": created}
    return Stored(media_type, json.dumps(said, indent=3).encode(), (), tuple(parts.values()))
