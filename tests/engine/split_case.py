"""The cases of split-stages: applications with a Dockerfile of one stage, in fixtures/_engine_split.

fixtures/_engine_split/<case>/
    context/        what is built, the Dockerfile in it
    engine.toml
        about = "what the case is for"
        stack = "Go"
        images = ["golang:1.27-bookworm"]  # that the engine needs to have, by their real names
        port = 8080                        # where it listens
        requests = ["GET /", "POST /x"]    # answered by both images alike
        unsafe = true                      # --unsafe; without it every change must be safe
        environment = ["GOPATH"]           # variables of the build image that may go, or of the runtime that may come
        entrypoint = ["/x.sh", "/y.sh"]    # the build image's own, and the runtime's in its place
        gone = ["/usr/local/go"]           # folders that only the build has
        left = ["root/.npm/_cacache"]      # what a command of the final stage, which the file has, leaves there
        refused = "artefact"               # the reason of the refusal; the file stays as it is
        options = {}                       # of split-stages
"""

import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from hardenfile.dockerfile import parse
from tests.support.cli import real

ROOT = Path(__file__).parents[2] / "fixtures" / "_engine_split"
_KEYS = set("about stack images port requests unsafe environment entrypoint gone left refused options modes".split())


@dataclass(frozen=True)
class SplitCase:
    """One folder."""

    folder: Path
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def refused(self) -> str | None:
        reason = self.settings.get("refused")
        return None if reason is None else str(reason)

    def texts(self, key: str) -> list[str]:
        return list(self.settings.get(key, ()))


@dataclass(frozen=True)
class Converted:
    """What the command line made of a case's Dockerfile, and its report of it."""

    before: str
    after: str
    report: dict[str, Any]

    @property
    def changed(self) -> bool:
        return self.after != self.before

    @property
    def build_stage(self) -> str:
        """The name of the stage that the final one copies from."""
        return str(parse(self.after.encode(), "Dockerfile").stages[0].name)

    @property
    def trees(self) -> list[tuple[str, str]]:
        """What the final stage copies out of the build stage: each source and its target."""
        stage = parse(self.after.encode(), "Dockerfile").stages[-1]
        found = []
        for one in stage.each("COPY"):
            if one.flag("from") is not None:
                *sources, target = (value.text for value in stage.values(one))
                found += [(source, target) for source in sources]
        return found


def split_cases() -> list[SplitCase]:
    """Every case, by name."""
    found = []
    for path in sorted(ROOT.glob("*/engine.toml")):
        settings = tomllib.loads(path.read_text("utf-8"))
        unknown = settings.keys() - _KEYS
        assert not unknown, f"{path}: unknown keys {', '.join(sorted(unknown))}"
        found.append(SplitCase(path.parent, settings))
    return found


def convert(case: SplitCase, folder: Path) -> Converted:
    """Through the command line, as a user would, on a copy of the context in `folder`."""
    context, config, output = folder / "context", folder / "config.toml", folder / "converted"
    shutil.copytree(case.folder / "context", context, symlinks=True)
    for name, mode in case.settings.get("modes", {}).items():
        (context / name).chmod(mode)
    config.write_bytes(tomli_w.dumps({"split-stages": case.settings.get("options", {})}).encode())
    options = ["--select", "split-stages", "--context", str(context), "--config", str(config)]
    options += ["--unsafe"] if case.settings.get("unsafe") else []
    dockerfile = context / "Dockerfile"
    ran = real("fix", str(dockerfile), *options, "--output-format", "json", "--output", str(output), cwd=folder)
    assert ran.code == 0, f"{ran.err}\n{ran.out.decode()}"
    (report,) = json.loads(ran.out)["files"]
    return Converted(dockerfile.read_text("utf-8"), output.read_text("utf-8"), report)
