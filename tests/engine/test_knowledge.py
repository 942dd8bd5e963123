"""What the rewrites take for granted of the builders and of the user tools, asked of the real ones."""

from pathlib import Path

import pytest

from tests.engine.docker import BuildError, Engine, Image
from tests.engine.inside import reach

pytestmark = pytest.mark.engine
DEBIAN, NEW_DEBIAN, ALPINE = "debian:bookworm-slim", "debian:trixie-slim", "alpine:3.23"
USERADD = (
    "RUN groupadd --gid 10001 app \\\n"
    "    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app"
)
BUSYBOX = (
    "RUN addgroup -g 10001 -S app \\\n    && adduser -u 10001 -S -D -H -G app -h /nonexistent -s /sbin/nologin app"
)


def build(engine: Engine, context: Path, *lines: str) -> Image:
    return engine.build(context, "\n".join((*lines, "")))


def owner(engine: Engine, image: Image, *paths: str) -> list[str]:
    return engine.output(image, "stat", "-c", "%u:%g", *paths, options=("--user", "0")).split("\n")


@pytest.mark.parametrize(
    ("base", "create"), [(DEBIAN, USERADD), (NEW_DEBIAN, USERADD), (ALPINE, BUSYBOX)], ids=["12", "13", "alpine"]
)
def test_our_lines_create_exactly_the_numbers(engine: Engine, tmp_path: Path, base: str, create: str) -> None:
    image = build(engine, tmp_path, f"FROM {base}", create, "USER 10001:10001")
    assert engine.output(image, "id") == "uid=10001(app) gid=10001(app) groups=10001(app)"
    passwd = engine.output(image, "grep", "^app:", "/etc/passwd").split(":")
    assert passwd[2:4] == ["10001", "10001"] and passwd[5] == "/nonexistent" and passwd[6].endswith("/nologin")


@pytest.mark.parametrize(
    ("base", "command", "numbers"),
    [
        (DEBIAN, "useradd --uid 2345 x", "2345:2345"),
        (DEBIAN, "useradd --system --uid 2345 x", "2345:999"),
        (DEBIAN, "groupadd --gid 3456 g && useradd --uid 2345 --gid g x", "2345:3456"),
        (ALPINE, "adduser -D -u 2345 x", "2345:2345"),
        (ALPINE, "adduser -S -D -u 2345 x", "2345:65533"),
        (ALPINE, "addgroup -g 3456 g && adduser -D -u 2345 -G g x", "2345:3456"),
        (ALPINE, "addgroup -g 3456 g && adduser -S -D -u 2345 -G g x", "2345:3456"),
    ],
)
def test_the_group_that_a_user_tool_gives(
    engine: Engine, tmp_path: Path, base: str, command: str, numbers: str
) -> None:
    image = build(engine, tmp_path, f"FROM {base}", f"RUN {command}")
    assert engine.output(image, "sh", "-c", 'echo "$(id -u x):$(id -g x)"') == numbers


def test_debians_adduser(engine: Engine, tmp_path: Path) -> None:
    """A group of its own with the same number, the system's nogroup, or a group made on the way."""
    image = build(
        engine,
        tmp_path,
        f"FROM {DEBIAN}",
        "RUN apt-get update && apt-get install -y --no-install-recommends adduser",
        "RUN adduser --uid 2345 --disabled-password --gecos '' a",
        "RUN adduser --system --uid 345 b && adduser --system --group --uid 346 c",
    )
    script = 'for u in a b c; do echo "$(id -u $u):$(id -g $u)"; done'
    assert engine.output(image, "sh", "-c", script).split("\n") == ["2345:2345", "345:65534", "346:346"]


def test_debian_13_has_no_adduser(engine: Engine) -> None:
    assert engine.output(NEW_DEBIAN, "sh", "-c", "command -v useradd adduser addgroup || true") == "/usr/sbin/useradd"


