"""Which branch belongs to which Dockerfile; two paths never share one."""

import hashlib
import re

WHOLE = "*"  # the place of a pull request for the whole repository
PREFIX = "hardenfile/"
_SLUG = 40  # characters; the name is for people, the digest behind it for the bot


def key_of(path: str) -> str:
    """The key of a Dockerfile's path, or of the whole repository: 80 bits, as 20 hexadecimal digits."""
    return "repository" if path == WHOLE else hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def branch_of(path: str, prefix: str = PREFIX) -> str:
    """The branch for a path: readable, lower case (some systems know no other), and unlike every other path's.

    The digest alone tells paths apart: `a/b` and `a-b` have one slug. One level below the prefix, since git cannot hold
    `x/a` beside `x/a/b`.
    """
    if path == WHOLE:
        return f"{prefix}repository"
    slug = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[-_SLUG:].strip("-")
    return f"{prefix}{slug or 'file'}-{key_of(path)}"


def sound_prefix(prefix: str) -> bool:
    """Whether a prefix makes branch names that git takes."""
    return re.fullmatch(r"(?:[A-Za-z0-9_][A-Za-z0-9_-]*/){1,4}", prefix, re.ASCII) is not None
