"""What a rewrite comes to: a diff that git and patch apply, and a file that is written whole or not at all."""

import os
import stat
import sys
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hardenfile.dockerfile.source import Source, encode
from hardenfile.errors import UsageError
from hardenfile.rewrite.edit import Edit, apply, in_order

_ESCAPES = dict(zip(b'\a\b\t\n\v\f\r"\\', 'abtnvfr"\\', strict=True))


@dataclass(frozen=True, slots=True)
class Patch:
    """One file, rewritten. `path` is relative, with POSIX slashes; stray bytes of the text are lone surrogates."""

    path: str
    before: str
    edits: tuple[Edit, ...]

    @property
    def after(self) -> str:
        """The text with the edits applied."""
        return apply(self.before, self.edits)

    def diff(self, context: int = 3) -> str:
        """The unified diff, with `context` unchanged lines around each change; empty when nothing changed.

        Once encoded by `source.encode` it suits plain `git apply`, `git apply -R` and `patch -p1 --binary -F0`. Without
        context it is for reading: git may place such a hunk a line off. Raises as `apply` does, and `ValueError` for a
        negative context.
        """
        if context < 0:
            raise ValueError(f"a diff with {context} lines of context")
        if self.after == self.before:
            return ""
        lines = _lines(self.before)
        hunks: list[str] = []
        shift = 0
        for blocks in _hunks(_blocks(self.before, lines, self.edits), context):
            hunks += _hunk(lines, blocks, context, shift)
            shift += sum(block.growth for block in blocks)
        # No "diff --git" line: below the root of a repository git would take the patch and silently apply nothing.
        return "".join((f"--- {_name('a/' + self.path)}\n", f"+++ {_name('b/' + self.path)}\n", *hunks))


def write(path: Path, data: bytes, *, root: Path | None = None, expected: bytes | None = None) -> None:
    """Put `data` in the file, whole or not at all; its mode stays, and its owner as far as that is permitted.

    A symbolic link is written through where it leads to a file inside `root`, and stays a link. With `expected`, the
    file must still hold those bytes. Raises `UsageError` when it may not or cannot be written; it is then as it was.
    """
    try:
        target = _target(path, root)
        present = None if expected is None and not target.exists() else target.stat()
        if present is not None and not stat.S_ISREG(present.st_mode):
            raise UsageError(f"{path} is not a regular file")
        if present is not None and _read_only(target, present.st_mode):
            raise UsageError(f"{path} is read-only")
        if not _replace(target, data, present, expected):
            raise UsageError(f"{path} changed since it was read, so it was left alone")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error


@dataclass(slots=True)
class _Block:
    """Lines `start` to `end` of the old text (0-based, half-open) give way to `new`."""

    start: int
    end: int
    new: deque[str]

    def __bool__(self) -> bool:
        return bool(self.new) or self.start < self.end

    @property
    def growth(self) -> int:
        return len(self.new) - (self.end - self.start)

    def trim(self, lines: Sequence[str]) -> None:
        """Give up the lines that stay as they are at the two ends."""
        while self.new and self.start < self.end and lines[self.start] == self.new[0]:
            self.start += 1
            self.new.popleft()
        while self.new and self.start < self.end and lines[self.end - 1] == self.new[-1]:
            self.end -= 1
            self.new.pop()


def _lines(text: str) -> list[str]:
    """The lines with their LF; only the last may lack it."""
    *whole, last = text.split("\n")
    return [line + "\n" for line in whole] + [last] * bool(last)


def _slices(text: str, count: int, edits: Iterable[Edit]) -> Iterator[_Block]:
    """The fewest of the `count` lines that hold each edit, and what they become; edits of one line share a slice."""
    edges = [*Source(text).line_starts, len(text) + 1]
    queue = deque(in_order(edits, len(text)))
    while queue:
        start = bisect_right(edges, queue[0].span.start) - 1
        at = edges[start]
        parts: list[str] = []
        absorbing = True
        while absorbing:
            edit = queue.popleft()
            parts += filter(None, (text[at : edit.span.start], edit.text))
            at = edit.span.end
            end = bisect_left(edges, at)
            # Text that lost its line end, or brought none, runs on into the next line.
            if at == edges[end] and parts and not parts[-1].endswith("\n"):
                end += 1
            absorbing = bool(queue) and queue[0].span.start < edges[end]
        parts.append(text[at : edges[end]])
        yield _Block(start, min(end, count), deque(_lines("".join(parts))))


