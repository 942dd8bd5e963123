"""Small questions about LibCST nodes, each answered without knowing more than the node."""

from collections.abc import Iterator

import libcst as cst


def dotted(node: cst.BaseExpression | None) -> str:
    """``a.b.c`` of a plain name or attribute chain, else an empty string."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    return ".".join(reversed([*parts, node.value])) if isinstance(node, cst.Name) else ""


def argument(node: cst.Call, position: int, keyword: str) -> cst.BaseExpression | None:
    """The argument by position or by keyword; None where it is not there, or hidden in ``*args``."""
    for index, arg in enumerate(node.args):
        if arg.star:
            return None
        if arg.keyword is None:
            if index == position:
                return arg.value
        elif arg.keyword.value == keyword:
            return arg.value
    return None


def show(node: cst.CSTNode, limit: int = 60) -> str:
    """A short piece of source for a report, on one line."""
    text = " ".join(cst.Module([]).code_for_node(node).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def asks_whether_there(test: cst.BaseExpression) -> bool:
    """A test by which a program does without what is not there."""
    function = test.func if isinstance(test, cst.Call) else None
    name = function.attr if isinstance(function, cst.Attribute) else function
    return isinstance(name, cst.Name) and name.value in ("exists", "isfile", "is_file", "find_spec")


def catches_import_error(caught: cst.BaseExpression | None) -> bool:
    """Whether an `except` clause of that type takes a failed import."""
    if isinstance(caught, cst.Tuple):
        return any(catches_import_error(element.value) for element in caught.elements)
    return caught is None or dotted(caught) in ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")


def names_in(target: cst.BaseExpression) -> Iterator[str]:
    """The names that an assignment to a target binds."""
    if isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from names_in(element.value)
