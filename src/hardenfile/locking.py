"""Bringing a lock file up to date: what the Dockerfiles name, what is missing, what moved."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .dockerfile import Document
from .errors import HardenfileError
from .evidence.lock import Lock, may_be_locked
from .evidence.pins import Checksum, Pin, tagged
from .evidence.reference import ImageReference

if TYPE_CHECKING:
    from .evidence.registry import Registry, Resolved

_DOWNLOADS_AT_A_TIME = 4


@dataclass
class Wanted:
    """What the files name: images that a lock must hold, those that are pinned in the files already, URLs."""

    images: set[ImageReference] = field(default_factory=set)
    pinned: set[ImageReference] = field(default_factory=set)
    urls: set[str] = field(default_factory=set)

    def add(self, document: Document, contexts: Iterable[str] = ()) -> None:
        """What one file names; `contexts` are names of build contexts, which are no images."""
        from .transforms.add_checksum.downloads import downloads
        from .transforms.pin_digests.places import Place, places

        for place in places(document, tuple(contexts)):
            if isinstance(place, Place):
                # A digest without a tag can go nowhere, so nobody needs to know of it.
                if not place.pinned:
                    self.images.add(tagged(place.reference))
                elif place.reference.tag is not None:
                    self.pinned.add(tagged(place.reference))
        self.urls |= {one.url for one in downloads(document) if not one.reason and may_be_locked(one.url)}


@dataclass(frozen=True, slots=True)
class Update:
    """A lock as it should be, and how it came about: lines to tell, errors one a name that got no entry."""

    lock: Lock
    told: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def behind(lock: Lock, wanted: Wanted) -> list[str]:
    """What the files name and the lock does not hold; asks nobody."""
    missing = sorted(one.familiar for one in wanted.images if one not in lock.images)
    return [*missing, *sorted(url for url in wanted.urls if url not in lock.urls)]


def bring_up(
    lock: Lock,
    wanted: Wanted,
    registry: "Registry",
    fetch: Callable[[str], Checksum],
    *,
    at: str,
    refresh: bool = False,
    cooldown: int = 0,
    prune: bool = False,
) -> Update:
    """Ask for what the lock does not hold, or with `refresh` for everything that the files name.

    `at` is the present time as a lock has it; `cooldown` the days that an image must be old to be taken, where anybody
    says how old it is; `prune` drops what no file names. What cannot be had keeps its old entry.
    """
    named = wanted.images | wanted.pinned
    images = {one: pin for one, pin in lock.images.items() if not prune or one in named}
    urls = {url: one for url, one in lock.urls.items() if not prune or url in wanted.urls}
    told = [f"{one.familiar}: no longer named, dropped" for one in lock.images if one not in images]
    told += [f"{url}: no longer named, dropped" for url in lock.urls if url not in urls]
    errors: list[str] = []
    asked = named if refresh else {one for one in wanted.images if one not in images}
    for reference, found in _resolved(registry, asked).items():
        if isinstance(found, HardenfileError):
            errors.append(str(found))
            continue
        old, name = images.get(reference), reference.familiar
        if old is not None and old.digest == found.digest:
            # An entry that still holds keeps its time, so that the file stays as it is.
            images[reference] = replace(old, platforms=old.platforms or found.platforms)
            continue
        young = _too_young(registry, found, at, cooldown)
        if young:
            told.append(f"{name}: {young}, {'left as it was' if old else 'left out'}")
            continue
        images[reference] = Pin(found.digest, found.media_type, found.platforms, at)
        told.append(f"{name}: {f'{old.digest} -> ' if old else ''}{found.digest}")
    for url, answer in _fetched(fetch, wanted.urls if refresh else wanted.urls - urls.keys()).items():
        if isinstance(answer, HardenfileError):
            errors.append(str(answer))
            continue
        known = urls.get(url)
        if known is None or known.sha256 != answer.sha256:
            urls[url] = answer
            told.append(f"{url}: {f'sha256:{known.sha256} -> ' if known else ''}sha256:{answer.sha256}")
    return Update(Lock(images, urls, lock.path), tuple(sorted(told)), tuple(sorted(errors)))


def _resolved(
    registry: "Registry", references: Iterable[ImageReference]
) -> "Mapping[ImageReference, Resolved | HardenfileError]":
    wanted = sorted(references, key=str)
    return dict(registry.resolve_all(wanted)) if wanted else {}


def _fetched(fetch: Callable[[str], Checksum], urls: Iterable[str]) -> dict[str, Checksum | HardenfileError]:
    def one(url: str) -> Checksum | HardenfileError:
        try:
            return fetch(url)
        except HardenfileError as error:
            return error

    wanted = sorted(urls)
    if not wanted:
        return {}
    with ThreadPoolExecutor(_DOWNLOADS_AT_A_TIME, thread_name_prefix="hardenfile-download") as executor:
        return dict(zip(wanted, executor.map(one, wanted), strict=True))


def _too_young(registry: "Registry", found: "Resolved", at: str, cooldown: int) -> str:
    """Why an image is not taken yet; empty where it is old enough, or nobody says how old it is."""
    if cooldown <= 0:
        return ""
    created = _time(found.created) or _created(registry, found)
    if created is None:
        return ""
    age = datetime.fromisoformat(at) - created
    if age >= timedelta(days=cooldown):
        return ""
    return f"{found.digest} is younger than {cooldown} {'day' if cooldown == 1 else 'days'} (made {created:%Y-%m-%d})"


def _created(registry: "Registry", found: "Resolved") -> datetime | None:
    try:
        return _time(registry.config(replace(found.reference, digest=found.digest)).created)
    except HardenfileError:
        return None


def _time(text: str | None) -> datetime | None:
    """A time of RFC 3339; None for none, and for one that does not exist."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
