"""Paths that a program takes from beside its sources: configuration files of the context, and `../`."""

import re
from collections.abc import Iterator, Sequence

from hardenfile.evidence.context import BuildContext
from hardenfile.evidence.python_app.model import Finding

from .languages import is_foreign

_ENDINGS = (".json", ".ini", ".cfg", ".toml", ".yml", ".yaml", ".env", ".conf", ".properties", ".xml")
_NOT_OURS = re.compile(
    r"(?:^|/)(?:package(?:-lock)?\.json|tsconfig.*\.json|pom\.xml|(?:docker-)?compose[\w.-]*\.ya?ml|\.[^/]+/)"
)
_STATE = re.compile(r"""(?:^|["'=:\s])(/(?:var|opt|srv|data|mnt|media|run)/[A-Za-z0-9_./-]+)""", re.MULTILINE)
_ABOVE = re.compile(
    r"""^.*\b(?:mkdir|write|append|open|create|save)\w*\b.*["'`]/?\.\./.*$""", re.MULTILINE | re.IGNORECASE
)
_SIZE = 200_000  # bytes


def configured_paths(context: BuildContext, roots: Sequence[str]) -> Iterator[Finding]:
    """Absolute paths in configuration files, where programs keep state; each file's first few."""
    for root in roots:
        for entry in context.walk(root):
            name = entry.path.rpartition("/")[2]
            ours = name.endswith(_ENDINGS) or name.startswith(".env")
            if entry.kind != "file" or entry.size > _SIZE or not ours or _NOT_OURS.search(entry.path):
                continue
            data = None if is_foreign(entry.path.split("/"), None) else context.read(entry.path, _SIZE)
            text = (data or b"").decode("utf-8", "replace")
            for match in list(_STATE.finditer(text))[:5]:
                line = text.count("\n", 0, match.start(1)) + 1
                yield Finding("unknown", match[1], False, None, f"names {match[1]}", entry.path, line)


def above(text: str, file: str) -> Iterator[Finding]:
    """A writing call with a path that leaves its own folder."""
    match = _ABOVE.search(text)
    if match is not None:
        line = text.count("\n", 0, match.start()) + 1
        yield Finding("unknown", "/", True, None, "writes above its own folder", file, line)
