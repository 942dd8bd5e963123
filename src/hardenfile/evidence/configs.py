"""Configuration that says what runs: the scripts of a package.json."""

import json
import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

_MANAGERS = ("npm", "yarn", "pnpm", "bun")
_SHORT = {"start": "start", "test": "test", "t": "test", "stop": "stop", "restart": "restart"}
# What a package manager does by itself; any other word of yarn, pnpm and bun is a script.
_OWN = frozenset(
    "install i ci add remove exec dlx x create init pack publish config cache audit link unlink set version help why "
    "list info global workspace workspaces node upgrade update rebuild prune dedupe outdated login logout".split()
)
_FOLDER_OPTIONS = ("--prefix", "-C", "--cwd", "--dir")
_SIZE = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class PackageScript:
    """A script that a package manager is told to run. `folder` is as it was named, "" for the working directory."""

    name: str
    folder: str
    rest: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class ScriptText:
    """The text of one script of a package.json, and its line there, from 1."""

    name: str
    text: str
    line: int


def package_script(words: Sequence[str | None]) -> PackageScript | None:
    """The script that `npm start`, `npm run X`, `yarn X` and the like run; None for any other command."""
    manager = posixpath.basename(words[0]) if words and words[0] else ""
    if manager not in _MANAGERS:
        return None
    folder, plain = "", list[str | None]()
    index = 1
    while index < len(words):
        word = words[index]
        name, sign, value = (word or "").partition("=")
        if len(plain) > 0 and (plain[0] not in ("run", "run-script") or len(plain) > 1):
            break
        if name in _FOLDER_OPTIONS:
            folder = value if sign else words[index + 1] or "" if index + 1 < len(words) else ""
            index += 0 if sign else 1
        elif not (word or "").startswith("-"):
            plain.append(word)
        index += 1
    rest = tuple(word for word in words[index:] if word != "--")
    if plain[:1] in (["run"], ["run-script"]):
        plain = plain[1:]
    elif plain and (plain[0] in _OWN or (manager == "npm" and plain[0] not in _SHORT)):
        return None
    name = plain[0] if plain and plain[0] else ""
    return PackageScript(_SHORT.get(name, name) if manager == "npm" else name, folder, rest) if name else None


def script_texts(package: bytes, asked: PackageScript) -> tuple[ScriptText, ...] | None:
    """What runs for a script, with what goes before and after it; () when there is none, None for no package.json.

    npm's `start` has a default, `node server.js` (docs.npmjs.com, "scripts").
    """
    text = package.decode("utf-8", "replace")
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    name = asked.name
    scripts = data.get("scripts") if isinstance(data, dict) else None
    if not isinstance(data, dict):
        return None
    scripts = scripts if isinstance(scripts, dict) else {}
    if name == "start" and name not in scripts:
        scripts = {**scripts, "start": "node server.js"}
    if not isinstance(scripts.get(name), str):
        return ()
    rest = " ".join('"$0"' if word is None else shlex.quote(word) for word in asked.rest)
    scripts = {**scripts, name: f"{scripts[name]} {rest}".strip()}
    names = [one for one in (f"pre{name}", name, f"post{name}") if isinstance(scripts.get(one), str)]
    return tuple(ScriptText(one, scripts[one], _line_of(text, one)) for one in names)


def _line_of(text: str, name: str) -> int:
    at = text.find(f"{json.dumps(name)}", max(text.find('"scripts"'), 0) + 1)
    return text.count("\n", 0, at) + 1 if at >= 0 else 1
