"""The file servers that start commands run: what they serve, and where they listen."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..node.managers import arguments, is_global
from ..survey import Survey

_NAMES = {"serve": "serve", "http-server": "http-server", "hs": "http-server", "vite": "vite"}
_ON_THE_WAY = ("npm", "yarn", "pnpm", "docker-entrypoint.sh", "sh", "exec", "tini", "dumb-init")
# Options without a value.
_PLAIN = frozenset(
    "-s --single -d --debug -n --no-clipboard -u --no-compression -S --symlinks -L --no-request-logging -C --cors "
    "--no-etag --no-port-switching --silent -g --gzip -b --brotli -i -o --strictPort --no-dotfiles "
    "-y --yes --host".split()
)


@dataclass(frozen=True, slots=True)
class Server:
    """A start command that serves files. `folder` is as it names it, empty where it names none; `single`: a path that
    is not there gets index.html; `everywhere`: the file installs it for the whole system."""

    name: str
    folder: str
    port: int | None
    single: bool
    everywhere: bool
    proxies: bool
    where: str


def server_of(survey: Survey) -> Server | None:
    """The server that starts; None where anything else does, or its options are not known."""
    commands = [one for one in survey.start.commands if one.program not in _ON_THE_WAY]
    if len(commands) != 1 or any(word is None for word in commands[0].words):
        return None
    words = [word for word in commands[0].words if word]
    name = posixpath.basename(words[0])
    fetched = name in ("npx", "pnpx")
    words = words[1:]
    if fetched:
        while words and words[0].startswith("-"):
            words = words[1:]
        name, words = (re.sub(r"(?<=.)@.*", "", words[0]), words[1:]) if words else ("", [])
    if re.fullmatch(r"python3?", name) and words[:2] == ["-m", "http.server"]:
        return _python(words[2:], commands[0].where)
    if name not in _NAMES or (name == "vite" and words[:1] != ["preview"]):
        return None
    name = _NAMES[name]
    return _server(name, words[1:] if name == "vite" else words, survey, commands[0].where, fetched)


def _server(name: str, words: Sequence[str], survey: Survey, where: str, fetched: bool) -> Server | None:
    plain: list[str] = []
    values: dict[str, str] = {}
    index = 0
    while index < len(words):
        word = words[index]
        key, sign, value = word.partition("=")
        if not word.startswith("-"):
            plain.append(word)
        elif sign:
            values[key] = value
        elif word in _PLAIN and not (word == "--host" and words[index + 1 : index + 2] and words[index + 1][0] != "-"):
            values[word] = ""
        else:
            index += 1
            values[word] = words[index] if index < len(words) else ""
        index += 1
    if any(one.startswith(("--ssl", "--tls", "--cert", "--key")) for one in values) or (
        name == "http-server" and {"-S", "-K"} & values.keys()
    ):
        return None  # certificates beside it
    if {"-c", "--config", "--base", "--outDir", "-m", "--mode"} & values.keys() and name != "http-server":
        return None
    if len(plain) > 1 or (name == "http-server" and not plain) or (name == "vite" and plain):
        return None
    asked = next((values[one] for one in ("-l", "--listen", "-p", "--port") if one in values), "")
    found = re.fullmatch(r"(?:tcp://[^:]*:)?(\d{1,5})", asked)
    default = {"vite": 4173, "http-server": 8080}.get(name)
    port = int(found[1]) if found else default if not asked else None
    single = name == "vite" or "-s" in values or "--single" in values
    everywhere = not fetched and any(_brings(step_words, name) for step_words in _everywhere(survey))
    folder = plain[0] if plain else ""
    if name == "serve" and not folder:
        folder = "."
    return Server(name, folder, port, single, everywhere, "-P" in values or "--proxy" in values, where)


def _python(words: Sequence[str], where: str) -> Server | None:
    folder, port, rest = ".", 8000, list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-d", "--directory", "-b", "--bind") and rest:
            value = rest.pop(0)
            folder = value if word in ("-d", "--directory") else folder
        elif word.isdigit():
            port = int(word)
        else:
            return None
    return Server("python", folder, port, False, False, False, where)


def _everywhere(survey: Survey) -> list[tuple[str | None, ...]]:
    return [arguments(step) for step in survey.runs("npm", "yarn", "pnpm") if is_global(step)]


def _brings(words: Sequence[str | None], name: str) -> bool:
    return any(re.sub(r"(?<=.)@.*", "", word or "") == name for word in words[1:])