def _blocks(text: str, lines: Sequence[str], edits: Iterable[Edit]) -> Iterator[_Block]:
    """The lines that change, in order, with an unchanged line between any two blocks."""
    pending: _Block | None = None
    for block in _slices(text, len(lines), edits):
        block.trim(lines)
        if not block:
            continue
        if pending is not None and block.start <= pending.end:
            pending.end = block.end
            pending.new += block.new
            pending.trim(lines)
        else:
            if pending:
                yield pending
            pending = block
    if pending:
        yield pending


def _hunks(blocks: Iterable[_Block], context: int) -> Iterator[list[_Block]]:
    """The blocks, grouped where the context of one meets that of the next."""
    hunk: list[_Block] = []
    for block in blocks:
        if hunk and block.start - hunk[-1].end > 2 * context:
            yield hunk
            hunk = []
        hunk.append(block)
    if hunk:
        yield hunk


def _hunk(lines: Sequence[str], blocks: Sequence[_Block], context: int, shift: int) -> Iterator[str]:
    """The lines of one hunk; the new text is `shift` lines ahead of the old where it starts."""
    start = at = max(blocks[0].start - context, 0)
    end = min(blocks[-1].end + context, len(lines))
    growth = sum(block.growth for block in blocks)
    yield f"@@ -{_range(start, end - start)} +{_range(start + shift, end - start + growth)} @@\n"
    for block in blocks:
        yield from _marked(" ", lines[at : block.start])
        yield from _marked("-", lines[block.start : block.end])
        yield from _marked("+", block.new)
        at = block.end
    yield from _marked(" ", lines[at:end])


def _range(start: int, count: int) -> str:
    """Lines as a hunk counts them: from 1, or the line before where there are none."""
    return f"{start + 1}" if count == 1 else f"{start + bool(count)},{count}"


def _marked(mark: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def _name(name: str) -> str:
    """A file name as git prints it in a diff's header: C-quoted where need be, a tab after one that holds a space."""
    data = encode(name)
    # git does not quote a trailing space, and patch then loses it.
    if data.endswith(b" ") or any(byte < 0x20 or byte >= 0x7F or byte in b'"\\' for byte in data):
        name = '"' + "".join(_quoted(byte) for byte in data) + '"'
    return name + "\t" * (" " in name)


def _quoted(byte: int) -> str:
    if byte in _ESCAPES:
        return "\\" + _ESCAPES[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def _target(path: Path, root: Path | None) -> Path:
    """The file behind the path; refused when a link led out of `root`."""
    try:
        target = path.resolve()
    except RuntimeError as error:  # how Python < 3.13 tells a loop
        raise UsageError(f"{path} is a link that leads back to itself") from error
    linked = path.is_symlink()
    if linked and not target.exists():
        raise UsageError(f"{path} is a link to {target}, which does not exist")
    if root is not None:
        # A link may also be among the folders; a plain file elsewhere was named on purpose.
        linked = linked or Path(os.path.normpath(path.absolute())).is_relative_to(os.path.normpath(root.absolute()))
    if linked and not (root is not None and target.is_relative_to(root.resolve())):
        raise UsageError(
            f"{path} is a link to {target}" + (f", outside of {root}" if root is not None else "") + ": name that file"
        )
    return target


def _read_only(target: Path, mode: int) -> bool:
    """Renaming onto a file asks no leave of it, so that is asked here; a file without any write bit binds root too."""
    effective = os.access in os.supports_effective_ids
    return not (mode & 0o222 and os.access(target, os.W_OK, effective_ids=effective))


def _replace(target: Path, data: bytes, present: os.stat_result | None, expected: bytes | None) -> bool:
    """Rename a finished file onto the target, or leave no trace; False when it does not hold what was expected."""
    # Hard links part here: written in place, a file can be left half written, and its other names change unasked.
    temporary = target.with_name(f".hardenfile-{os.urandom(8).hex()}")
    try:
        with temporary.open("xb") as file:
            if present is not None:
                _copy_rights(present, temporary)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # As late as can be: a change in the instant before the rename would go unseen.
        holds = expected is None or target.read_bytes() == expected
        if holds:
            temporary.replace(target)
        return holds
    finally:
        temporary.unlink(missing_ok=True)


def _copy_rights(present: os.stat_result, temporary: Path) -> None:
    """Give the new file the mode of the old, and its group and owner where that is permitted."""
    if sys.platform != "win32":
        for owner in ((-1, present.st_gid), (present.st_uid, -1)):
            with suppress(OSError):
                os.chown(temporary, *owner)
    # Last, as a change of owner clears the set-id bits.
    temporary.chmod(stat.S_IMODE(present.st_mode))
