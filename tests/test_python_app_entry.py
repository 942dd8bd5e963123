"""From the command line of an image to the module it starts, the port it takes and the files it is told to write."""

import shlex

import pytest

from hardenfile.evidence.python_app import read_application
from hardenfile.evidence.python_app.launch import options
from tests.support.python_app import Files, of_kind, paths, ports, read

SOURCE = "open('/d/f', 'w')"
ENTRIES = [
    ("python main.py", "main.py"),
    ("python3.12 -u main.py --port 80", "main.py"),
    ("/usr/local/bin/python -OO -X dev -Wignore -W error main.py", "main.py"),
    ("python ./pkg/tool.py", "pkg/tool.py"),
    ("python /app/pkg/tool.py", "pkg/tool.py"),
    ("python -m pkg.tool", "pkg/tool.py"),
    ("python -um pkg.tool x", "pkg/tool.py"),
    ("python -Im main", "main.py"),
    ("python -m program", "program/__main__.py"),
    ("python program", "program/__main__.py"),
    ("./pkg/tool.py", "pkg/tool.py"),
    ("main.py", "main.py"),
    ("./started", "started"),
    ("A=b python main.py", "main.py"),
    ("exec python main.py", "main.py"),
    ("env -u X -i A=b python main.py", "main.py"),
    ("/usr/bin/env python main.py", "main.py"),
    ("env -C /app/pkg python tool.py", "pkg/tool.py"),
    ("tini -- python main.py", "main.py"),
    ("/sbin/tini -g -s -- python main.py", "main.py"),
    ("/usr/bin/dumb-init -c python main.py", "main.py"),
    ("nohup nice -n 5 python main.py", "main.py"),
    ("timeout -s KILL 30 python main.py", "main.py"),
    ("gosu app python main.py", "main.py"),
    ("poetry run python main.py", "main.py"),
    ("pipenv run python main.py", "main.py"),
    ("uv run --frozen --no-sync main.py", "main.py"),
    ("uv run --with x -- python main.py", "main.py"),
    ("uv run -m pkg.tool", "pkg/tool.py"),
    ("pdm run python -m pkg.tool", "pkg/tool.py"),
    ("opentelemetry-instrument --traces_exporter console python main.py", "main.py"),
    ("ddtrace-run python main.py", "main.py"),
    ("newrelic-admin run-program gunicorn main:app", "main.py"),
    ("wait-for-it.sh db:5432 -t 30 -- python main.py", "main.py"),
    ("python -m debugpy --listen 0.0.0.0:5678 -m pkg.tool", "pkg/tool.py"),
    ("gunicorn main:app", "main.py"),
    ("gunicorn -w 4 -k uvicorn.workers.UvicornWorker --preload main:create()", "main.py"),
    ("gunicorn --chdir pkg tool:app", "pkg/tool.py"),
    ("gunicorn pkg.tool", "pkg/tool.py"),
    ("python -m gunicorn main:app", "main.py"),
    ("uvicorn main:app --reload --host 0.0.0.0", "main.py"),
    ("uvicorn --factory --app-dir pkg tool:app", "pkg/tool.py"),
    ("hypercorn main:app -b 0.0.0.0:80", "main.py"),
    ("daphne -b 0.0.0.0 -p 80 main:app", "main.py"),
    ("waitress-serve --call --port=80 main:app", "main.py"),
    ("flask --app main run --host=0.0.0.0", "main.py"),
    ("flask --app pkg/tool.py run", "pkg/tool.py"),
    ("flask run", "app.py"),
    ("celery -A main worker -l info", "main.py"),
    ("celery --app=main:app worker", "main.py"),
    ("streamlit run main.py --server.port=80", "main.py"),
    ("fastapi run main.py", "main.py"),
    ("fastapi dev", "main.py"),
    ("fastapi run --port 80 regular/api.py", "regular/api.py"),
    ("serve-it --now", "pkg/tool.py"),
]
FILES = dict.fromkeys(("main.py", "app.py", "pkg/tool.py", "program/__main__.py", "regular/api.py"), SOURCE) | {
    "regular/__init__.py": "",
    "started": f"#!/usr/bin/env python3\n{SOURCE}",
    "pyproject.toml": "[project.scripts]\nserve-it = 'pkg.tool:main'",
}


