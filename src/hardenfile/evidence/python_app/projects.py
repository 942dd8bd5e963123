"""The commands that a project declares for itself: ``[project.scripts]`` and its older forms."""

import configparser
import tomllib
from collections.abc import Iterator

import libcst as cst

from . import skim
from .model import FILE_LIMIT, Tree
from .syntax import dotted


def console_scripts(tree: Tree, folder: str) -> dict[str, str]:
    """Command name to ``module:function``, from pyproject.toml, setup.cfg and setup.py; total."""
    scripts: dict[str, str] = {}
    for name, reader in (("setup.py", _setup_py), ("setup.cfg", _setup_cfg), ("pyproject.toml", _pyproject)):
        content = tree.read(f"{folder.rstrip('/')}/{name}", FILE_LIMIT)
        if content is not None and len(content) < FILE_LIMIT:
            scripts.update(reader(content))
    return scripts


def _pyproject(content: bytes) -> dict[str, str]:
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return {}
    found: dict[str, str] = {}
    for path in (("tool", "poetry", "scripts"), ("project", "scripts")):
        table: object = data
        for key in path:
            table = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict):
            found.update((str(name), value) for name, value in table.items() if isinstance(value, str))
    return found


def _setup_cfg(content: bytes) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(content.decode("utf-8", "replace"))
    except configparser.Error:
        return {}
    return _lines(parser.get("options.entry_points", "console_scripts", fallback="").split("\n"))


def _lines(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name.strip(): value.split("[")[0].strip() for name, _, value in pairs}


def _setup_py(content: bytes) -> dict[str, str]:
    """``entry_points={"console_scripts": ["name = module:function"]}``, where it is literal."""
    if b"console_scripts" not in content or skim.nesting(skim.text_of(content)) > skim.NESTING_LIMIT:
        return {}
    finder = _EntryPoints()
    try:
        cst.parse_module(content).visit(finder)
    except Exception:  # as in modules: whatever the parser stumbles on, there is nothing to be had
        return {}
    return _lines(finder.lines)


class _EntryPoints(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def visit_DictElement(self, node: cst.DictElement) -> None:  # noqa: N802
        if isinstance(node.key, cst.SimpleString) and node.key.evaluated_value == "console_scripts":
            self.lines += _texts(node.value)

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        if dotted(node.func).endswith("setup"):
            for arg in node.args:
                if arg.keyword is not None and arg.keyword.value == "entry_points":
                    text = "\n".join(_texts(arg.value))
                    self.lines += _setup_cfg_section(text)


def _setup_cfg_section(text: str) -> list[str]:
    _, found, rest = text.partition("[console_scripts]")
    return rest.split("[")[0].split("\n") if found else []


def _texts(node: cst.BaseExpression) -> Iterator[str]:
    if isinstance(node, cst.SimpleString) and isinstance(node.evaluated_value, str):
        yield node.evaluated_value
    elif isinstance(node, (cst.List, cst.Tuple)):
        for element in node.elements:
            yield from _texts(element.value)
