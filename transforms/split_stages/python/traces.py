"""What the application's files and its start name of paths and programs that the final stage may lack."""

import posixpath
import re
from functools import cached_property

from ..survey import Survey

_ABSOLUTE = re.compile(r"/usr/(?:local/)?(?:bin/[\w.-]+|lib/python[\w./-]*)|dist-packages")
_READ = (".py", ".sh", ".bash", ".ini", ".cfg", ".conf", ".toml", ".yaml", ".yml", ".service", ".env", "")
_SYSTEM_TOOLS = frozenset("env bash sh test nproc id tail stdbuf".split())
_PROGRAMS = re.compile(
    rb"\b(?:subprocess|os\.(?:system|popen|exec[lv]|spawn)|popen2?|pexpect|shutil\.which|create_subprocess_|sh\.Command"
    rb"|find_library|CDLL|LoadLibrary|dlopen)\b"
)
_KINDS = {
    "programs": _PROGRAMS,
    "compiles": re.compile(
        rb"""["'](?:gcc|g\+\+|cc|c\+\+|make|cmake|clang)["' ]|find_library|pyximport|numba\.pycc|load_inline"""
    ),
    "look": re.compile(rb"\btruetype\s*\(|\b(?:import|from)\s+tkinter\b|\bfontconfig\b|\bfont_manager\.find"),
    "types": re.compile(
        rb"\bmimetypes\b|\bguess_type\b|\bsend_file\b|\bsend_from_directory\b|\bFileResponse\b|\bStaticFiles\b"
    ),
    "lists": re.compile(rb"requirements[\w.-]*\.txt|constraints[\w.-]*\.txt|poetry\.lock|uv\.lock|Pipfile"),
}
_SIZE = 300_000  # bytes of a file that are read


def absolute(text: str, survey: Survey) -> str:
    """A path in a text that is where pip installs without an environment; empty where there is none."""
    for found in _ABSOLUTE.finditer(text):
        path = found[0]
        if posixpath.basename(path) in _SYSTEM_TOOLS or survey.place(path) is not None:
            continue
        if path.startswith("/usr/bin/") and not re.match(r"(?:python|pip|gunicorn|uvicorn|celery|flask)", path[9:]):
            continue
        return path
    return ""


def absolute_at_start(survey: Survey) -> str:
    """A path of that kind in what starts, in a script of it, or in the health check."""
    texts = [word for command in survey.start.commands for word in command.words if word]
    texts += [_script(survey, script) for script in survey.start.scripts]
    texts += [_first_line(survey, word) for command in survey.start.commands for word in command.words[:1] if word]
    check = survey.stage.final.healthcheck
    if check is not None:
        texts.append(check.value)
    for name, value in survey.stage.env.items():
        if name != "PATH":
            texts.append(value.text)
    return next((path for text in texts if (path := absolute(text, survey))), "")


def _first_line(survey: Survey, program: str) -> str:
    """The interpreter that a script of the context names."""
    text = survey.text(posixpath.normpath(posixpath.join(survey.workdir, program)), _SIZE) or ""
    return text.partition("\n")[0] if text.startswith("#!") else ""


def _script(survey: Survey, script: str) -> str:
    return (survey.context.read(script, _SIZE) or b"").decode("utf-8", "replace")


class Traces:
    """What the files of the application hold; each is read once, when the first question is asked."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey

    @cached_property
    def _found(self) -> dict[str, str]:
        """For each kind of trace the first file, with what it names."""
        found: dict[str, str] = {}
        for target, entry in self.survey.files:
            if posixpath.splitext(target)[1] not in _READ or _beside(target):
                continue
            data = self.survey.context.read(entry.path, _SIZE) or b""
            if b"\0" in data[:1024]:
                continue
            if b"/usr/" in data and "absolute" not in found:
                path = absolute(data.decode("utf-8", "replace"), self.survey)
                if path:
                    found["absolute"] = f"{entry.path} names {path}"
            if target.endswith(".py"):
                for kind, pattern in _KINDS.items():
                    if kind not in found and pattern.search(data):
                        found[kind] = entry.path
        return found

    @property
    def absolute(self) -> str:
        """A file that names a path where pip installs without an environment, with the path."""
        return self._found.get("absolute", "")

    @property
    def programs(self) -> str:
        """A Python file that runs programs, or loads libraries by name."""
        return self._found.get("programs", "")

    @property
    def compiles(self) -> str:
        """A Python file that needs a compiler, or its tools, when it runs."""
        return self._found.get("compiles", "")

    @property
    def look(self) -> str:
        """A Python file that asks for fonts, or windows, of the system."""
        return self._found.get("look", "")

    @property
    def types(self) -> str:
        """A Python file that tells the types of files by their names."""
        return self._found.get("types", "")

    @property
    def lists(self) -> str:
        """A Python file that names a list of requirements."""
        return self._found.get("lists", "")


def _beside(target: str) -> bool:
    """Whether a file is for tests, documents or the build alone."""
    parts = target.lower().split("/")
    return (
        bool({"tests", "test", "docs", ".git", ".github", "node_modules"} & set(parts[:-1]))
        or parts[-1].startswith(("dockerfile", "test_", "conftest", "docker-compose", "compose."))
        or parts[-1].endswith(".dockerfile")
    )
