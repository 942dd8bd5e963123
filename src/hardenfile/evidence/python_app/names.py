"""What a name or an expression is, in dotted form: through aliases, imports, assignments, the context's own modules.

``External("pathlib.Path()")`` is what calling ``Path`` from ``pathlib`` gives; the application's own modules, functions
and classes are told apart from it, since their bodies are read anyway. None is "not known".
"""

import builtins
from dataclasses import dataclass, field

import libcst as cst

from .modules import Codebase, Module
from .origins import External, Origin, OwnClass, OwnFunction, OwnInstance, OwnModule, Place, external
from .rules import ALL_NAMES
from .scopes import Binding, Scope

_DEPTH = 40
_BUILTINS = frozenset(dir(builtins))


@dataclass(slots=True)
class Names:
    """Resolves expressions against the codebase; remembers what it found."""

    codebase: Codebase
    _known: dict[tuple[int, str], Origin] = field(default_factory=dict)
    _depth: int = 0

    def origin(self, node: cst.BaseExpression, place: Place) -> Origin:
        key = (id(node), place.module.path)
        if key in self._known:
            return self._known[key]
        if self._depth >= _DEPTH:
            return None
        self._known[key] = None  # what a name bound through itself resolves to
        self._depth += 1
        try:
            self._known[key] = found = self._origin(node, place)
        finally:
            self._depth -= 1
        return found

    def dotted(self, node: cst.BaseExpression, place: Place) -> str:
        """The dotted name where it is external, else an empty string."""
        match self.origin(node, place):
            case External(dotted):
                return dotted
        return ""

    def _origin(self, node: cst.BaseExpression, place: Place) -> Origin:
        match node:
            case cst.Name():
                return self._name(node.value, place)
            case cst.Attribute():
                return self.attribute(self.origin(node.value, place), node.attr.value)
            case cst.Call():
                return self._called(node, place)
            case cst.Subscript():
                return self._item(self.origin(node.value, place))
            case cst.Await():
                return self.origin(node.expression, place)
            case cst.NamedExpr():
                return self.origin(node.value, place)
            case cst.IfExp():
                return _agreed([self.origin(node.body, place), self.origin(node.orelse, place)])
            case cst.BooleanOperation():
                return _agreed([self.origin(node.left, place), self.origin(node.right, place)])
            case cst.BinaryOperation(operator=cst.Divide()):
                sides = (self.origin(node.left, place), self.origin(node.right, place))
                path = External("pathlib.Path()")
                return path if path in sides else None
            case cst.BinaryOperation(operator=cst.Add() | cst.Modulo()):
                return self.origin(node.left, place)
            case cst.SimpleString() | cst.FormattedString() | cst.ConcatenatedString():
                return External("builtins.str()")
            case cst.Integer() | cst.Float():
                return External("builtins.int()")
            case cst.Dict():
                return External("builtins.dict()")
            case cst.List() | cst.Tuple() | cst.Set() | cst.ListComp():
                return External("builtins.list()")
        return None

    def bindings(self, name: str, place: Place) -> tuple[list[Binding], Place] | None:
        """How a name is bound where it is used, and where: the nearest scope that binds it, as Python looks it up."""
        scope: Scope | None = place.scope
        while scope is not None:
            if name in scope.bindings and (scope.kind != "class" or scope is place.scope):
                return scope.bindings[name], Place(scope, place.module)
            found = self._through_stars(name, scope, place.module, {place.module.path}) if scope.stars else None
            if found is not None:
                return found
            scope = scope.parent
        return None

    def _through_stars(
        self, name: str, scope: Scope, module: Module, seen: set[str]
    ) -> tuple[list[Binding], Place] | None:
        """A name that ``from module import *`` brings, through as many modules as it takes."""
        for star in scope.stars:
            base = self.absolute(star, module)
            other = self.codebase.named(base) if base else None
            tree = other.outline() if other is not None and other.path not in seen else None
            if other is None or tree is None:
                continue
            seen.add(other.path)
            if name in tree.scope.bindings:
                return tree.scope.bindings[name], Place(tree.scope, other)
            found = self._through_stars(name, tree.scope, other, seen)
            if found is not None:
                return found
        return None

    def absolute(self, module: str, at: Module) -> str:
        """The absolute name of what an import statement in that module names; empty beyond the top."""
        bare = module.lstrip(".")
        level = len(module) - len(bare)
        if level == 0:
            return module
        package = at.package.split(".") if at.package else []
        if level - 1 >= len(package):
            return ""
        return ".".join([*package[: len(package) - level + 1], *([bare] if bare else [])])

    def _name(self, name: str, place: Place) -> Origin:
        found = self.bindings(name, place)
        if found is None:
            return External(f"builtins.{name}") if name in _BUILTINS else self._from_library_star(name, place)
        bindings = [binding for binding in found[0] if not _is_none(binding)]
        origins = [self.bound(binding, found[1].module) for binding in bindings]
        if all(binding.kind == "import" for binding in bindings):
            return next(iter(origins), None)  # alternatives, as in `try: import … except ImportError: import …`
        return _agreed(origins)

    def _from_library_star(self, name: str, place: Place) -> Origin:
        """A name that nothing else binds, in a module with ``from library import *``: one that a rule knows, if any."""
        tree = place.module.outline()
        bases = [self.absolute(star, place.module) for star in tree.scope.stars] if tree is not None else []
        names = [f"{base}.{name}" for base in bases if base and not self.codebase.owns(base)]
        return next((external(full) for full in names if full in ALL_NAMES), external(names[0]) if names else None)

    def bound(self, binding: Binding, module: Module) -> Origin:
        """What one binding gives its name."""
        place = Place(binding.scope, module)
        match binding.kind:
            case "import":
                key = (id(binding), module.path)
                if key not in self._known:
                    self._known[key] = None  # what modules that import a name from one another make of it
                    self._known[key] = self._imported(binding, module)
                return self._known[key]
            case "function" if binding.inner is not None:
                return OwnFunction(binding.inner, module)
            case "class" if binding.inner is not None:
                return OwnClass(binding.inner, module)
            case "assign" | "with" if binding.value is not None:
                return self.origin(binding.value, place)
            case "item" if binding.value is not None:
                return self._item(self.origin(binding.value, place))
            case "element" if isinstance(binding.value, cst.Tuple) and binding.index < len(binding.value.elements):
                return self.origin(binding.value.elements[binding.index].value, place)
            case "parameter":
                owner = binding.scope.parent
                if binding.index == 0 and owner is not None and owner.kind == "class":
                    return OwnInstance(owner, module)
                return self._annotated(binding.value, place) if binding.value is not None else None
        return None

    def _imported(self, binding: Binding, module: Module) -> Origin:
        base = self.absolute(binding.module, module)
        if not base:
            return None
        whole = f"{base}.{binding.attribute}" if binding.attribute else base
        own = self.codebase.named(base)
        if own is not None and binding.attribute:
            member = self.member(own, binding.attribute)
            if member is not None:
                return member
        target = self.codebase.named(whole)
        if target is not None:
            return OwnModule(target)
        return None if own is not None or self.codebase.owns(base) else external(whole)

    def member(self, module: Module, name: str) -> Origin:
        tree = module.outline()
        if tree is None or (name not in tree.scope.bindings and not tree.scope.stars):
            return None
        return self._name(name, Place(tree.scope, module))

    def attribute(self, base: Origin, name: str) -> Origin:
        """What ``base.name`` is."""
        if self._depth >= _DEPTH:
            return None
        match base:
            case External(dotted):
                below = self.codebase.named(f"{dotted}.{name}") if dotted.replace(".", "").isidentifier() else None
                return OwnModule(below) if below is not None else external(f"{dotted}.{name}")
            case OwnModule(module):
                member = self.member(module, name)
                sub = self.codebase.named(f"{module.name}.{name}") if member is None and module.name else None
                return OwnModule(sub) if sub is not None else member
            case OwnClass(scope, module) | OwnInstance(scope, module):
                return self._class_member(base, scope, module, name)
        return None

    def _class_member(self, base: OwnClass | OwnInstance, scope: Scope, module: Module, name: str) -> Origin:
        bindings = scope.bindings.get(name, []) + scope.attributes.get(name, [])
        if bindings:
            return _agreed([self.bound(binding, module) for binding in bindings if not _is_none(binding)])
        for parent in self.parents(scope, module):
            if isinstance(parent, External):
                return external(f"{parent.dotted}{'()' if isinstance(base, OwnInstance) else ''}.{name}")
            self._depth += 1  # two classes may claim to extend each other
            found = self.attribute(OwnInstance(parent.scope, parent.module), name)
            self._depth -= 1
            if found is not None:
                return found
        return None

    def parents(self, scope: Scope, module: Module) -> list[External | OwnClass]:
        """The base classes that are known, in order."""
        place = Place(scope.parent or scope, module)
        origins = (self.origin(base, place) for base in scope.bases)
        return [origin for origin in origins if isinstance(origin, External | OwnClass)]

    def _called(self, node: cst.Call, place: Place) -> Origin:
        match self.origin(node.func, place):
            case External("builtins.super"):
                owner = place.scope.enclosing_class()
                parents = self.parents(owner, place.module) if owner is not None else []
                return self._instance(parents[0]) if parents else None
            case External("typing.cast") if len(node.args) == 2:
                return self._annotated(node.args[0].value, place)
            case External("builtins.getattr") if len(node.args) > 1:
                name = node.args[1].value
                literal = name.evaluated_value if isinstance(name, cst.SimpleString) else None
                base = self.origin(node.args[0].value, place)
                return self.attribute(base, literal) if isinstance(literal, str) else None
            case External(dotted):
                return external(f"{dotted}()")
            case OwnClass(scope, module):
                return OwnInstance(scope, module)
            case OwnFunction(scope, module):
                return _agreed(
                    [self.origin(value, Place(scope, module)) for value in scope.returns if value is not None]
                )
        return None

    def _annotated(self, node: cst.BaseExpression, place: Place) -> Origin:
        """An instance of the class that an annotation names, in ``X | None`` and ``Optional[X]`` too."""
        match node:
            case cst.BinaryOperation(operator=cst.BitOr()):
                sides = [side for side in (node.left, node.right) if not _named(side, "None")]
                return self._annotated(sides[0], place) if len(sides) == 1 else None
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=inner)), *_]):
                outer = self.dotted(node.value, place)
                return self._annotated(inner, place) if outer in ("typing.Optional", "typing.Annotated") else None
            case cst.Name() | cst.Attribute():
                return self._instance(self.origin(node, place))
        return None

    def _instance(self, origin: Origin) -> Origin:
        match origin:
            case External(dotted):
                return external(f"{dotted}()")
            case OwnClass(scope, module):
                return OwnInstance(scope, module)
        return None

    def _item(self, origin: Origin) -> Origin:
        return external(f"{origin.dotted}[]") if isinstance(origin, External) else None


def _agreed(origins: list[Origin]) -> Origin:
    """The one thing that all of them are, else nothing."""
    return origins[0] if origins and all(origin == origins[0] for origin in origins) else None


def _named(node: cst.CSTNode | None, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _is_none(binding: Binding) -> bool:
    return binding.kind == "assign" and _named(binding.value, "None")
