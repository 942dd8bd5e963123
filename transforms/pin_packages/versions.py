"""The versions that a list gives: `curl=8.14.1-2`, or `pip:requests=2.32.4` for one manager alone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hardenfile.errors import UsageError

MANAGERS = ("apt", "apk", "pip")
# No character that a shell would take for more than itself.
_ENTRY = re.compile(
    rf"(?:(?P<manager>{'|'.join(MANAGERS)}):)?(?P<name>[A-Za-z0-9][A-Za-z0-9.+_-]*(?::[a-z0-9]+)?)==?"
    r"(?P<version>[A-Za-z0-9][A-Za-z0-9.+:~_-]*)\Z"
)


@dataclass(frozen=True, slots=True)
class Versions:
    """`given` has the version by manager ("" for any) and name."""

    given: dict[tuple[str, str], str]

    def of(self, manager: str, name: str) -> str | None:
        """The version of a package; None where none is given for it."""
        name = spelled(manager, name)
        return self.given.get((manager, name)) or self.given.get(("", name))

    def for_any(self, manager: str, name: str) -> bool:
        """Whether the version is one that names no manager."""
        return (manager, spelled(manager, name)) not in self.given

    def may_be_in(self, text: str) -> bool:
        """Whether a text names one of the packages, and something that installs."""
        if re.search(r"\b(?:install|add)\b", text) is None:
            return False
        words = {spelled("pip", word) for word in re.split(r"[^A-Za-z0-9.+_:-]+", text)}
        return any(spelled("pip", name) in words for _, name in self.given)


def read_versions(entries: Iterable[str]) -> Versions:
    """The list. Raises UsageError for an entry that gives no version, and for two versions of one package."""
    given: dict[tuple[str, str], str] = {}
    for entry in entries:
        found = _ENTRY.match(entry)
        if found is None:
            raise UsageError(
                f"pin-packages: versions takes texts such as 'curl=8.14.1-2' or 'pip:six=1.17.0', not {entry!r}"
            )
        manager = found["manager"] or ""
        key = manager, spelled(manager, found["name"])
        if given.setdefault(key, found["version"]) != found["version"]:
            raise UsageError(f"pin-packages: versions has two versions of {found['name']}")
    return Versions(given)


def spelled(manager: str, name: str) -> str:
    """A name as it is compared: pip takes `_`, `.` and capitals for `-` and small letters (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower() if manager == "pip" else name
