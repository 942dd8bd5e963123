"""The bot's settings, `[tool.hardenfile.bot]`: the operator's, and of those the few that a repository may set."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from hardenfile.errors import UsageError, nearest

from .branches import PREFIX, sound_prefix

_CHOICES = {"group": ("file", "repository"), "commits": ("auto", "conventional", "plain")}
# A repository is a stranger: it may ask for less, or for other labels and people, and never for a command, a branch
# or a name to commit under.
REPOSITORY_MAY = frozenset({"enabled", "limit", "draft", "labels", "reviewers", "assignees", "exclude", "commits"})


@dataclass(frozen=True)
class Settings:
    """Each field is a key of the table, with dashes; lists are of texts."""

    enabled: bool = True
    """`false`: the bot does nothing in this repository."""
    group: str = "file"
    """`file`: a pull request a Dockerfile; `repository`: one for all."""
    limit: int = 5
    """How many pull requests of the bot's may be open in a repository."""
    draft: bool = False
    """Open drafts always; those with unsafe changes are drafts in any case."""
    labels: tuple[str, ...] = ()
    rebuild_label: str = "hardenfile-rebuild"
    """The label by which a person has the bot rebuild or reopen a pull request."""
    reviewers: tuple[str, ...] = ()
    """Logins, teams as `org/team`, or `codeowners` for those that CODEOWNERS names."""
    assignees: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    """Dockerfiles that are left alone: patterns as in a .dockerignore file."""
    commits: str = "auto"
    """How titles read: `conventional` (fix: …), `plain`, or `auto` as the last 20 commits do."""
    branch_prefix: str = PREFIX
    author: str = ""
    """`Name <address>` of the commits; by default the forge takes the token's owner, and signs for Apps."""
    token_command: tuple[str, ...] = ()
    """A program with its arguments that prints a token; in the operator's --config only."""


def read_settings(table: Mapping[str, Any], base: Settings | None = None, *, repository: bool = False) -> Settings:
    """The settings that a table gives, over `base`. Raises UsageError for what is unknown, wrong or not allowed."""
    known = {one.name.replace("_", "-"): one for one in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in table.items():
        field = known.get(name)
        if field is None:
            raise UsageError(f"bot: unknown key {nearest(name, known)}")
        if repository and name not in REPOSITORY_MAY:
            raise UsageError(f"bot.{name} is for the bot's operator (--config), and not for a repository to set")
        values[field.name] = _value(name, value, field.default)
    settings = replace(base or Settings(), **values)
    if repository and base is not None:
        settings = replace(settings, limit=min(settings.limit, base.limit), draft=settings.draft or base.draft)
    return settings


def author_of(text: str) -> tuple[str, str] | None:
    """A name and an address, None where none is given. Raises UsageError."""
    name, bracket, rest = text.partition("<")
    address, closing, tail = rest.partition(">")
    if not text:
        return None
    if not (name.strip() and bracket and "@" in address and closing) or tail.strip() or not text.isprintable():
        raise UsageError(f"an author is written Name <address@host>, not {text!r}")
    return name.strip(), address.strip()


def _value(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        if not (isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)):
            raise UsageError(f"bot.{name} takes a list of texts, not {value!r}")
        return tuple(value)
    if type(value) is not type(default):
        kind = {bool: "true or false", int: "a whole number", str: "a text"}[type(default)]
        raise UsageError(f"bot.{name} takes {kind}, not {value!r}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise UsageError(f"bot.{name} is one of {', '.join(_CHOICES[name])}, not {value!r}")
    if name == "limit" and value < 0:
        raise UsageError(f"bot.limit is 0 or more, not {value}")
    if name == "branch-prefix" and not sound_prefix(value):
        raise UsageError(f"bot.branch-prefix is letters, digits and dashes that end in a slash, not {value!r}")
    if name == "author":
        author_of(value)
    return value
