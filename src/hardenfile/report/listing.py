"""What transforms there are: as text, as the table of the README, and the comments that no longer keep one away."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from hardenfile.catalog import catalog
from hardenfile.config import nearest_config
from hardenfile.errors import HardenfileError
from hardenfile.files import Request, find, harden_file, read
from hardenfile.ignores import read_ignores
from hardenfile.profiles import PROFILES
from hardenfile.transform import Transform

from .text import rows

_PAGE = "transforms/{}/README.md"


def text() -> str:
    """The transforms and the families, for a terminal."""
    found = ((one.id, one.title, _rules(one)) for one in _edits_first())
    lines = rows(chain.from_iterable(((name, title), ("", rules)) for name, title, rules in found))
    families = rows((name, _about(name)) for name in PROFILES)
    return "".join(f"{line}\n" for line in (*filter(None, lines), "", "families:", *families))


def markdown() -> str:
    """The transforms and the families as tables in Markdown; the README holds both."""
    return f"{table()}\n{families()}"


def table() -> str:
    """The transforms as a table in Markdown."""
    lines = ["| id | what it does | safety | answers |", "|---|---|---|---|"]
    for one in _edits_first():
        page = _PAGE.format(one.id.replace("-", "_"))
        lines.append(f"| [`{one.id}`]({page}) | {one.title} | {one.safety} | {_grouped(one.rules) or '-'} |")
    return "".join(f"{line}\n" for line in lines)


def families() -> str:
    """The families as a table in Markdown."""
    lines = ["| family | what it is for | transforms |", "|---|---|---|"]
    for name, profile in PROFILES.items():
        ids = ", ".join(f"`{one}`" for one in profile.ids(catalog()))
        without = ", ".join(f"`{one}`" for one in profile.without)
        shown = ids if profile.members else "all" + (f", without {without}" if without else "")
        lines.append(f"| `{name}` | {profile.about} | {shown} |")
    return "".join(f"{line}\n" for line in lines)


def unused_ignores(paths: Sequence[str], say: Callable[[str], None]) -> tuple[int, list[str]]:
    """A line for each comment that asks for something nobody would do; the exit code: 0, or 2 after an error."""
    lines: list[str] = []
    code = 0
    for found in find(paths):
        try:
            if found.error is not None:
                raise HardenfileError(found.error)
            lines += _unused(found.path)
        except HardenfileError as error:
            say(f"error: {error}")
            code = 2
    return code, lines


def _unused(path: str) -> Iterator[str]:
    from pathlib import Path

    data = read(path)
    result = harden_file(path, data, Request(select=("strict",), unsafe=True), nearest_config(Path(path).parent))
    if result.error is not None or result.outcome is None:
        raise HardenfileError(result.error or f"{path}: cannot be read")
    heeded = {(one.line, one.text) for one in result.outcome.ignored}
    for one in read_ignores(result.outcome.before):
        if (one.line, one.text) not in heeded and one.is_known(catalog().values()):
            yield f"{path}:{one.line}: nothing is kept away by {one.text}"


def _edits_first() -> list[type[Transform]]:
    """In the order in which they run, advice last."""
    return sorted(catalog().values(), key=lambda one: one.safety == "advice")


def _grouped(rules: Sequence[str]) -> str:
    """The ids with the name of each tool said once."""
    tools: dict[str, list[str]] = {}
    for rule in rules:
        tool, _, name = rule.partition(" ")
        tools.setdefault(tool, []).append(name)
    return "; ".join(f"{tool} {', '.join(names)}" for tool, names in tools.items())


def _about(name: str) -> str:
    profile = PROFILES[name]
    if not profile.members:
        return profile.about + (f" (without {', '.join(profile.without)})" if profile.without else "")
    return f"{profile.about}: {', '.join(profile.ids(catalog()))}"


def _rules(one: type[Transform]) -> str:
    return f"answers {_grouped(one.rules)}" if one.rules else ""
