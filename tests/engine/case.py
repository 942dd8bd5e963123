"""The cases: applications with a Dockerfile that starts them as root, in fixtures/_engine.

fixtures/_engine/<case>/
    context/        what is built, the Dockerfile in it; http://files.test in a text stands for the test's own server
    engine.toml
        about = "what the case is for"
        port = 8000                       # where it listens
        requests = ["GET /", "POST /x"]   # answered below 400 by the image before, and alike by the image after
        unsafe = true                     # --unsafe; without it every change must be safe
        user = "10001:10001"              # who everything runs as afterwards
        writes = ["/app/data"]            # what the user must be able to write
        closed = ["/app/app.py"]          # what it must not, besides the system
        may = ["/app"]                    # all that it may write of what another user could not; `writes` by default
        locked_down = true                # survives a read-only root, no capabilities, no new privileges
        extra = ["--tmpfs", "/app/data:uid=10001,gid=10001"]  # what the locked-down container needs besides
        smaller = true                    # the image loses megabytes
        refused = "needs-root"            # the reason of add-user's refusal; the file stays as it is
        held = "can be read"              # a part of why the change is unsafe; it is not applied
        naive = "Permission denied"       # what a USER line alone leads to: in the log or in an answer
        naive_answer = 500                # the status of the last request then; 0: it does not start
        java = "Main.java"                # compiled on this machine into app.jar
        blob = 20                         # megabytes of a file called blob in the context
        [modes]                           # which git does not keep
        "secret.ini" = 0o600
        [options.add-user]
        ownership = "minimal"
"""

import json
import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.support.cli import real

ROOT = Path(__file__).parents[2] / "fixtures" / "_engine"
_KEYS = set(
    "about port requests unsafe user writes closed may locked_down extra smaller refused held naive naive_answer java "
    "blob modes options".split()
)


@dataclass(frozen=True)
class Case:
    """One folder."""

    folder: Path
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def user(self) -> str:
        return str(self.settings.get("user", "10001:10001"))

    @property
    def requests(self) -> list[str]:
        return list(self.settings["requests"])

    @property
    def port(self) -> int:
        return int(self.settings["port"])

    def texts(self, key: str) -> list[str]:
        return list(self.settings.get(key, ()))


@dataclass(frozen=True)
class Hardened:
    """What the command line made of a case's Dockerfile, and its report of it."""

    before: str
    after: str
    report: dict[str, Any]

    @property
    def changed(self) -> bool:
        return self.after != self.before

    @property
    def applied(self) -> list[dict[str, Any]]:
        return [one for one in self.report["changes"] if one["applied"]]

    @property
    def held(self) -> list[dict[str, Any]]:
        return [one for one in self.report["changes"] if not one["applied"]]


def cases() -> list[Case]:
    """Every case, by name."""
    found = []
    for folder in sorted(one for one in ROOT.iterdir() if one.is_dir()):
        settings = tomllib.loads((folder / "engine.toml").read_text("utf-8"))
        unknown = settings.keys() - _KEYS
        assert not unknown, f"{folder.name}/engine.toml: unknown keys {', '.join(sorted(unknown))}"
        found.append(Case(folder, settings))
    return found


def prepare(case: Case, folder: Path, files: str) -> Path:
    """A copy of the context, with what git cannot keep."""
    context = folder / "context"
    shutil.copytree(case.folder / "context", context)
    for path in context.rglob("*"):
        if path.is_file() and b"http://files.test" in (data := path.read_bytes()):
            path.write_bytes(data.replace(b"http://files.test", files.encode()))
    if "java" in case.settings:
        _compile(context, case.settings["java"], folder / "classes")
    if "blob" in case.settings:
        (context / "blob").write_bytes(os.urandom(1 << 20) * case.settings["blob"])
    for name, mode in case.settings.get("modes", {}).items():
        (context / name).chmod(mode)
    return context


def _compile(context: Path, source: str, classes: Path) -> None:
    if shutil.which("javac") is None or shutil.which("jar") is None:
        pytest.skip("there is no javac on PATH to compile the application with")
    path = context / source
    subprocess.run(["javac", "--release", "17", "-d", classes, path], check=True)
    jar = ["jar", "--create", "--file", str(context / "app.jar"), "--main-class", path.stem, "-C", str(classes), "."]
    subprocess.run(jar, check=True)
    path.unlink()


def harden(case: Case, context: Path, *, unsafe: bool | None = None, profile: str = "recommended") -> Hardened:
    """Through the command line, as a user would."""
    dockerfile, output, config = context / "Dockerfile", context.parent / "hardened", context.parent / "config.toml"
    config.write_bytes(tomli_w.dumps(case.settings.get("options", {})).encode())
    unsafe = case.settings.get("unsafe", False) if unsafe is None else unsafe
    options = ["--context", str(context), "--config", str(config), "--output-format", "json", "--output", str(output)]
    options += ["--profile", profile, *(["--unsafe"] if unsafe else [])]
    ran = real("fix", str(dockerfile), *options, cwd=context.parent)
    assert ran.code == 0, f"{ran.err}\n{ran.out.decode()}"
    (report,) = json.loads(ran.out)["files"]
    return Hardened(dockerfile.read_text("utf-8"), output.read_text("utf-8"), report)


def naive(dockerfile: str, user: str) -> str:
    """What most tools write: USER, and no more."""
    return f"{dockerfile}\nUSER {user}\n"
