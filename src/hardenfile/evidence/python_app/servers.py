"""Commands of web servers and task runners: which module they load, where they listen, what they are told to write.

Options without a value, and defaults, are those of the programs' own ``--help`` (Gunicorn 27, Uvicorn 0.54, Hypercorn
0.18, Daphne 4.2, Waitress 3.0, Flask 3.1, Celery 5.7, FastAPI CLI 0.0, Streamlit 1.67).
"""

import posixpath
import shlex
from collections.abc import Callable, Sequence

from .launch import Launch, Options, Target, options

_GUNICORN_FLAGS = frozenset(
    "reload spew check-config print-config preload reuse-port daemon D initgroups disable-redirect-access-to-syslog"
    " capture-output log-syslog enable-stdio-inheritance R suppress-ragged-eofs do-handshake-on-connect"
    " enable-backlog-metric permit-obsolete-folding strip-header-spaces permit-unconventional-http-method"
    " permit-unconventional-http-version casefold-http-method version v help h".split()
)
_GUNICORN_SHORT = {"b": "bind", "c": "config", "e": "env", "p": "pid", "u": "user", "g": "group"}


def gunicorn(launch: Launch, words: Sequence[str]) -> None:
    """WSGI and ASGI server; the configuration file in Python is read later, with the application."""
    launch.is_gunicorn = True
    try:
        before = shlex.split(launch.env.get("GUNICORN_CMD_ARGS", ""))
    except ValueError:
        before = []
    given = [options(part, _GUNICORN_FLAGS, _GUNICORN_SHORT) for part in (before, words)]
    merged = Options({**given[0].values, **given[1].values}, given[1].words)
    launch.workdir = launch.path(merged.last("chdir", "."))
    launch.roots += [launch.workdir, *(launch.path(p) for p in merged.last("pythonpath").split(",") if p)]
    launch.env.update((name, value) for name, equals, value in (p.partition("=") for p in merged.all("env")) if equals)
    for word in merged.words[:1]:
        launch.module(word)
    for address in merged.all("bind"):
        launch.address(address, "gunicorn --bind", 8000)
        launch.bound = True
    config = merged.last("config", "gunicorn.conf.py").removeprefix("file:")
    if config.startswith("python:"):
        launch.targets.append(Target(config.removeprefix("python:"), False, False))
        launch.problems.append(f"gunicorn's configuration in the module {config} is not evaluated")
    elif launch.tree.exists(launch.path(config)):
        launch.configurations.append(launch.path(config))
    elif "config" in merged.values:
        launch.problems.append(f"gunicorn's configuration {config} is not in the build context")
    for name in ("access-logfile", "error-logfile", "log-file", "pid"):
        launch.log(merged.last(name), f"gunicorn --{name}")
    _log_configuration(launch, merged, "gunicorn")
    gunicorn_folders(launch, merged.last("worker-tmp-dir"), control="no-control-socket" not in merged.values)
    if merged.last("user") or merged.last("group"):
        launch.find("root", "gunicorn --user, --group: changes its user at start")


def _log_configuration(launch: Launch, given: Options, program: str) -> None:
    for name in ("log-config", "log-config-json"):
        if given.last(name):
            launch.find("unknown", f"{program} --{name} {given.last(name)}: is not read, and may name log files")


def gunicorn_folders(launch: Launch, heartbeat: str, *, control: bool) -> None:
    """The folders that Gunicorn writes by itself: one heartbeat file a worker, and since 25.1 a control socket."""
    folder = launch.path(heartbeat) if heartbeat else launch.env.get("TMPDIR", "/tmp")
    launch.find("temp", "gunicorn keeps a heartbeat file for each worker", folder, directory=True)
    runtime, home = launch.env.get("XDG_RUNTIME_DIR"), launch.env.get("HOME")
    if control:
        where = runtime or (posixpath.join(home, ".gunicorn") if home else None)
        what = "gunicorn 25.1 and later: a control socket in $XDG_RUNTIME_DIR or ~/.gunicorn (not fatal)"
        launch.find("library", what, where, directory=True)


def gunicorn_default(launch: Launch) -> None:
    """Where Gunicorn listens when neither the command line nor a configuration file says so."""
    if "PORT" in launch.env:
        launch.number("$PORT", "gunicorn listens on")
    else:
        launch.listen(8000, "gunicorn's default port")


