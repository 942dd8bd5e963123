"""Answers kept with their ETag, in a folder that the operator names: one that did not change costs no rate limit.

Only ever a shortcut: each answer is asked for again and confirmed by the forge (304), and a lost folder loses nothing.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path

from hardenfile.errors import UsageError
from hardenfile.evidence.registry.origin import Url

from .http import Answer

_LARGEST = 16 << 20  # bytes of one answer
_KEPT = ("Link", "X-Next-Page")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer from before, and the tag that stands for it."""

    tag: str
    answer: Answer


class Cache:
    """A file for each address. Nothing is kept without a folder; no token is ever in one."""

    def __init__(self, folder: Path | None) -> None:
        """Raises UsageError where the folder cannot be made; others may not look into one that is made here."""
        self._folder = folder
        if folder is not None:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(f"--cache {folder}: cannot be made: {error.strerror}") from error

    def find(self, url: Url) -> Kept | None:
        """What was kept for an address; None for what cannot be read."""
        if self._folder is None:
            return None
        try:
            head, _, body = self._path(self._folder, url).read_bytes().partition(b"\n")
            found = json.loads(head)
            tag, headers = str(found["etag"]), HTTPMessage()
            for name, value in found["headers"]:
                headers[str(name)] = str(value)
            if found["url"] != _name(url) or found["size"] != len(body):
                return None
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return Kept(tag, Answer(200, headers, body, url))

    def keep(self, answer: Answer) -> None:
        """Keep an answer that has a tag, whole or not at all."""
        tag = answer.header("ETag")
        if self._folder is None or answer.status != 200 or not tag or len(answer.body) > _LARGEST:
            return
        headers = [(name, value) for name in _KEPT if (value := answer.header(name))]
        head = {"etag": tag, "url": _name(answer.url), "size": len(answer.body), "headers": headers}
        path = self._path(self._folder, answer.url)
        part = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
        with suppress(OSError):  # a full disk makes the next run slower, and no more
            try:
                with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(json.dumps(head).encode() + b"\n" + answer.body)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

    @staticmethod
    def _path(folder: Path, url: Url) -> Path:
        return folder / f"{hashlib.sha256(_name(url).encode()).hexdigest()}.json"


def _name(url: Url) -> str:
    return f"{url.origin.scheme}://{url.origin.name}{url.target}"
