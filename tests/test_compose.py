"""Compose files, and the YAML that they are written in."""

from pathlib import Path

import pytest

from hardenfile.evidence.compose import Mount, Service, read_compose, read_compose_files
from hardenfile.evidence.yaml_subset import Node, UnreadError, read_yaml


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("", ""),
        ("# only a comment\n", ""),
        ("a: 1\nb: \"x # y\" # c\nc: 'it''s'\n", {"a": "1", "b": "x # y", "c": "it's"}),
        ("a:\n- x\n- y: 1\n  z: 2\n-\n  - deep\n", {"a": ["x", {"y": "1", "z": "2"}, ["deep"]]}),
        ("a:\n  - - 1\n    - 2\n", {"a": [["1", "2"]]}),
        ("a: [x, 'y, z', [1], {k: v}]\nb: {}\nc: []\n", {"a": ["x", "y, z", ["1"], {"k": "v"}], "b": {}, "c": []}),
        ("a: [x,\n  y # c\n  ]\nb:\n", {"a": ["x", "y"], "b": ""}),
        ("a: |\n  one\n   two\n\n  three\n\nb: >-\n  x\n  y\n\n  z\n", {"a": "one\n two\n\nthree\n", "b": "x y\nz"}),
        ("a: >\n  x\n    y\n  z\n", {"a": "x\n  y\nz\n"}),
        ("a: one\n  two\nb: http://x:80/y\n", {"a": "one two", "b": "http://x:80/y"}),
        ('a: "x\\n\\u00e9\\"" \n', {"a": 'x\n\u00e9"'}),
        ("x: &base\n  a: 1\ny: *base\nz:\n  <<: *base\n", {"x": {"a": "1"}, "y": {"a": "1"}, "z": {"<<": {"a": "1"}}}),
        ("---\r\na: 80:80\r\n...\r\n", {"a": "80:80"}),
        ('"a b": 1\n? : 2\n'.replace("? : 2\n", ""), {"a b": "1"}),
    ],
)
def test_yaml_that_is_read(text: str, node: Node) -> None:
    assert read_yaml(text) == node


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n---\nb: 2\n",
        "a:\n\t- x\n",
        "? x\n: y\n",
        "a: *nowhere\n",
        "a: [x\n",
        'a: "x\n',
        "a: x: y\n",
        "a: 1\n  b: 2\n",
        "a:\n    b: 1\n  c: 2\n",
        "a: {x y: 1, ? z}\n",
        "a: |2\n   x\n",
        "a: @x\n",
        "[" * 5000,
        "- " * 5000 + "x",
        "a: [" + "{x: " * 3000,
    ],
)
def test_yaml_that_is_not_read_is_said(text: str) -> None:
    with pytest.raises(UnreadError):
        read_yaml(text)


def compose(root: Path, text: str, name: str = "compose.yaml", dockerfile: str = "Dockerfile") -> tuple[Service, ...]:
    (root / dockerfile).parent.mkdir(parents=True, exist_ok=True)
    (root / dockerfile).write_text("FROM x\n")
    (root / name).write_text(text)
    return read_compose(root / dockerfile, root)


FULL = """
x-common: &common
  cap_add: [NET_ADMIN]
  read_only: true
services:
  db:
    image: postgres
    volumes: [/never]
  web:
    <<: *common
    build:
      context: .
      target: prod
    user: "1000:1000"
    privileged: false
    network_mode: host
    command: serve --name "a b"
    entrypoint: ["/bin/x", "$$HOME"]
    tmpfs:
      - /run
      - /tmp:size=1m
    ports:
      - "8080:80"
      - 127.0.0.1:1:443/tcp
      - 9000-9001:9000-9001
      - ${PORT:-7000}:7000
      - target: 81
        published: 8081
    volumes:
      - data:/data
      - ./conf:/etc/conf:ro
      - /anonymous/
      - ${DIR:-./x}:/from/default
      - type: tmpfs
        target: /cache
        read_only: yes
"""


def test_a_service_that_builds_the_dockerfile(tmp_path: Path) -> None:
    assert compose(tmp_path, FULL) == (
        Service(
            file="compose.yaml",
            name="web",
            target="prod",
            volumes=(
                Mount("/data", "data", False, "volume"),
                Mount("/etc/conf", "./conf", True, "bind"),
                Mount("/anonymous", None, False, "volume"),
                Mount("/from/default", "./x", False, "bind"),
                Mount("/cache", None, True, "tmpfs"),
            ),
            ports=(80, 443, 9000, 9001, 7000, 81),
            user="1000:1000",
            command=("serve", "--name", "a b"),
            entrypoint=("/bin/x", "$HOME"),
            read_only=True,
            tmpfs=("/run", "/tmp"),
            cap_add=("NET_ADMIN",),
            privileged=False,
            network_mode="host",
        ),
    )


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (".", 0),
        ("./app", 1),
        ("app/", 1),
        ("{context: app}", 1),
        ("{context: ., dockerfile: app/Dockerfile}", 1),
        ("{context: app, dockerfile: Other}", 0),
        ("{context: app, dockerfile_inline: FROM x}", 0),
        ("${CTX:-app}", 1),
        ("${CTX}", 0),
        ("https://host/app", 0),
        ("", 0),
        ('"a\\0b"', 0),
    ],
)
def test_a_build_is_resolved_beside_its_compose_file(tmp_path: Path, build: str, expected: int) -> None:
    text = f"services:\n  web:\n    build: {build}\n"
    assert len(compose(tmp_path, text, "docker-compose.dev.yml", "app/Dockerfile")) == expected


def test_files_above_the_root_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text("services: {web: {build: app}}\n")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM x\n")
    assert read_compose(tmp_path / "app" / "Dockerfile", tmp_path / "app") == ()
    assert len(read_compose(tmp_path / "app" / "Dockerfile", tmp_path)) == 1


def test_what_is_known_only_at_run_time_is_said(tmp_path: Path) -> None:
    text = "services:\n w:\n  build: .\n  user: ${UID}\n  command: [a, $B]\n  ports: ['${P}']\n"
    text += "  volumes: ['a:${V}']\n  extends: x\n"
    (service,) = compose(tmp_path, text)
    assert (service.user, service.command, service.ports, service.volumes) == (None, None, (), ())
    assert [one.split(":")[0] for one in service.problems] == [
        "what it extends was not read", "user", "volumes", "ports", "command",
    ]  # fmt: skip


def test_an_empty_command_is_not_an_absent_one(tmp_path: Path) -> None:
    (service,) = compose(tmp_path, "services:\n w:\n  build: .\n  command: []\n  entrypoint: null\n")
    assert (service.command, service.entrypoint) == ((), None)


def test_files_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    (tmp_path / "compose.yaml").write_text("a: 1\n---\nb: 2\n")
    (tmp_path / "docker-compose.big.yml").write_bytes(b"#" * 1_000_001)
    (tmp_path / "docker-compose.yml").write_text("include: [x]\nservices:\n - build: .\n")
    (tmp_path / "other.yml").write_text("services: {w: {build: .}}")
    found = read_compose_files(tmp_path / "Dockerfile", tmp_path)
    assert found.services == ()
    assert [one.split(":")[0] for one in found.problems] == [
        "compose.yaml",
        "docker-compose.big.yml",
        "docker-compose.yml",
    ]
