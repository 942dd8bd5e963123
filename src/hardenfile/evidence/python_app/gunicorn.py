"""Gunicorn's configuration file: a Python module whose names are the settings."""

from collections.abc import Iterator

import libcst as cst

from .launch import Launch
from .model import Finding
from .outline import Outline
from .reading import Here

_FILES = ("accesslog", "errorlog", "pidfile")


def configuration(here: Here, tree: Outline, launch: Launch) -> Iterator[Finding]:
    """What the settings in one file say: addresses, files, the user to change to."""
    names = tree.scope.bindings
    for name in ("bind", *_FILES, "user", "group"):
        bindings = names.get(name, [])
        if not bindings or (name == "bind" and launch.bound):
            continue
        launch.bound = launch.bound or name == "bind"
        there = here.at(tree.scope, bindings[-1].line)
        node = bindings[0].value if len(bindings) == 1 else None
        if name in ("user", "group"):
            yield there.finding("root", f"gunicorn's {name}: changes its user at start")
        else:
            yield from _setting(there, node, name)


def _setting(here: Here, node: cst.BaseExpression | None, name: str) -> Iterator[Finding]:
    values = [element.value for element in node.elements] if isinstance(node, (cst.List, cst.Tuple)) else [node]
    for item in values:
        value = here.value(item) if item is not None else None
        if name == "bind" and value is None:
            yield here.finding("port", "gunicorn's bind: a port that is not known here")
        elif name == "bind" and value is not None:
            asked = Launch(here.fold.names.codebase.tree, here.fold.around.workdir, {}, {})
            asked.address(value.text, "gunicorn's bind", 8000)
            for found in asked.findings:
                yield here.finding(found.kind, found.what, found.path, port=found.port)
        elif not (isinstance(item, cst.Name) and item.value == "None") and (value is None or value.text != "-"):
            yield from here.written(value, f"gunicorn's {name}")


def application(here: Here, tree: Outline) -> str | None:
    """The module that ``wsgi_app`` names, where the command line names none."""
    bindings = tree.scope.bindings.get("wsgi_app", [])
    value = here.value(bindings[0].value) if len(bindings) == 1 and bindings[0].value is not None else None
    return value.text.split(":")[0] if value is not None and value.whole else None
