"""The registry client: from a reference to its digest, and to what its image says of itself."""

import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

from hardenfile.errors import UsageError
from hardenfile.evidence.reference import ImageReference

from .auth import Authenticator
from .credentials import Credentials
from .endpoints import Endpoints
from .errors import NotFound, RegistryError, Unauthorized, Unavailable
from .image_config import ImageConfig
from .once import Once
from .repository import Repository
from .retry import Retry
from .transport import Transport

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference stands for at this moment."""

    reference: ImageReference
    digest: str
    """Of the index where there is one, else of the image's manifest."""
    media_type: str
    platforms: tuple[str, ...]
    """`os/architecture[/variant]`; empty where only a HEAD was made, and for an image without an index."""
    size: int | None
    """Bytes of the manifest or index itself, where the registry says."""
    created: str | None
    """RFC 3339, from the index's or manifest's own annotation; known only where the body was fetched."""


class Registry:
    """A client of all registries. Safe to use from several threads; remembers every answer for as long as it lives."""

    def __init__(
        self,
        *,
        mirrors: Mapping[str, Sequence[str]] = MappingProxyType({}),
        ca: Path | None = None,
        insecure: Collection[str] = (),
        timeout: float = 15.0,
        parallel: int = 8,
        credentials: Credentials | None = None,
        verify: bool = False,
        retry: Retry | None = None,
    ) -> None:
        """Prepare; nothing is read and no host is asked before the first call.

        `mirrors`: registry -> mirrors to ask before it, `[https://]host[:port][/prefix]`. `ca`: a PEM file trusted
        besides the system's. `insecure`: hosts (`host` or `host:port`) whose certificate is not checked and that may
        be asked over plain http; loopback hosts may be asked over http anyhow. `timeout`: seconds of silence; a whole
        answer may take four times that. `parallel`: requests at a time. `credentials`: by default the user's own, of
        Docker's configuration. `verify`: fetch each manifest and hash it, which counts against the hub's pull limit.
        Raises UsageError for a wrong argument.
        """
        if parallel < 1 or not timeout > 0:
            raise UsageError("parallel must be at least 1, and timeout more than 0 seconds")
        self._parallel, self._verify = parallel, verify
        self._endpoints = Endpoints(mirrors, frozenset(insecure))
        self._transport = Transport(ca=ca, insecure=insecure, timeout=timeout, keep=parallel, retry=retry)
        self._auth = Authenticator(self._transport, credentials or Credentials())
        self._resolved = Once[tuple[str, str, str], Resolved | RegistryError]()
        self._configs = Once[tuple[str, str, str, str], ImageConfig | RegistryError]()
        weakref.finalize(self, self._transport.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections; the client can be used again afterwards."""
        self._transport.close()

    def resolve(self, reference: ImageReference) -> Resolved:
        """What `reference` stands for; its own digest, where it has one, is checked to exist. Raises RegistryError."""
        found = self._resolve_or_error(reference)
        if isinstance(found, RegistryError):
            raise found
        return found

    def resolve_all(self, references: Iterable[ImageReference]) -> dict[ImageReference, Resolved | RegistryError]:
        """Resolve in parallel, one request for each image; in the order given, an error in the place of an answer."""
        wanted = list(dict.fromkeys(references))
        executor = ThreadPoolExecutor(self._parallel, thread_name_prefix="hardenfile-registry")
        try:
            for _ in executor.map(self._resolve_or_error, wanted):
                pass
        finally:
            executor.shutdown(cancel_futures=True)
        return {reference: self._resolve_or_error(reference) for reference in wanted}

    def config(self, reference: ImageReference, platform: str = "linux/amd64") -> ImageConfig:
        """The config of the image that `reference` stands for on `platform`, every byte checked against its digest.

        Fetches manifests, which counts against the hub's pull limit. Raises RegistryError; NotFound where the image
        is not made for the platform.
        """
        resolved = self._resolved.known(_key(reference))
        # The very image that was resolved, though the tag may have moved since.
        asked = replace(reference, digest=resolved.digest) if isinstance(resolved, Resolved) else reference

        def ask() -> ImageConfig | RegistryError:
            return self._anywhere(asked, lambda repository: repository.config(platform))

        found = self._configs((*_key(reference), platform), ask)
        if isinstance(found, RegistryError):
            raise found.about(reference.familiar)
        return found

    def _resolve_or_error(self, reference: ImageReference) -> Resolved | RegistryError:
        def at(repository: Repository) -> Resolved:
            said = None if self._verify else repository.head()
            if said is not None:
                return Resolved(reference, said.digest, said.media_type, (), said.size or None, None)
            read = repository.manifest()
            return Resolved(reference, read.digest, read.media_type, read.platforms, read.size, read.created)

        found = self._resolved(_key(reference), lambda: self._anywhere(reference, at))
        return (
            found.about(reference.familiar) if isinstance(found, RegistryError) else replace(found, reference=reference)
        )

    def _anywhere(self, reference: ImageReference, ask: Callable[[Repository], T]) -> T | RegistryError:
        """The first answer among the mirrors and the registry; a mirror that lies is not passed over in silence."""
        try:
            *mirrors, itself = self._endpoints.of(reference.registry)
            for mirror in mirrors:
                try:
                    return ask(Repository(self._transport, self._auth, mirror, reference))
                except (NotFound, Unauthorized, Unavailable):
                    continue
            return ask(Repository(self._transport, self._auth, itself, reference))
        except RegistryError as error:
            return error.about("")  # a copy: the error that was raised holds on to its frames, and they to the bodies


def _key(reference: ImageReference) -> tuple[str, str, str]:
    return reference.registry, reference.repository, reference.digest or reference.tag or "latest"
