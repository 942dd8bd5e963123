"""What scripts at start write, what command lines listen on, and what npm start runs."""

from pathlib import Path

import pytest

from hardenfile.dockerfile import parse
from hardenfile.dockerfile.shell import read_shell
from hardenfile.evidence.context import BuildContext
from hardenfile.evidence.layout import Layout
from hardenfile.evidence.scripts import command_ports, script_findings
from hardenfile.evidence.start import Start, read_start


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("echo x > /data/x", [("write", "/data/x", False)]),
        ("echo x >> /data/x 2>/dev/null >&2", [("write", "/data/x", False)]),
        ("cmd >| /srv/log", [("write", "/srv/log", False)]),
        ("cat a | tee -a /srv/a /srv/b", [("write", "/srv/a", False), ("write", "/srv/b", False)]),
        ("mkdir -m 700 -p /data/a b", [("write", "/data/a", True), ("write", None, False)]),
        ("exec touch /run/x.pid", [("write", "/run/x.pid", False)]),
        ("cp -r /etc/default /data/", [("write", "/data", True)]),
        ("ln -sf /proc/1/fd/1 /var/log/a.log", [("write", "/var/log/a.log", False)]),
        ("mv /a/x /b/y", [("write", "/b/y", False), ("write", "/a/x", False)]),
        ("cp -t /data a b", [("write", "/data", True)]),
        ("install -d -o app /data/i", [("write", "/data/i", True)]),
        ("rm -f tmp/pids/server.pid", [("write", None, False)]),
        ("rm -rf /data/cache/*", [("write", "/data/cache", True)]),
        ("sed -i s/a/b/ /etc/app.conf", [("write", "/etc/app.conf", False)]),
        ("sed -e s/a/b/ -i.bak conf.ini", [("write", None, False)]),
        ("sed s/a/b/ /etc/app.conf", []),
        ("chmod 600 /data/key", [("write", "/data/key", False)]),
        ("truncate -s 0 /data/t", [("write", "/data/t", False)]),
        ("dd if=/dev/zero of=/data/d bs=1", [("write", "/data/d", False)]),
        ("curl -fsSo /data/c http://h/", []),
        ("wget -O /data/w http://h/", [("write", "/data/w", False)]),
        ('touch "$HOME/x"', [("unknown", None, False)]),
        ('touch "/data/$NAME/x"', [("write", "/data", True)]),
        ('D=/srv/d\nmkdir -p "$D/sub"', [("write", "/srv/d/sub", True)]),
        ('mkdir "${DATA_DIR:-/data}"', [("write", "/data", True)]),
        ("if [ ! -d x ]; then mkdir /data/y; fi", [("write", "/data/y", True)]),
        ("echo a > /tmp/x; echo b > /dev/stdout; echo c > /proc/1/fd/1", []),
        ("chown -R app /data; apt-get update; gosu app x", []),
        ("cat < /data/in", []),
    ],
)
def test_what_a_script_writes(text: str, found: list[tuple[str, str | None, bool]]) -> None:
    script = read_shell(text)
    assert script.refusal is None
    assert [(one.kind, one.path, one.directory) for one in script_findings(script, "s.sh", text)] == found


def test_findings_have_the_line_in_the_script() -> None:
    text = "#!/bin/sh\nset -e\n\nmkdir data\nexec serve --port 80\n"
    found = script_findings(read_shell(text), "bin/s.sh", text)
    assert [(one.file, one.line, one.port) for one in found] == [("bin/s.sh", 4, None), ("bin/s.sh", 5, 80)]
    assert "relative path data" in found[0].what


