"""The engine's command line, and everything that a test leaves in the engine, taken away again."""

import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

BUILD_TIME, READY_TIME = 300, 40  # seconds
# What a runner can demand of an image whose writable folders are known.
LOCKED_DOWN = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


class BuildError(AssertionError):
    """The engine's own words."""


class NotServingError(AssertionError):
    """The container ended, or never answered; with its log."""


@dataclass(frozen=True)
class Answer:
    """What a request got back."""

    status: int
    body: str


@dataclass(frozen=True)
class Image:
    """A built image by its digest; the size in bytes is that of all its layers, unpacked."""

    id: str
    user: str
    size: int


@dataclass
class Container:
    """A container that runs, or did."""

    engine: "Engine"
    id: str
    port: int | None

    @property
    def pid(self) -> int:
        """The host's number of PID 1; 0 once it has ended."""
        return int(self.engine.inspect(self.id, "{{.State.Pid}}"))

    @cached_property
    def published(self) -> int:
        """The host's port. Raises OSError once the container has ended."""
        lines = self.engine.docker("port", self.id, str(self.port), check=False).stdout.split("\n")
        if not lines[0]:
            raise OSError("the port is closed")
        return int(lines[0].rpartition(":")[2])

    @property
    def log(self) -> str:
        ran = self.engine.docker("logs", self.id)
        return ran.stdout + ran.stderr

    @property
    def exit_code(self) -> int | None:
        state = self.engine.inspect(self.id, "{{.State.Status}} {{.State.ExitCode}}").split()
        return int(state[1]) if state[0] in ("exited", "dead") else None

    def wait(self, seconds: float = READY_TIME) -> int:
        """The exit code of a container that is expected to end."""
        return int(self.engine.docker("wait", self.id, timeout=seconds).stdout)

    def request(self, request: str) -> Answer:
        """`GET /path`; any other method carries a small body."""
        method, _, path = request.partition(" ")
        connection = http.client.HTTPConnection("127.0.0.1", self.published, timeout=20)
        try:
            connection.request(method, path, None if method == "GET" else b"a small body")
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def ready(self, path: str = "/") -> "Container":
        """Wait until it answers. Raises NotServingError with the log."""
        until = time.monotonic() + READY_TIME
        while time.monotonic() < until:
            code = self.exit_code
            if code is not None:
                raise NotServingError(f"it ended with {code}\n{self.log}")
            try:
                self.request(f"GET {path}")
                return self
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
        raise NotServingError(f"no answer on port {self.port} in {READY_TIME} s\n{self.log}")

    def remove(self) -> None:
        self.engine.docker("rm", "--force", "--volumes", self.id)
        self.engine.containers.discard(self.id)


@dataclass
class Engine:
    """`docker` on PATH; `close` removes the containers, images and volumes that this object made."""

    containers: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)
    volumes: set[str] = field(default_factory=set)

    def docker(
        self, *arguments: str, stdin: str | None = None, check: bool = True, timeout: float = BUILD_TIME
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["docker", *arguments], input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout
        )
        assert not check or done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done

    def inspect(self, name: str, template: str) -> str:
        return self.docker("inspect", "--format", template, name).stdout.strip()

    def build(self, context: Path, dockerfile: str, *options: str) -> Image:
        """Raises BuildError."""
        ran = self.docker(
            *("build", "--network=host", "--quiet", "--file", "-", *options, str(context)),
            stdin=dockerfile,
            check=False,
        )
        if ran.returncode != 0:
            raise BuildError(f"{ran.stderr}\n--- of\n{dockerfile}")
        name = ran.stdout.strip()
        self.images.add(name)
        facts = json.loads(self.inspect(name, '{"user": {{json .Config.User}}, "size": {{.Size}}}'))
        return Image(name, facts["user"], facts["size"])

    def start(
        self, image: Image | str, *command: str, options: Sequence[str] = (), port: int | None = None
    ) -> Container:
        """Start a container in the background; `ready` waits for it."""
        publish = ("--publish", f"127.0.0.1::{port}") if port is not None else ()
        name = image if isinstance(image, str) else image.id
        ran = self.docker("create", *publish, *options, name, *command)
        one = Container(self, ran.stdout.strip(), port)
        self.containers.add(one.id)
        begun = self.docker("start", one.id, check=False)
        if begun.returncode != 0:
            raise NotServingError(begun.stderr)
        return one

    def output(self, image: Image | str, *command: str, options: Sequence[str] = ()) -> str:
        """What a command says in a container of its own, which is removed."""
        name = image if isinstance(image, str) else image.id
        done = self.docker("run", "--rm", *options, name, *command)
        return done.stdout.strip()

    def volume(self) -> str:
        """A new named volume."""
        name = self.docker("volume", "create").stdout.strip()
        self.volumes.add(name)
        return name

    def close(self) -> None:
        for kind, names in (("rm -f -v", self.containers), ("rmi -f", self.images), ("volume rm", self.volumes)):
            if names:
                self.docker(*kind.split(), *sorted(names), check=False)
            names.clear()


def why_there_is_none() -> str | None:
    """Why no engine can be used here; None when one answers."""
    if shutil.which("docker") is None:
        return "there is no docker on PATH"
    done = subprocess.run(["docker", "info", "--format", "{{.ServerVersion}}"], capture_output=True, text=True)
    return None if done.returncode == 0 else f"no container engine answers: {done.stderr.strip()}"