@pytest.mark.parametrize(("command", "entry"), ENTRIES, ids=[row[0] for row in ENTRIES])
def test_the_entry_module_is_found(command: str, entry: str) -> None:
    application = read(FILES, command)
    assert application.problems == ()
    assert application.entries == (entry,)
    assert [(finding.file, finding.line) for finding in application.findings if finding.path == "/d/f"] == [
        (entry, 2 if entry == "started" else 1)
    ]


@pytest.mark.parametrize(
    "command",
    [
        "",
        "A=b",
        "sh -c 'python main.py'",
        "python",
        "python -",
        "python -c 'import main'",
        "python missing.py",
        "python -m missing",
        "gunicorn missing:app",
        "gunicorn",
        "flask --app missing run",
        "honcho start",
        "uwsgi --ini x.ini",
        "nginx -g 'daemon off;'",
        "streamlit hello",
        "fastapi --version",
        "poetry install",
        "celery",
        "env " * 30 + "python main.py",
    ],
)
def test_what_starts_no_known_module_is_a_problem(command: str) -> None:
    application = read(FILES, command)
    assert application.entries == ()
    assert application.problems
    assert not application.complete


PORTS = [
    ("gunicorn main:app", 8000),
    ("gunicorn -b :80 main:app", 80),
    ("gunicorn -b0.0.0.0:80 main:app", 80),
    ("gunicorn --bind=[::]:80 main:app", 80),
    ("gunicorn --bind 0.0.0.0 main:app", 8000),
    ("gunicorn --bind :$PORT main:app", 8081),
    ("gunicorn --bind :${OTHER:-82} main:app", 82),
    ("gunicorn --bind :$OTHER main:app", None),
    ("uvicorn main:app", 8000),
    ("uvicorn main:app --port 80", 80),
    ("hypercorn main:app", 8000),
    ("hypercorn main:app --bind 0.0.0.0:80", 80),
    ("daphne main:app", 8000),
    ("daphne -p 80 main:app", 80),
    ("daphne -e tcp:port=80 main:app", None),
    ("waitress-serve main:app", 8080),
    ("waitress-serve --listen=*:80 main:app", 80),
    ("flask --app main run", 5000),
    ("flask --app main run -p 80", 80),
    ("streamlit run main.py", 8501),
    ("streamlit run main.py --server.port 80", 80),
    ("fastapi run main.py", 8000),
    ("fastapi run --port 80 main.py", 80),
    ("python manage.py runserver", 8000),
    ("python manage.py runserver 0.0.0.0:80", 80),
    ("python manage.py runserver --noreload 80", 80),
    ("python -m http.server", 8000),
    ("python -m http.server --bind 0.0.0.0 80", 80),
    ("python -m debugpy --listen 0.0.0.0:81 main.py", 81),
]


@pytest.mark.parametrize(("command", "port"), PORTS, ids=[row[0] for row in PORTS])
def test_the_port_is_told_from_the_command(command: str, port: int | None) -> None:
    env = {"PORT": "8081"} if "$PORT" in command else {}
    assert ports(read({"main.py": "", "manage.py": ""}, command, env=env)) == [port]


@pytest.mark.parametrize(
    ("command", "env", "port"),
    [
        ("gunicorn main:app", {"PORT": "80"}, 80),
        ("gunicorn main:app", {"GUNICORN_CMD_ARGS": "--bind=0.0.0.0:81 --workers=3"}, 81),
        ("gunicorn -b :82 main:app", {"GUNICORN_CMD_ARGS": "--bind=0.0.0.0:81"}, 82),
        ("uvicorn main:app", {"UVICORN_PORT": "80"}, 80),
        ("flask run", {"FLASK_APP": "main.py", "FLASK_RUN_PORT": "80"}, 80),
        ("streamlit run main.py", {"STREAMLIT_SERVER_PORT": "80"}, 80),
    ],
)
def test_the_port_is_told_from_the_environment(command: str, env: dict[str, str], port: int) -> None:
    assert ports(read({"main.py": ""}, command, env=env)) == [port]


@pytest.mark.parametrize("flag", ["gunicorn -b unix:/run/a.sock", "uvicorn --uds /run/a.sock", "daphne -u /run/a.sock"])
def test_a_socket_file_is_written(flag: str) -> None:
    application = read({"main.py": ""}, f"{flag} main:app")
    assert ports(application) == []
    assert paths(application) == [("/run/a.sock", False)]


