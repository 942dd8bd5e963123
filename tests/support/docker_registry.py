"""Debian's docker-registry on loopback, and how an image gets into it."""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .images import Stored, sha256


def require(*programs: str) -> None:
    """Skip the test where a program is missing; with CI=true that is a failure."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        reason = f"needs {', '.join(missing)} (Debian: apt-get install docker-registry openssl)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@contextlib.contextmanager
def docker_registry(folder: Path, storage: Path, *, tls: str = "", auth: str = "", port: int = 0) -> Iterator[str]:
    """Run a registry over `storage`, with sections of its configuration in YAML's flow style; gives `host:port`.

    Without a `port` it takes a free one.
    """
    with socket.create_server(("127.0.0.1", port)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    lines = [
        "version: 0.1",
        "log: {level: error, accesslog: {disabled: true}}",
        f"storage: {{filesystem: {{rootdirectory: {storage}}}}}",
        f"http: {{addr: '{host}', secret: for-uploads{', tls: ' + tls if tls else ''}}}",
        *([f"auth: {auth}"] if auth else []),
    ]
    config, log = folder / "config.yml", folder / "log"
    config.write_text("\n".join(lines))
    with log.open("wb") as output:
        process = subprocess.Popen(["docker-registry", "serve", config], stdout=output, stderr=output)
    try:
        for _ in range(200):
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(OSError), socket.create_connection(tuple_of(host), timeout=1):
                break
            time.sleep(0.05)
        yield host
    finally:
        process.terminate()
        process.wait(10)


def tuple_of(host: str) -> tuple[str, int]:
    """`host:port` as Python's sockets want it."""
    name, _, port = host.rpartition(":")
    return name, int(port)


def push(host: str, repository: str, tag: str, stored: Stored) -> None:
    """Push an image or an index, its parts first, to a registry without authentication."""
    connection = http.client.HTTPConnection(*tuple_of(host), timeout=10)
    try:
        _push(connection, repository, tag, stored)
    finally:
        connection.close()


def _push(connection: http.client.HTTPConnection, repository: str, name: str, stored: Stored) -> None:
    for part in stored.parts:
        _push(connection, repository, part.digest, part)
    for blob in stored.blobs:
        place = _send(connection, "POST", f"/v2/{repository}/blobs/uploads/", 202)
        _send(connection, "PUT", f"{place}&digest={sha256(blob)}", 201, blob)
    _send(connection, "PUT", f"/v2/{repository}/manifests/{name}", 201, stored.content, stored.media_type)


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    status: int,
    body: bytes = b"",
    media_type: str = "application/octet-stream",
) -> str:
    connection.request(method, target, body, {"Content-Type": media_type, "Content-Length": str(len(body))})
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status == status, content
    return answer.getheader("Location", "")
