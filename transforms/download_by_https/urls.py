"""Addresses that are fetched over plain http."""

import re
from collections.abc import Iterator

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.commands import commands

_FETCHERS = frozenset("curl wget aria2c git pip pip3 npm yarn go svn hg gem composer rpm yum dnf apk".split())
_URL = re.compile(r"\bhttp://([^\s\"'/:?#]+)[^\s\"';|&)]*", re.IGNORECASE)
_LOCAL = re.compile(r"(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal|.*\.local)\Z", re.IGNORECASE)
# What these fetch from the distribution's own servers is signed; what curl fetches there is not looked at.
_MANAGERS = frozenset("apk yum dnf rpm".split())
# A proxy, a header or a rule of git's is nothing that is fetched.
_NOT_FETCHED = re.compile(
    r"(?:-x|--proxy|--preproxy|-H|--header|-e|--referer|-A|--user-agent)(?:=|\s+)(?:\"[^\"]*\"|'[^']*'|\S+)"
)
_SIGNED = re.compile(r"(?:.*\.)?(?:debian|ubuntu|alpinelinux|kali|raspbian)\.(?:org|com)\Z", re.IGNORECASE)


def plain(document: Document) -> Iterator[tuple[Instruction, str]]:
    """Each such address, with the instruction that fetches it."""
    for stage in document.stages:
        for at in stage.instructions:
            add = at.sub if at.sub is not None else at
            if add.keyword == "ADD":
                for word in add.args[:-1]:
                    yield from ((at, url) for url in _urls(word))
    for ran in commands(document):
        if ran.name in _FETCHERS:
            if ran.name == "git" and "config" in ran.arguments:
                continue
            if "proxy" in " ".join(word or "" for word in ran.arguments[:4]) and "config" in ran.arguments:
                continue
            text = _NOT_FETCHED.sub("", ran.text)
            signed = ran.name in _MANAGERS
            yield from ((ran.at, url) for url in _urls(text) if not (signed and _SIGNED.match(_host(url))))


def _urls(text: str) -> Iterator[str]:
    for found in _URL.finditer(text):
        if not _LOCAL.match(found[1]):
            yield found[0]


def _host(url: str) -> str:
    found = _URL.match(url)
    return found[1] if found else ""
