"""Files that no image should hold, by their names and, for PEM, by what they begin with."""

import posixpath
import re
from collections.abc import Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence.layout import Layout

_FOLDERS = frozenset((".git", ".hg", ".svn", ".aws", ".ssh", ".kube", ".gnupg", ".azure", ".terraform"))
_FILES = re.compile(
    r"\.env(?:\.(?!example|sample|template|dist|test)[\w-]+)?\Z|\.npmrc\Z|\.netrc\Z|\.pypirc\Z|\.pgpass\Z|\.htpasswd\Z"
    r"|\.git-credentials\Z|\.dockercfg\Z|id_(?:rsa|dsa|ecdsa|ed25519)\Z|.*\.(?:p12|pfx|jks|keystore|kdbx)\Z"
    r"|terraform\.tfstate(?:\.backup)?\Z|(?:service[-_]account|credentials?)[\w.-]*\.json\Z"
)
_PUBLIC = ("authorized_keys", "known_hosts")
_PEM = re.compile(r".*\.(?:pem|key)\Z")
_PRIVATE = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_HEAD = 100_000  # bytes; a key that is longer is none
_MOST = 3  # told by name for one instruction


def taken_along(stage: Stage, layout: Layout) -> Iterator[tuple[Instruction, str, bool]]:
    """Each COPY or ADD that takes such files, with their names, and whether it means them: it names them all itself."""
    context = layout.context
    if context is None:
        return
    found: dict[int, dict[str, bool]] = {}
    for one in layout.placed:
        if one.source is None or one.instruction not in stage.instructions:
            continue
        names = found.setdefault(one.instruction.begin, {})
        top = _outermost(one.source)
        if top:
            names[top] = True
        elif one.folder:
            for entry in context.walk(one.source):
                if (name := _outermost(entry.path)) or _is_key(entry.path, layout):
                    names.setdefault(name or entry.path, False)
        elif _is_key(one.source, layout):
            names[one.source] = True
    for at in stage.each("COPY", "ADD"):
        names_ = list(found.get(at.begin, ()))
        if names_:
            more = f" and {len(names_) - _MOST} more" if len(names_) > _MOST else ""
            yield at, ", ".join(names_[:_MOST]) + more, all(found[at.begin].values())


def _outermost(path: str) -> str:
    """The folder that should not be there, or the file itself by its name; empty where neither is."""
    parts = path.split("/")
    if parts[-1] in _PUBLIC or parts[-1].endswith(".pub"):
        return ""
    for at, part in enumerate(parts):
        if part in _FOLDERS:
            return "/".join(parts[: at + 1])
    return path if _FILES.match(parts[-1]) else ""


def _is_key(path: str, layout: Layout) -> bool:
    if layout.context is None or not _PEM.match(posixpath.basename(path)):
        return False
    content = layout.context.read(path, _HEAD)
    return content is not None and _PRIVATE.search(content) is not None
