"""The packages that a command installs by name alone, in whatever version there is."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from hardenfile.dockerfile import Span
from hardenfile.dockerfile.shell import Command, Word

_APT = ("apt-get", "apt", "aptitude")
_PIP = re.compile(r"pip[23]?(?:\.\d+)?\Z")
_PYTHON = re.compile(r"python[23]?(?:\.\d+)?\Z")
_LOOKED_THROUGH = ("sudo", "env")
# Options that take the next word.
_VALUED = {
    "apt": ("-o", "--option", "-c", "--config-file", "-a", "--host-architecture"),
    "apk": (
        *("-t", "--virtual", "-X", "--repository", "-p", "--root", "--keys-dir", "--repositories-file"),
        *("--cache-dir", "--arch", "--wait", "--cache-max-age", "--progress-fd"),
    ),
    "pip": (
        *("-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-t", "--target", "-i", "--index-url"),
        *("--extra-index-url", "-f", "--find-links", "--prefix", "--root", "--src", "--platform", "--python-version"),
        *("--implementation", "--abi", "--proxy", "--trusted-host", "--cert", "--client-cert", "--cache-dir", "--log"),
        *("--no-binary", "--only-binary", "--progress-bar", "--timeout", "--retries", "--upgrade-strategy", "--report"),
        *("--global-option", "--config-settings", "-C", "--python", "--exists-action", "--use-feature"),
    ),
}
# From another suite or repository another version comes than the list may mean.
_OTHER_SOURCE = ("-t", "--target-release", "--default-release")
_NAMES = {
    "apt": re.compile(r"[a-z0-9][a-z0-9.+-]*(?::[a-z0-9]+)?\Z"),
    "apk": re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*\Z"),
    "pip": re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[\w, -]*\])?\Z"),
}


class Wanted(NamedTuple):
    """A package without a version. The span is that of its word, in the RUN's value; `quote` is the length of the
    quote that ends it."""

    manager: str
    name: str
    span: Span
    quote: int


def wanted(command: Command, value: str) -> Iterator[Wanted]:
    """The packages that a command of a RUN with that value names without a version."""
    manager, rest = _asked(list(command.words))
    words = iter(rest)
    for word in words:
        text = word.value
        if text is not None and text.startswith("-"):
            if text in _VALUED[manager]:
                next(words, None)
            continue
        # `pip install zope>=1.0` is a redirection, and was meant to be a version.
        if text is None or value[word.span.end : word.span.end + 1] in ("<", ">"):
            continue
        found = _NAMES[manager].match(text)
        quote = _quote(word)
        if found is not None and quote is not None:
            yield Wanted(manager, found["name"] if manager == "pip" else text, word.span, quote)


def _asked(words: list[Word]) -> tuple[str, list[Word]]:
    """Which manager a command asks to install, and the words behind that; ("", []) for any other command."""
    while words and words[0].value in _LOOKED_THROUGH:
        words = words[1:]
        while words and ("=" in words[0].raw or words[0].raw.startswith("-")):
            words = words[1:]
    name = posixpath.basename(words[0].value or "") if words else ""
    if _PYTHON.match(name) and [one.value for one in words[1:3]] == ["-m", "pip"]:
        name, words = "pip", words[2:]
    manager = "apt" if name in _APT else "apk" if name == "apk" else "pip" if _PIP.match(name) else ""
    if not manager:
        return "", []
    verb = "add" if manager == "apk" else "install"
    options = [word.value or word.raw for word in words[1:]]
    at = 1
    while at < len(words) and (words[at].value or "-").startswith("-"):
        at += 2 if words[at].value in _VALUED[manager] else 1
    if at >= len(words) or words[at].value != verb:
        return "", []
    if manager == "apt" and any(option.partition("=")[0] in _OTHER_SOURCE for option in options):
        return "", []
    return manager, [*words[1:at], *words[at + 1 :]]


def _quote(word: Word) -> int | None:
    """How many characters behind the text of a word close its quotes; None where it is quoted in some other way."""
    if word.raw == word.value:
        return 0
    quoted = word.raw[:1] in ("'", '"') and word.raw[-1:] == word.raw[:1] and word.raw[1:-1] == word.value
    return 1 if quoted else None
