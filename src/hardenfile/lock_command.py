"""`hardenfile lock`: which files, where the lock goes, what is told."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .config import Config, nearest_config, read_config
from .dockerfile import Document, parse
from .errors import UsageError
from .evidence.lock import LOCK_NAME, Lock, now
from .evidence.pins import Checksum
from .files import STDIN, Request, find, harden_file, read
from .locking import Wanted, behind, bring_up
from .network import Network, contexts_of

UP_TO_DATE, BEHIND, FAILED, NOTHING_FOUND = 0, 1, 2, 3


@dataclass(frozen=True)
class LockRequest:
    """What a person asked of `hardenfile lock`; `cooldown` in days, `limit` in bytes."""

    paths: Sequence[str]
    refresh: bool = False
    check: bool = False
    verify: bool = False
    cooldown: int = 0
    limit: int = 512 << 20
    config: Path | None = None
    network: Network = field(default_factory=Network)


def lock_files(request: LockRequest, say: Callable[[str], None]) -> int:
    """Bring the lock of some paths up to date, or with `check` only look; gives the exit code.

    Raises UsageError for a wrong argument, configuration or lock file.
    """
    if STDIN in request.paths:
        raise UsageError("lock takes files and folders; standard input has no place to put a lock beside")
    given = read_config(request.config) if request.config is not None else None
    wanted, errors, files = Wanted(), 0, 0
    for problem in _collect(request, given, wanted):
        files += 1
        if problem:
            errors += 1
            say(f"error: {problem}")
    if not files:
        say(f"error: no Dockerfile was found in {', '.join(request.paths)}; name the file if it is called otherwise")
        return NOTHING_FOUND
    if errors == files:
        return FAILED
    first = Path(request.paths[0])
    folder = first if first.is_dir() else first.parent
    config = given or nearest_config(folder)
    path = lock_path(folder, config)
    lock = Lock.read(path) if path.is_file() else Lock(path=path)
    if request.check and not request.refresh:
        missing = behind(lock, wanted)
        for name in missing:
            say(f"{name}: not in {path}")
        if missing:
            say(f"{path} is behind: run hardenfile lock")
        return FAILED if errors else BEHIND if missing else UP_TO_DATE
    return _bring_up(request, config, lock, path, wanted, say, errors)


def lock_path(folder: Path, config: Config) -> Path:
    """Beside the configuration file, else at the repository's root, else in the present folder."""
    if config.path is not None:
        return config.path.parent / LOCK_NAME
    folder = folder.resolve()
    root = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
    return (root or Path()) / LOCK_NAME


def _collect(request: LockRequest, given: Config | None, wanted: Wanted) -> Iterator[str | None]:
    """Take in what each file names, and give its error where it has one."""
    known: dict[Path, Config] = {}
    for found in find(request.paths):
        if found.error is not None:
            yield found.error
            continue
        try:
            data = read(found.path)
            config = given or nearest_config(Path(found.path).parent, known)
            result = harden_file(found.path, data, Request(), config)
            if result.error is not None:
                yield result.error
                continue
            contexts = contexts_of(config.options)
            for document in _documents(data, result.outcome.after if result.outcome is not None else None):
                wanted.add(document, contexts)
        except UsageError as error:
            yield str(error)
        else:
            yield None


def _documents(data: bytes, after: Document | None) -> Iterator[Document]:
    """The file as it is, and as it will be: a transform may bring in an image that is to be pinned too."""
    yield parse(data)
    if after is not None:
        yield after


def _bring_up(
    request: LockRequest,
    config: Config,
    lock: Lock,
    path: Path,
    wanted: Wanted,
    say: Callable[[str], None],
    errors: int,
) -> int:
    from .evidence.download import checksum_of
    from .rewrite.patch import write

    at = now()

    def fetch(url: str) -> Checksum:
        return checksum_of(url, resolved=at, ca=request.network.ca, limit=request.limit)

    # Only the whole tree of a lock can tell what nobody needs any more.
    whole = not errors and any(_covers(one, path.parent) for one in request.paths)
    verify = request.verify or request.cooldown > 0
    with request.network.registry(config, verify=verify) as registry:
        update = bring_up(
            lock,
            wanted,
            registry,
            fetch,
            at=at,
            refresh=request.refresh,
            cooldown=request.cooldown,
            prune=whole,
        )
    for line in update.told:
        say(line)
    for error in update.errors:
        say(f"error: {error}")
    changed = update.lock.to_bytes() != lock.to_bytes() or not path.is_file()
    count = len(update.lock.images) + len(update.lock.urls)
    if request.check:
        say(f"{path} is {'behind: run hardenfile lock --refresh' if changed else 'up to date'}")
    elif changed and (count or path.is_file()):
        write(path, replace(update.lock, path=path).to_bytes())
        say(f"{path}: written, {count} {'entry' if count == 1 else 'entries'}")
    elif not path.is_file():
        say(f"{path}: not written, there is nothing to put into it")
    else:
        say(f"{path}: up to date, {count} {'entry' if count == 1 else 'entries'}")
    if errors or update.errors:
        return FAILED
    return BEHIND if request.check and changed else UP_TO_DATE


def _covers(path: str, folder: Path) -> bool:
    named = Path(path)
    return named.is_dir() and folder.resolve().is_relative_to(named.resolve())
