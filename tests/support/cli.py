"""The command line as a test sees it: in this process, or as the real program."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardenfile.cli import run


@dataclass(frozen=True)
class Ran:
    """What a run left behind."""

    code: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[str]:
        """What a person was told, line by line."""
        return self.err.split("\n")[:-1]


@dataclass(frozen=True)
class Cli:
    """Runs the command line in this process, in a folder of its own."""

    folder: Path
    capture: pytest.CaptureFixture[bytes]
    patch: pytest.MonkeyPatch

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Ran:
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self.capture.readouterr()
        code = run(arguments)
        out, err = self.capture.readouterr()
        return Ran(code, out, err.decode())

    def write(self, name: str, text: str | bytes) -> Path:
        """A file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path


def real(
    *arguments: str | bytes, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None, shell: bool = False
) -> Ran:
    """Run the program itself; with `shell`, the one argument is a script in which `hardenfile` is the program."""
    program: list[str | bytes] = [sys.executable, "-m", "hardenfile", *arguments]
    if shell:
        function = f'hardenfile() {{ "{sys.executable}" -m hardenfile "$@"; }}\n'
        program = ["bash", "-c", function + str(arguments[0])]
    done = subprocess.run(program, cwd=cwd, input=stdin, capture_output=True, env={**os.environ, **(env or {})})
    return Ran(done.returncode, done.stdout, done.stderr.decode("utf-8", "surrogateescape"))
