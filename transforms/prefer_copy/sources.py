"""Whether ADD would do more with a source than COPY: by its spelling, by the context, or by its name."""

import posixpath
import re
from typing import NamedTuple

from hardenfile.dockerfile.expand import ExpansionError, expand
from hardenfile.evidence.archive import archive_by_name
from hardenfile.evidence.context import BuildContext, is_remote
from hardenfile.evidence.globs import is_glob

# Endings of what people write or build, none of which any builder unpacks.
_TEXT = """
    txt md rst adoc html htm css scss less svg csv tsv log patch diff pot po
    json json5 jsonl yaml yml toml ini cfg conf cnf properties env lock xml xsd xsl proto graphql tf sql
    tmpl tpl template j2 in ac am mk cmake spec mod sum csproj fsproj sln vcl cf rules list sources repo
    service socket timer target desktop cron pem crt cer key pub gpg asc
"""
_CODE = """
    js mjs cjs jsx ts tsx vue py pyi pyx ipynb rb erb php phtml pl pm lua r go rs c h cc cpp hpp cs fs vb java kt kts
    scala groovy gradle swift m ex exs erl hs clj dart sh bash zsh ksh fish bat cmd ps1 awk sed exp
"""
_BINARY = """
    jar war ear whl egg zip exe dll so dylib deb rpm msi class wasm p12 jks pdf
    png jpg jpeg gif ico webp ttf otf woff woff2
"""
_PLAIN = frozenset((_TEXT + _CODE + _BINARY).split())


_LOGIN = re.compile(r"//[^/@]*@")  # a password has no place in a report


class Verdict(NamedTuple):
    """A reason to keep ADD with a sentence, or no reason and the fact that COPY's doing the same rests on."""

    reason: str
    text: str


def judge(source: str, escape: str, context: BuildContext | None) -> Verdict:
    """What is known of one source as it stands in the file."""
    if "$" in source:
        return Verdict("variable", f"what {source} stands for is decided by the build")
    try:
        source = expand(source, {}, escape).text
    except ExpansionError as error:
        return Verdict("variable", f"{source} cannot be read: {error}")
    if is_remote(source):
        shown = _LOGIN.sub("//…@", source)
        return Verdict("remote", f"{shown} is fetched, which COPY cannot do")
    if archive_by_name(source):
        return Verdict("archive", f"{source} is an archive by its name, which ADD unpacks")
    entries = context.match(source) if context else ()
    if context is None or not entries:
        return _by_name(source, context is not None)
    for entry in entries:
        if entry.kind not in ("file", "link", "directory"):
            return Verdict("unreadable", f"{entry.path} is neither a file nor a folder")
        if archive_by_name(entry.path) and entry.kind != "directory":
            return Verdict("archive", f"{entry.path}, which {source} names, is an archive by its name")
        kind = context.archive(entry.path) if entry.kind != "directory" else None
        if kind == "unknown":
            return Verdict("unseen", f"what {entry.path} holds is not at hand: it cannot be read, or is with Git LFS")
        if kind:
            return Verdict("archive", f"{entry.path} holds {kind} data, which ADD may unpack")
    return Verdict("", _seen(source, [entry.kind for entry in entries]))


def _seen(source: str, kinds: list[str]) -> str:
    if len(kinds) > 1:
        return f"{source} names {len(kinds)} entries of the context, none of them an archive"
    if kinds[0] == "directory":
        return f"{source} is a folder of the context, which ADD copies as it is"
    return f"{source} is a file of the context and its content is no archive"


def _by_name(source: str, looked: bool) -> Verdict:
    """Without the file itself: folders by their spelling, and names that are clearly of something else."""
    unseen = "it is not in the context" if looked else "the context was not seen"
    if is_glob(source):
        return Verdict("unseen", f"what {source} matches is not known: {unseen}")
    if source.endswith("/") or posixpath.normpath(source) in (".", "..", "/"):
        return Verdict("", f"{source} is a folder, which ADD copies as it is")
    if plain_by_name(source):
        return Verdict("", f"{source} is no archive by its name ({unseen})")
    return Verdict("unseen", f"whether {source} is an archive is not known: {unseen}")


def plain_by_name(source: str) -> bool:
    """Whether the name is clearly of something that is no archive."""
    name = posixpath.basename(source)
    stem, dot, ending = name.rpartition(".")
    return bool(dot and stem and ending.lower() in _PLAIN) and not archive_by_name(name)
