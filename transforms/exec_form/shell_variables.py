"""What a shell sets for the programs that it starts, and the application may read: PWD."""

import posixpath
import re
from collections.abc import Iterator

from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.context import BuildContext
from hardenfile.evidence.layout import Layout

# They are shells, or start what they start by one.
_SET_IT = frozenset("sh bash ash dash ksh zsh npm npx yarn pnpm make".split())
_SOURCES = re.compile(r".*\.(?:[cm]?[jt]sx?|py|rb|php|go|rs|java|kt|pl|ex|exs|lua)\Z")
_READ = re.compile(
    rb"\benv(?:\.PWD\b|\[[\"']PWD[\"']\])|(?:environ(?:\.get\(|\[)|[gG]etenv\(|ENV(?:\.fetch\(|\[|\{)|_SERVER\[|"
    rb"env::var\(|\benv!\()\s*[\"']?PWD\b"
)
_SIZE = 200_000  # bytes; a larger source is generated
_MOST = 500  # files that are looked at


def reads_pwd(program: str, stage: Stage, evidence: Evidence) -> str | None:
    """The file of the context, copied into the image, whose code asks for PWD; None where the program sets it anew."""
    context = evidence.context
    if context is None or posixpath.basename(program) in _SET_IT:
        return None
    sources = tuple(sorted({one.source for one in Layout(stage, context).placed if one.source is not None}))
    found: str | None = context.once(("PWD", sources), lambda: next(_asking(context, sources), None))
    return found


def _asking(context: BuildContext, sources: tuple[str, ...]) -> Iterator[str]:
    looked = 0
    for source in sources:
        for entry in context.walk(source):
            if not _SOURCES.match(entry.path) or "node_modules/" in entry.path:
                continue
            looked += 1
            if looked > _MOST:
                return
            data = context.read(entry.path, _SIZE)
            if data is not None and b"PWD" in data and _READ.search(data):
                yield entry.path
