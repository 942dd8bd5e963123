"""On which port the application answers HTTP, by its own sources or command line, and by EXPOSE where there is one."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.evidence.application import Needs, read_needs, source_roots
from hardenfile.evidence.paths import within
from hardenfile.evidence.python_app import Finding
from hardenfile.evidence.shipped import Shipped

from .routes import Route, Routes, read_routes

# Servers that speak HTTP on whatever port their command line names.
_SERVERS = frozenset(
    "gunicorn uvicorn hypercorn daphne waitress-serve flask streamlit runserver http.server puma unicorn thin rackup "
    "artisan http-server".split()
)
_TLS_OPTIONS = ("--cert", "--ssl", "--key", "--tls", "--https")


class Unproven(Exception):  # noqa: N818 - the name says what happened
    """What a probe would need is not known; the message says what."""


@dataclass(frozen=True, slots=True)
class Server:
    """A port that answers HTTP. `path` is one that the sources answer, empty where none shows.

    `by_host`: the application looks at the Host header, and may answer 127.0.0.1 with an error.
    """

    port: int
    path: str
    by_host: bool
    facts: tuple[str, ...]


def served(shipped: Shipped) -> Server:
    """Where the application answers. Raises Unproven."""
    stage, start = shipped.stage, shipped.start
    if start.unseen:
        raise Unproven(start.unseen[0])
    context = shipped.layout.context
    if context is None:
        raise Unproven("the sources were not seen, so what it listens on is not known")
    needs = read_needs(stage, shipped.layout, start, shipped.evidence.modules)
    exposed = dict(_exposed(shipped))
    found = _one_port(needs, exposed)
    _agree(shipped, found.port or 0)
    roots = tuple(source_roots(stage, context))
    routes = context.once(("routes", roots), lambda: read_routes(context, roots))
    _speaks_http(shipped, found, routes)
    where = f"{found.file}:{found.line}" if found.file else "the start command"
    facts = [f"{where} listens on port {found.port}"]
    if found.port in exposed:
        facts.append(f"line {exposed[found.port]} exposes it")
    route = next((one for one in (*routes.health, *routes.root) if _answers(shipped, found, one)), None)
    if route is not None:
        facts.append(f"{route.file}:{route.line} answers {route.path}")
    return Server(found.port or 0, route.path if route else "", routes.by_host, tuple(facts))


def _exposed(shipped: Shipped) -> Iterator[tuple[int, int]]:
    """The TCP ports of EXPOSE, each with its line."""
    for part in shipped.stage.chain:
        for expose in part.each("EXPOSE"):
            for value in part.values(expose):
                number, _, protocol = value.text.partition("/")
                if protocol.lower() not in ("", "tcp"):
                    continue
                if not value.known or value.by_default or not number.isdigit():
                    raise Unproven(f"which port line {expose.first_line} exposes, only the build knows")
                yield int(number), expose.first_line


def _one_port(needs: Needs, exposed: dict[int, int]) -> Finding:
    """The one port that the application is seen to listen on, and that EXPOSE names where it names any."""
    listens = [one for one in needs.findings if one.kind == "port"]
    ports = {one.port for one in listens if one.port is not None}
    chosen = ports & set(exposed) if exposed else ports
    if not listens and not exposed:
        raise Unproven("it is not seen to listen on any port, so only its author knows how it shows that it works")
    if not ports:
        raise Unproven("which port it listens on is not seen")
    if not chosen:
        raise Unproven("EXPOSE names none of the ports that it is seen to listen on")
    if len(chosen) > 1:
        raise Unproven(f"it listens on several ports: {', '.join(map(str, sorted(chosen)))}")
    return next(one for one in listens if one.port in chosen)


def _agree(shipped: Shipped, port: int) -> None:
    """A variable that names the port has the last word in most applications, so it must not name another one."""
    value = shipped.stage.env.get("PORT")
    if value is not None and (not value.known or value.by_default or value.text != str(port)):
        raise Unproven(f"ENV PORT is {value.text}, and the sources name port {port}")


def _answers(shipped: Shipped, found: Finding, route: Route) -> bool:
    """Whether a route is one of the server that listens: sources of other programs may be in the context, too."""
    if found.file:
        folder = posixpath.dirname(found.file)
        return not folder or within(f"/{route.file}", f"/{folder}")
    stem = posixpath.basename(route.file).partition(".")[0]
    words = [word for command in shipped.start.commands for word in command.words if word is not None]
    return any(stem in re.split(r"[.:/]", word) for word in words)


def _speaks_http(shipped: Shipped, found: Finding, routes: Routes) -> None:
    words = [word for command in shipped.start.commands for word in command.words if word is not None]
    if any(word.startswith(_TLS_OPTIONS) for word in words) or found.file in routes.tls:
        raise Unproven("it may answer by TLS, and with which certificate is not known")
    by_command = any(word.rpartition("/")[2] in _SERVERS for word in words)
    if found.file not in routes.http if found.file else not by_command:
        raise Unproven(f"whether what listens on port {found.port} speaks HTTP is not seen")
