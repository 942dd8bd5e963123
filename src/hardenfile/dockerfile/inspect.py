"""dockerfile-parse as the inspector: what another reader makes of the same instructions.

It never sees the file itself, in which it would stumble over heredocs, comments and blank lines; it sees a flat view of
the document. Nothing is ever written through it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import zip_longest
from typing import Any, TypeVar

from .document import Document, Instruction

PAD = "\u2060"
"""Ends a line of the flat view that would end in the escape token: a word joiner, which is no white space."""

_STRAY = re.compile("[\ud800-\udfff]")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What dockerfile-parse answers; None, or nothing, where it fails.

    `instructions` are keyword and value, flags included. `base_images` are those of FROM, to be trusted where FROM has
    no `$`. `labels`, `envs` and `cmd` are those of the last stage, not expanded.
    """

    instructions: tuple[tuple[str, str], ...]
    base_images: tuple[str, ...]
    labels: Mapping[str, str]
    envs: Mapping[str, str]
    cmd: str | None


def flat_view(document: Document) -> str:
    """The document with one line an instruction, and without comments and heredoc bodies; stray bytes are U+FFFD."""
    head = "" if document.escape == "\\" else f"# escape={document.escape}\n"
    return head + "".join(_line(one) + "\n" for one in _readable(document))


def inspect(document: Document) -> Inspection:
    """Ask dockerfile-parse about the flat view of the document."""
    parser = _parser(document)

    def ask(read: Callable[[], _T], fallback: _T) -> _T:
        try:
            return read()
        except (ValueError, IndexError):  # a pair without `=`, an ENV with nothing behind it
            return fallback

    return Inspection(
        instructions=_structure(parser),
        base_images=ask(lambda: tuple(parser.parent_images), ()),
        labels=ask(lambda: _plain(parser.labels), {}),
        envs=ask(lambda: _plain(parser.envs), {}),
        cmd=ask(lambda: _unpadded(parser.cmd), None),
    )


def disagreement(document: Document) -> str | None:
    """Where dockerfile-parse reads another number, keyword or value of instructions, in one line; None if nowhere."""
    theirs = _structure(_parser(document))
    for ours, other in zip_longest(_readable(document), theirs):
        if ours is None:
            return f"dockerfile-parse reads an instruction more: {other[0][:40]!r}"
        if other is None:
            return f"line {ours.first_line}: dockerfile-parse reads no {ours.keyword[:40]!r}"
        place = f"line {ours.first_line}: dockerfile-parse reads"
        if ours.keyword != other[0]:
            return f"{place} {other[0][:40]!r} for {ours.keyword[:40]!r}"
        value = _clean(ours.logical)[ours.split.keyword_end :].strip()
        if value != other[1]:
            return f"{place} {_end(other[1], value)!r} for {_end(value, other[1])!r} in {ours.keyword}"
    return None


def _end(text: str, other: str) -> str:
    """Where a text starts to differ from another."""
    at = next((at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two), len(other))
    return text[max(at - 10, 0) : at + 30]


def _readable(document: Document) -> list[Instruction]:
    """All but instructions of white space alone, which only a continuation can make."""
    return [one for one in document.instructions if one.keyword]


def _line(instruction: Instruction) -> str:
    text = _clean(instruction.logical)
    end = text.rstrip()
    return end + PAD if end.endswith(instruction.document.escape) else text


def _clean(text: str) -> str:
    return text if text.isascii() else _STRAY.sub("\ufffd", text)


def _parser(document: Document) -> Any:
    from dockerfile_parse import DockerfileParser

    # With a file object it touches no file; a cached content would be split at other line ends.
    return DockerfileParser(fileobj=BytesIO(flat_view(document).encode()), env_replace=False)


def _structure(parser: Any) -> tuple[tuple[str, str], ...]:
    read = [one for one in parser.structure if not one["content"].lstrip().startswith("#")]
    return tuple((one["instruction"], _unpadded(one["value"]).strip()) for one in read)


def _plain(pairs: Mapping[str, str]) -> dict[str, str]:
    """A copy, as dockerfile-parse's own mapping writes to the file when it is changed."""
    return {name: _unpadded(value) for name, value in pairs.items()}


def _unpadded(value: Any) -> Any:
    return value.removesuffix(PAD) if isinstance(value, str) else value