def test_servers_write_the_logs_that_they_are_told_to() -> None:
    command = "gunicorn --access-logfile log/a.log --error-logfile - --pid /run/g.pid main:app"
    assert sorted(paths(read({"main.py": ""}, command))) == [("/app/log/a.log", False), ("/run/g.pid", False)]
    assert paths(read({"main.py": ""}, "gunicorn --access-logfile /dev/stdout main:app")) == []
    assert of_kind(read({"main.py": ""}, "gunicorn --log-file $LOG main:app"), "unknown")
    assert of_kind(read({"main.py": ""}, "uvicorn --log-config log.yaml main:app"), "unknown")
    assert paths(read({"main.py": ""}, "hypercorn --pid p.pid main:app")) == [("/app/p.pid", False)]
    assert paths(read({"main.py": ""}, "celery -A main worker --logfile=w.log")) == [("/app/w.log", False)]


def test_gunicorn_keeps_a_heartbeat_and_a_control_socket() -> None:
    application = read({"main.py": ""}, "gunicorn main:app", env={"HOME": "/home/a"})
    assert [finding.path for finding in of_kind(application, "temp")] == ["/tmp"]
    assert [finding.path for finding in of_kind(application, "library")] == ["/home/a/.gunicorn"]
    other = read({"main.py": ""}, "gunicorn --worker-tmp-dir /dev/shm --no-control-socket main:app")
    assert [finding.path for finding in of_kind(other, "temp")] == ["/dev/shm"]
    assert of_kind(other, "library") == []


@pytest.mark.parametrize("command", ["gunicorn -u www-data main:app", "celery -A main worker --uid 1000"])
def test_a_server_that_changes_its_user_needs_root(command: str) -> None:
    assert of_kind(read({"main.py": ""}, command), "root")


def test_celery_beat_keeps_its_schedule_in_the_working_folder() -> None:
    assert paths(read({"main.py": ""}, "celery -A main beat")) == [("/app/celerybeat-schedule", False)]
    assert paths(read({"main.py": ""}, "celery -A main beat -s /run/s")) == [("/run/s", False)]
    assert paths(read({"main.py": ""}, "celery -A main worker -B")) == [("/app/celerybeat-schedule", False)]
    assert paths(read({"main.py": ""}, "celery -A main worker")) == []
    database = "celery -A main beat --scheduler django_celery_beat.schedulers:DatabaseScheduler"
    assert paths(read({"main.py": ""}, database)) == []


def test_celery_loads_the_module_of_its_app() -> None:
    files = {"proj/__init__.py": "", "proj/celery.py": "", "proj/extra.py": SOURCE}
    assert read(files, "celery -A proj worker").entries == ("proj/__init__.py", "proj/celery.py")
    assert paths(read(files, "celery -A proj worker -I proj.extra")) == [("/d/f", False)]


def test_flask_finds_its_application_by_itself() -> None:
    assert read({"wsgi.py": "", "app.py": ""}, "flask run").entries == ("wsgi.py",)
    assert read({"x.py": "", ".flaskenv": "# c\nexport FLASK_APP='x.py'\n"}, "flask run").entries == ("x.py",)
    application = read({"x.py": "", ".flaskenv": "FLASK_APP=x\nFLASK_RUN_PORT=80"}, "flask run")
    assert ports(application) == [80]
    assert ports(read({"app.py": ""}, "flask db upgrade")) == []


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[project.scripts]\nserve = 'tool.cli:main'"},
        {"pyproject.toml": "[tool.poetry.scripts]\nserve = 'tool.cli:main'"},
        {"setup.cfg": "[options.entry_points]\nconsole_scripts =\n  other = x:y\n  serve = tool.cli:main [a]\n"},
        {"setup.py": "setup(entry_points={'console_scripts': ['serve = tool.cli:main']})"},
        {"setup.py": "import setuptools\nsetuptools.setup(entry_points='[console_scripts]\\nserve=tool.cli:main\\n')"},
    ],
    ids=["project", "poetry", "setup.cfg", "setup.py", "setup.py text"],
)
@pytest.mark.parametrize("folder", ["", "src/"])
def test_a_command_of_the_project_itself(files: dict[str, str], folder: str) -> None:
    sources = {f"{folder}tool/__init__.py": "", f"{folder}tool/cli.py": SOURCE}
    application = read({**files, **sources}, "serve")
    assert application.entries == (f"{folder}tool/cli.py",)
    assert paths(application) == [("/d/f", False)]


