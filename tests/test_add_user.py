"""What add-user makes of the files beside a Dockerfile; the fixtures hold the rest."""

from pathlib import Path

from hardenfile import Outcome, harden

DOCKERFILE = 'FROM python:3.12-slim\nCOPY keep.py /srv/\nCMD ["python", "/srv/keep.py"]\n'
COMPOSE = """
services:
  keep:
    build: .
    user: "2:2"
    volumes:
      - kept:/srv/kept
      - ./conf:/srv/conf
      - shown:/srv/shown:ro
volumes:
  kept:
  shown:
"""


def hardened(folder: Path, files: dict[str, str], dockerfile: str = DOCKERFILE) -> Outcome:
    for name, text in {"Dockerfile": dockerfile, "keep.py": 'print("hello")\n', **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return harden(folder / "Dockerfile", context=folder, select=["add-user"])


def test_a_volume_of_compose_is_given_to_the_user(tmp_path: Path) -> None:
    outcome = hardened(tmp_path, {"compose.yaml": COMPOSE})
    assert "mkdir -p /srv/kept \\\n    && chown 10001:10001 /srv/kept\n" in outcome.after.text
    assert "/srv/shown" not in outcome.after.text
    facts = outcome.changes[0].evidence
    assert any("runs as 2:2" in fact for fact in facts)
    assert any("folder of the host at /srv/conf" in fact for fact in facts)


def test_a_compose_file_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    outcome = hardened(tmp_path, {"compose.yaml": "services: [\n"})
    assert outcome.changes and "mkdir" not in outcome.after.text


def test_a_file_that_is_there_already_is_given(tmp_path: Path) -> None:
    files = {"keep.py": 'open("/srv/log/visits.txt", "a").write("x")\n', "log/visits.txt": ""}
    outcome = hardened(tmp_path, files, DOCKERFILE.replace("COPY", "COPY log /srv/log/\nCOPY", 1))
    assert "chown 10001:10001 /srv/log /srv/log/visits.txt" in outcome.after.text


def test_a_folder_that_holds_files_already_is_given_with_them(tmp_path: Path) -> None:
    files = {
        "keep.py": 'import sys\n\nopen(f"/srv/log/{sys.argv[1]}.txt", "a").write("x")\n',
        "log/2024/visits.txt": "",
    }
    outcome = hardened(tmp_path, files, DOCKERFILE.replace("COPY", "COPY log /srv/log/\nCOPY", 1))
    assert "chown -R 10001:10001 /srv/log" in outcome.after.text


def test_a_mode_that_shuts_others_out_is_a_doubt(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/secret.ini").write_text("")
    (tmp_path / "conf/secret.ini").chmod(0o600)
    outcome = hardened(tmp_path, {}, DOCKERFILE.replace("COPY", "COPY conf /srv/conf/\nCOPY", 1))
    assert not outcome.changed
    assert "conf/secret.ini can be read by its owner only" in outcome.held[0].why


def test_a_run_that_makes_closed_files_is_a_doubt(tmp_path: Path) -> None:
    closing = (
        "umask 077 && touch /srv/x",
        "chmod 600 /srv/keep.py",
        "chmod go-rwx /srv/keep.py",
        "openssl genrsa -out /srv/key.pem 2048",
        "install -m 600 /etc/hosts /srv/hosts",
    )
    for command in closing:
        outcome = hardened(tmp_path, {}, DOCKERFILE.replace("CMD", f"RUN {command}\nCMD"))
        assert not outcome.changed, command
        assert "only root can read" in outcome.held[0].why
    for command in ("chmod +x /srv/keep.py", "chmod 755 /srv/keep.py", "chmod -R 0644 /srv", "umask 022 && true"):
        outcome = hardened(tmp_path, {}, DOCKERFILE.replace("CMD", f"RUN {command}\nCMD"))
        assert all("only root can read" not in held.why for held in outcome.held), command


def test_home_is_made_where_it_is_asked_for(tmp_path: Path) -> None:
    dockerfile = 'FROM python:3.12-slim\nWORKDIR /srv/app\nCOPY . .\nCMD ["python", "keep.py"]\n'
    asking = {"keep.py": 'from pathlib import Path\n\n(Path.home() / "x").write_text("x")\n'}
    assert "--create-home" in hardened(tmp_path, asking, dockerfile).after.text
    assert "--no-create-home" in hardened(tmp_path, {"keep.py": 'print("hello")\n'}, dockerfile).after.text


def test_what_is_roots_alone_is_a_doubt(tmp_path: Path) -> None:
    for path in ("/root/key", "/etc/shadow"):
        outcome = hardened(tmp_path, {"keep.py": f'print(open("{path}").read())\n'})
        assert not outcome.changed and path in outcome.held[0].why


def test_what_the_build_puts_into_tmp_is_roots(tmp_path: Path) -> None:
    files = {"keep.py": 'open("/tmp/lock", "w").write("x")\n'}
    assert hardened(tmp_path, files).changed
    outcome = hardened(tmp_path, files, DOCKERFILE.replace("CMD", "RUN echo x > /tmp/lock\nCMD"))
    assert not outcome.changed and "/tmp/lock" in outcome.held[0].why


def test_a_script_that_sets_gosu_before_its_arguments_is_refused(tmp_path: Path) -> None:
    files = {"start.sh": '#!/bin/sh\nset -- gosu nobody "$@"\nexec "$@"\n'}
    dockerfile = DOCKERFILE.replace("CMD", 'COPY start.sh /start.sh\nENTRYPOINT ["/start.sh"]\nCMD')
    outcome = hardened(tmp_path, files, dockerfile)
    assert [one.reason for one in outcome.refusals] == ["drops"]


def test_a_project_that_is_installed_writes_beside_its_copy(tmp_path: Path) -> None:
    files = {"keep.py": 'from pathlib import Path\n\n(Path(__file__).parent / "x").write_text("x")\n'}
    outcome = hardened(tmp_path, files, DOCKERFILE.replace("CMD", "RUN pip install .\nCMD"))
    assert not outcome.changed and "installs a copy" in outcome.held[0].why


LOW = """FROM python:3.12-slim
WORKDIR /srv/app
COPY . .
EXPOSE 80
CMD ["gunicorn", "--bind", "0.0.0.0:80", "keep:app"]
"""


def test_a_low_port_that_only_the_command_names_can_move(tmp_path: Path) -> None:
    hardened(tmp_path, {"keep.py": "app = None\n"}, LOW)
    outcome = harden(tmp_path / "Dockerfile", context=tmp_path, select=["add-user"], unsafe=True)
    assert "EXPOSE 8080\n" in outcome.after.text
    assert '"0.0.0.0:8080"' in outcome.after.text
    again = harden(outcome.after, context=tmp_path, select=["add-user"], unsafe=True)
    assert not again.changed


def test_a_low_port_stays_where_others_count_on_it(tmp_path: Path) -> None:
    compose = "services:\n  web:\n    build: .\n    ports: ['80:80']\n"
    check = LOW.replace("CMD", "HEALTHCHECK CMD curl -f http://localhost:80/\nCMD")
    for files, dockerfile in (({"compose.yaml": compose}, LOW), ({}, check)):
        hardened(tmp_path, {"keep.py": "app = None\n", **files}, dockerfile)
        outcome = harden(tmp_path / "Dockerfile", context=tmp_path, select=["add-user"], unsafe=True)
        assert "8080" not in outcome.after.text
        (tmp_path / "compose.yaml").unlink(missing_ok=True)


def test_a_chmod_flag_that_shuts_others_out_is_a_doubt(tmp_path: Path) -> None:
    for mode, safe in (("600", False), ("700", False), ("0755", True), ("644", True)):
        outcome = hardened(tmp_path, {}, DOCKERFILE.replace("COPY", f"COPY --chmod={mode}"))
        assert outcome.changed is safe, mode


def test_what_a_run_made_below_the_working_directory_is_given(tmp_path: Path) -> None:
    files = {"keep.py": 'open("out/x.json", "w").write("2")\n', "gen.py": 'open("out/x.json", "w").write("1")\n'}
    dockerfile = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN python gen.py\nCMD ["python", "keep.py"]\n'
    assert (
        "find /app/out -maxdepth 1 -name x.json -exec chown 10001:10001 {} +"
        in hardened(tmp_path, files, dockerfile).after.text
    )


def test_a_run_whose_program_makes_closed_files_is_a_doubt(tmp_path: Path) -> None:
    files = {"gen.py": "import tempfile\n\ntempfile.mkstemp(dir='.')\n"}
    dockerfile = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN python gen.py\nCMD ["python", "keep.py"]\n'
    outcome = hardened(tmp_path, files, dockerfile)
    assert not outcome.changed and "only root can read" in outcome.held[0].why


NODE = 'FROM node:20-slim\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.js"]\n'


def test_paths_from_beside_the_sources_are_doubts(tmp_path: Path) -> None:
    server = {"server.js": 'require("http").createServer().listen(3000);\n'}
    assert hardened(tmp_path, server, NODE).changed
    assert not hardened(tmp_path, server, NODE.replace("COPY", "ENV STORE=/srv/store\nCOPY")).changed
    above = {"server.js": 'require("fs").mkdirSync("../data");\n'}
    assert not hardened(tmp_path, above, NODE).changed
    outcome = hardened(tmp_path, {**server, "config.json": '{"dir": "/var/spool/x"}\n'}, NODE)
    assert not outcome.changed and "config.json:1 names /var/spool/x" in outcome.held[0].why
