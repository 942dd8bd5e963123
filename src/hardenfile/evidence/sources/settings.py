"""Ports, logs and databases that an application's configuration names: Spring, ASP.NET, uWSGI, logback and log4j."""

import json
import posixpath
import re
from collections.abc import Iterator

from hardenfile.evidence.python_app.model import Finding

from .paths import absolute, for_anybody

_SPRING = re.compile(r"(?:application|bootstrap)(?:-(?!test)[\w-]+)?\.(?P<kind>properties|ya?ml)\Z")
_APPSETTINGS = re.compile(r"appsettings(?:\.(?!Test)\w+)?\.json\Z", re.I)
_LOGGING = re.compile(r"(?:logback(?:-spring)?|log4j2?(?:-spring)?)\.xml\Z")
_UWSGI = re.compile(r"(?:[\w-]*[_.-])?uwsgi(?:[_.-][\w-]*)?\.ini\Z|uwsgi[\w.-]*\.conf\Z", re.I)
_UWSGI_SOCKETS = ("socket", "http", "https", "http-socket", "https-socket", "uwsgi-socket", "fastcgi-socket", "stats")
_UWSGI_FILES = (
    "logto",
    "logto2",
    "daemonize",
    "daemonize2",
    "pidfile",
    "pidfile2",
    "req-logger",
    "logger",
    "master-fifo",
)
_DEFAULT = re.compile(r"\$\{[^:{}]*:?([^{}]*)\}")
_PORT_KEYS = ("server.port", "management.server.port", "quarkus.http.port", "micronaut.server.port", "grpc.server.port")
_PATH_KEYS = (
    "logging.file.name", "logging.file.path", "logging.file", "logging.path", "server.tomcat.basedir",
    "server.tomcat.accesslog.directory", "spring.servlet.multipart.location", "quarkus.log.file.path",
)  # fmt: skip
_FOLDER_KEYS = ("logging.file.path", "logging.path", "server.tomcat.basedir", "server.tomcat.accesslog.directory",
                "spring.servlet.multipart.location")  # fmt: skip
_FILE_DATABASE = re.compile(r"jdbc:(?:sqlite:|h2:file:)([^;?\s]+)")
_APPENDER = re.compile(
    r"<(?:file|fileNamePattern)>\s*([^<]+?)\s*</|\bfileName=\"([^\"]+)\"|<param name=\"File\" value=\"([^\"]+)\"", re.I
)
_LAST_PORT = re.compile(r":(\d{1,5})/?\Z")


def is_settings(name: str) -> bool:
    """Whether a file, by its name, is configuration that is read here."""
    return any(pattern.match(name) for pattern in (_SPRING, _APPSETTINGS, _LOGGING, _UWSGI))


def read_settings(file: str, text: str) -> list[Finding]:
    """The findings of one configuration file of the context; what cannot be read has none."""
    name = posixpath.basename(file)
    spring = _SPRING.match(name)
    if spring:
        pairs = _properties(text) if spring["kind"] == "properties" else _yaml(text)
        return list(_spring(file, pairs))
    if _UWSGI.match(name):
        return list(_uwsgi(file, text))
    return list(_appsettings(file, text) if _APPSETTINGS.match(name) else _appenders(file, text))


def _spring(file: str, pairs: Iterator[tuple[str, str, int]]) -> Iterator[Finding]:
    for key, value, line in pairs:
        for _ in range(3):
            value = _DEFAULT.sub(r"\1", value)
        database = _FILE_DATABASE.search(value)
        if key in _PORT_KEYS and value.isdigit() and 0 < int(value) < 65536:
            yield Finding("port", None, False, int(value), f"{key} is {value}", file, line)
        elif key in _PATH_KEYS and value:
            yield from _write(file, line, f"{key} is {value}", value, folder=key in _FOLDER_KEYS)
        elif database:
            yield from _write(file, line, f"{key} is a database in {database[1]}", database[1], folder=False)


