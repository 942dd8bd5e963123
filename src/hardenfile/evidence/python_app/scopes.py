"""The scopes of a module, what is bound in them, and the places that the rules look at."""

from dataclasses import dataclass, field
from enum import Flag
from typing import Literal

import libcst as cst


class Guard(Flag):
    """Where a statement stands, as far as that decides whether it runs."""

    NONE = 0
    MAIN = 1  # under `if __name__ == "__main__"`
    TYPING = 2  # under `if TYPE_CHECKING`
    OPTIONAL = 4  # in a `try` that catches ImportError, or under `if exists(…)`


@dataclass(slots=True, eq=False)
class Scope:
    """A module, class or function and the names bound in it."""

    kind: Literal["module", "class", "function"]
    name: str
    parent: "Scope | None"
    bindings: dict[str, list["Binding"]] = field(default_factory=dict)
    attributes: dict[str, list["Binding"]] = field(default_factory=dict)  # of a class: what `self.x = …` binds
    bases: tuple[cst.BaseExpression, ...] = ()
    decorated: bool = False
    returns: list[cst.BaseExpression | None] = field(default_factory=list)
    stars: list[str] = field(default_factory=list)  # modules of `from x import *`

    def bind(self, name: str, binding: "Binding") -> None:
        self.bindings.setdefault(name, []).append(binding)

    def enclosing_class(self) -> "Scope | None":
        scope: Scope | None = self
        while scope is not None and scope.kind != "class":
            scope = scope.parent
        return scope


Bound = Literal["assign", "element", "item", "with", "import", "function", "class", "parameter", "unknown"]


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One way in which a name gets its value.

    ``value`` is the expression assigned ("assign"), unpacked at ``index`` ("element"), iterated over ("item") or
    entered ("with"), or the annotation ("parameter", whose ``index`` is its position). ``module`` and ``attribute`` are
    what an import names; an ``inner`` scope is that of the function or class.
    """

    kind: Bound
    scope: Scope
    line: int
    guard: Guard
    value: cst.BaseExpression | None = None
    index: int = 0
    module: str = ""
    attribute: str = ""
    inner: Scope | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A node that a rule may speak of, and where it stands."""

    node: cst.CSTNode
    scope: Scope
    line: int
    guard: Guard


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """An assignment to a subscript or an attribute: ``app.config["UPLOAD_FOLDER"] = folder``."""

    target: cst.BaseExpression
    value: cst.BaseExpression
    site: Site


@dataclass(frozen=True, slots=True, eq=False)
class ImportSite:
    """An import statement; ``names`` is empty for a plain ``import module``."""

    module: str
    names: tuple[str, ...]
    line: int
    guard: Guard
