"""Many repositories: which ones, which of them are this run's share, and what was done already."""

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hardenfile.errors import HardenfileError, UsageError

from .errors import Skip, TokenRefused
from .keep import Done

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}(?:/[A-Za-z0-9_.-]{1,100}){1,20}", re.ASCII)
_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One repository: `status` is done, skipped or failed; `why` says it in a line for the last two."""

    repository: str
    status: str
    why: str = ""
    files: tuple[Done, ...] = ()
    reads: int = 0
    writes: int = 0
    planned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shard:
    """The share of a run: number `index` (from 1) of `count`."""

    index: int = 1
    count: int = 1

    @classmethod
    def read(cls, text: str) -> "Shard":
        """From `2/5`. Raises UsageError."""
        found = _SHARD.fullmatch(text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"--shard takes I/N with I from 1 to N, not {text!r}")
        return cls(int(found[1]), int(found[2]))

    def has(self, repository: str) -> bool:
        """Whether a repository is in this share; by a hash of its name, so the same in each run on any machine."""
        digest = hashlib.sha256(repository.lower().encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1


class Log:
    """A line of JSON for each repository as it is finished, so that a run can be taken up where it ended."""

    def __init__(self, path: Path | None, resume: bool = False) -> None:
        """With `resume`, what the log says is finished is not done again; failures are. Raises UsageError."""
        if resume and path is None:
            raise UsageError("--resume reads what --log FILE wrote, so name that file")
        self._path = path
        self.finished = (
            frozenset(_finished(path)) if resume and path is not None and path.is_file() else frozenset[str]()
        )

    def add(self, outcome: Outcome) -> None:
        """Write a line. Raises UsageError."""
        if self._path is None:
            return
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **as_json(outcome)}
        text = json.dumps(line, ensure_ascii=True)
        try:
            # A run that was killed may have left half a line.
            with self._path.open("a+b") as file:
                if file.tell() and not _ends_line(self._path):
                    file.write(b"\n")
                file.write(text.encode() + b"\n")
        except OSError as error:
            raise UsageError(f"--log {self._path}: cannot be written: {error.strerror}") from error


def as_json(outcome: Outcome) -> dict[str, Any]:
    """What a program reads; the shape is part of the public interface."""
    return {**asdict(outcome), "files": [asdict(one) for one in outcome.files], "planned": list(outcome.planned)}


def names_in(source: str) -> list[str]:
    """The repositories that a file or, for `-`, standard input lists: one a line, # for comments. Raises UsageError."""
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"--repositories {source}: cannot be read: {error.strerror}") from error
    lines = (line.partition("#")[0].strip() for line in data.decode("utf-8", "replace").split("\n"))
    return [line for line in lines if line]


def checked(names: Iterable[str]) -> list[str]:
    """The names, each once. Raises UsageError for what is no `owner/name`."""
    found: dict[str, str] = {}
    for name in names:
        if not _NAME.fullmatch(name) or any(part in (".", "..") for part in name.split("/")):
            raise UsageError(f"a repository is written owner/name, not {name!r}")
        found.setdefault(name.lower(), name)
    return list(found.values())


def run(
    names: Iterable[str],
    keep: Callable[[str], Iterator[Done]],
    calls: Callable[[], tuple[int, int]],
    clean: Callable[[str], str],
    planned: list[str],
) -> Iterator[Outcome]:
    """Do one repository after the other; none that fails stops the rest, save for a token that nobody takes."""
    refused = ""
    for name in names:
        if refused:
            yield Outcome(name, "failed", f"not tried: {refused}")
            continue
        reads, writes = calls()
        files: list[Done] = []
        planned.clear()
        status, why = "done", ""
        try:
            for one in keep(name):
                files.append(one)  # noqa: PERF402 - those that were done before a failure are told too
            if any(one.error for one in files):
                status, why = "failed", next(one.error for one in files if one.error)
        except Skip as skip:
            status, why = "skipped", str(skip)
        except TokenRefused as error:
            status, why = "failed", str(error)
            refused = why
        except HardenfileError as error:
            status, why = "failed", str(error)
        except Exception as error:  # a fault in hardenfile itself; the other repositories are still done
            status, why = "failed", f"hardenfile itself failed ({type(error).__name__}: {error}); please report it"
        now_reads, now_writes = calls()
        told = tuple(
            replace(one, why=clean(one.why), error=clean(one.error), problems=tuple(map(clean, one.problems)))
            for one in files
        )
        yield Outcome(name, status, clean(why), told, now_reads - reads, now_writes - writes, tuple(planned))


def _finished(path: Path) -> Iterator[str]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(f"--log {path}: cannot be read: {error.strerror}") from error
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue  # the half line of a run that was killed
        if isinstance(found, dict) and found.get("status") in ("done", "skipped"):
            yield str(found.get("repository")).lower()


def _ends_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
