"""Constant folding of paths, ports and texts: from LibCST's expressions to values.

Only what is assigned once is taken for constant: a name bound twice is worth now this, now that, and is unknown.
"""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import libcst as cst

from . import values
from .model import Tree
from .names import Names
from .origins import External, OwnClass, OwnFunction, OwnInstance, OwnModule, Place
from .rules import ENVIRONMENT
from .scopes import Binding, Scope
from .syntax import argument
from .values import UNKNOWN, Surroundings, Value, concatenated, joined, part_of_path

_DEPTH = 40
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+ 0#]*\d*(?:\.\d+)?[sdrifx%]")
_FORMAT_FIELD = re.compile(r"\{\{|\}\}|\{([^{}:!]*)([^{}]*)\}")


@dataclass(slots=True)
class Fold:
    """Evaluates expressions of the application; remembers what it found.

    ``setting`` looks a framework's setting up by its name, ``flask_root`` tells the folder of the Flask application.
    """

    names: Names
    around: Surroundings
    setting: Callable[[str], Value | None] = lambda key: None
    flask_root: Callable[[], str | None] = lambda: None
    _known: dict[tuple[int, str], Value | None] = field(default_factory=dict)
    _depth: int = 0

    def value(self, node: cst.BaseExpression, place: Place) -> Value | None:
        """What an expression is worth; None where nothing of it is known."""
        key = (id(node), place.module.path)
        if key not in self._known:
            if self._depth >= _DEPTH:
                return None
            self._known[key] = None  # what a name that is bound through itself is worth
            self._depth += 1
            try:
                found = self._value(node, place)
            finally:
                self._depth -= 1
            self._known[key] = found if found is not None and found.known else None
        return self._known[key]

    def number(self, node: cst.BaseExpression, place: Place) -> int | None:
        value = self.value(node, place)
        return int(value.text) if value is not None and re.fullmatch(r"-?\d{1,9}", value.text) else None

    def _or_hole(self, node: cst.BaseExpression, place: Place) -> Value:
        return self.value(node, place) or UNKNOWN

    def _value(self, node: cst.BaseExpression, place: Place) -> Value | None:
        match node:
            case cst.SimpleString():
                text = node.evaluated_value
                return Value(text if isinstance(text, str) else text.decode("utf-8", "surrogateescape"))
            case cst.ConcatenatedString():
                return concatenated(self._or_hole(node.left, place), self._or_hole(node.right, place))
            case cst.FormattedString():
                return self._formatted(node, place)
            case cst.Integer():
                return Value(str(node.evaluated_value))
            case cst.UnaryOperation(operator=cst.Minus()):
                inner = self.value(node.expression, place)
                return inner.with_text(f"-{inner.text}") if inner is not None else None
            case cst.Name():
                return self._name(node.value, place)
            case cst.Attribute():
                return self._attribute(node, place)
            case cst.Subscript():
                return self._subscript(node, place)
            case cst.Call():
                return self._call(node, place)
            case cst.BinaryOperation():
                return self._binary(node, place)
            case cst.BooleanOperation(operator=cst.Or()):
                return self._either(node, place)
            case cst.IfExp():
                body, orelse = self.value(node.body, place), self.value(node.orelse, place)
                return body if body == orelse else None
            case cst.NamedExpr():
                return self.value(node.value, place)
        return None

    # -- operators

    def _formatted(self, node: cst.FormattedString, place: Place) -> Value:
        result = Value("")
        for part in node.parts:
            piece = UNKNOWN
            if isinstance(part, cst.FormattedStringText):
                if "\\" not in part.value or "r" in node.start.lower():
                    piece = Value(part.value.replace("{{", "{").replace("}}", "}"))
            elif isinstance(part, cst.FormattedStringExpression) and not part.conversion and not part.format_spec:
                piece = self._or_hole(part.expression, place)
            result = concatenated(result, piece)
        return result

    def _binary(self, node: cst.BinaryOperation, place: Place) -> Value | None:
        match node.operator:
            case cst.Add():
                return concatenated(self._or_hole(node.left, place), self._or_hole(node.right, place))
            case cst.Divide():
                return joined([self._or_hole(node.left, place), self._or_hole(node.right, place)])
            case cst.Modulo():
                template, right = self.value(node.left, place), node.right
                parts = [item.value for item in right.elements] if isinstance(right, cst.Tuple) else [right]
                if template is not None:
                    return values.filled(template, _PLACEHOLDER, lambda match, index: self._nth(parts, index, place))
        return None

    def _nth(self, nodes: list[cst.BaseExpression], index: int, place: Place) -> Value:
        return self._or_hole(nodes[index], place) if 0 <= index < len(nodes) else UNKNOWN

    def _either(self, node: cst.BooleanOperation, place: Place) -> Value | None:
        left, right = self.value(node.left, place), self.value(node.right, place)
        if left is not None:
            return left if left.text and left.whole else right if left.text == "" else None
        variable = self.read_variable(node.left, place)
        return right.unless(variable) if variable is not None and right is not None else None

    # -- names

    def _name(self, name: str, place: Place) -> Value | None:
        if name == "__file__":
            return None if place.module.installed else Value(place.module.path)
        found = self.names.bindings(name, place)
        return self._only(found[0], found[1]) if found is not None else None

    def _only(self, bindings: list[Binding], place: Place) -> Value | None:
        return self._bound(bindings[0], Place(bindings[0].scope, place.module)) if len(bindings) == 1 else None

    def _bound(self, binding: Binding, place: Place) -> Value | None:
        match binding.kind, binding.value:
            case "assign", cst.BaseExpression() as value:
                return self.value(value, place)
            case "with", cst.BaseExpression() as value:
                entered = self.value(value, place)
                return entered if entered is not None and entered.temporary else None
            case "element", cst.Tuple(elements=elements) if binding.index < len(elements):
                return self.value(elements[binding.index].value, place)
            case "item", cst.Call(func=cst.Attribute(value=folder, attr=cst.Name("iterdir" | "glob" | "rglob"))):
                return joined([self._or_hole(folder, place), UNKNOWN])
            case "import", _ if binding.attribute:
                key = (id(binding), place.module.path)
                if key not in self._known:
                    self._known[key] = None  # what modules that import a name from one another make of it
                    base = self.names.absolute(binding.module, place.module)
                    module = self.names.codebase.named(base) if base else None
                    tree = module.outline() if module is not None else None
                    if module is not None and tree is not None:
                        self._known[key] = self._name(binding.attribute, Place(tree.scope, module))
                return self._known[key]
        return None

    def _attribute(self, node: cst.Attribute, place: Place) -> Value | None:
        name = node.attr.value
        match self.names.origin(node.value, place):
            case OwnModule(module):
                tree = module.outline()
                return self._name(name, Place(tree.scope, module)) if tree is not None else None
            case OwnClass(scope, module) | OwnInstance(scope, module):
                return self._member(scope, Place(scope, module), name)
            case External("django.conf.settings"):
                return self.setting(name)
            case External("flask.Flask()" | "quart.Quart()") if name in ("root_path", "instance_path"):
                root = self.flask_root()
                instance = name == "instance_path"
                folder = instance_folder(self.names.codebase.tree, root) if root is not None and instance else root
                return Value(folder) if folder is not None else None
            case External("sys") if name == "executable":
                return Value("python3")
            case External("os") if name in ("sep", "curdir"):
                return Value("/" if name == "sep" else ".")
            case External(dotted) if dotted.startswith("tempfile."):
                return self.value(node.value, place) if name == "name" else None
            case External("pathlib.Path()") | None:
                value = self.value(node.value, place)
                return part_of_path(value, name) if value is not None else None
        return None

    def _member(self, scope: Scope, place: Place, name: str) -> Value | None:
        """What an attribute of a class, or of an object of it, is worth: only what no caller can set."""
        parents = self.names.parents(scope, place.module)
        bindings = scope.bindings.get(name, []) + scope.attributes.get(name, [])
        if not bindings:
            own = next((parent for parent in parents if isinstance(parent, OwnClass)), None)
            if own is None or self._depth >= _DEPTH:
                return None
            self._depth += 1  # two classes may claim to extend each other
            found = self._member(own.scope, Place(own.scope, own.module), name)
            self._depth -= 1
            return found
        value = self._only(bindings, place)
        models = [parent.dotted for parent in parents if isinstance(parent, External) if "pydantic" in parent.dotted]
        if any(model.endswith(".BaseSettings") for model in models):
            variable = next((key for key in self.around.env if key.lower() == name.lower()), None)
            if variable is not None:
                return self.around.variable(variable)
            return value.unless(name.upper()) if value is not None else None
        is_field = name not in scope.attributes and (scope.decorated or bool(models))
        return None if is_field else value

    def _subscript(self, node: cst.Subscript, place: Place) -> Value | None:
        index = node.slice[0].slice if len(node.slice) == 1 else None
        key = self.value(index.value, place) if isinstance(index, cst.Index) else None
        if key is None or not key.whole:
            return None
        if self.names.dotted(node.value, place) == "os.environ":
            return self.around.variable(key.text)
        match node.value:
            case cst.Attribute(attr=cst.Name("config")):
                return self.setting(key.text)
            case cst.Attribute(value=inner, attr=cst.Name("parents")) if re.fullmatch(r"\d\d?", key.text):
                value = self.value(inner, place)
                for _ in range(int(key.text) + 1):
                    value = part_of_path(value, "parent") if value is not None else None
                return value
        return None

    # -- calls

    def read_variable(self, node: cst.BaseExpression, place: Place) -> str | None:
        """The environment variable that a call or subscript reads."""
        key: Value | None = None
        if isinstance(node, cst.Subscript) and self.names.dotted(node.value, place) == "os.environ":
            index = node.slice[0].slice
            key = self.value(index.value, place) if isinstance(index, cst.Index) else None
        elif isinstance(node, cst.Call) and node.args and self.names.dotted(node.func, place) in ENVIRONMENT:
            key = self.value(node.args[0].value, place)
        return key.text if key is not None and key.whole else None

    def _call(self, node: cst.Call, place: Place) -> Value | None:
        origin = self.names.origin(node.func, place)
        if isinstance(origin, OwnFunction):
            results = [value for value in origin.scope.returns if value is not None]
            return self.value(results[0], Place(origin.scope, origin.module)) if len(results) == 1 else None
        dotted = origin.dotted if isinstance(origin, External) else ""
        if dotted in ENVIRONMENT:
            return self._from_environment(node, dotted, place)
        if any(arg.star for arg in node.args):
            return None
        given = [arg.value for arg in node.args if arg.keyword is None]
        arguments = [self._or_hole(value, place) for value in given]
        found = values.call(self.around, dotted, arguments)
        if found is not None:
            return found
        if dotted.startswith("tempfile."):
            folder = argument(node, 99, "dir")
            return joined([self._or_hole(folder, place) if folder is not None else self.around.temp_folder, UNKNOWN])
        if not isinstance(node.func, cst.Attribute):
            return None
        name, receiver = node.func.attr.value, node.func.value
        if name == "get" and isinstance(receiver, cst.Attribute) and receiver.attr.value == "config" and arguments:
            return self.setting(arguments[0].text) or (arguments[1] if len(arguments) > 1 else None)
        value = self.value(receiver, place)
        if value is None:
            return None
        return (
            self._format(node, value, place) if name == "format" else values.method(self.around, value, name, arguments)
        )

    def _from_environment(self, node: cst.Call, dotted: str, place: Place) -> Value | None:
        variable = self.read_variable(node, place)
        if variable is None:
            return None
        default = argument(node, 1, ENVIRONMENT[dotted])
        value = self.value(default, place) if default is not None else None
        return self.around.variable(variable) or (value.unless(variable) if value is not None else None)

    def _format(self, node: cst.Call, template: Value, place: Place) -> Value:
        named = {arg.keyword.value: arg.value for arg in node.args if arg.keyword is not None}
        given = [arg.value for arg in node.args if arg.keyword is None]

        def piece(match: re.Match[str], count: int) -> Value:
            field_name, conversion = match[1], match[2]
            if conversion:
                return UNKNOWN
            if field_name in named:
                return self._or_hole(named[field_name], place)
            position = int(field_name) if re.fullmatch(r"\d{1,3}", field_name) else count if field_name == "" else -1
            return self._nth(given, position, place)

        return values.filled(template, _FORMAT_FIELD, piece)


def instance_folder(tree: Tree, root: str) -> str | None:
    """Flask's folder for what is written, from the folder of the application: beside its outermost package.

    Below ``sys.prefix`` Flask takes another, and Debian's Python has ``/usr`` for one: there it is not known.
    """
    while tree.exists(f"{root}/__init__.py") and root != "/":
        root = posixpath.dirname(root)
    return None if root == "/usr" or root.startswith("/usr/") else posixpath.join(root, "instance")