@pytest.mark.parametrize(
    ("line", "ports"),
    [
        ("uvicorn a:b --port 80", (80,)),
        ("uvicorn a:b --port=81", (81,)),
        ("gunicorn -b :80 -b 0.0.0.0:443 a", (80, 443)),
        ("gunicorn --bind [::]:80 a", (80,)),
        ("flask run -p 80", (80,)),
        ("serve -s build -l tcp://0.0.0.0:80", (80,)),
        ("php -S 0.0.0.0:80", (80,)),
        ("java -Dserver.port=80 -jar a.jar", (80,)),
        ("java -jar a.jar --server.port=82", (82,)),
        ("python manage.py runserver 0.0.0.0:80", (80,)),
        ("env PORT=80 node a.js", (80,)),
        ("mkdir -p 80", ()),
        ("ssh -p 22 host", ()),
        ("redis-cli -p 63", ()),
        ("app --port 0", ()),
        ("app --port 70000", ()),
        ("app -p x80 --listen unix:/run/x", ()),
    ],
)
def test_ports_of_a_command_line(line: str, ports: tuple[int, ...]) -> None:
    assert command_ports(line.split()) == ports


def start(root: Path, dockerfile: str, files: dict[str, str]) -> Start:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    stage = parse(dockerfile).stages[-1]
    return read_start(stage, Layout(stage, BuildContext(root)), None)


def test_an_entrypoint_script_is_part_of_the_start(tmp_path: Path) -> None:
    found = start(
        tmp_path,
        'FROM debian:12\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["./run.sh", "--port", "80"]\n',
        {"run.sh": "#!/bin/sh\nmkdir -p /data\nexec serve\n"},
    )
    assert [(one.kind, one.path, one.port, one.file, one.line) for one in found.findings] == [
        ("port", None, 80, "", 0),
        ("write", "/data", None, "run.sh", 2),
    ]


def test_a_shell_form_has_no_file(tmp_path: Path) -> None:
    found = start(tmp_path, "FROM debian:12\nENTRYPOINT mkdir /data && serve\n", {})
    assert [(one.path, one.file, one.line) for one in found.findings] == [("/data", "", 0)]


PACKAGE = """{
 "scripts": {
  "start": "npm run serve",
  "serve": "mkdir -p logs && node app.js -p 80",
  "loop": "npm run loop"
 }
}"""


def programs(found: Start) -> list[str | None]:
    return [one.program for one in found.commands]


@pytest.mark.parametrize(
    ("cmd", "expected"),
    [
        ('["npm", "start"]', ["npm", "npm", "mkdir", "node"]),
        ('["npm", "run", "--silent", "serve"]', ["npm", "mkdir", "node"]),
        ('["yarn", "serve"]', ["yarn", "mkdir", "node"]),
        ('["pnpm", "run", "serve"]', ["pnpm", "mkdir", "node"]),
        ('["npm", "run", "loop"]', ["npm", "npm"]),
        ('["npm", "ci"]', ["npm"]),
        ('["yarn", "install"]', ["yarn"]),
    ],
)
def test_scripts_of_a_package_are_followed(tmp_path: Path, cmd: str, expected: list[str]) -> None:
    found = start(
        tmp_path,
        f"FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nENTRYPOINT []\nCMD {cmd}\n",
        {"package.json": PACKAGE},
    )
    assert programs(found) == expected
    if "mkdir" in expected:
        assert {(one.kind, one.port, one.file, one.line) for one in found.findings} == {
            ("write", None, "package.json", 4),
            ("port", 80, "package.json", 4),
        }


def test_arguments_go_behind_the_script(tmp_path: Path) -> None:
    text = 'FROM node:22\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["npm", "start", "--", "--host", "a b"]\n'
    found = start(tmp_path, text, {"package.json": "{}"})
    assert found.commands[-1].words == ("node", "server.js", "--host", "a b")
    assert found.unseen == ()


@pytest.mark.parametrize("package", [None, "{", "[]", '{"scripts": {"x": "y"}}'])
def test_a_script_that_is_not_there_is_unseen(tmp_path: Path, package: str | None) -> None:
    text = 'FROM node:22\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["npm", "run", "go"]\n'
    found = start(tmp_path, text, {"a": ""} if package is None else {"package.json": package})
    assert len(found.unseen) == 1 and "go" in found.unseen[0]


def test_a_shell_form_of_npm_start_keeps_its_command_line(tmp_path: Path) -> None:
    found = start(tmp_path, "FROM node:22\nWORKDIR /app\nCOPY . .\nENTRYPOINT npm start\n", {"package.json": PACKAGE})
    assert found.argv == ("npm", "start")
