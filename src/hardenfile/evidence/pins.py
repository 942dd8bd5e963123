"""What a moving name stands for right now: the digest of an image, the checksum of a URL, and who says so."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, cast

from hardenfile.errors import UsageError

from .reference import ImageReference

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pin:
    """The image that a reference stood for when it was resolved; what is not known is empty.

    `digest` is that of the index where there is one; `platforms` are `os/architecture[/variant]`; `resolved` is a time
    in UTC, as `2026-11-22T01:00:00Z`.
    """

    digest: str
    media_type: str = ""
    platforms: tuple[str, ...] = ()
    resolved: str = ""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a URL answered with when it was fetched: the SHA-256 in hexadecimal, the size in bytes, the time in UTC."""

    sha256: str
    size: int = 0
    resolved: str = ""


class Unresolved(Exception):  # noqa: N818 - no error of hardenfile's: somebody was asked, and could not say
    """Why there is no pin for something, in one line."""


class Pins(Protocol):
    """Somebody who knows pins. Both methods give None for what is not known, and may raise Unresolved."""

    @property
    def name(self) -> str:
        """Who that is, as a sentence can begin with it."""

    def pin(self, reference: ImageReference) -> Pin | None:
        """The pin of an image; the reference's own digest does not matter."""

    def checksum(self, url: str) -> Checksum | None:
        """The checksum of what a URL answers."""


Images = Pins | Mapping[str, str | Pin] | Callable[[ImageReference], str | Pin | None]
"""What `harden(images=…)` takes: a lock, digests by reference, or a function that finds them."""


def tagged(reference: ImageReference) -> ImageReference:
    """What is looked up: the reference without its digest, its tag spelled out."""
    return replace(reference, tag=reference.tag or "latest", digest=None)


def sound_digest(digest: str) -> bool:
    """Whether a text is a digest of an algorithm that is registered, which is what builders take."""
    return _DIGEST.fullmatch(digest) is not None


def pins_of(images: Images) -> Pins:
    """Whatever `harden(images=…)` was given, as pins. Raises UsageError for a reference or digest that is none."""
    if isinstance(images, Mapping):
        return _Given({_known_reference(text): _pin(text, pin) for text, pin in images.items()})
    if hasattr(images, "checksum"):
        return cast(Pins, images)
    if callable(images):
        return _Asked(images)
    raise UsageError(f"images takes a lock, a mapping or a function, not {images!r}")


def _known_reference(text: str) -> ImageReference:
    reference = ImageReference.parse(text)
    if reference is None:
        raise UsageError(f"images: {text!r} names no image")
    return tagged(reference)


def _pin(text: str, pin: str | Pin) -> Pin:
    found = Pin(pin) if isinstance(pin, str) else pin
    if not isinstance(found, Pin) or not sound_digest(found.digest):
        raise UsageError(f"images: what {text} is mapped to is no digest: {pin!r}")
    return found


@dataclass(frozen=True)
class _Given:
    pins: Mapping[ImageReference, Pin]
    name: str = "the digests that were given"

    def pin(self, reference: ImageReference) -> Pin | None:
        return self.pins.get(tagged(reference))

    def checksum(self, url: str) -> Checksum | None:
        return None


@dataclass(frozen=True)
class _Asked:
    resolve: Callable[[ImageReference], str | Pin | None]
    name: str = "the resolver that was given"

    def pin(self, reference: ImageReference) -> Pin | None:
        found = self.resolve(tagged(reference))
        return None if found is None else _pin(reference.familiar, found)

    def checksum(self, url: str) -> Checksum | None:
        return None
