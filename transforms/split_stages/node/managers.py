"""What the commands of npm, Yarn and pnpm in a Dockerfile do."""

import re
from collections.abc import Iterator

from ..steps import Step
from ..survey import Survey

MANAGERS = frozenset(("npm", "yarn", "yarnpkg", "pnpm"))
_INSTALL = frozenset(("install", "i", "ci", "clean-install", "add", "isntall", "install-clean"))
_FOLDERS = frozenset(("--prefix", "--cwd", "-C", "--dir"))
_VALUED = _FOLDERS | frozenset(
    "--registry --cache --loglevel --network-timeout --cache-folder --modules-folder --fetch-timeout --fetch-retries "
    "--filter -F --store-dir --workspace -w --userconfig --network-concurrency --mutex --maxsockets".split()
)
_PRODUCTION = re.compile(r"--(?:omit[= ]dev|production(?:=true)?|prod|only[= ]prod(?:uction)?)\Z")
_DEVELOPMENT = re.compile(r"--(?:include[= ]dev|production=false|also[= ]dev|dev)\Z")


def arguments(step: Step) -> tuple[str | None, ...]:
    """The words of a package manager's command without options: `install express`."""
    found: list[str | None] = []
    valued = False
    for word in step.arguments:
        if valued:
            valued = False
        elif word is not None and word.startswith("-"):
            valued = word in _VALUED
        else:
            found.append(word)
    return tuple(found)


def folder_of(step: Step) -> str | None:
    """The folder that a command works in; None where nobody knows it."""
    words = step.arguments
    for index, word in enumerate(words):
        name, sign, value = (word or "").partition("=")
        if name in _FOLDERS:
            there = value if sign else words[index + 1] if index + 1 < len(words) else None
            return step.path(there) if there else None
    return step.cwd


def is_global(step: Step) -> bool:
    """Whether a command installs for the whole system."""
    return any(word in ("-g", "--global", "--location=global") for word in step.words) or (
        step.name in ("yarn", "yarnpkg") and arguments(step)[:1] == ("global",)
    )


def installs(step: Step) -> bool:
    """Whether a command installs what a project's manifest asks for."""
    if step.name not in MANAGERS or is_global(step):
        return False
    words = arguments(step)
    return (not words and step.name in ("yarn", "yarnpkg")) or (words[:1] != () and words[0] in _INSTALL)


def prunes(step: Step) -> bool:
    """Whether a command takes the devDependencies out again."""
    asked = step.name in ("npm", "pnpm") and arguments(step)[:1] == ("prune",)
    return asked and step.always and _flagged(step, _PRODUCTION)


def leaves_out(step: Step, survey: Survey) -> bool:
    """Whether an installation is one without devDependencies."""
    if _flagged(step, _DEVELOPMENT) or not step.always:
        return False
    if _flagged(step, _PRODUCTION):
        return True
    assigned = [word.value for word in step.command.assignments] if step.command else []
    return "NODE_ENV=production" in assigned or _production(survey, step)


def asks_for_development(step: Step) -> bool:
    """Whether an installation says that it wants the devDependencies."""
    return _flagged(step, _DEVELOPMENT)


def _production(survey: Survey, step: Step) -> bool:
    """Whether NODE_ENV is production where a command runs, and no build argument changes that."""
    value = ""
    for one in survey.stage.each("ENV"):
        if one.begin < step.run.begin:
            for name, text in one.pairs():
                value = text.strip("\"'") if name == "NODE_ENV" else value
    return value == "production"


def _flagged(step: Step, pattern: re.Pattern[str]) -> bool:
    return any(pattern.match(text) for text in _pairs(step))


def _pairs(step: Step) -> Iterator[str]:
    words = [word or "" for word in step.arguments]
    for index, word in enumerate(words):
        yield word
        if index + 1 < len(words) and word in ("--omit", "--only", "--include", "--also"):
            yield f"{word} {words[index + 1]}"
