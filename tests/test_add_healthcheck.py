"""add-healthcheck: what it writes asks a real server, and tells one that works from one that does not."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import hardenfile
from hardenfile.plan import Outcome

_APP = """from flask import Flask

app = Flask(__name__)


@app.route("{path}")
def answer():
    return "hello"


app.run(host="0.0.0.0", port={port})
"""


def run(folder: Path, source: str, dockerfile: str) -> Outcome:
    (folder / "app.py").write_text(source)
    return hardenfile.harden(dockerfile, context=folder, select=["add-healthcheck"], unsafe=True)


def written(outcome: Outcome) -> list[str]:
    """The words of the HEALTHCHECK that was added."""
    added = [one for one in outcome.after.instructions if one.keyword == "HEALTHCHECK"]
    assert len(added) == 1
    assert added[0].args[0] == "CMD"
    return list(added[0].args[1:])


@contextmanager
def server(status: int) -> Iterator[int]:
    """A server that answers every GET with that status; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield one.server_port
        finally:
            one.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (400, True), (404, True), (500, False), (503, False)])
def test_the_probe_in_python_tells_what_the_server_answers(tmp_path: Path, status: int, healthy: bool) -> None:
    with server(status) as port:
        source = _APP.format(path="/health", port=port)
        words = written(run(tmp_path, source, 'FROM python:3.12-slim\nCOPY app.py .\nCMD ["python", "app.py"]\n'))
        assert words[0] == "python"
        done = subprocess.run([sys.executable, *words[1:]], capture_output=True)
    assert (done.returncode == 0) == healthy


def test_the_probe_in_python_fails_where_nothing_listens(tmp_path: Path) -> None:
    with server(200) as port:
        pass  # nobody has the port any more
    source = _APP.format(path="/", port=port)
    words = written(run(tmp_path, source, 'FROM python:3.12-slim\nCOPY app.py .\nCMD ["python", "app.py"]\n'))
    assert subprocess.run([sys.executable, *words[1:]], capture_output=True).returncode == 1


@pytest.mark.parametrize(
    "path",
    ["/health", "/healthz", "/ready", "/readyz", "/livez", "/api/health", "/health/", "/_health", "/healthcheck"],
)
def test_a_health_route_is_asked_and_others_are_not(tmp_path: Path, path: str) -> None:
    dockerfile = 'FROM python:3.12\nCOPY app.py .\nCMD ["python", "app.py"]\n'
    assert written(run(tmp_path, _APP.format(path=path, port=5000), dockerfile))[-1] == f"http://127.0.0.1:5000{path}"
    other = written(run(tmp_path, _APP.format(path=path + "y-things", port=5000), dockerfile))
    assert other[-1] == "http://127.0.0.1:5000/"
    assert "-f" not in other


@pytest.mark.parametrize(
    "lines",
    [
        "EXPOSE 5001",
        "EXPOSE 5000-5005",
        "EXPOSE $PORT",
        "ENV PORT=5001",
        "ARG PORT=5000\nENV PORT=$PORT",
        'ENTRYPOINT ["/unseen.sh"]\nCOPY --from=tools /unseen.sh /',
        "HEALTHCHECK NONE",
    ],
)
def test_what_is_not_proven_is_not_asked(tmp_path: Path, lines: str) -> None:
    dockerfile = f'FROM python:3.12\nCOPY app.py .\n{lines}\nCMD ["python", "app.py"]\n'
    assert not run(tmp_path, _APP.format(path="/", port=5000), dockerfile).changed


@pytest.mark.parametrize(
    "lines", ["EXPOSE 5000", "EXPOSE 5000/tcp 53/udp", "EXPOSE 5000 9090", "ENV PORT=5000", "USER 7"]
)
def test_what_agrees_is_no_hindrance(tmp_path: Path, lines: str) -> None:
    dockerfile = f'FROM python:3.12\nCOPY app.py .\n{lines}\nCMD ["python", "app.py"]\n'
    assert ":5000/" in written(run(tmp_path, _APP.format(path="/", port=5000), dockerfile))[-1]
