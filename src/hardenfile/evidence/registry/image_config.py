"""What an image says of itself: the defaults that a Dockerfile's FROM inherits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import Untrusted
from .manifest import date_or_none, platform_of, read_object


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """An image's config (OCI image-spec, config.md); what it leaves out is empty here."""

    digest: str
    """The config blob's own digest, which its bytes were checked against."""
    platform: str | None = None
    """`os/architecture[/variant]`, or None where the image does not say."""
    created: str | None = None
    """RFC 3339; many reproducible images say 1970."""
    user: str = ""
    """As written: a name or a number, with or without a group; empty is root."""
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    working_dir: str = ""
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    exposed_ports: tuple[str, ...] = ()
    """`8080/tcp`, in the config's order."""
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    shell: tuple[str, ...] = ()
    on_build: tuple[str, ...] = ()
    stop_signal: str = ""


def read_config(body: bytes, *, digest: str, host: str) -> ImageConfig:
    """Read a config blob whose bytes were checked against `digest`. Raises Untrusted where it is malformed."""
    found = read_object(body, host=host, what="config")
    config = found.get("config")
    fields = _Fields(config if isinstance(config, dict) else {}, host)
    if config is not None and not isinstance(config, dict):
        raise fields.malformed("config")
    return ImageConfig(
        digest=digest,
        platform=platform_of(found),
        created=date_or_none(found.get("created")),
        user=fields.text("User"),
        env=dict(_pair(entry) for entry in fields.texts("Env")),
        working_dir=fields.text("WorkingDir"),
        entrypoint=fields.texts("Entrypoint"),
        cmd=fields.texts("Cmd"),
        exposed_ports=tuple(fields.mapping("ExposedPorts")),
        volumes=tuple(fields.mapping("Volumes")),
        labels=fields.labels("Labels"),
        shell=fields.texts("Shell"),
        on_build=fields.texts("OnBuild"),
        stop_signal=fields.text("StopSignal"),
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """Fields of the types that the specification gives them; missing and null are both empty."""

    values: Mapping[str, object]
    host: str

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.malformed(name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.malformed(name)
        return tuple(value)

    def mapping(self, name: str) -> Mapping[str, object]:
        value = self.values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.malformed(name)
        return value

    def labels(self, name: str) -> Mapping[str, str]:
        found = self.mapping(name)
        labels = {key: value for key, value in found.items() if isinstance(value, str)}
        if len(labels) != len(found):
            raise self.malformed(name)
        return labels

    def malformed(self, name: str) -> Untrusted:
        return Untrusted(f"sent a config whose {name} is not as the specification says", host=self.host)


def _pair(entry: str) -> tuple[str, str]:
    name, _, value = entry.partition("=")
    return name, value
