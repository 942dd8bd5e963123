"""A small stateful GitHub on loopback: its REST API, its archives on another port, and git over HTTP.

The API's address is `address`. Each call is recorded with its answer; `before` and `after` are where faults come in,
and `after_git` those of pushes.
"""

import contextlib
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from .calls import Answer, Call, Dropped, Refused, find
from .git_http import git_http
from .shapes import Shapes
from .truth import Truth

BOT, PERSON = "hardenfile[bot]", "carla"
Before = Callable[[Call], Answer | None]
After = Callable[[Call], None]


@dataclass
class Token:
    """Whose a token is; `calls` is how many more it is good for."""

    login: str
    calls: int | None = None


@dataclass
class Limit:
    """The primary rate limit; the window begins anew `window` seconds after it was used up."""

    limit: int = 5000
    used: int = 0
    window: int = 1
    reset: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def headers(self) -> dict[str, str]:
        left = max(self.limit - self.used, 0)
        reset = self.reset or int(time.time()) + 3600
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(reset),
            "X-RateLimit-Used": str(self.used),
            "X-RateLimit-Resource": "core",
        }

    def take(self) -> Answer | None:
        """Count a call; the refusal where none is left."""
        with self.lock:
            if self.reset and time.time() >= self.reset:
                self.used = self.reset = 0
            if self.used < self.limit:
                self.used += 1
                if self.used == self.limit:
                    self.reset = int(time.time()) + 1 + self.window
                return None
            message = "API rate limit exceeded for installation ID 1."
            return Refused(403, message).answer

    def use_up(self) -> None:
        """Somebody else with the same token has made all the calls there were."""
        with self.lock:
            self.used, self.reset = self.limit, int(time.time()) + 1 + self.window

    def give_back(self) -> None:
        """An answer of 304 costs nothing."""
        with self.lock:
            self.used = max(self.used - 1, 0)


class GitHub(Truth):
    """The forge. Use it as a context manager."""

    def __init__(self, folder: Path, *, latency: float = 0.0) -> None:
        """Keep its repositories below `folder`; `latency` in seconds is added to every answer of the API."""
        super().__init__(folder)
        self.latency = latency
        self.tokens = {"ghs_bot": Token(BOT), "ghp_person": Token(PERSON)}
        self.rate = Limit()
        self.calls: list[Call] = []
        self.before: list[Before] = []
        self.after: list[After] = []
        self.archive_calls: list[Call] = []
        self.git_calls: list[Call] = []
        self.after_git: list[After] = []
        self.at_once = self.most_at_once = 0
        self._counting = threading.Lock()

    def __enter__(self) -> Self:
        from . import routes_git, routes_pulls  # noqa: F401 - they register the routes

        self._servers = [_Server(self, _Api), _Server(self, _Archives)]
        self.web = self.address = self._servers[0].address
        self.archives = self._servers[1].address
        self.shapes = Shapes(self.address, self.web)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.stop()

    def restart_count(self) -> None:
        """Forget the calls so far."""
        self.calls, self.archive_calls, self.git_calls = [], [], []

    @property
    def writes(self) -> list[str]:
        """The calls so far that wanted to write, as method and route."""
        return [one.line for one in self.calls if one.writes]

    # --- a call of the API

    def handle(self, method: str, target: str, headers: dict[str, str], content: bytes) -> Answer:
        """Answer a call, and record it. Raises Dropped."""
        with self._counting:
            call = Call(len(self.calls), method, target, headers, content)
            self.calls.append(call)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            # The route is looked up first, so that faults can go by it.
            with contextlib.suppress(Refused):
                find(self, call)
            answer = self._answer(call)
            call.status, call.answer = answer.status, answer
            for one in list(self.after):
                try:
                    one(call)
                except Dropped:
                    call.status = 0
                    raise
            if self.latency:
                time.sleep(self.latency)
            return call.answer
        finally:
            with self._counting:
                self.at_once -= 1

    def _answer(self, call: Call) -> Answer:
        early = next((answer for one in list(self.before) if (answer := one(call)) is not None), None)
        if early is not None:
            return self._with_headers(call, early)
        try:
            call.login = self._who(call)
        except Refused as refused:
            return self._with_headers(call, refused.answer)
        if (refusal := self.rate.take()) is not None:
            return self._with_headers(call, refusal)
        try:
            handler = find(self, call)
            with self.lock:
                answer = handler(self, call)
        except Refused as refused:
            answer = refused.answer
        if call.method == "GET" and answer.status == 200:
            tag = f'W/"{hashlib.sha256(answer.content).hexdigest()}"'
            answer = Answer(answer.status, answer.body, {**answer.headers, "ETag": tag})
            if call.headers.get("if-none-match") == tag:
                self.rate.give_back()
                answer = Answer(304, None, {"ETag": tag})
        return self._with_headers(call, answer)

    def _with_headers(self, call: Call, answer: Answer) -> Answer:
        headers = {
            **self.rate.headers(),
            "X-GitHub-Request-Id": f"FAKE:{call.index}",
            "X-GitHub-Media-Type": "github.v3",
        }
        if answer.body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return Answer(answer.status, answer.body, {**headers, **answer.headers})

    def _who(self, call: Call) -> str:
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        if not value:
            return ""
        token = self.tokens.get(value) if scheme.lower() in ("token", "bearer") else None
        if token is None or (token.calls is not None and token.calls <= 0):
            raise Refused(401, "Bad credentials")
        if token.calls is not None:
            token.calls -= 1
        return token.login


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, forge: GitHub, handler: type["_Handler"]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.forge = forge
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=[0.02], daemon=True)
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever was killed in the middle of a call reads no answer; anything else is a fault of the fake."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def forge(self) -> GitHub:
        return cast(_Server, self.server).forge

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def content(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("content-length", "0")))

    def send(self, answer: Answer) -> None:
        """Everything in one write, so that no segment waits for another's acknowledgement."""
        content = answer.content
        headers = {**answer.headers, "Date": self.date_time_string()}
        if answer.status not in (204, 304):
            headers["Content-Length"] = str(len(content))
        lines = [f"HTTP/1.1 {answer.status} ", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + (b"" if self.command == "HEAD" else content))


class _Api(_Handler):
    def serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        content = self.content()
        if re.match(r"/[^/]+/[^/]+\.git/", self.path):
            return self.send_or_drop(lambda: self.git(headers, content))
        target = self.path.removeprefix("/api/v3")
        return self.send_or_drop(lambda: self.forge.handle(self.command, target, headers, content))

    def git(self, headers: dict[str, str], content: bytes) -> Answer:
        call = Call(0, self.command, self.path, headers, b"")
        self.forge.git_calls.append(call)
        answer = git_http(self.forge, self.command, self.path, headers, content)
        for one in list(self.forge.after_git):
            one(call)
        return answer

    def send_or_drop(self, answered: Callable[[], Answer]) -> None:
        try:
            self.send(answered())
        except Dropped:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = serve  # noqa: N815


class _Archives(_Handler):
    """Where archives are fetched from: another host as far as a token is concerned."""

    def do_GET(self) -> None:
        from .routes_git import archive

        headers = {name.lower(): value for name, value in self.headers.items()}
        self.forge.archive_calls.append(Call(0, "GET", self.path, headers, b""))
        _, owner, name, _, sha = self.path.partition("?")[0].split("/")
        found = self.forge.find(owner, name)
        if found is None or not found.objects.is_a("commit", sha):
            return self.send(Answer(404, b"404: Not Found"))
        with self.forge.lock:
            data = archive(found, sha)
        return self.send(Answer(200, data, {"Content-Type": "application/x-gzip"}))
