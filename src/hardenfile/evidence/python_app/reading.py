"""What a rule is handed: one call or assignment, where it stands, and the words to report on it."""

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from .fold import Fold
from .model import Finding, Kind
from .modules import Module
from .origins import External, Origin, OwnClass, Place
from .scopes import Scope
from .values import Value

_STREAMS = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/", "/proc/self/fd/", "/proc/1/fd/")


@dataclass(frozen=True, slots=True)
class Here:
    """A line of the application, with the means to ask what its expressions are and to report it."""

    fold: Fold
    module: Module
    scope: Scope
    line: int

    @property
    def place(self) -> Place:
        return Place(self.scope, self.module)

    def at(self, scope: Scope, line: int) -> "Here":
        return Here(self.fold, self.module, scope, line)

    def value(self, node: cst.BaseExpression) -> Value | None:
        return self.fold.value(node, self.place)

    def origin(self, node: cst.BaseExpression) -> Origin:
        return self.fold.names.origin(node, self.place)

    def called(self, call: cst.Call) -> str:
        """The dotted name of what is called, as the rules know it; empty where it is not a library's.

        Making an object of a class of the application counts as making one of the class that it extends, where it has
        no ``__init__`` of its own; ``super().__init__(…)`` in one that has counts the same.
        """
        match self.origin(call.func):
            case External(dotted):
                return dotted.removesuffix("().__init__") if dotted.endswith("().__init__") else dotted
            case OwnClass(scope, module):
                for _ in range(10):
                    parents = self.fold.names.parents(scope, module)
                    if "__init__" in scope.bindings or not parents:
                        break
                    if isinstance(parents[0], External):
                        return parents[0].dotted
                    scope, module = parents[0].scope, parents[0].module
        return ""

    def finding(
        self, kind: Kind, what: str, path: str | None = None, *, directory: bool = False, port: int | None = None
    ) -> Finding:
        source = self.fold.names.codebase.tree.source_of(self.module.path)
        return Finding(kind, path, directory, port, what, source, self.line)

    def written(self, value: Value | None, what: str, *, directory: bool = False) -> Iterator[Finding]:
        """A write to a folded path: known, known but for the name in a folder, or unknown."""
        spot = self.fold.around.spot(value)
        if value is None or spot is None:
            yield self.finding("unknown", f"{what}: the path is not known here")
        elif value.temporary:
            yield self.finding("temp", what, spot.path, directory=True)
        elif not spot.path.startswith(_STREAMS):
            note = f"; {', '.join(sorted(value.overrides))} may name another" if value.overrides else ""
            yield self.finding("write", what + note, spot.path, directory=directory or spot.inside)
