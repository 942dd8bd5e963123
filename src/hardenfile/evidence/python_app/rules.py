"""The tables of what listens, needs root, runs something else or sets a value, by dotted name as in `write_rules`.

Without LibCST, so that the first look at a source can use the words.
"""

from dataclasses import dataclass

from .libraries import call_names
from .write_rules import DATABASE_FILES, SQL_URLS, TEMPORARY, WRITES


@dataclass(frozen=True, slots=True)
class Listen:
    """A call that listens: where its port stands, alone, in a ``(host, port)`` pair or in a ``host:port`` text."""

    position: int
    keyword: str
    default: int | None = None


PORTS: dict[str, Listen] = {
    "flask.Flask().run": Listen(1, "port", 5000),
    "quart.Quart().run": Listen(1, "port", 5000),
    "flask_socketio.SocketIO().run": Listen(2, "port", 5000),
    "dash.Dash().run": Listen(1, "port", 8050),
    "dash.Dash().run_server": Listen(1, "port", 8050),
    "bottle.run": Listen(99, "port", 8080),
    "sanic.Sanic().run": Listen(1, "port", 8000),
    "uvicorn.run": Listen(99, "port", 8000),
    "uvicorn.Config": Listen(99, "port", 8000),
    "waitress.serve": Listen(99, "port", 8080),
    "werkzeug.serving.run_simple": Listen(1, "port"),
    "gevent.pywsgi.WSGIServer": Listen(0, "listener"),
    "eventlet.listen": Listen(0, "addr"),
    "aiohttp.web.run_app": Listen(99, "port", 8080),
    "aiohttp.web.TCPSite": Listen(2, "port", 8080),
    "tornado.web.Application().listen": Listen(0, "port"),
    "tornado.httpserver.HTTPServer().listen": Listen(0, "port"),
    "tornado.httpserver.HTTPServer().bind": Listen(0, "port"),
    "http.server.HTTPServer": Listen(0, "server_address"),
    "http.server.ThreadingHTTPServer": Listen(0, "server_address"),
    "socketserver.TCPServer": Listen(0, "server_address"),
    "socketserver.ThreadingTCPServer": Listen(0, "server_address"),
    "socketserver.UDPServer": Listen(0, "server_address"),
    "xmlrpc.server.SimpleXMLRPCServer": Listen(0, "addr"),
    "wsgiref.simple_server.make_server": Listen(1, "port"),
    "socket.socket().bind": Listen(0, "address"),
    "socket.create_server": Listen(0, "address"),
    "asyncio.start_server": Listen(2, "port"),
    "grpc.server().add_insecure_port": Listen(0, "address"),
    "grpc.aio.server().add_insecure_port": Listen(0, "address"),
    "prometheus_client.start_http_server": Listen(0, "port"),
    "gradio.Blocks().launch": Listen(99, "server_port", 7860),
    "gradio.Interface().launch": Listen(99, "server_port", 7860),
    "websockets.serve": Listen(2, "port"),
}

PRIVILEGED: dict[str, str] = {
    **{f"os.{name}": f"os.{name}" for name in ("setuid", "setgid", "seteuid", "setegid", "setreuid", "setregid")},
    **{f"os.{name}": f"os.{name}" for name in ("setresuid", "setresgid", "setgroups", "initgroups")},
    **{f"os.{name}": f"os.{name}" for name in ("chown", "lchown", "fchown", "chroot", "mknod")},
    "shutil.chown": "shutil.chown",
}
RAW_SOCKETS = frozenset({"SOCK_RAW", "AF_PACKET"})

SHELLS = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})
"""Run their first argument in a shell, as does ``asyncio.create_subprocess_shell``."""
RUNNERS = frozenset(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))
"""Run a list, or a text: in a shell with ``shell=True``."""
EXECUTORS: dict[str, int] = {
    "os.execv": 1,
    "os.execve": 1,
    "os.execvp": 1,
    "os.execvpe": 1,
    "asyncio.create_subprocess_exec": 0,
    "os.execl": 1,
    "os.execlp": 1,
}
"""Replace the process, or start one; the number is where the program's own words begin."""
ASYNC_SHELL = "asyncio.create_subprocess_shell"