def test_copy_chown_onto_a_working_directory_leaves_the_folder_roots(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    there = build(engine, tmp_path, f"FROM {DEBIAN}", "WORKDIR /app", "COPY --chown=10001:10001 . /app")
    new = build(engine, tmp_path, f"FROM {DEBIAN}", "COPY --chown=10001:10001 . /app")
    assert owner(engine, there, "/app", "/app/file") == ["0:0", "10001:10001"]
    assert owner(engine, new, "/app", "/app/file") == ["10001:10001", "10001:10001"]


def test_copy_chown_gives_every_folder_that_it_makes(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    image = build(engine, tmp_path, f"FROM {DEBIAN}", "COPY --chown=10001:10001 file /srv/one/two/")
    assert owner(engine, image, "/srv/one", "/srv/one/two", "/srv/one/two/file") == ["10001:10001"] * 3


def test_chown_by_an_unknown_name_builds_as_root(engine: Engine, tmp_path: Path) -> None:
    """Or fails, with other builders: a name is nothing for --chown."""
    (tmp_path / "file").touch()
    try:
        image = build(engine, tmp_path, f"FROM {DEBIAN}", "COPY --chown=nosuch:nosuch file /file")
    except BuildError as error:
        assert "nosuch" in str(error)
    else:
        assert owner(engine, image, "/file") == ["0:0"]


def test_a_volume_keeps_the_owner_that_its_folder_had(engine: Engine, tmp_path: Path) -> None:
    head = (f"FROM {DEBIAN}", "RUN mkdir -p /data && chown 10001:10001 /data")
    given = build(engine, tmp_path, *head, "VOLUME /data", "USER 10001:10001")
    missing = build(engine, tmp_path, f"FROM {DEBIAN}", "VOLUME /data", "USER 10001:10001")
    named = engine.volume()
    for options in ((), ("--volume", f"{named}:/data")):
        assert engine.output(given, "sh", "-c", "touch /data/x && echo kept", options=options) == "kept"
    assert engine.output(missing, "sh", "-c", "touch /data/x || echo denied", options=()) == "denied"


def test_a_volume_that_root_filled_stays_roots_until_it_is_handed_over(engine: Engine, tmp_path: Path) -> None:
    """What every report of a change of user has to say."""
    head = (f"FROM {DEBIAN}", "RUN mkdir -p /data && chown 10001:10001 /data", "VOLUME /data")
    old, new = build(engine, tmp_path, f"FROM {DEBIAN}", "VOLUME /data"), build(engine, tmp_path, *head, "USER 10001")
    mount = ("--volume", f"{engine.volume()}:/data")
    engine.output(old, "sh", "-c", "echo 1 > /data/state", options=mount)
    write = ("sh", "-c", "(echo 2 > /data/state) 2>/dev/null && echo written || echo denied")
    assert engine.output(new, *write, options=mount) == "denied"
    engine.output(old, "chown", "-R", "10001:10001", "/data", options=mount)
    assert engine.output(new, *write, options=mount) == "written"


def test_user_by_number_has_no_home_and_roots_group_without_one(engine: Engine) -> None:
    script = "echo $(id -u):$(id -g) $HOME"
    assert engine.output(DEBIAN, "sh", "-c", script, options=("--user", "10001")) == "10001:0 /"
    assert engine.output(DEBIAN, "sh", "-c", script, options=("--user", "10001:10001")) == "10001:10001 /"


def test_an_unknown_user_builds_and_does_not_start(engine: Engine, tmp_path: Path) -> None:
    image = build(engine, tmp_path, f"FROM {DEBIAN}", "USER nosuch", 'CMD ["true"]')
    done = engine.docker("run", "--rm", image.id, check=False)
    assert done.returncode != 0 and "nosuch" in done.stderr


def test_add_from_a_url_makes_a_file_that_only_root_can_read(engine: Engine, files: str, tmp_path: Path) -> None:
    image = build(engine, tmp_path, f"FROM {DEBIAN}", f"ADD {files}/a /a", f"ADD --chown=10001:10001 {files}/b /b")
    assert engine.output(image, "stat", "-c", "%a %u", "/a", "/b") == "600 0\n600 10001"


def test_a_cache_mount_is_roots_unless_it_says_otherwise(engine: Engine, tmp_path: Path) -> None:
    mount = f"--mount=type=cache,target=/cache,id={tmp_path.name}"
    head = (f"FROM {DEBIAN}", "USER 10001:10001")
    with pytest.raises(BuildError, match="exit code: 1"):
        build(engine, tmp_path, *head, f"RUN {mount} touch /cache/x")
    build(engine, tmp_path, *head, f"RUN {mount}2,uid=10001,gid=10001 touch /cache/x")


def test_low_ports_are_open_to_the_user_under_this_engine(engine: Engine) -> None:
    """A warning, and no refusal: not so with --network host, nor under every runtime."""
    listen = "import socket; socket.create_server(('', 80)); print('listens')"
    options = ("--user", "10001:10001", "--cap-drop", "ALL")
    assert engine.output("python:3.11-slim", "python", "-c", listen, options=options) == "listens"


def test_what_a_stranger_can_write_in_a_plain_image(engine: Engine) -> None:
    """The ground that every case stands on."""
    container = engine.start(DEBIAN, "sleep", "60", options=("--user", "10001:10001"))
    assert set(reach(container, ["/etc", "/tmp"]).writable) <= {"/tmp", "/var/tmp", "/run/lock"}
    assert reach(container, ["/etc", "/tmp"]).tries == {"/etc": "Permission denied", "/tmp": ""}
    container.remove()