def _uwsgi(file: str, text: str) -> Iterator[Finding]:
    for key, value, line in _properties(text):
        value = value.split(",")[0].removeprefix("file:")
        port = _LAST_PORT.search(value)
        if key in _UWSGI_SOCKETS and port and 0 < int(port[1]) < 65536:
            yield Finding("port", None, False, int(port[1]), f"{key} is {value}", file, line)
        elif key in (*_UWSGI_SOCKETS, *_UWSGI_FILES) and "/" in value and not value.startswith("%"):
            yield from _write(file, line, f"{key} is {value}", value, folder=False)
        elif key in ("uid", "gid") and value not in ("root", "0"):
            yield Finding("root", None, False, None, f"steps down from root by itself ({key} is {value})", file, line)


def _write(file: str, line: int, what: str, value: str, *, folder: bool) -> Iterator[Finding]:
    path = absolute(value) if value.startswith("/") else None
    if path is None:
        yield Finding("write", None, False, None, what, file, line)
    elif not for_anybody(path.path):
        yield Finding("write", path.path, folder or path.folder, None, what, file, line)


def _properties(text: str) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        key, sign, value = line.partition("=") if "=" in line else line.partition(":")
        if sign and not line.startswith(("#", "!", ";", "[")):
            yield key.strip(), value.strip(), number


def _yaml(text: str) -> Iterator[tuple[str, str, int]]:
    """The scalars of block mappings by dotted key; all that a settings file needs of YAML."""
    open_keys: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"( *)([\w.-]+):(?:\s+(.*?))?\s*\Z", line)
        if line.startswith("---"):
            open_keys = []
        if match is None:
            continue
        indent = len(match[1])
        while open_keys and open_keys[-1][0] >= indent:
            open_keys.pop()
        open_keys.append((indent, match[2]))
        value = re.sub(r"\s+#.*", "", match[3] or "").strip("\"'")
        if value:
            yield ".".join(key for _, key in open_keys), value, number


def _appsettings(file: str, text: str) -> Iterator[Finding]:
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return
    if not isinstance(data, dict):
        return
    urls = [data.get("Urls"), data.get("urls")]
    kestrel = data.get("Kestrel")
    endpoints = kestrel.get("Endpoints", kestrel.get("EndPoints")) if isinstance(kestrel, dict) else None
    if isinstance(endpoints, dict):
        urls += [one.get("Url") for one in endpoints.values() if isinstance(one, dict)]
    for url in (part for one in urls if isinstance(one, str) for part in one.split(";")):
        port = _LAST_PORT.search(url)
        number = int(port[1]) if port else 443 if url.startswith("https") else 80
        if 0 < number < 65536:
            yield Finding("port", None, False, number, f"listens on {url}", file, _line_of(text, url))
    strings = data.get("ConnectionStrings")
    for value in strings.values() if isinstance(strings, dict) else ():
        match = (
            re.search(r"(?i:Data Source|Filename)=([^;]*\.(?:db|sqlite3?)\b[^;]*)", value)
            if isinstance(value, str)
            else None
        )
        if match:
            what = f"keeps a database in {match[1]}"
            yield from _write(file, _line_of(text, match[1]), what, match[1], folder=False)


def _appenders(file: str, text: str) -> Iterator[Finding]:
    blank = re.sub(r"<!--(?:.|\n)*?-->", lambda one: re.sub(r"[^\n]", " ", one.group()), text)
    for match in _APPENDER.finditer(blank):
        value = match[1] or match[2] or match[3]
        shown = re.sub(r"\$\{(?:\w+:)*[\w.]+:-([^}]*)\}", r"\1", value)
        yield from _write(file, blank.count("\n", 0, match.start()) + 1, f"logs to {shown}", shown, folder=False)


def _line_of(text: str, needle: str) -> int:
    at = text.find(needle)
    return text.count("\n", 0, at) + 1 if at >= 0 else 1
