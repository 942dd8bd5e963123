"""Downloads that end in an interpreter."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.commands import Ran, commands

_FETCHERS = frozenset("curl wget fetch aria2c http https iwr irm invoke-webrequest invoke-restmethod".split())
_INTERPRETERS = re.compile(
    r"(?:ba|da|a|z|k)?sh\Z|(?:python|perl|ruby|node|php|pwsh|powershell|iex|invoke-expression)[0-9.]*\Z"
)
_SUBSTITUTED = re.compile(r"(?:\$\(|<\(|`)\s*(?:sudo\s+)?(curl|wget)\b")
_CHECKS = frozenset("sha256sum sha512sum sha1sum gpg minisign cosign openssl".split())


class Piped(NamedTuple):
    """Which program runs what which other one fetches."""

    at: Instruction
    source: str
    shell: str


def piped(document: Document) -> Iterator[Piped]:
    """Each such line once."""
    seen: set[tuple[int, str, str]] = set()
    for one in _piped(document):
        if (key := (one.at.begin, one.source, one.shell)) not in seen:
            seen.add(key)
            yield one


def _piped(document: Document) -> Iterator[Piped]:
    source = ""
    for ran in commands(document):
        if ran.before not in ("|", "|&"):
            source = ""
        if ran.name.lower() in _FETCHERS:
            source = ran.name
        elif ran.name in _CHECKS:
            source = ""
        elif source and _INTERPRETERS.match(ran.name.lower()) and not _has_program(ran):
            yield Piped(ran.at, source, ran.name)
            source = ""
        if _INTERPRETERS.match(ran.name) or ran.name in ("eval", ".", "source"):
            found = _SUBSTITUTED.search(ran.text)
            if found:
                yield Piped(ran.at, found[1], ran.name)


def _has_program(ran: Ran) -> bool:
    """Whether the interpreter has a program of its own, and the download is only its input."""
    words = [word or "?" for word in ran.arguments]
    if any(re.match(r"-(?:[erm]\Z|[A-Za-z]*c)", word) for word in words):
        return True
    return any(not word.startswith("-") for word in words) and "-s" not in words
