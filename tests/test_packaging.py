"""What the package needs, what it loads, and what it offers."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import hardenfile

ROOT = Path(__file__).parents[1]
PACKAGES = {"dockerfile-parse": "dockerfile_parse", "libcst": "libcst", "typer": "typer", "jinja2": "jinja2"}
HEAVY = {"libcst", "jinja2", "dockerfile_parse", "typer"}
MODULES = sorted([*(ROOT / "src/hardenfile").rglob("*.py"), *(ROOT / "transforms").rglob("*.py")])


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after running some code."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    return set(json.loads(done.stdout))


def imports(path: Path) -> Iterator[str]:
    """The top-level names of what a module imports from outside of its own package, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]


@pytest.mark.parametrize(
    "code",
    [
        "import hardenfile",
        "import hardenfile\nhardenfile.parse('FROM a AS b\\nRUN <<E\\nx\\nE\\n').diagnostics",
        "import hardenfile\nhardenfile.parse('ARG A=1\\nFROM $A\\nCOPY a b\\n').stages",
    ],
    ids=["import", "parse", "stages"],
)
def test_what_few_need_is_not_loaded_by_all(code: str) -> None:
    assert not loaded_by(code) & HEAVY


def test_every_module_is_looked_at() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in MODULES}
    assert {"src/hardenfile/cli.py", "transforms/prefer_copy/__init__.py"} <= names
    assert "ast" in set(imports(Path(__file__)))


def test_nothing_is_imported_but_the_standard_library_and_four_packages() -> None:
    # _typeshed exists for type checkers only.
    known = {*sys.stdlib_module_names, *PACKAGES.values(), "hardenfile", "_typeshed"} - {"difflib"}
    strange = {path.relative_to(ROOT).as_posix(): found for path in MODULES if (found := set(imports(path)) - known)}
    assert strange == {}


def test_the_runtime_packages_are_exactly_four() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[^A-Za-z0-9_-]", one)[0].lower() for one in project["dependencies"]}
    assert names == set(PACKAGES)
    assert "optional-dependencies" not in project
    assert project["version"] == hardenfile.__version__
    assert project["requires-python"] == ">=3.11"


def test_all_is_all_there_is() -> None:
    public = {
        name
        for name, value in vars(hardenfile).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name not in ("TYPE_CHECKING", "Any")
    }
    assert public | {"harden", "Lock", "Outcome", "Step", "__version__"} == set(hardenfile.__all__)
    assert list(hardenfile.__all__) == sorted(hardenfile.__all__)
    for name in hardenfile.__all__:
        assert getattr(hardenfile, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'hardn'"):
        _ = hardenfile.hardn


def test_the_transforms_are_offered_by_name() -> None:
    from hardenfile import transforms

    assert {"AddUser", "PreferCopy"} <= {one.__name__ for one in transforms.BUILTIN}
    assert all(getattr(transforms, one.__name__) is one for one in transforms.BUILTIN)


def test_types_and_pages_are_shipped() -> None:
    folder = Path(hardenfile.__file__).parent
    assert (folder / "py.typed").is_file()
    assert (folder / "evidence/base_images.toml").is_file()
    for one in hardenfile.transforms.BUILTIN:
        assert (Path(str(sys.modules[one.__module__].__file__)).parent / "README.md").is_file()


def test_no_group_is_possessive() -> None:
    """CPython before 3.11.5 matches possessive groups wrongly (gh-106052); single characters it does right."""
    possessive = re.compile(r"\)\s?[*+?]\+[^\]\d]")
    for path in (*(ROOT / "src").rglob("*.py"), *(ROOT / "transforms").rglob("*.py")):
        lines = path.read_text("utf-8").split("\n")
        assert not [line for line in lines if possessive.search(line)], path
