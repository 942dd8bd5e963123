"""Calls that listen on a port, and calls that need root."""

import re
from collections.abc import Iterator

import libcst as cst

from .model import Finding
from .reading import Here
from .rules import PORTS, PRIVILEGED, Listen
from .syntax import argument, show
from .values import Value

_ADDRESS = re.compile(r"(?:.*:)?(\d{1,5})")


def listens(here: Here, call: cst.Call, dotted: str) -> Iterator[Finding]:
    """The port that one call binds; nothing for 0, which is any free one."""
    rule = PORTS.get(dotted)
    if rule is not None:
        yield from _bound(here, call, rule, dotted.replace("().", "."))
    elif isinstance(call.func, cst.Attribute) and here.origin(call.func) is None:
        names = {arg.keyword.value for arg in call.args if arg.keyword is not None}
        first = _tuple(here, call.args[0].value) if call.args else None
        if call.func.attr.value == "run" and names & {"port", "host", "debug"}:
            yield from _bound(here, call, Listen(99, "port"), f"{show(call.func)}()")
        elif call.func.attr.value == "bind" and first is not None:
            yield from _bound(here, call, Listen(0, "address"), f"{show(call.func)}()")


def _bound(here: Here, call: cst.Call, rule: Listen, what: str) -> Iterator[Finding]:
    node = argument(call, rule.position, rule.keyword)
    if node is None:
        hidden = any(arg.star for arg in call.args)
        port = None if hidden else rule.default
        yield here.finding("port", f"{what}: binds port {port if port is not None else 'not known here'}", port=port)
        return
    pair = _tuple(here, node)
    target = pair[1] if pair is not None and len(pair) > 1 else node
    value = here.value(target)
    if value is not None and pair is None and value.text.startswith(("/", "unix:")):
        yield from here.written(Value(value.text.removeprefix("unix:")), f"{what}: a socket file")
        return
    match = _ADDRESS.fullmatch(value.text) if value is not None else None
    if match is None or value is None:
        yield here.finding("port", f"{what}: binds a port that is not known here")
    elif int(match[1]) != 0:
        note = f"; {', '.join(sorted(value.overrides))} may name another" if value.overrides else ""
        yield here.finding("port", f"{what}: binds port {match[1]}{note}", port=int(match[1]))


def _tuple(here: Here, node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
    """The elements of a tuple, also one that was given a name before."""
    if isinstance(node, cst.Name):
        found = here.fold.names.bindings(node.value, here.place)
        if found is not None and len(found[0]) == 1 and isinstance(found[0][0].value, cst.Tuple):
            node = found[0][0].value
    return [element.value for element in node.elements] if isinstance(node, cst.Tuple) else None


def privileged(here: Here, call: cst.Call, dotted: str) -> Iterator[Finding]:
    """Calls that the kernel grants to root alone, or to a capability."""
    if dotted in PRIVILEGED:
        yield here.finding("root", PRIVILEGED[dotted])
    elif dotted == "os.nice":
        step = here.fold.number(call.args[0].value, here.place) if call.args else None
        if step is None or step < 0:
            yield here.finding("root", "os.nice below 0")
