"""The bot as its operator runs it, against the fake."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .github import GitHub

ROOT = Path(__file__).parents[3]
TOKEN = "ghs_bot"
# With these a run waits for nobody but the fake: pauses between writes are GitHub's advice, and no part of the logic.
QUICK = ("--write-interval", "0")


@dataclass(frozen=True)
class Ran:
    """What a run left behind; `code` is negative where a signal ended it."""

    code: int
    out: str
    err: str

    @property
    def reports(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


class Runner:
    """Starts runs of the command line quickly; one at a time."""

    def __init__(self, folder: Path) -> None:
        """`folder` is for what the runs write."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.pid: int | None = None
        self.memory = 0  # MiB that the last run had at most, with what all runs share

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.support.forge.runner"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def run(self, *arguments: str, environment: dict[str, str] | None = None, folder: Path | None = None) -> Ran:
        """One run of `hardenfile` with these arguments."""
        out, err = self.folder / "out", self.folder / "err"
        task = {
            "arguments": arguments,
            "environment": {**os.environ, "COVERAGE_PROCESS_START": "", **(environment or {})},
            "folder": str(folder or self.folder),
            "out": str(out),
            "err": str(err),
        }
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        self.pid = json.loads(self._process.stdout.readline())["pid"]
        ended = json.loads(self._process.stdout.readline())
        code, self.memory = ended["code"], ended["memory"]
        self.pid = None
        return Ran(code, out.read_text("utf-8", "surrogateescape"), err.read_text("utf-8", "surrogateescape"))


@dataclass
class Bot:
    """`hardenfile bot` with a token for a fake forge; `options` come with every run."""

    runner: Runner
    forge: GitHub
    options: tuple[str, ...] = QUICK
    token: str = TOKEN

    @property
    def environment(self) -> dict[str, str]:
        """What a run finds in its environment."""
        return {
            "GITHUB_TOKEN": self.token,
            "GITHUB_API_URL": self.forge.address,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def __call__(self, *arguments: str) -> Ran:
        """Run it; a token that shows anywhere in what it tells is a failure."""
        ran = self.runner.run("bot", *self.options, *arguments, environment=self.environment)
        for token in self.forge.tokens:
            assert token not in ran.out + ran.err, "a token was told"
        return ran
