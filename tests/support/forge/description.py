"""GitHub's own description of its REST API, cut down to the routes that the fake has; prism reads it in seconds.

`python -m tests.support.forge.description` installs the pinned npm packages beside `package-lock.json`'s hash in
`~/.cache/hardenfile-forge` (or $HARDENFILE_FORGE) and writes the cut-down description there.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import routes_git, routes_pulls  # noqa: F401 - they register the routes
from .calls import ROUTES

HERE = Path(__file__).parent
MEDIA = "application/vnd.github+json"
# GitHub documents these once for the whole API, and not with each operation: conditional requests, authentication,
# rights and archives, renamed repositories, rate limits, faults of its proxies.
_ANYWHERE = (301, 307, 401, 403, 404, 422, 429)
_NO_JSON = (500, 502, 503, 504)


def cache() -> Path:
    """The folder for these packages and this description; another lock file, another folder."""
    root = Path(os.environ.get("HARDENFILE_FORGE", "") or Path.home() / ".cache" / "hardenfile-forge")
    return root / hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:12]


def prism() -> Path:
    """The program, where it is installed."""
    return cache() / "node_modules" / ".bin" / "prism"


def described() -> Path:
    """The cut-down description; made anew when the routes or this module changed. Raises FileNotFoundError."""
    wanted = hashlib.sha256(repr(sorted(ROUTES)).encode() + Path(__file__).read_bytes()).hexdigest()[:12]
    place = cache() / f"github-{wanted}.json"
    if not place.exists():
        cut = cut_down(json.loads(_whole().read_bytes()), set(ROUTES))
        part = place.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(cut))
        part.rename(place)
    return place


def _whole() -> Path:
    return cache() / "node_modules" / "@octokit" / "openapi" / "generated" / "api.github.com.json"


def cut_down(whole: dict[str, Any], routes: set[tuple[str, str]]) -> dict[str, Any]:
    """The description with these routes and what they refer to. Raises KeyError for a route that GitHub has not."""
    paths: dict[str, Any] = {}
    for method, path in sorted(routes):
        operation = dict(whole["paths"][path][method.lower()])
        operation["responses"] = dict(operation["responses"])
        for status in (*_ANYWHERE, *_NO_JSON):
            empty = {} if status in _NO_JSON else {"content": _error(whole)}
            operation["responses"].setdefault(str(status), {"description": "see the whole API", **empty})
        if method == "GET":
            operation["responses"].setdefault("304", {"description": "not modified"})
        paths.setdefault(path, {})[method.lower()] = operation
    components: dict[str, Any] = {}
    waiting = list(_references(paths))
    while waiting:
        kind, name = waiting.pop().removeprefix("#/components/").split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = found = whole["components"][kind][name]
            waiting.extend(_references(found))
    cut = {key: whole[key] for key in ("openapi", "info")} | {"paths": paths, "components": components}
    _media_types(cut)
    return cut


def _error(whole: dict[str, Any]) -> dict[str, Any]:
    assert "basic-error" in whole["components"]["schemas"]
    return {"application/json": {"schema": {"$ref": "#/components/schemas/basic-error"}}}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            elif key != "examples":
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _media_types(node: Any) -> None:
    """What is said of application/json holds for the media type that GitHub recommends; examples are not needed."""
    if isinstance(node, dict):
        node.pop("examples", None)
        node.pop("example", None)
        content = node.get("content")
        if isinstance(content, dict) and "application/json" in content:
            content.setdefault(MEDIA, content["application/json"])
        for value in node.values():
            _media_types(value)
    elif isinstance(node, list):
        for value in node:
            _media_types(value)


def install() -> None:
    """Install the pinned packages with npm, and make the description. Raises CalledProcessError."""
    place = cache()
    place.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, place / name)
    if not prism().exists():
        # No scripts: nothing of the packages runs before a test starts prism.
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=place, check=True, stdout=sys.stderr)
    # 400 MB of descriptions of other products and versions.
    for other in _whole().parent.glob("*.json"):
        if other != _whole():
            other.unlink()
    described()


if __name__ == "__main__":
    install()
    print(cache())
