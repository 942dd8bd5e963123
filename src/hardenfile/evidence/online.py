"""The registry as evidence: pins that the lock does not hold, and what images say of themselves."""

from dataclasses import dataclass

from hardenfile.errors import UsageError

from .lock import LOCK_NAME, Lock
from .pins import Checksum, Pin, Unresolved, tagged
from .reference import ImageReference
from .registry import ImageConfig, Registry, RegistryError


@dataclass(frozen=True)
class Online:
    """What the lock holds, and for the rest what the registry says. URLs are never fetched here."""

    registry: Registry
    lock: Lock | None = None

    @property
    def name(self) -> str:
        """Whichever of the two it was."""
        return "the lock file or the registry"

    def pin(self, reference: ImageReference) -> Pin | None:
        """The lock's entry, else the registry's answer. Raises Unresolved with the registry's error."""
        pin = self.lock.pin(reference) if self.lock is not None else None
        if pin is not None:
            return pin
        try:
            found = self.registry.resolve(tagged(reference))
        except RegistryError as error:
            raise Unresolved(str(error)) from None
        return Pin(found.digest, found.media_type, found.platforms)

    def checksum(self, url: str) -> Checksum | None:
        """The lock's entry."""
        return self.lock.checksum(url) if self.lock is not None else None

    def config(self, reference: ImageReference, platform: str | None) -> ImageConfig | None:
        """What the image says of itself; None where the registry cannot tell."""
        pin = self.lock.pin(reference) if self.lock is not None and reference.digest is None else None
        if pin is not None:
            reference = ImageReference(reference.registry, reference.repository, reference.tag, pin.digest)
        try:
            return self.registry.config(reference, platform or "linux/amd64")
        except RegistryError:
            return None


@dataclass(frozen=True)
class Locked:
    """A lock that must hold everything."""

    lock: Lock | None

    @property
    def name(self) -> str:
        """The lock's."""
        return LOCK_NAME if self.lock is None else self.lock.name

    def pin(self, reference: ImageReference) -> Pin:
        """The entry. Raises UsageError where there is none."""
        pin = self.lock.pin(reference) if self.lock is not None else None
        if pin is None:
            raise self._missing(tagged(reference).familiar)
        return pin

    def checksum(self, url: str) -> Checksum:
        """The entry. Raises UsageError where there is none."""
        checksum = self.lock.checksum(url) if self.lock is not None else None
        if checksum is None:
            raise self._missing(url)
        return checksum

    def _missing(self, what: str) -> UsageError:
        where = f"there is no {LOCK_NAME}" if self.lock is None else f"it is not in {self.lock.path or self.name}"
        return UsageError(f"{what} is not locked: {where}; run hardenfile lock")
