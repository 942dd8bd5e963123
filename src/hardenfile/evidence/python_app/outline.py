"""One walk over the LibCST tree of a module: its scopes and what is bound in them, its calls, each with its line.

LibCST's own metadata is left aside because it costs more than the parse: on 34,000 lines ScopeProvider takes 11 s and
PositionProvider 6 s, this walk 1.5 s. Lines are had for nothing: LibCST keeps each line end as a node, in order.
"""

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst

from .rules import DICT_KEYS, METHODS, RAW_SOCKETS
from .scopes import Binding, Bound, Guard, ImportSite, Scope, Site, Store
from .syntax import asks_whether_there, catches_import_error, dotted, names_in


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """What one walk keeps of a module."""

    scope: Scope
    imports: tuple[ImportSite, ...]
    calls: tuple[Site, ...]
    dicts: tuple[Site, ...]
    references: tuple[Site, ...]  # names handed over as values: `map(os.remove, files)`, `socket.SOCK_RAW`
    stores: tuple[Store, ...]


def outline(module: cst.Module) -> Outline:
    """Walk a parsed module once. Raises RecursionError on a tree deeper than Python's stack."""
    walker = _Walker()
    module.visit(walker)
    return Outline(
        walker.module,
        tuple(walker.imports),
        tuple(walker.calls),
        tuple(walker.dicts),
        tuple(walker.references),
        tuple(walker.stores),
    )


_SUITES = (cst.IndentedBlock, cst.SimpleStatementSuite)
_SCOPES = (cst.FunctionDef, cst.ClassDef)


