"""What an application's sources say of HTTP: which files serve it, which paths they answer."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hardenfile.evidence.context import BuildContext
from hardenfile.evidence.sources.languages import is_foreign, language_of

_SIZE = 400_000  # bytes of one file
_FILES = 2_000
_HTTP = re.compile(
    r"""["'](?:node:)?http["']|["'](?:express|fastify|koa|restify|hono|polka|@hapi/hapi|@nestjs/[\w-]+)["']|"net/http"
    |gin-gonic|labstack/echo|gofiber|go-chi|\b(?:import|from)\s+(?:flask|fastapi|starlette|aiohttp|tornado|bottle|sanic
    |quart|falcon|http\.server|uvicorn|waitress|cherrypy)\b|\brequire\s+["']sinatra|springframework\.web|HttpServer\b
    |\baxum::|\bactix_web::|\bwarp::|\brocket::|WebApplication\.CreateBuilder""",
    re.VERBOSE,
)
_TLS = re.compile(
    r"https\.createServer|createSecureServer|ListenAndServeTLS|RunTLS|ListenTLS|ssl_context|load_cert_chain|certfile"
    r"|ssl_keyfile|SSLContext|UseHttps|rustls|openssl::"
)
_BY_HOST = re.compile(r"ALLOWED_HOSTS|TrustedHostMiddleware|config\.hosts|host_authorization|allowedHosts|AllowedHosts")
# On the application itself: what a router answers may stand below a prefix.
_ROUTE = re.compile(
    r"""(?:\b(?P<on>app|server|application|fastify|mux|http)\.(?P<verb>get|GET|Get|route|all|head|api_route|HandleFunc
    |Handle|MapGet|add_url_rule)\(\s*|\burl\s*={2,3}\s*)["'`](?P<path>/[\w./-]*)["'`](?P<rest>[^\n]*)""",
    re.VERBOSE,
)
_HEALTH = re.compile(r"/(?:[\w.-]+/)*_*(?:health|healthz|ready|readyz|livez|liveness|readiness|health[-_]?check)/?\Z")


@dataclass(frozen=True, slots=True)
class Route:
    """A path that a line of a source answers with GET; `file` is its path in the context, `line` counts from 1."""

    path: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Routes:
    """`http` and `tls` are the files that speak of either; `by_host`: some file checks the Host header."""

    http: frozenset[str]
    tls: frozenset[str]
    by_host: bool
    health: tuple[Route, ...]
    root: tuple[Route, ...]


def read_routes(context: BuildContext, roots: Sequence[str]) -> Routes:
    """Read the sources below files and folders of the context. Never raises."""
    http, tls, by_host = set[str](), set[str](), False
    routes: list[Route] = []
    for file, text in _texts(context, roots):
        by_host = by_host or _BY_HOST.search(text) is not None
        if _HTTP.search(text):
            http.add(file)
            routes += _routes(file, text)
        if _TLS.search(text):
            tls.add(file)
    health = tuple(one for one in routes if _HEALTH.match(one.path))
    root = tuple(one for one in routes if one.path == "/")
    return Routes(frozenset(http), frozenset(tls), by_host, health, root)


def _routes(file: str, text: str) -> Iterator[Route]:
    for found in _ROUTE.finditer(text):
        only_posts = "methods" in found["rest"] and "GET" not in found["rest"]
        client = found["on"] == "http" and not (found["verb"] or "").startswith("Handle")
        if not only_posts and not client and (found["path"] == "/" or _HEALTH.match(found["path"])):
            yield Route(found["path"], file, text.count("\n", 0, found.start()) + 1)


def _texts(context: BuildContext, roots: Sequence[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for root in roots:
        prefix = len(root.strip("/")) + 1 if root.strip("/.") else 0
        for entry in context.walk(root):
            parts = (entry.path[prefix:] or entry.path.rpartition("/")[2]).split("/")
            language = language_of(parts[-1])
            if entry.kind != "file" or entry.path in seen or language is None or is_foreign(parts, language):
                continue
            if entry.size > _SIZE or len(seen) >= _FILES:
                continue
            seen.add(entry.path)
            data = context.read(entry.path, _SIZE)
            if data is not None:
                yield entry.path, data.decode("utf-8", "replace")