def uvicorn(launch: Launch, words: Sequence[str]) -> None:
    flags = ("reload", "factory", "use-colors", "access-log", "proxy-headers", "server-header", "date-header")
    given = options(words, (*flags, "http2", "reset-contextvars", "version", "help"))
    launch.roots.append(launch.path(given.last("app-dir", launch.env.get("UVICORN_APP_DIR", "."))))
    for word in given.words[:1] or [launch.env.get("UVICORN_APP", "")]:
        launch.module(word)
    _log_configuration(launch, given, "uvicorn")
    if given.last("uds"):
        launch.address(f"unix:{given.last('uds')}", "uvicorn --uds", None)
    elif not given.last("fd"):
        launch.number(given.last("port", launch.env.get("UVICORN_PORT", "8000")), "uvicorn --port")


def hypercorn(launch: Launch, words: Sequence[str]) -> None:
    short = {"b": "bind", "c": "config", "p": "pid", "u": "user", "g": "group"}
    given = options(words, ("D", "daemon", "debug", "reload", "h", "help"), short)
    launch.roots.append(launch.workdir)
    for word in given.words[:1]:
        launch.module(word)
    if given.last("config"):
        launch.problems.append(f"hypercorn's configuration {given.last('config')} is not evaluated")
    _log_configuration(launch, given, "hypercorn")
    binds = [bind for name in ("bind", "insecure-bind", "quic-bind") for bind in given.all(name)]
    for bind in binds or ["127.0.0.1:8000"]:
        launch.address(bind, "hypercorn --bind", 8000)
    for name in ("access-log", "access-logfile", "error-log", "error-logfile", "log-file", "pid"):
        launch.log(given.last(name), f"hypercorn --{name}")


def daphne(launch: Launch, words: Sequence[str]) -> None:
    given = options(
        words, ("proxy-headers", "no-server-name", "help"), {"p": "port", "u": "unix-socket", "e": "endpoint"}
    )
    launch.roots.append(launch.workdir)
    for word in given.words[:1]:
        launch.module(word)
    if given.last("unix-socket"):
        launch.address(f"unix:{given.last('unix-socket')}", "daphne --unix-socket", None)
    if given.all("endpoint"):
        launch.listen(None, f"daphne --endpoint {given.last('endpoint')}")
    elif given.last("port") or not given.last("unix-socket"):
        launch.number(given.last("port", "8000"), "daphne --port")
    launch.log(given.last("access-log"), "daphne --access-log")


def waitress(launch: Launch, words: Sequence[str]) -> None:
    given = options(
        words, ("call", "help", "ipv4", "ipv6", "log-socket-errors", "expose-tracebacks", "asyncore-use-poll")
    )
    launch.roots.append(launch.workdir)
    for word in [*given.words[:1], given.last("app")][:1]:
        launch.module(word)
    for bind in [address for value in given.all("listen") for address in value.split()]:
        launch.address(bind, "waitress-serve --listen", 8080)
    if given.last("unix-socket"):
        launch.address(f"unix:{given.last('unix-socket')}", "waitress-serve --unix-socket", None)
    elif not given.all("listen"):
        launch.number(given.last("port", "8080"), "waitress-serve --port")


def flask(launch: Launch, words: Sequence[str]) -> None:
    """``flask run``, or a command of the application: it is loaded for either."""
    before = options(words, ("debug", "version", "help"), {"A": "app", "e": "env-file"}, stop=True)
    flags = ("debug", "reload", "debugger", "with-threads", "without-threads", "help")
    after = options(before.words[1:], flags, {"A": "app", "h": "host", "p": "port"})
    settings = _flaskenv(launch) | launch.env
    launch.roots.append(launch.workdir)
    app = before.last("app") or after.last("app") or settings.get("FLASK_APP", "")
    if not app:
        app = next((name for name in ("wsgi.py", "app.py") if launch.tree.exists(launch.path(name))), "")
    if app.removesuffix(".py") != app and not app.startswith((".", "/")):
        app = app.removesuffix(".py").replace("/", ".")
    launch.module(app)
    if before.words[:1] == ["run"]:
        launch.number(after.last("port", settings.get("FLASK_RUN_PORT", "5000")), "flask run --port")


