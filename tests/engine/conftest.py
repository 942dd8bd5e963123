"""The engine, the test's own web server, and each case built and run before and after."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.engine import table
from tests.engine.case import Case, cases
from tests.engine.docker import Engine, why_there_is_none
from tests.engine.trial import Trial


class _Files(BaseHTTPRequestHandler):
    """Any file, with the same content."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[serve]\ntext = hello\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A container engine that answers. Without one the test is skipped; with CI=true it fails."""
    reason = why_there_is_none()
    if reason is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    one = Engine()
    try:
        yield one
    finally:
        one.close()


@pytest.fixture(scope="session")
def files() -> Iterator[str]:
    """A web server on loopback, for ADD."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def table_file() -> Path | None:
    """Where the table is asked for, emptied."""
    if "TABLE" not in os.environ:
        return None
    path = Path(os.environ["TABLE"])
    path.unlink(missing_ok=True)
    return path


@pytest.fixture(scope="module", params=cases(), ids=lambda case: case.name)
def trial(
    request: pytest.FixtureRequest,
    engine: Engine,
    files: str,
    table_file: Path | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Trial]:
    """A case, hardened through the command line; its images are built and run when a test asks."""
    case: Case = request.param
    one = Trial(engine, case, tmp_path_factory.mktemp(case.name), files)
    try:
        yield one
        if table_file is not None:
            table.add(table_file, one)
    finally:
        one.close()
