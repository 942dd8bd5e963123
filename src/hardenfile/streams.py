"""Standard input, output and error, whatever they are connected to."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from .dockerfile.source import encode
from .errors import UsageError


class NobodyReads(Exception):  # noqa: N818 - it is no error
    """Whoever read standard output has gone. No OSError, because Typer has its own idea of what that means."""


def read_stdin() -> bytes:
    """All of standard input. Raises UsageError where it cannot be read."""
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(f"standard input cannot be read: {error.strerror}") from error


def out(data: str | bytes) -> None:
    """To standard output, whatever bytes they are."""
    if sys.stdout is None:
        raise UsageError("standard output is closed")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(encode(data) if isinstance(data, str) else data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _silence(sys.stdout)
        if isinstance(error, BrokenPipeError):
            raise NobodyReads from None
        raise UsageError(f"standard output cannot be written: {error.strerror}") from error


def say(line: str) -> None:
    """A line to standard error, with nothing in it that a terminal would obey."""
    from .report.text import printable

    if sys.stderr is None:
        return
    try:
        sys.stderr.buffer.write(encode(printable(line)) + b"\n")
        sys.stderr.buffer.flush()
    except OSError:  # nobody listens; the work goes on
        _silence(sys.stderr)


def _silence(stream: TextIO) -> None:
    """Lead a stream nowhere, so that what it still holds fails no more when Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
