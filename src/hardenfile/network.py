"""Whom the command line may ask for digests: a lock file, a registry, nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .config import Config
from .dockerfile import parse
from .errors import UsageError
from .evidence.lock import Lock
from .evidence.pins import Pins
from .locking import Wanted

if TYPE_CHECKING:
    from .evidence.registry import Registry


@dataclass(frozen=True, slots=True)
class Network:
    """How registries are reached: a PEM file to trust, mirrors as `registry=mirror`, hosts that may be insecure."""

    ca: Path | None = None
    mirrors: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()

    def registry(self, config: Config, *, verify: bool = False) -> "Registry":
        """A client; what is given here is asked before what the configuration says. Raises UsageError."""
        from .evidence.registry import Registry

        if self.ca is not None and not self.ca.is_file():
            raise UsageError(f"--registry-ca {self.ca}: there is no such file")
        mirrors = self._mirrors()
        for registry, listed in config.mirrors.items():
            mirrors.setdefault(registry, []).extend(listed)
        return Registry(mirrors=mirrors, ca=self.ca, insecure=(*self.insecure, *config.insecure), verify=verify)

    def _mirrors(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for text in self.mirrors:
            registry, equals, mirror = text.partition("=")
            if not (registry and equals and mirror):
                # The text is not repeated: people do write passwords into such addresses.
                raise UsageError("--mirror takes REGISTRY=MIRROR, as docker.io=https://mirror.example.org")
            found.setdefault(registry, []).append(mirror)
        return found


@dataclass
class Pinning:
    """Finds who knows pins for each file of a run.

    `locked`: the lock must hold everything; `online`: registries are asked for what it does not hold.
    """

    locked: bool = False
    online: bool = False
    network: Network = field(default_factory=Network)
    _locks: dict[Path, Lock | None] = field(default_factory=dict)
    _registries: dict[Path | None, "Registry"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises UsageError where the options contradict each other."""
        if self.locked and self.online:
            raise UsageError("--locked takes digests from the lock file only, so it does not go with --online")

    def of(self, path: str, data: bytes, config: Config) -> Pins | None:
        """Who knows pins for a file; None where nobody is to be asked. Raises UsageError for a wrong lock file."""
        lock = Lock.find(Path(path).parent, self._locks)
        if not self.locked and not self.online:
            return lock
        from .evidence.online import Locked, Online

        if self.locked:
            return Locked(lock)
        registry = self._registries.get(config.path)
        if registry is None:
            registry = self._registries[config.path] = self.network.registry(config)
        wanted = Wanted()
        wanted.add(parse(data), contexts_of(config.options))
        # All at once, so that the transform finds the answers there.
        registry.resolve_all(one for one in sorted(wanted.images, key=str) if lock is None or lock.pin(one) is None)
        return Online(registry, lock)

    def close(self) -> None:
        """Close the connections."""
        for registry in self._registries.values():
            registry.close()


def contexts_of(options: Mapping[str, Mapping[str, object]]) -> Sequence[str]:
    """The named build contexts that a configuration lists."""
    found = options.get("pin-digests", {}).get("contexts", ())
    return [str(one) for one in found] if isinstance(found, list | tuple) else []
