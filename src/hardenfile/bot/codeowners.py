"""Whom CODEOWNERS names for a path. https://docs.github.com/articles/about-code-owners: the last match wins."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")  # GitHub's order; the first that is there holds
GITLAB_PLACES = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_LIMIT = 3 << 20  # bytes; GitHub ignores larger files
_STARS = 8  # of one pattern; more would let a stranger's file keep the matcher busy for hours
_NAME = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,100})(?:/[A-Za-z0-9_.-]{1,100})?", re.ASCII)


def read_codeowners(root: Path, places: Sequence[str] = PLACES) -> str:
    """The text of the file that holds, empty where there is none."""
    base = root.resolve()
    for name in places:
        path = (root / name).resolve()
        if path.is_relative_to(base) and path.is_file():
            data = path.read_bytes() if path.stat().st_size < _LIMIT else b""
            return data.decode("utf-8", "replace")
    return ""


def owners(text: str, path: str) -> tuple[str, ...]:
    """The owners of a path without their @: logins, and teams as `org/team`; e-mail addresses are passed over."""
    found: tuple[str, ...] = ()
    for line in text.split("\n"):
        words = _words(line)
        # `[Section]` and `^[Section]` are GitLab's; brackets make no pattern on GitHub, and `!` does not there either.
        if not words or words[0].startswith(("[", "^[", "!")):
            continue
        if _matches(words[0], path):
            found = tuple(word[1:] for word in words[1:] if _NAME.fullmatch(word))
    return found


def owners_of(text: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The owners of several paths, each once."""
    return tuple(dict.fromkeys(owner for path in paths for owner in owners(text, path)))


def _words(line: str) -> list[str]:
    """The words of a line up to a comment; a backslash keeps a space in a pattern, or a # at its beginning."""
    words: list[str] = []
    word, started, at = "", False, 0
    while at < len(line):
        char = line[at]
        if char == "\\" and at + 1 < len(line):
            word, started, at = word + line[at : at + 2], True, at + 2
            continue
        if char in " \t\r":
            if started:
                words.append(word)
            word, started = "", False
        elif char == "#" and not started:
            break
        else:
            word, started = word + char, True
        at += 1
    return [*words, word] if started else words


def _matches(pattern: str, path: str) -> bool:
    """Whether a pattern, as in .gitignore, covers a path or a folder above it."""
    anchored = "/" in pattern.rstrip("/")
    folder = pattern.endswith("/")
    body = re.sub(r"(?:\*\*/){2,}", "**/", pattern.strip("/"))
    if not body or body.count("*") > _STARS:
        return False
    regex, at = "", 0
    while at < len(body):
        if body.startswith("**/", at):
            regex, at = regex + "(?:[^/]+/)*", at + 3
        elif body.startswith("**", at):
            regex, at = regex + ".*", at + 2
        elif body[at] == "*":
            regex, at = regex + "[^/]*", at + 1
        elif body[at] == "?":
            regex, at = regex + "[^/]", at + 1
        elif body[at] == "\\" and at + 1 < len(body):
            regex, at = regex + re.escape(body[at + 1]), at + 2
        else:
            regex, at = regex + re.escape(body[at]), at + 1
    start = "" if anchored else "(?:[^/]+/)*"
    # `docs/*` names the files of the folder and none deeper, by GitHub's own example; `docs` all that is below it.
    below = "" if body.endswith("/*") and not folder else "(?:/.*)?"
    return re.fullmatch(start + regex + ("/.*" if folder else below), path, re.DOTALL) is not None
