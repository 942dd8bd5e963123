"""A small application in memory, as `read_application` sees one."""

import posixpath
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hardenfile.evidence.python_app import Application, Finding, read_application

WORKDIR = "/app"


@dataclass(frozen=True)
class Files:
    """A tree of files by their path below /app, which is the root of the context."""

    content: Mapping[str, str | bytes]

    def _all(self) -> dict[str, str | bytes]:
        return {posixpath.join(WORKDIR, name): content for name, content in self.content.items()}

    def read(self, path: str, limit: int = 1_000_000) -> bytes | None:
        content = self._all().get(path)
        raw = textwrap.dedent(content).encode() if isinstance(content, str) else content
        return raw[:limit] if raw is not None else None

    def exists(self, path: str) -> bool:
        return any(name == path or name.startswith(path.rstrip("/") + "/") for name in self._all())

    def listing(self, path: str) -> Sequence[str]:
        below = path.rstrip("/") + "/"
        return sorted({name[len(below) :].split("/")[0] for name in self._all() if name.startswith(below)})

    def source_of(self, path: str) -> str:
        return path.removeprefix(WORKDIR + "/")


def read(
    files: Mapping[str, str | bytes],
    command: str = "python main.py",
    *,
    env: Mapping[str, str] | None = None,
    workdir: str = WORKDIR,
) -> Application:
    """Read the application that a command line starts in /app."""
    return read_application(Files(files), shlex.split(command), workdir=workdir, env=env or {})


def of_kind(application: Application, kind: str) -> list[Finding]:
    return [finding for finding in application.findings if finding.kind == kind]


def paths(application: Application) -> list[tuple[str | None, bool]]:
    """Where it writes, and whether that is a folder; in order of file and line."""
    return [(finding.path, finding.directory) for finding in of_kind(application, "write")]


def ports(application: Application) -> list[int | None]:
    return [finding.port for finding in of_kind(application, "port")]
