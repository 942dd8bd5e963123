"""Which ADD lines download something that a checksum can be given for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.stages import Stage, Value

_WEB = re.compile(r"https?://", re.IGNORECASE)
# BuildKit clones what ends so; a fragment or a query behind it names the branch and the folder.
_GIT = re.compile(r"\.git(?:[?#].*)?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Download:
    """An ADD of a URL that nothing verifies yet; with `reason`, one for which that cannot be changed here."""

    add: Instruction
    url: str
    reason: str = ""
    message: str = ""


def downloads(document: Document) -> Iterator[Download]:
    """Every ADD with a URL and no checksum, in order; git repositories are none, as they have a commit instead."""
    for stage in document.stages:
        for one in stage.instructions:
            add = one.sub or one
            if add.keyword == "ADD" and add.flag("checksum") is None and len(add.args) > 1:
                found = _download(stage, add)
                if found is not None:
                    yield found


def _download(stage: Stage, add: Instruction) -> Download | None:
    sources = _sources(stage, add)
    remote = next((one for one in sources if _WEB.match(one.text) and not _GIT.search(one.text)), None)
    if remote is None:
        return None
    url, outer = remote.text, add.parent or add
    keyword = add.split.keyword_span
    if outer.locked or add.place(keyword) is None:
        return Download(add, url, "locked", outer.locked or "a line continuation cuts the keyword")
    if not remote.known or remote.by_default or not url.isascii() or not url.isprintable():
        return Download(add, url, "variable", f"{_shown(url)}: a build argument decides what is fetched")
    if len(sources) > 1:
        return Download(add, url, "sources", "a checksum holds for one source, and this line has several")
    try:
        secret = "@" in urlsplit(url).netloc
    except ValueError:
        secret = True
    if secret:
        return Download(add, url, "credentials", "the URL holds credentials: they are in the image's history already")
    return Download(add, url)


def _sources(stage: Stage, add: Instruction) -> tuple[Value, ...]:
    if add.parent is None:
        return stage.values(add)[:-1]
    # The trigger of an ONBUILD runs in a child's build, which has variables of its own.
    return tuple(Value(text, frozenset({text}) if "$" in text else frozenset()) for text in add.args[:-1])


def _shown(url: str) -> str:
    """The URL without what may be secret in it."""
    return re.sub(r"//[^/@]*@", "//…@", url)
