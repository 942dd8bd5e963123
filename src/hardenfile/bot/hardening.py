"""What hardening the Dockerfiles of one commit comes to; their configuration and contents are strangers'."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hardenfile import __version__
from hardenfile.config import OWN, SHARED, Config, nearest_config
from hardenfile.errors import UsageError
from hardenfile.evidence.ignore import Ignore
from hardenfile.evidence.lock import LOCK_NAME, Lock
from hardenfile.files import SKIPPED_FOLDERS as SKIPPED
from hardenfile.files import Request, Result, harden_file, is_dockerfile
from hardenfile.transform import Safety

from .blobs import blob_id
from .decide import Hardened
from .forge import Listing, TreeEntry

_CONFIGURES = (OWN, SHARED, LOCK_NAME)


@dataclass(frozen=True)
class Rewritten:
    """One Dockerfile with what came of it; `clean` takes the temporary folder out of its texts."""

    path: str
    mode: str
    blob: str
    result: Result
    root: Path

    @property
    def data(self) -> bytes:
        """The rewritten file."""
        assert self.result.outcome is not None
        return self.result.outcome.after.to_bytes()

    @property
    def unsafe(self) -> bool:
        """Whether a change is among those made that a person should look at."""
        outcome = self.result.outcome
        return outcome is not None and any(one.safety is Safety.UNSAFE for one in outcome.changes)

    @property
    def faulty(self) -> bool:
        """Whether hardenfile or its configuration is to blame that nothing came of it, and not the Dockerfile."""
        return self.result.error is not None and self.result.outcome is None

    @property
    def problem(self) -> str:
        """What kept the file from being hardened; empty where nothing did."""
        return "" if self.result.error is None else self.clean(self.result.error)

    def clean(self, text: str) -> str:
        """A text without the temporary folder."""
        real = str(self.root.resolve())
        # The longest first: the others are parts of it.
        for root in sorted({str(self.root), real, real.lstrip("/")}, key=lambda one: -len(one)):
            text = text.replace(f"{root}/", "").replace(root, ".")
        return text


def dockerfiles(listing: Listing, exclude: Sequence[str] = ()) -> list[TreeEntry]:
    """The Dockerfiles of a commit by name, without links, and without folders that hold other projects' code."""
    ignore = Ignore("\n".join(exclude))
    found = []
    for one in listing.entries:
        *folders, name = one.path.split("/")
        plain = one.mode.startswith("100") and not SKIPPED & {*folders}
        if plain and is_dockerfile(name) and not ignore.excludes(one.path):
            found.append(one)
    return sorted(found, key=lambda one: one.path)


def tree_digest(listing: Listing) -> str:
    """A digest of everything that a commit holds: equal ones mean that hardening would come to the same."""
    if not listing.whole:
        return listing.commit[:40]
    digest = hashlib.sha256()
    for one in listing.entries:
        digest.update(f"{one.mode} {one.blob} {one.path}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:40]


def config_digest(asked: Request, defaults: Config, listing: Listing) -> str:
    """A digest of what was asked for: on the command line, in the operator's configuration, in the repository's."""
    digest = hashlib.sha256(repr((asked, replace(defaults, path=None), __version__)).encode())
    for one in listing.entries:
        if one.path.rpartition("/")[2] in _CONFIGURES:
            digest.update(f"{one.blob} {one.path}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:20]


def input_of(entries: Sequence[TreeEntry], grouped: bool) -> str:
    """The blob id of one file, or a digest of several; empty where there is none."""
    if not entries:
        return ""
    return joined((one.path, one.blob) for one in entries) if grouped else entries[0].blob


def joined(pairs: Iterable[tuple[str, str]]) -> str:
    """One digest for paths with their ids."""
    text = "".join(f"{blob} {path}\0" for path, blob in sorted(pairs))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def repository_config(root: Path, defaults: Config) -> Config:
    """The configuration at a snapshot's root, else the operator's defaults. Raises UsageError."""
    return _trimmed(nearest_config(root, {root.parent.resolve(): defaults}), root)


def rewrite(entry: TreeEntry, root: Path, asked: Request, defaults: Config) -> Rewritten:
    """Harden one file of a snapshot.

    What a repository's configuration may do is bounded: options of transforms, rows about images, a choice of
    transforms. Registries are never asked, so its mirrors and its insecure hosts are dropped; no transform's option
    names a program. `defaults` hold where it has none, and what lies above the snapshot is never looked at.
    """
    path = root / entry.path
    known: dict[Path, Config] = {root.parent.resolve(): defaults}
    locks: dict[Path, Lock | None] = {root.parent.resolve(): None}
    try:
        data = path.read_bytes()
        config = _trimmed(nearest_config(path.parent, known), root)
        result = harden_file(str(path), data, asked, config, Lock.find(path.parent, locks))
    except (UsageError, OSError) as error:
        result = Result(str(path), error=str(error))
    except Exception as error:  # a fault in hardenfile itself; the other files are still done
        text = f"{path}: hardenfile itself failed ({type(error).__name__}: {error}); please report it"
        result = Result(str(path), error=text)
    return Rewritten(entry.path, entry.mode, entry.blob, result, root)


def _trimmed(config: Config, root: Path) -> Config:
    own = config.path is not None and config.path.is_relative_to(root.resolve())
    return replace(config, mirrors={}, insecure=()) if own else config


def hardened(files: Sequence[Rewritten], grouped: bool) -> Hardened:
    """The digests of the rewritten files, as the marker keeps them; empty where nothing changes."""
    changed = [one for one in files if one.result.changed]
    if not changed:
        return Hardened()
    if not grouped:
        return Hardened(hashlib.sha256(changed[0].data).hexdigest(), blob_id(changed[0].data, changed[0].blob))
    output = hashlib.sha256()
    for one in changed:
        output.update(f"{one.path}\0{hashlib.sha256(one.data).hexdigest()}\0".encode("utf-8", "surrogatepass"))
    after = {one.path: blob_id(one.data, one.blob) if one.result.changed else one.blob for one in files}
    return Hardened(output.hexdigest(), joined(after.items()))