@pytest.mark.parametrize("content", ["", "[", "\0", "[project]\nscripts = 3", "[project.scripts]\nserve = 3"])
@pytest.mark.parametrize("name", ["pyproject.toml", "setup.cfg", "setup.py"])
def test_a_project_file_that_says_nothing_is_no_error(name: str, content: str) -> None:
    assert read({name: content, "main.py": ""}, "serve").entries == ()


def test_the_packages_around_the_entry_module_run_too() -> None:
    files = {"a/__init__.py": "open('/1', 'w')", "a/b/__init__.py": "open('/2', 'w')", "a/b/c.py": "open('/3', 'w')"}
    for command in ("gunicorn a.b.c:app", "python -m a.b.c"):
        assert paths(read(files, command)) == [("/1", False), ("/2", False), ("/3", False)]
    assert paths(read(files, "python a/b/c.py")) == [("/3", False)]


def test_an_installed_copy_has_another_file() -> None:
    """The console script runs the copy in site-packages; run from its sources, the project is where it is."""
    files = {
        "pyproject.toml": "[project.scripts]\nserve = 'tool:main'",
        "src/tool/__init__.py": "from pathlib import Path\nPath(__file__).with_name('x').touch()\n",
    }
    assert of_kind(read(files, "serve"), "unknown")
    assert paths(read(files, "uv run serve")) == [("/app/src/tool/x", False)]


def test_given_console_scripts_win() -> None:
    tree = Files({"tool.py": SOURCE})
    application = read_application(tree, ["go"], workdir="/app", env={}, console_scripts={"go": "tool:main"})
    assert application.entries == ("tool.py",)


def test_pythonpath_and_the_folder_of_the_script_are_searched() -> None:
    files = {"bin/run.py": "import beside, lib.deep", "bin/beside.py": SOURCE, "libs/lib/deep.py": SOURCE}
    application = read(files, "python bin/run.py", env={"PYTHONPATH": "/x:libs"})
    assert [finding.file for finding in application.findings] == ["bin/beside.py", "libs/lib/deep.py"]


GUNICORN = {"app.py": "", "gunicorn.conf.py": "import os\nbind = '0.0.0.0:' + os.environ.get('PORT', '80')\n"}


def test_gunicorn_reads_its_configuration_in_python() -> None:
    assert ports(read(GUNICORN, "gunicorn app:app")) == [80]
    assert ports(read(GUNICORN, "gunicorn app:app", env={"PORT": "81"})) == [81]
    assert ports(read(GUNICORN, "gunicorn -b :82 app:app")) == [82]
    assert ports(read({"app.py": "", "c.py": "bind = ['0.0.0.0:80', 'unix:/run/s']"}, "gunicorn -c c.py app:app")) == [
        80
    ]


def test_gunicorn_writes_what_its_configuration_says() -> None:
    config = """
        import multiprocessing
        workers = multiprocessing.cpu_count()
        bind = "unix:/run/app.sock"
        accesslog = "/var/log/access.log"
        errorlog = "-"
        pidfile = None
        user = "www-data"
        wsgi_app = "app:app"
    """
    application = read({"app.py": SOURCE, "gunicorn.conf.py": config}, "gunicorn")
    assert application.entries == ("app.py",)
    assert sorted(paths(application)) == [("/d/f", False), ("/run/app.sock", False), ("/var/log/access.log", False)]
    assert [finding.line for finding in of_kind(application, "root")] == [8]
    assert ports(application) == []


def test_a_gunicorn_configuration_that_is_not_there_is_a_problem() -> None:
    assert not read({"app.py": ""}, "gunicorn -c gone.py app:app").complete
    assert not read({"app.py": ""}, "gunicorn -c python:conf app:app").complete
    assert not read({"app.py": "open('x', 'w')", "c.py": "chdir = '/x'"}, "gunicorn -c c.py app:app").complete


def test_options_are_sorted_as_getopt_does() -> None:
    given = options(shlex.split("-Dw4 -b :80 --name=x --no-y --flag pos --z v -- --rest"), ("D", "flag"), {"b": "bind"})
    assert given.words == ["pos", "--rest"]
    assert given.values == {
        "D": [""], "w": ["4"], "bind": [":80"], "name": ["x"], "no-y": [""], "flag": [""], "z": ["v"]
    }  # fmt: skip
    assert options(["-v", "run", "-x"], ("v",), stop=True).words == ["run", "-x"]
