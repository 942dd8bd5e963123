"""What is pinned builds: the engine pulls it by its digest from a real registry, its mirror of the hub."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hardenfile.evidence.lock import LOCK_NAME, Lock
from hardenfile.evidence.reference import ImageReference
from tests.engine.docker import BuildError, Engine
from tests.support.cli import real
from tests.support.docker_registry import docker_registry, require

pytestmark = pytest.mark.engine

PORT = 5000
HOST = f"127.0.0.1:{PORT}"
BASE = "alpine:3.23"  # what the engine has, to push under other names
NAME = "hardenfile-pinned"

DOCKERFILE = f"""\
ARG V=1
FROM {NAME}:${{V}} AS build
RUN --mount=type=bind,from={HOST}/team/tool,target=/tool test -f /tool/bin/busybox && echo built > /a
FROM {NAME}:1
COPY --from={HOST}/team/tool /etc/os-release /release
COPY --from=build /a /a
"""


@pytest.fixture(scope="module")
def mirror(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine, with a registry where it looks for the hub's images."""
    require("docker-registry")
    mirrors = engine.docker("info", "--format", "{{.RegistryConfig.Mirrors}}").stdout
    if HOST not in mirrors:
        pytest.skip(f"the engine has no mirror of the hub at {HOST} (shared/engine/up gives it one)")
    with suppress(OSError), socket.create_connection(("127.0.0.1", PORT), timeout=1):
        pytest.skip(f"somebody else's registry runs at {HOST}")
    folder = tmp_path_factory.mktemp("mirror")
    with docker_registry(folder, folder / "storage", port=PORT):
        push(engine, BASE, f"{HOST}/library/{NAME}:1")
        push(engine, BASE, f"{HOST}/team/tool:latest")
        yield engine


def push(engine: Engine, image: str, name: str) -> None:
    """Push an image under a name that only the registry keeps."""
    engine.docker("tag", image, name)
    engine.docker("push", name)
    engine.docker("rmi", name)


@pytest.fixture
def pinned(mirror: Engine, tmp_path: Path) -> Path:
    """A folder with an unmodified Dockerfile, locked and fixed by the program itself."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    env = {"DOCKER_CONFIG": str(tmp_path / "nobody")}
    locked = real("lock", "--mirror", f"docker.io=http://{HOST}", cwd=tmp_path, env=env)
    assert locked.code == 0, locked.err
    fixed = real("fix", ".", "--select", "pin-digests", "--locked", cwd=tmp_path, env=env)
    assert fixed.code == 0, fixed.err
    return tmp_path


def digest(folder: Path) -> str:
    pin = Lock.read(folder / LOCK_NAME).pin(ImageReference("docker.io", f"library/{NAME}", "1"))
    assert pin is not None
    return pin.digest


def build(engine: Engine, folder: Path, text: str) -> str:
    """The id of the image, built anew."""
    return engine.build(folder, text, "--no-cache").id


def test_an_unmodified_dockerfile_builds_once_pinned(mirror: Engine, pinned: Path) -> None:
    text = (pinned / "Dockerfile").read_text()
    assert text.count("@sha256:") == 4 and "@" not in DOCKERFILE
    image = build(mirror, pinned, text)
    assert mirror.output(image, "cat", "/a") == "built"
    assert "Alpine" in mirror.output(image, "cat", "/release")


@pytest.mark.parametrize("keyword", ["ARG", "FROM", "COPY", "RUN"])
def test_a_wrong_digest_fails(mirror: Engine, pinned: Path, keyword: str) -> None:
    lines = (pinned / "Dockerfile").read_text().split("\n")
    wrong = f"sha256:{'0' * 64}"
    text = "\n".join(line.replace(digest(pinned), wrong) if line.startswith(keyword) else line for line in lines)
    assert text.count(wrong) == 1
    with pytest.raises(BuildError, match=f"(failed to resolve|failed to load|not found).*{wrong}|{wrong}.*not found"):
        build(mirror, pinned, text)


def test_a_download_is_held_to_its_checksum(engine: Engine, files: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    path = tmp_path / "Dockerfile"
    path.write_text(f"FROM {BASE}\nADD {files}/serve.toml /serve.toml\n")
    locked = real("lock", "--mirror", f"docker.io=http://{HOST}", cwd=tmp_path)
    assert f"{files}/serve.toml: sha256:" in locked.err
    assert real("fix", ".", "--select", "add-checksum", "--unsafe", cwd=tmp_path).code == 0
    text = path.read_text()
    image = build(engine, tmp_path, text)
    assert "hello" in engine.output(image, "cat", "/serve.toml")
    (checksum,) = Lock.read(tmp_path / LOCK_NAME).urls.values()
    with pytest.raises(BuildError, match="digest mismatch"):
        build(engine, tmp_path, text.replace(checksum.sha256, "0" * 64))


def test_a_tag_that_moves_takes_no_pinned_file_along(mirror: Engine, pinned: Path) -> None:
    moved = mirror.build(pinned, f"FROM {BASE}\nRUN echo moved > /moved\n").id
    try:
        push(mirror, moved, f"{HOST}/library/{NAME}:1")
        image = build(mirror, pinned, (pinned / "Dockerfile").read_text())
        assert mirror.output(image, "sh", "-c", "ls -d /a /moved 2>&- || true") == "/a"
        ran = real("lock", "--check", "--refresh", "--mirror", f"docker.io=http://{HOST}", cwd=pinned)
        assert ran.code == 1 and f"{NAME}:1: {digest(pinned)} -> sha256:" in ran.err
    finally:
        push(mirror, BASE, f"{HOST}/library/{NAME}:1")