MODULE_NAMES: dict[str, tuple[int, str]] = {
    "importlib.import_module": (0, "name"),
    "builtins.__import__": (0, "name"),
    "werkzeug.utils.import_string": (0, "import_name"),
    "django.utils.module_loading.import_string": (0, "dotted_path"),
    "django.urls.include": (0, "arg"),
    "django.conf.urls.include": (0, "arg"),
    "uvicorn.run": (0, "app"),
    "flask.Flask().config.from_object": (0, "obj"),
    "celery.Celery().config_from_object": (0, "obj"),
}
"""Calls whose text names a module that gets imported."""

SOURCE_FILES: dict[str, tuple[int, str]] = {
    "importlib.util.spec_from_file_location": (1, "location"),
    "runpy.run_path": (0, "path_name"),
    "flask.Flask().config.from_pyfile": (0, "filename"),
}
"""Calls that run a file of Python by its path."""
UNSEEN_CODE = frozenset({"builtins.exec", "runpy.run_module"})
DICT_CONFIG, FILE_CONFIG = "logging.config.dictConfig", "logging.config.fileConfig"

ENVIRONMENT: dict[str, str] = {
    "os.environ.get": "default",
    "os.getenv": "default",
    "os.environ.setdefault": "value",
    "decouple.config": "default",
    "environ.Env()": "default",
    "environ.Env().str": "default",
    "environ.Env().int": "default",
    "environs.Env()": "default",
    "environs.Env().str": "default",
    "environs.Env().int": "default",
}
"""Calls that look a variable up: the name is the first argument, the default the second, or this keyword."""

_OTHERS = frozenset(
    {"os.open", "os.nice", "os.chdir", "os.fchdir", "os.environ.setdefault", ASYNC_SHELL, "celery.Celery"}
    | {"celery.Celery().autodiscover_tasks", "flask.Flask", "quart.Quart"}
)
"""Calls with a rule of their own."""

SETTINGS: dict[str, str] = {
    "UPLOAD_FOLDER": "Flask's folder for uploads",
    "UPLOAD_DIR": "a folder for uploads",
    "MEDIA_ROOT": "Django's folder for uploads",
    "STATIC_ROOT": "written by collectstatic",
    "FILE_UPLOAD_TEMP_DIR": "Django's folder for large uploads",
    "EMAIL_FILE_PATH": "Django's folder for mail",
    "SESSION_FILE_PATH": "Django's folder for sessions",
    "SESSION_FILE_DIR": "Flask-Session's folder",
    "CACHE_DIR": "Flask-Caching's folder",
}
"""Names that frameworks, and habit, give to a folder that gets written."""
DATABASE_SETTING, SESSION_SETTING = "SQLALCHEMY_DATABASE_URI", "SESSION_TYPE"
DICT_KEYS = frozenset({"filename", "ENGINE", "BACKEND", *SETTINGS, DATABASE_SETTING})

ALL_NAMES = frozenset().union(
    *(WRITES, DATABASE_FILES, SQL_URLS, TEMPORARY, PORTS, PRIVILEGED, SHELLS, RUNNERS, EXECUTORS, MODULE_NAMES),
    *(SOURCE_FILES, UNSEEN_CODE, {DICT_CONFIG, FILE_CONFIG}, _OTHERS, call_names()),
)
"""Every dotted name that a rule speaks of, but for those that only give a value."""

METHODS = frozenset(name.rpartition(".")[2] for name in ALL_NAMES) | {
    "update",
    "setdefault",
    "from_mapping",
    "__init__",
}
"""The last part of each: what a call must be named to be looked at."""
