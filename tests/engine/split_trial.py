"""One case of split-stages on the engine: both images built, looked into, started and asked."""

import http.client
import json
import time
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hardenfile.dockerfile import parse
from tests.engine.docker import Container, Engine, Image
from tests.engine.filesystem import File, files_of
from tests.engine.split_case import Converted, SplitCase, convert
from tests.engine.stand_ins import provide

# What a server says of itself at the moment, and nothing of the application.
_PASSING = frozenset(("date", "connection", "keep-alive", "last-modified", "etag", "server", "transfer-encoding"))


@dataclass(frozen=True)
class Response:
    """What a request got back, without what changes from one moment to the next."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Built:
    """An image and what it took."""

    image: Image
    seconds: float
    config: dict[str, Any]
    files: dict[str, File]


class SplitTrial:
    """Everything is built and run once, when it is first asked for."""

    def __init__(self, engine: Engine, case: SplitCase, folder: Path) -> None:
        self.engine = engine
        self.case = case
        self.folder = folder

    @cached_property
    def converted(self) -> Converted:
        return convert(self.case, self.folder)

    @cached_property
    def before(self) -> Built:
        return self._build(self.converted.before, read=False)

    @cached_property
    def after(self) -> Built:
        return self._build(self._salted, read=True)

    @cached_property
    def _salted(self) -> str:
        """With an ARG that no other build has in the build stage, so that the builder's cache holds it only once."""
        text = self.converted.after
        end = parse(text.encode(), "Dockerfile").stages[0].instruction.span.end
        return f"{text[:end]}ARG HARDENFILE_ROUND={uuid.uuid4()}\n{text[end:]}"

    @cached_property
    def build_stage(self) -> dict[str, File]:
        """The files of the build stage, out of the builder's cache: the layers that the final stage copies from."""
        _ = self.after
        target = ("--target", self.converted.build_stage)
        image = self.engine.build(self.folder / "context", self._salted, *target)
        return dict(files_of(self.engine, image, read=True))

    @cached_property
    def answers_before(self) -> list[Response]:
        return self._answers(self.before)

    @cached_property
    def answers_after(self) -> list[Response]:
        return self._answers(self.after)

    def _build(self, dockerfile: str, *, read: bool) -> Built:
        for tag in self.case.texts("images"):
            provide(self.engine, tag)
        begun = time.monotonic()
        fresh = () if dockerfile == self._salted else ("--no-cache",)
        image = self.engine.build(self.folder / "context", dockerfile, *fresh)
        seconds = time.monotonic() - begun
        config = json.loads(self.engine.inspect(image.id, "{{json .Config}}"))
        return Built(image, seconds, config, dict(files_of(self.engine, image, read=read)))

    def _answers(self, built: Built) -> list[Response]:
        container = self.engine.start(built.image, port=self.case.settings["port"]).ready()
        try:
            return [ask(container, request) for request in self.case.texts("requests")]
        finally:
            container.remove()


def ask(container: Container, request: str) -> Response:
    """`GET /path`; any other method carries a small body."""
    method, _, path = request.partition(" ")
    connection = http.client.HTTPConnection("127.0.0.1", container.published, timeout=20)
    try:
        connection.request(method, path, None if method == "GET" else b"a small body")
        answer = connection.getresponse()
        headers = sorted((name.lower(), value) for name, value in answer.getheaders() if name.lower() not in _PASSING)
        return Response(answer.status, tuple(headers), answer.read())
    finally:
        connection.close()
