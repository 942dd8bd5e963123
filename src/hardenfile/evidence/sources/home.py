"""Uses of the user's HOME, which a user made for one application may not have."""

import re
from collections.abc import Iterator, Sequence

from hardenfile.evidence.context import BuildContext
from hardenfile.evidence.python_app.model import FILE_LIMIT, Finding

from .branches import has
from .comments import blank_comments
from .languages import is_foreign, language_of

_HOME = re.compile(
    r"\bexpanduser\(|[\"'`]~/|\bPath\.home\(\)|\bhomedir\(\)|\bUserHomeDir\(\)|\bUserConfigDir\(\)|\bUserCacheDir\(\)"
    r"|\bDir\.home\b"
    r"|\bhome_dir\(\)|[\"']user\.home[\"']|\bSpecialFolder\.(?:UserProfile|ApplicationData|LocalApplicationData)"
    r"|(?:environ|getenv|ENV|env|Getenv|GetEnvironmentVariable)\W{1,3}(?:get\W{1,2})?[\"']?HOME[\"']?[\])]"
    r"|\bprocess\.env\.HOME\b"
)


# One of these words stands in whatever the two patterns match.
_WORDS = (
    "HOME", '"~/', "'~/", "`~/", "expanduser(", "Path.home()", "homedir()", "HomeDir()", "ConfigDir()", "CacheDir()",
    "Dir.home", "home_dir()", "user.home", "SpecialFolder.", "/root/", "/etc/shadow", "/etc/gshadow",
)  # fmt: skip
_ROOTS_OWN = re.compile(r"[\"'`](/root/[^\"'`\s]*|/etc/g?shadow)[\"'`]")


def asks_for_home(text: str) -> bool:
    """Whether a source seems to, or to what is root's alone; a comment may say so too."""
    if not has(text, _WORDS):
        return False
    return _HOME.search(text) is not None or _ROOTS_OWN.search(text) is not None


def home_uses(text: str, file: str) -> Iterator[Finding]:
    """The first place in a source, comments blanked, where HOME is asked for, and each of a file that is root's."""
    match = _HOME.search(text)
    if match is not None:
        line = text.count("\n", 0, match.start()) + 1
        yield Finding("library", None, True, None, "asks for the user's HOME", file, line)
    for match in _ROOTS_OWN.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Finding("root", match[1], False, None, f"names {match[1]}", file, line)


def python_home_uses(context: BuildContext, roots: Sequence[str]) -> Iterator[Finding]:
    """The same for the Python files below some roots of the context."""
    for root in roots:
        for entry in context.walk(root):
            if entry.kind != "file" or not entry.path.endswith(".py") or entry.size > FILE_LIMIT:
                continue
            language = language_of(entry.path.rpartition("/")[2])
            if language is None or is_foreign(entry.path.split("/"), language):
                continue
            data = context.read(entry.path, FILE_LIMIT)
            if data is not None and asks_for_home(text := data.decode("utf-8", "replace")):
                yield from home_uses(blank_comments(text, language.comments), entry.path)