def _flaskenv(launch: Launch) -> dict[str, str]:
    """``.flaskenv``, which Flask reads where python-dotenv is installed; its reader is this small, on purpose."""
    content = launch.tree.read(launch.path(".flaskenv"), 10_000) or b""
    lines = (line.strip().removeprefix("export ") for line in content.decode("utf-8", "replace").split("\n"))
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def celery(launch: Launch, words: Sequence[str]) -> None:
    """A worker, or the scheduler ``beat``, which keeps its schedule in the working folder."""
    common = {"A": "app", "b": "broker"}
    before = options(words, ("C", "no-color", "q", "quiet", "version", "skip-checks", "help"), common, stop=True)
    flags = "detach D E task-events events purge discard without-gossip without-mingle without-heartbeat B beat help"
    flags += " enable-remote-control disable-prefetch"
    short = common | {"s": "schedule", "f": "logfile", "S": "scheduler" if before.words[:1] == ["beat"] else "statedb"}
    after = options(before.words[1:], flags.split(), short | {"I": "include", "B": "beat"})
    launch.workdir = launch.path(before.last("workdir", "."))
    launch.roots.append(launch.workdir)
    app = (before.last("app") or after.last("app") or launch.env.get("CELERY_APP", "")).split(":")[0]
    launch.module(app)
    for name in ("celery", "tasks"):
        if app and launch.tree.exists(launch.path(f"{app.replace('.', '/')}/{name}.py")):
            launch.module(f"{app}.{name}")
    for name in (part for value in after.all("include") for part in value.split(",")):
        launch.module(name)
    scheduler = after.last("scheduler", "PersistentScheduler")
    if (before.words[:1] == ["beat"] or "beat" in after.values) and "PersistentScheduler" in scheduler:
        schedule = after.last("schedule") or after.last("schedule-filename") or "celerybeat-schedule"
        launch.log(schedule, "celery beat keeps its schedule")
    for name in ("logfile", "pidfile", "statedb"):
        launch.log(after.last(name), f"celery --{name}")
    if after.last("uid") or after.last("gid"):
        launch.find("root", "celery --uid, --gid: changes its user at start")


def streamlit(launch: Launch, words: Sequence[str]) -> None:
    if words[:1] != ["run"]:
        launch.problems.append("streamlit without run starts no application")
        return
    given = options(words[1:])
    for word in given.words[:1]:
        launch.roots.append(posixpath.dirname(launch.path(word)))
        launch.targets.append(Target(launch.path(word), True, True))
    launch.number(
        given.last("server.port", launch.env.get("STREAMLIT_SERVER_PORT", "8501")), "streamlit run --server.port"
    )


def fastapi(launch: Launch, words: Sequence[str]) -> None:
    """``fastapi run`` and ``fastapi dev``: the file is imported as part of its package, if it lies in one."""
    if words[:1] not in (["run"], ["dev"]):
        launch.problems.append("fastapi without run or dev starts no application")
        return
    given = options(words[1:], ("reload", "proxy-headers", "help"), {"e": "entrypoint"})
    usual = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
    found = [name for name in usual if launch.tree.exists(launch.path(name))]
    launch.roots.append(launch.workdir)
    for word in given.words[:1] or given.all("entrypoint")[:1] or found[:1]:
        if ":" in word:
            launch.module(word)
            continue
        path = launch.path(word)
        folder, names = posixpath.dirname(path), [posixpath.basename(path).removesuffix(".py")]
        while launch.tree.exists(f"{folder}/__init__.py") and folder != "/":
            folder, names = posixpath.dirname(folder), [posixpath.basename(folder), *names]
        launch.roots.append(folder)
        launch.targets.append(Target(".".join(names), False, False))
    launch.number(given.last("port", "8000"), "fastapi --port")


def http_server(launch: Launch, words: Sequence[str]) -> None:
    given = options(words, ("cgi",), {"b": "bind", "d": "directory", "p": "protocol"})
    launch.number((given.words or ["8000"])[0], "python -m http.server")


SERVERS: dict[str, Callable[[Launch, Sequence[str]], None]] = {
    "gunicorn": gunicorn,
    "uvicorn": uvicorn,
    "hypercorn": hypercorn,
    "daphne": daphne,
    "waitress-serve": waitress,
    "waitress": waitress,
    "flask": flask,
    "celery": celery,
    "streamlit": streamlit,
    "fastapi": fastapi,
}
"""By the name of the command; ``python -m`` takes the same names."""