class _Walker(cst.CSTVisitor):
    """Dispatches on the type of a node by itself: the base class looks four methods up by name for each node."""

    def __init__(self) -> None:
        super().__init__()
        self.module = Scope("module", "", None)
        self.scope = self.module
        self.line = 1
        self.guard = Guard.NONE
        self.imports: list[ImportSite] = []
        self.calls: list[Site] = []
        self.dicts: list[Site] = []
        self.references: list[Site] = []
        self.stores: list[Store] = []
        self._guarded: dict[int, Guard] = {}  # by id of a suite
        self._bases: set[int] = set()  # by id: what a class statement lists is no argument of a call
        self._outer: list[Guard] = []
        self._elsewhere: list[dict[str, Scope]] = []  # names that `global` gives to another scope
        self._enter: dict[type, Callable[..., None]] = {
            cst.Newline: self._newline,
            cst.SimpleWhitespace: self._lines_inside,
            cst.SimpleString: self._lines_inside,
            cst.FormattedStringText: self._lines_inside,
            cst.IndentedBlock: self._suite,
            cst.SimpleStatementSuite: self._suite,
            cst.FunctionDef: self._function,
            cst.ClassDef: self._class,
            cst.Lambda: self._lambda,
            cst.If: self._if,
            cst.Try: self._try,
            cst.TryStar: self._try,
            cst.Import: self._import,
            cst.ImportFrom: self._import_from,
            cst.Assign: self._assign,
            cst.AnnAssign: self._annotated,
            cst.AugAssign: self._augmented,
            cst.NamedExpr: self._named,
            cst.For: self._for,
            cst.CompFor: self._for,
            cst.With: self._with,
            cst.ExceptHandler: self._handler,
            cst.ExceptStarHandler: self._handler,
            cst.MatchAs: self._capture,
            cst.MatchStar: self._capture,
            cst.Global: self._global,
            cst.Nonlocal: self._nonlocal,
            cst.Return: self._return,
            cst.Call: self._call,
            cst.Dict: self._dict,
            cst.Arg: self._argument,
        }

    def on_visit(self, node: cst.CSTNode) -> bool:
        enter = self._enter.get(type(node))
        if enter is not None:
            enter(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        kind = type(original_node)
        if kind in _SUITES:
            self.guard = self._outer.pop()
        elif kind in _SCOPES:
            if self.scope.parent is not None:
                self.scope = self.scope.parent
            self._elsewhere.pop()

    def on_visit_attribute(self, node: cst.CSTNode, attribute: str) -> None:
        """Nothing is kept by attribute."""

    def on_leave_attribute(self, original_node: cst.CSTNode, attribute: str) -> None:
        """Nothing is kept by attribute."""

    # -- where we are

    def _newline(self, node: cst.Newline) -> None:
        self.line += 1

    def _lines_inside(self, node: cst.SimpleWhitespace | cst.SimpleString | cst.FormattedStringText) -> None:
        text = node.value
        if "\n" in text or "\r" in text:
            self.line += text.count("\n") + text.count("\r") - text.count("\r\n")

    def _suite(self, node: cst.BaseSuite) -> None:
        self._outer.append(self.guard)
        self.guard |= self._guarded.pop(id(node), Guard.NONE)

    def _if(self, node: cst.If) -> None:
        test = node.test
        if dotted(test).rpartition(".")[2] == "TYPE_CHECKING":
            self._guarded[id(node.body)] = Guard.TYPING
        elif asks_whether_there(test):
            self._guarded[id(node.body)] = Guard.OPTIONAL
        elif isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
            comparison = test.comparisons[0]
            sides = (test.left, comparison.comparator)
            named = any(isinstance(side, cst.Name) and side.value == "__name__" for side in sides)
            main = any(isinstance(side, cst.SimpleString) and side.evaluated_value == "__main__" for side in sides)
            if named and main and isinstance(comparison.operator, cst.Equal):
                self._guarded[id(node.body)] = Guard.MAIN

    def _try(self, node: cst.Try | cst.TryStar) -> None:
        if any(catches_import_error(handler.type) for handler in node.handlers):
            self._guarded[id(node.body)] = Guard.OPTIONAL
            self._guarded.update((id(handler.body), Guard.OPTIONAL) for handler in node.handlers)

    # -- scopes and bindings

    def _open_scope(self, inner: Scope) -> None:
        self.scope = inner
        self._elsewhere.append({})

    def _bind(self, name: str, kind: Bound, value: cst.BaseExpression | None = None, index: int = 0) -> None:
        owner = self._elsewhere[-1].get(name, self.scope) if self._elsewhere else self.scope
        owner.bind(name, Binding(kind, self.scope, self.line, self.guard, value, index))

    def _bind_inner(self, name: str, kind: Bound, inner: Scope) -> None:
        self.scope.bind(name, Binding(kind, self.scope, self.line, self.guard, inner=inner))
        self._open_scope(inner)

    def _function(self, node: cst.FunctionDef) -> None:
        name = node.name.value
        self._bind_inner(name, "function", Scope("function", name, self.scope, decorated=bool(node.decorators)))
        self._parameters(node.params)

    def _class(self, node: cst.ClassDef) -> None:
        name, bases = node.name.value, tuple(base.value for base in node.bases if base.star == "")
        self._bases.update(id(base) for base in node.bases)
        decorated = bool(node.decorators)
        self._bind_inner(name, "class", Scope("class", name, self.scope, bases=bases, decorated=decorated))

    def _lambda(self, node: cst.Lambda) -> None:
        self._parameters(node.params)

    def _parameters(self, params: cst.Parameters) -> None:
        positional = (*params.posonly_params, *params.params)
        stars = (params.star_arg, params.star_kwarg)
        others = (*params.kwonly_params, *(star for star in stars if isinstance(star, cst.Param)))
        for index, param in enumerate((*positional, *others)):
            annotation = param.annotation.annotation if param.annotation is not None else None
            position = index if index < len(positional) else -1
            self._bind(param.name.value, "parameter", annotation, position)

    def _global(self, node: cst.Global) -> None:
        if self._elsewhere:
            self._elsewhere[-1].update((item.name.value, self.module) for item in node.names)

    def _nonlocal(self, node: cst.Nonlocal) -> None:
        if self._elsewhere and self.scope.parent is not None:
            self._elsewhere[-1].update((item.name.value, self.scope.parent) for item in node.names)

    def _assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            self._store(target.target, node.value)

    def _annotated(self, node: cst.AnnAssign) -> None:
        if node.value is not None:
            self._store(node.target, node.value)

    def _augmented(self, node: cst.AugAssign) -> None:
        for name in names_in(node.target):
            self._bind(name, "unknown")

    def _named(self, node: cst.NamedExpr) -> None:
        self._store(node.target, node.value)

    def _store(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        if isinstance(target, cst.Name):
            self._bind(target.value, "assign", value)
        elif isinstance(target, (cst.Tuple, cst.List)):
            for index, element in enumerate(target.elements):
                for name in names_in(element.value):
                    plain = isinstance(element.value, cst.Name) and not isinstance(element, cst.StarredElement)
                    self._bind(name, "element" if plain else "unknown", value, index)
        else:
            owner = self.scope.enclosing_class()
            if owner is not None and isinstance(target, cst.Attribute) and dotted(target.value) in ("self", "cls"):
                binding = Binding("assign", self.scope, self.line, self.guard, value)
                owner.attributes.setdefault(target.attr.value, []).append(binding)
            self.stores.append(Store(target, value, self._site(target)))

    def _for(self, node: cst.For | cst.CompFor) -> None:
        if isinstance(node.target, cst.Name):
            self._bind(node.target.value, "item", node.iter)
        else:
            for name in names_in(node.target):
                self._bind(name, "unknown")

    def _with(self, node: cst.With) -> None:
        for item in node.items:
            if item.asname is not None:
                for name in names_in(item.asname.name):
                    self._bind(name, "with", item.item)

    def _handler(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> None:
        if node.name is not None:
            for name in names_in(node.name.name):
                self._bind(name, "unknown")

    def _capture(self, node: cst.MatchAs | cst.MatchStar) -> None:
        if node.name is not None:
            self._bind(node.name.value, "unknown")

    def _return(self, node: cst.Return) -> None:
        self.scope.returns.append(node.value)

    # -- imports

    def _import(self, node: cst.Import) -> None:
        for alias in node.names:
            module = dotted(alias.name)
            self.imports.append(ImportSite(module, (), self.line, self.guard))
            if alias.asname is not None:
                self._bind_import(alias.evaluated_alias or "", module, "")
            else:
                top = module.partition(".")[0]
                self._bind_import(top, top, "")

    def _import_from(self, node: cst.ImportFrom) -> None:
        module = "." * len(node.relative) + dotted(node.module)
        if isinstance(node.names, cst.ImportStar):
            self.imports.append(ImportSite(module, ("*",), self.line, self.guard))
            self.scope.stars.append(module)
            return
        self.imports.append(
            ImportSite(module, tuple(alias.evaluated_name for alias in node.names), self.line, self.guard)
        )
        for alias in node.names:
            name = alias.evaluated_name
            self._bind_import(alias.evaluated_alias or name, module, name)

    def _bind_import(self, name: str, module: str, attribute: str) -> None:
        owner = self._elsewhere[-1].get(name, self.scope) if self._elsewhere else self.scope
        binding = Binding("import", self.scope, self.line, self.guard, module=module, attribute=attribute)
        owner.bind(name, binding)

    # -- what the rules look at

    def _site(self, node: cst.CSTNode) -> Site:
        return Site(node, self.scope, self.line, self.guard)

    def _call(self, node: cst.Call) -> None:
        function = node.func
        if not isinstance(function, cst.Attribute) or function.attr.value in METHODS:
            self.calls.append(self._site(node))

    def _dict(self, node: cst.Dict) -> None:
        keys = (item.key for item in node.elements if isinstance(item, cst.DictElement))
        if any(isinstance(key, cst.SimpleString) and key.evaluated_value in DICT_KEYS for key in keys):
            self.dicts.append(self._site(node))

    def _argument(self, node: cst.Arg) -> None:
        value = node.value
        if id(node) in self._bases:
            return
        if isinstance(value, cst.Attribute):
            if value.attr.value in METHODS or value.attr.value in RAW_SOCKETS:
                self.references.append(self._site(value))
        elif isinstance(value, cst.Name) and (value.value == "open" or self._is_imported(value.value)):
            self.references.append(self._site(value))

    def _is_imported(self, name: str) -> bool:
        return any(binding.kind == "import" for binding in self.module.bindings.get(name, ()))
