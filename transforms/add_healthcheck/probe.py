"""The program that asks: one that is known to be in the image, or the application's own runtime."""

import re
from collections.abc import Iterator

from hardenfile.dockerfile.readable import called, unreadable
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence.images import BaseImage
from hardenfile.evidence.shipped import Shipped

from .port import Server, Unproven

_INSTALLS = {"apt-get": "install", "apt": "install", "apk": "add", "dnf": "install", "yum": "install"}
_INSTALLS |= {"microdnf": "install", "tdnf": "install"}
_PASSING = ("--virtual", "-t", "--root", "--installroot")  # what they install is for a while, or for elsewhere
_GONE = re.compile(r"\b(?:remove|purge|del|erase|rm)\b[^&|;\n]*\b(?:curl|wget|busybox)\b")
# The official images that are built on buildpack-deps, which has curl; the slim ones are not.
_WITH_CURL = frozenset("buildpack-deps gcc golang node perl python ruby rust".split())
_PYTHON_3 = re.compile(r"python3(?:\.\d+)?\Z")
_PYTHON_SERVERS = frozenset("gunicorn uvicorn hypercorn daphne waitress-serve flask".split())
_NODE_RUNNERS = frozenset("npm npx yarn pnpm node".split())


def probe(shipped: Shipped, image: BaseImage, server: Server) -> tuple[tuple[str, ...], str]:
    """The words that ask, and the fact that they can be run. Raises Unproven where no program is known to be there.

    Without a path that the sources answer, any answer will do: that it is there at all shows that the server works.
    """
    url = f"http://127.0.0.1:{server.port}{server.path or '/'}"
    stage = shipped.stage
    proxied = any(name.lower() == "http_proxy" for name in stage.env)
    curl, wget = (None, None) if proxied or server.by_host else (_tool(stage, image, one) for one in ("curl", "wget"))
    if curl is not None:
        fails = ("-f",) if server.path else ()
        return ("curl", *fails, "-sS", "-o", "/dev/null", url), curl
    runtime = _runtime(shipped, image, server)
    if wget is not None and server.path:
        return ("wget", "-q", "-O", "/dev/null", url), wget
    if runtime is not None:
        return runtime
    if wget is not None:
        raise Unproven(
            f"wget is there, but fails unless it gets a page, and which path port {server.port} answers is not"
        )
    raise Unproven(f"no program is known to be in the image that could ask port {server.port}")


def _tool(stage: Stage, image: BaseImage, name: str) -> str | None:
    """How a program gets into the image for good; None where it does not for all that is known."""
    runs = [(part, run) for part in stage.chain for run in part.each("RUN")]
    texts = [text for _, run in runs for text in (run.value, *(heredoc.body for heredoc in run.heredocs))]
    if any(map(_GONE.search, texts)):
        return None
    for part, run in runs:
        if name in run.value and unreadable(run, part) is None:
            for command in run.shell.commands:
                words = called(command)
                options = {(word or "").partition("=")[0] for word in words.arguments}
                if _INSTALLS.get(words.name, "") not in words.arguments or options & {*_PASSING}:
                    continue
                if any(re.fullmatch(rf"{name}(?:=[^/]*)?", word or "") for word in words.arguments):
                    return f"line {run.first_line} installs {name}"
    base = stage.root.base
    if name == "wget" and image.family == "alpine":
        return f"{image.name} has the wget of BusyBox"
    plain = image.family == "debian" and "slim" not in base.text and not base.by_default
    if name == "curl" and plain and image.name in _WITH_CURL:
        return f"{image.name} is built on buildpack-deps, which has curl"
    return None


def _runtime(shipped: Shipped, image: BaseImage, server: Server) -> tuple[tuple[str, ...], str] | None:
    """The runtime that the start command names, told to ask."""
    for word in _programs(shipped):
        name = word.rpartition("/")[2]
        program = word
        if name in _PYTHON_SERVERS and image.name == "python":
            program = name = "python"
        elif name in _NODE_RUNNERS and image.name == "node":
            program = name = "node"
        if _PYTHON_3.match(name) or (name == "python" and _is_python_3(shipped, image)):
            return (program, "-c", _in_python(server)), f"{program} is what the application runs by"
        if name == "node":
            return (program, "-e", _in_node(server)), f"{program} is what the application runs by"
    return None


def _is_python_3(shipped: Shipped, image: BaseImage) -> bool:
    """Whether `python` is Python 3 for sure: elsewhere it may be 2, which has no http.client."""
    return image.name == "python" and not re.search(r":2(?:[.-]|\Z)", shipped.stage.root.base.text)


def _programs(shipped: Shipped) -> Iterator[str]:
    for command in shipped.start.commands:
        if command.words and command.words[0]:
            yield command.words[0]


def _in_python(server: Server) -> str:
    return (
        f"import http.client as h; c = h.HTTPConnection('127.0.0.1', {server.port}, timeout=9); "
        f"c.request('GET', '{server.path or '/'}'); raise SystemExit(c.getresponse().status >= 500)"
    )


def _in_node(server: Server) -> str:
    return (
        f"require('http').get('http://127.0.0.1:{server.port}{server.path or '/'}', "
        "r => process.exit(r.statusCode < 500 ? 0 : 1)).on('error', () => process.exit(1))"
    )
