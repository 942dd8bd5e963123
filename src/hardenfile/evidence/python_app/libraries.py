"""Libraries that keep a cache or settings of their own: read from libraries.toml, matched by import or by call."""

import posixpath
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Library:
    """One entry of libraries.toml; the fields are explained there."""

    name: str
    path: str
    env: tuple[str, ...]
    only_if: str

    def folder(self, env: Mapping[str, str]) -> str | None:
        """Where it writes with that environment; None where that hangs on the HOME of a user not yet there."""
        for variable in self.env:
            value = env.get(variable)
            if value and value.startswith("/"):
                below = self.path.split("/", 2)[-1] if variable.startswith("XDG_") else ""
                return posixpath.normpath(posixpath.join(value, below))
        home = env.get("HOME")
        if self.path.startswith("~"):
            return home.rstrip("/") + self.path[1:] if home else None
        return self.path or None

    def phrase(self, sign: str) -> str:
        """What a report says: the import or call seen, and where it writes unless told otherwise."""
        variables = f" unless {self.env[0]} names another folder" if self.env else ""
        return f"{sign}: {self.name} writes {self.path or 'there'}{variables}"


@cache
def _tables() -> tuple[dict[str, Library], dict[str, Library]]:
    text = files(__package__ or "").joinpath("libraries.toml").read_text(encoding="utf-8")
    by_import: dict[str, Library] = {}
    by_call: dict[str, Library] = {}
    for entry in tomllib.loads(text)["library"]:
        library = Library(entry["name"], entry.get("path", ""), tuple(entry.get("env", ())), entry.get("only_if", ""))
        by_import.update(dict.fromkeys(entry.get("imports", ()), library))
        by_call.update(dict.fromkeys(entry.get("calls", ()), library))
    return by_import, by_call


def imported(module: str, env: Mapping[str, str]) -> Library | None:
    """The library that importing a module brings, where it writes by itself."""
    library = _tables()[0].get(module.partition(".")[0])
    return library if library is not None and (not library.only_if or library.only_if in env) else None


def called(dotted: str) -> Library | None:
    return _tables()[1].get(dotted)


def call_names() -> frozenset[str]:
    return frozenset(_tables()[1])
