"""Prism between every request and its answer: each exchange of the fake is held against GitHub's description.

An exchange that is over is sent once more, through `prism proxy`, to a server that gives the recorded answer; whatever
prism says about the request or the answer is kept. So the bot meets the fake's own bytes, redirects and broken
connections, at its own pace, and prism still sees each request and each answer.
"""

import contextlib
import hashlib
import http.client
import json
import os
import queue
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import description
from .calls import Answer, Call

_TICKET = "x-fake-exchange"
# Prism reads these, and nothing else of an answer is told to it: what git stores may differ from run to run.
_HEADERS = ("content-type", "etag", "location", "link", "retry-after")


def why_there_is_none() -> str | None:
    """Why exchanges cannot be held against the description here; None where they can."""
    if shutil.which("node") is None:
        return "needs node and npm (Debian: apt-get install nodejs npm)"
    if not description.prism().exists():
        return "needs prism and GitHub's description: python -m tests.support.forge.description"
    return None


class Witness:
    """Keeps `violations`: one line for each thing that GitHub's description does not allow."""

    def __init__(self, port: int) -> None:
        """`port`: prism's, on loopback; its upstream must be `replay`'s."""
        self.violations: list[str] = []
        self.seen = 0
        self._port = port
        self._known: dict[str, list[str]] = {}
        self._waiting: queue.Queue[Call | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __call__(self, call: Call) -> None:
        """Take an exchange; put this into the fake's `after`."""
        self._waiting.put(call)

    def settle(self) -> list[str]:
        """Wait until all that was taken has been looked at, give the violations, and forget them."""
        self._waiting.join()
        found, self.violations = self.violations, []
        return found

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._waiting.put(None)
        self._thread.join(10)

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while (call := self._waiting.get()) is not None:
            try:
                self.violations += [f"{call.line}: {one}" for one in self._judge(connection, call)]
            except Exception as error:  # a broken witness must fail the test, not hang it
                self.violations.append(f"{call.line}: prism gave no answer: {error!r}")
                connection.close()
            finally:
                self._waiting.task_done()
        connection.close()

    def _judge(self, connection: http.client.HTTPConnection, call: Call) -> list[str]:
        answer = call.answer
        assert answer is not None
        self.seen += 1
        text = repr((call.method, call.described, call.content, answer.status, answer.content))
        # The same exchange of another run: only its ids and dates differ.
        key = hashlib.sha256(re.sub(r"[0-9a-f]{40,64}|127\.0\.0\.1:\d+|:\d\d:\d\dZ", "", text).encode()).hexdigest()
        if key not in self._known:
            try:
                self._known[key] = self._ask(connection, call, answer)
            except (OSError, http.client.HTTPException):  # node closes what is idle for five seconds
                connection.close()
                self._known[key] = self._ask(connection, call, answer)
        return self._known[key]

    def _ask(self, connection: http.client.HTTPConnection, call: Call, answer: Answer) -> list[str]:
        ticket = str(id(call))
        _ANSWERS[ticket] = answer
        passed = ("accept", "content-type", "authorization", "user-agent", "x-github-api-version", "if-none-match")
        headers = {name: call.headers[name] for name in passed if name in call.headers}
        try:
            connection.request(
                call.method, call.described, body=call.content or None, headers={**headers, _TICKET: ticket}
            )
            response = connection.getresponse()
            response.read()
        finally:
            del _ANSWERS[ticket]
        if told := response.getheader("sl-violations"):
            try:
                return [f"{'.'.join(map(str, one['location']))}: {one['message']}" for one in json.loads(told)]
            except ValueError:
                return [told]
        if response.status != answer.status:
            return [f"prism answered {response.status} for {answer.status}"]
        return []


_ANSWERS: dict[str, Answer] = {}


class _Replay(BaseHTTPRequestHandler):
    """Prism's upstream: gives the answer that was recorded."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def give(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        answer = _ANSWERS[self.headers[_TICKET]]
        lines = [f"HTTP/1.1 {answer.status} "]
        # Without a Location nobody follows a redirect: that the bot does it right is the tests' business.
        lines += [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() in _HEADERS[:2]]
        if answer.status not in (204, 304):
            lines.append(f"Content-Length: {len(answer.content)}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = give  # noqa: N815


@contextlib.contextmanager
def witness(folder: Path) -> Iterator[Witness]:
    """Prism, running; takes a few seconds to come up. `folder` holds its log."""
    replay = ThreadingHTTPServer(("127.0.0.1", 0), _Replay)
    replay.daemon_threads = True
    threading.Thread(target=replay.serve_forever, args=[0.05], daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    upstream = f"http://127.0.0.1:{replay.server_address[1]}"
    log = folder / "prism.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                description.prism(),
                "proxy",
                description.described(),
                upstream,
                "--port",
                str(port),
                "--verboseLevel",
                "warn",
            ],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "NO_COLOR": "1"},
        )
    found = Witness(port)
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        found.start()
        yield found
        found.stop()
    finally:
        process.terminate()
        process.wait(10)
        replay.shutdown()
        replay.server_close()
