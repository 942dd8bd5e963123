"""The id that git gives to a file's bytes."""

import hashlib


def blob_id(data: bytes, like: str = "") -> str:
    """The blob id, by SHA-256 where `like` is an id of such a repository, else by SHA-1."""
    name = "sha256" if len(like) == 64 else "sha1"
    return hashlib.new(name, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
