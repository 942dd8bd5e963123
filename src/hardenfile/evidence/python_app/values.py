"""What a text or path is worth when the image starts, as far as that is known; knows nothing of Python's syntax.

A part that is not known is a hole in the text: ``f"/data/{name}.txt"`` is ``/data/`` HOLE ``.txt``, and still tells its
folder. What fills a hole is taken to be a name, not a path that leads elsewhere: that a program joins a folder and a
name it was given is the assumption here, and the only one.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

HOLE = "\0"


@dataclass(frozen=True, slots=True)
class Value:
    """A text with holes, the variables that may set another, and whether it lies in a folder for temporary files."""

    text: str
    overrides: frozenset[str] = frozenset()
    temporary: bool = False

    @property
    def whole(self) -> bool:
        return HOLE not in self.text

    @property
    def known(self) -> bool:
        """Whether any of it is."""
        return self.text.strip(HOLE) != "" or self.text == ""

    def with_text(self, text: str) -> "Value":
        return replace(self, text=text)

    def unless(self, variable: str) -> "Value":
        return replace(self, overrides=self.overrides | {variable})


UNKNOWN = Value(HOLE)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the image: a file or folder, or (``inside``) something not known that lies in a known folder."""

    path: str
    inside: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The process that the image starts: its working folder and environment.

    ``settled`` is False where the program changes its working folder: a relative path then lies nowhere in particular.
    """

    workdir: str
    env: Mapping[str, str]
    settled: bool = True

    @property
    def temp_folder(self) -> Value:
        return Value(self.env.get("TMPDIR", "/tmp"), temporary=True)

    def spot(self, value: Value | None) -> Spot | None:
        """Where a path lies, or None where not even its folder is known."""
        if value is None or not value.text or value.text.startswith(HOLE):
            return None
        if not value.text.startswith("/") and not self.settled:
            return None
        parts = posixpath.join(self.workdir, value.text).split("/")
        known = next((index for index, part in enumerate(parts) if HOLE in part), len(parts))
        if ".." in parts[known:]:
            return None
        path = "/" + posixpath.normpath("/".join(parts[:known]) or "/").lstrip("/")
        if known == len(parts):
            return Spot(path, inside=False)
        return Spot(path, inside=True) if path != "/" else None

    def absolute(self, value: Value) -> Value | None:
        """``os.path.abspath``; symbolic links are not looked at."""
        if value.text.startswith(HOLE):
            return value
        if not value.text.startswith("/") and not self.settled:
            return None
        text = posixpath.join(self.workdir, value.text)
        return value.with_text(posixpath.normpath(text) if value.whole else text)

    def home(self, value: Value) -> Value | None:
        """``~`` made plain, where the image itself says what HOME is: else it is that of a user not yet there."""
        if not value.text.startswith("~"):
            return value
        home, rest = self.env.get("HOME"), value.text[1:]
        return value.with_text(home + rest).unless("HOME") if home and rest[:1] in ("", "/") else None

    def working_folder(self) -> Value | None:
        return Value(self.workdir) if self.settled else None

    def variable(self, name: str) -> Value | None:
        return Value(self.env[name], frozenset({name})) if name in self.env else None


def joined(values: list[Value]) -> Value:
    """``os.path.join``."""
    text = posixpath.join(*(value.text for value in values))
    overrides = frozenset[str]().union(*(value.overrides for value in values))
    return Value(text, overrides, any(value.temporary for value in values))


def concatenated(one: Value, other: Value) -> Value:
    return Value(one.text + other.text, one.overrides | other.overrides, one.temporary or other.temporary)


def filled(template: Value, pattern: re.Pattern[str], piece: Callable[[re.Match[str], int], Value]) -> Value:
    """A template whose fields, as ``pattern`` finds them, are replaced; ``%%``, ``{{`` and ``}}`` are no fields."""
    result, end, count = template.with_text(""), 0, 0
    for match in pattern.finditer(template.text):
        result = concatenated(result, Value(template.text[end : match.start()]))
        end = match.end()
        if match[0] in ("%%", "{{", "}}"):
            result = concatenated(result, Value(match[0][0]))
        else:
            result = concatenated(result, piece(match, count))
            count += 1
    return concatenated(result, Value(template.text[end:]))


def part_of_path(value: Value, name: str) -> Value | None:
    """An attribute of a ``pathlib`` path that is a text or path again."""
    if not value.text.strip(HOLE):
        return None
    path = value.text if value.text == "/" else value.text.rstrip("/")
    match name:
        case "parent":
            return value.with_text(posixpath.dirname(path) or ".")
        case "name":
            return value.with_text(posixpath.basename(path))
        case "stem":
            return value.with_text(posixpath.splitext(posixpath.basename(path))[0])
    return None


def method(around: Surroundings, value: Value, name: str, arguments: list[Value]) -> Value | None:
    """What a method of a text or path returns."""
    match name, arguments:
        case (("as_posix" | "__str__"), _):
            return value
        case (("resolve" | "absolute"), _):
            return around.absolute(value)
        case "expanduser", _:
            return around.home(value)
        case (("strip" | "lower"), []) if value.whole:
            return value.with_text(value.text.strip() if name == "strip" else value.text.lower())
        case "rstrip", [Value("/")]:
            return value.with_text(value.text.rstrip("/"))
        case "replace", [Value(old), Value(new)] if old and value.whole and HOLE not in old + new:
            return value.with_text(value.text.replace(old, new))
        case "joinpath", _:
            return joined([value, *arguments])
        case "with_name", [last]:
            return joined([part_of_path(value, "parent") or UNKNOWN, last])
        case (("with_suffix" | "with_stem"), _):
            return joined([part_of_path(value, "parent") or UNKNOWN, UNKNOWN])
    return None


def call(around: Surroundings, dotted: str, values: list[Value]) -> Value | None:
    """What a function of the standard library returns, by its dotted name."""
    match dotted, values:
        case (("pathlib.Path" | "os.path.join"), [_, *_]):
            return joined(values)
        case "pathlib.Path", []:
            return Value(".")
        case (("os.getcwd" | "pathlib.Path.cwd"), _):
            return around.working_folder()
        case "pathlib.Path.home", _:
            return around.home(Value("~"))
        case "tempfile.gettempdir", _:
            return around.temp_folder
        case (("os.path.abspath" | "os.path.realpath"), [value]):
            return around.absolute(value)
        case "os.path.expanduser", [value]:
            return around.home(value)
        case "os.path.expandvars", [value]:
            return value if "$" not in value.text else None
        case "os.path.dirname", [value]:
            return value.with_text(posixpath.dirname(value.text))
        case "os.path.basename", [value]:
            return value.with_text(posixpath.basename(value.text))
        case (("builtins.str" | "builtins.int" | "os.fspath" | "os.path.normpath"), [value]):
            return value
        case "typing.cast", [_, value]:
            return value
    return None
