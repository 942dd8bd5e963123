"""The lock file: what every image and URL stood for when `hardenfile lock` last asked, so that all runs agree.

Written by hand as TOML, sorted, so that equal contents are equal bytes on any machine, and a review reads one entry a
reference.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hardenfile.errors import UsageError, nearest

from .pins import Checksum, Pin, sound_digest, tagged
from .reference import ImageReference

LOCK_NAME = "hardenfile.lock"
VERSION = 1
_HEAD = "# Written by `hardenfile lock`; commit it. diff, fix and check pin images and downloads by it.\n"
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_IMAGE_KEYS = ("digest", "media-type", "platforms", "resolved")
_URL_KEYS = ("sha256", "size", "resolved")


@dataclass(frozen=True)
class Lock:
    """Pins by reference, in full and with a tag, and checksums by URL. `path` is where they were read, if anywhere."""

    images: Mapping[ImageReference, Pin] = field(default_factory=dict)
    urls: Mapping[str, Checksum] = field(default_factory=dict)
    path: Path | None = None

    @classmethod
    def find(cls, folder: Path, known: "dict[Path, Lock | None] | None" = None) -> "Lock | None":
        """The nearest lock file from a folder upwards; `known` keeps it for the next. Raises UsageError."""
        known = {} if known is None else known
        folder = folder.resolve()
        passed: list[Path] = []
        found: Lock | None = None
        for parent in (folder, *folder.parents):
            if parent in known:
                found = known[parent]
                break
            passed.append(parent)
            if (parent / LOCK_NAME).is_file():
                found = cls.read(parent / LOCK_NAME)
                break
        known.update(dict.fromkeys(passed, found))
        return found

    @classmethod
    def read(cls, path: Path) -> "Lock":
        """The lock in a file. Raises UsageError where it cannot be read, with the file and the key that is wrong."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        return cls.parse(data, path)

    @classmethod
    def parse(cls, data: bytes, path: Path | None = None) -> "Lock":
        """The lock that these bytes spell. Raises UsageError as `read` does."""
        where = str(path or LOCK_NAME)
        try:
            found = tomllib.loads(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise UsageError(f"{where}: is not UTF-8") from error
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise UsageError(f"{where}: is no TOML: {error}") from error
        try:
            return _lock(found, path)
        except UsageError as error:
            raise UsageError(f"{where}: {error}; `hardenfile lock --refresh` writes it anew") from error

    @property
    def name(self) -> str:
        """The file's name."""
        return LOCK_NAME if self.path is None else self.path.name

    def pin(self, reference: ImageReference) -> Pin | None:
        """The entry of an image, whatever digest the reference has itself."""
        return self.images.get(tagged(reference))

    def checksum(self, url: str) -> Checksum | None:
        """The entry of a URL."""
        return self.urls.get(url)

    def to_bytes(self) -> bytes:
        """The file: equal locks give equal bytes."""
        images = sorted((reference.familiar, pin) for reference, pin in self.images.items())
        blocks = [f"{_HEAD}version = {VERSION}\n"]
        blocks += ["".join(_image_lines(name, pin)) for name, pin in images]
        blocks += ["".join(_url_lines(url, checksum)) for url, checksum in sorted(self.urls.items())]
        return "\n".join(blocks).encode()


def now() -> str:
    """The present time as a lock has it: UTC, whole seconds."""
    return _time(datetime.now(UTC))


def may_be_locked(text: str) -> bool:
    """Whether a text can stand in a TOML file at all."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _image_lines(name: str, pin: Pin) -> Iterator[str]:
    # The names of the fields that are not known are left out: an empty list of platforms would say that there is none.
    yield f"[image.{_quoted(name)}]\n"
    yield f"digest = {_quoted(pin.digest)}\n"
    if pin.media_type:
        yield f"media-type = {_quoted(pin.media_type)}\n"
    if pin.platforms:
        yield f"platforms = [{', '.join(map(_quoted, pin.platforms))}]\n"
    if pin.resolved:
        yield f"resolved = {pin.resolved}\n"


def _url_lines(url: str, checksum: Checksum) -> Iterator[str]:
    yield f"[url.{_quoted(url)}]\n"
    yield f'sha256 = "{checksum.sha256}"\n'
    yield f"size = {checksum.size}\n"
    if checksum.resolved:
        yield f"resolved = {checksum.resolved}\n"


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08X}"


def _lock(found: Mapping[str, Any], path: Path | None) -> Lock:
    _known_keys(found, ("version", "image", "url"), "")
    if found.get("version") != VERSION or type(found["version"]) is not int:
        raise UsageError(f"version is not {VERSION}, which is what this release of hardenfile knows")
    images: dict[ImageReference, Pin] = {}
    for name, entry in _tables(found, "image"):
        reference, pin = _image(name, entry)
        if reference in images:
            raise UsageError(f'image."{name}" stands there twice, in two spellings')
        images[reference] = pin
    return Lock(images, dict(_url(url, entry) for url, entry in _tables(found, "url")), path)


def _tables(found: Mapping[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    tables = found.get(key, {})
    if not isinstance(tables, dict):
        raise UsageError(f"{key} takes tables, not {tables!r}")
    for name, entry in tables.items():
        if not isinstance(entry, dict):
            raise UsageError(f'{key}."{name}" takes a table, not {entry!r}')
        yield name, entry


def _image(name: str, entry: dict[str, Any]) -> tuple[ImageReference, Pin]:
    where = f'image."{name}"'
    _known_keys(entry, _IMAGE_KEYS, where)
    reference = ImageReference.parse(name)
    if reference is None or reference.tag is None or reference.digest is not None:
        raise UsageError(f"{where} names no image with a tag and without a digest")
    digest, media_type, platforms = entry.get("digest"), entry.get("media-type", ""), entry.get("platforms", [])
    if not isinstance(digest, str) or not sound_digest(digest):
        raise UsageError(f"{where}.digest is no digest: {digest!r}")
    if not isinstance(media_type, str):
        raise UsageError(f"{where}.media-type takes a text, not {media_type!r}")
    if not (isinstance(platforms, list) and all(isinstance(one, str) for one in platforms)):
        raise UsageError(f"{where}.platforms takes a list of texts, not {platforms!r}")
    return reference, Pin(digest, media_type, tuple(platforms), _resolved(entry, where))


def _url(url: str, entry: dict[str, Any]) -> tuple[str, Checksum]:
    where = f'url."{url}"'
    _known_keys(entry, _URL_KEYS, where)
    sha256, size = entry.get("sha256"), entry.get("size")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise UsageError(f"{where}.sha256 is not 64 hexadecimal digits: {sha256!r}")
    if type(size) is not int or size < 0:
        raise UsageError(f"{where}.size takes a number of bytes, not {size!r}")
    return url, Checksum(sha256, size, _resolved(entry, where))


def _resolved(entry: Mapping[str, Any], where: str) -> str:
    value = entry.get("resolved")
    if value is None:
        return ""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UsageError(f"{where}.resolved takes a time in UTC such as 2026-11-22T01:00:00Z, not {str(value)!r}")
    return _time(value)


def _time(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _known_keys(found: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in found:
        if key not in known:
            raise UsageError(f"{where}{': ' if where else ''}unknown key {nearest(key, known)}")
