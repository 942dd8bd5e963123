"""Hostile and broken sources, size and number of modules, and what the reading costs."""

import ast
import subprocess
import sys
import textwrap

import libcst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libcst.metadata import MetadataWrapper, PositionProvider

from hardenfile.evidence.python_app import Application, read_application, skim
from hardenfile.evidence.python_app.outline import outline
from hardenfile.evidence.python_app.words import matters
from tests.support.python_app import Files, of_kind, paths, read

DEEP = 20_000  # LibCST's native parser ends the process on each of the first ones


@pytest.mark.parametrize(
    "source",
    [
        "open(" * DEEP + ")" * DEEP,
        "open; x = " + "[" * DEEP + "]" * DEEP,
        "open; x = " + "{1: " * DEEP + "}" * DEEP,
        "open; x = 1" + " + 1" * DEEP,
        "open; x = " + "-" * DEEP + "1",
        "open; x = " + "not " * DEEP + "1",
        "open; x = a" + ".b" * DEEP,
        "open; x = a" + "(1, 2)" * DEEP,
        "open; x = " + "lambda a, b: " * DEEP + "1",
        "open; x = " + "1 if 1 else " * DEEP + "1",
        "open; x = " + "'a' " * DEEP,
        "open; x = [a " + "for a, b in c " * DEEP + "]",
        "open\nif 1: pass\n" + "elif 1: pass\n" * DEEP,
        "open\nmatch x:\n case " + "[" * 60 + "y" + "]" * 60 + ": pass",
    ],
    ids=range(14),
)
def test_a_source_nested_beyond_reason_is_not_parsed(source: str) -> None:
    application = read({"main.py": source})
    assert application.problems == ("main.py is nested too deep to be parsed",)
    assert not application.complete


@pytest.mark.parametrize(
    "source",
    [
        "open('/d', 'w')\nx = [" + "1, " * 5_000 + "]",
        "open('/d', 'w')\nx = {" + "'a': {'b': 1 + 2}, " * 1_000 + "}",
        "open('/d', 'w')\nx = a" + ".filter(b=1)" * 80,
        "open('/d', 'w')\nx = (" + "'a'\n" * 100 + ")",
        "".join(f"{' ' * depth}if 1:\n" for depth in range(60)) + " " * 60 + "open('/d', 'w')",
    ],
    ids=["list", "table", "chain", "text", "blocks"],
)
def test_a_long_source_is_no_deep_one(source: str) -> None:
    assert paths(read({"main.py": source})) == [("/d", False)]


@pytest.mark.parametrize(
    "source",
    [
        b"print 'Python 2'; open('/d', 'w')",
        b"except Exception, e: open('/d', 'w')",
        b"# -*- coding: klingon -*-\nopen('/d', 'w')",
        b"open('/d', 'w')\n\0",
        b"open('/d\xff', 'w')",
        bytes(range(256)) + b" open",
        b"open('/d', 'w'",
        b"<<<<<<< HEAD\nopen('/d', 'w')",
    ],
)
def test_a_source_that_does_not_parse_is_said(source: bytes) -> None:
    application = read({"main.py": "import broken", "broken.py": source})
    assert len(application.problems) == 1
    assert application.problems[0].startswith("broken.py does not parse as Python 3")
    assert application.findings == ()
    assert not application.complete


@pytest.mark.parametrize("source", ["", "\f", "\ufeffopen('/d', 'w')", "open('/d', 'w')\r\n", "open('/d', 'w')\r#"])
def test_odd_sources_that_are_fine(source: str) -> None:
    application = read({"main.py": source.encode()})
    assert application.complete
    assert paths(application) == ([("/d", False)] if "open" in source else [])


def test_a_source_in_another_encoding() -> None:
    source = "# -*- coding: latin-1 -*-\nopen('/d/é', 'w')".encode("latin-1")
    assert paths(read({"main.py": source})) == [("/d/é", False)]


def test_a_large_source_is_said_once_and_not_read() -> None:
    big = "open('/d', 'w')\n" * 70_000
    application = read({"main.py": "import big\nfrom big import x", "big.py": big, "other.py": "import big"})
    assert application.problems == ("big.py is larger than 1 MB and was not read",)
    assert not application.complete


class Unreadable(Files):
    """A tree in which one file cannot be read."""

    def read(self, path: str, limit: int = 1_000_000) -> bytes | None:
        return None if path.endswith("/secret.py") else super().read(path, limit)


def test_a_file_that_cannot_be_read_is_said() -> None:
    tree = Unreadable({"main.py": "import secret", "secret.py": ""})
    application = read_application(tree, ["python", "main.py"], workdir="/app", env={})
    assert application.problems[0] == "secret.py could not be read"
    assert not application.complete


@pytest.mark.parametrize(
    "source",
    [
        "class A(B): ...\nclass B(A): ...\nA().x.save('/d')\nopen(A().x, 'w')\nopen(A.x, 'w')",
        "class A(A): ...\nA().x.save('/d')\nopen(A.x, 'w')",
        "a = b\nb = a\nopen(a, 'w')\na.save('/d')",
        "p = p + '/x'\nopen(p, 'w')",
        "def f():\n    return f()\nopen(f(), 'w')\nf().save('/d')",
        "import subprocess\nx = x + ['a']\nsubprocess.run(x)",
        "import subprocess\nx = [x]\nsubprocess.run(x)",
        "from main import *\nopen(q, 'w')",
        "from main import q\nopen(q, 'w')\nq.save('/d')",
        "class A:\n    def f(self):\n        self.a = self.a\n        open(self.a, 'w')",
        "UPLOAD_FOLDER = app.config['UPLOAD_FOLDER']",
        "x = " + ".".join(["a"] * 200) + "\nopen(x, 'w')",
        "x = '/d'" + " + '/x'" * 150 + "\nopen(x, 'w')",
        "open('{' * 3 + '{0.x}{}{'.format(1, 2), 'w')\nopen('%' % 1, 'w')\nopen('%(a)s' % {}, 'w')",
    ],
)
def test_what_leads_back_to_itself_ends(source: str) -> None:
    application = read({"main.py": source})
    assert of_kind(application, "unknown") and not application.complete


LEAVES = "p x '/d' f'{x}/' __file__ None self.a app.config['A'] [] os Path (1)".split()
TEMPLATES = """
    open({1}, {2}) | {1} / {2} | {1} + {2} | f({1}, *{2}) | Path({1}).parent | {1}.save({2}) | ({1} or {2}) | '%s' % {1}
    | os.path.join({1}, {2}) | subprocess.run({1}, shell={2}) | '{}'.format({1}) | A({1}).x | {1}[{2}] | (lambda q: {1})
    | [{1} for x in {2}] | importlib.import_module({1}) | {1}.open({2}) | os.environ.get({1}, {2}) | f(**{1})
    | ({1} if x else {2}) | os.chdir({1}) | sock.bind(({1}, {2}))
"""
LINES = r"""
    import os, subprocess, importlib | from pathlib import Path | from a import * | from a import x | from . import b
    | x = {} | x, p = {}, 1 | self.a = {} | app.config['A'] = {} | UPLOAD_FOLDER = {} | x += {} | {} | del x
    | class A(B):\n    x = {} | class B(A): pass | def f(p, *q, r=1):\n    global x\n    x = {}\n    return {}
    | if __name__ == '__main__':\n    {} | try:\n    import a.gone\nexcept ImportError:\n    x = {}
    | with {} as p:\n    {} | for x in {}:\n    {} | match {}:\n    case [p, *x]: {} | @f({})\ndef g(): pass
"""


def pieces(text: str) -> list[str]:
    return [piece.strip().replace("\\n", "\n") for piece in text.split("|")]


EXPRESSIONS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.builds(
        lambda template, one, other: template.replace("{1}", f"({one})").replace("{2}", other),
        st.sampled_from(pieces(TEMPLATES)),
        inner,
        inner,
    ),
    max_leaves=8,
)
STATEMENTS = st.sampled_from(pieces(LINES))
SOURCES = st.lists(st.builds(lambda line, inner: line.replace("{}", inner), STATEMENTS, EXPRESSIONS), max_size=8)


@given(SOURCES.map("\n".join), SOURCES.map("\n".join))
@settings(max_examples=150, deadline=None)
def test_no_source_raises(main: str, other: str) -> None:
    application = read({"main.py": main, "a.py": other})
    assert isinstance(application, Application)
    assert not any("parse" in problem for problem in application.problems)


WORDS = st.sampled_from(
    "python gunicorn -m -c -b --bind :80 main main.py main:app env tini -- exec flask run --port celery -A beat $X -u"
    " uvicorn poetry uv debugpy --listen manage.py runserver = A=b - ''".split()
)


@given(st.lists(WORDS, max_size=8))
@settings(max_examples=200, deadline=None)
def test_no_command_raises(words: list[str]) -> None:
    tree = Files({"main.py": "", "manage.py": ""})
    assert isinstance(read_application(tree, words, workdir="/app", env={}), Application)


MODULE = textwrap.dedent(
    '''
    """open(
    """
    import (a); import b

    x = """
    open""" ; open("1")
    y = [
        open("2"),  # open(
        \\
        open("3"), f"""
        {open("4")}
        """, open("5"),
    ]

    @decorated(
        open("6")
    )
    class A:

        # open(

        def f(
            self,
            p=open("7"),
        ):
            return (
                open("8") if x
                else open("9")
            )
    if x: open("10"); open("11")
    while (open("12")): pass
    '''
).replace("import (a); ", "")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_those_that_libcst_itself_tells(newline: str) -> None:
    tree = libcst.parse_module(MODULE.replace("\n", newline).encode())
    wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    calls = outline(tree).calls
    assert len(calls) == 13
    assert [site.line for site in calls] == [positions[site.node].start.line for site in calls]


IMPORTS = '''
"""
import no
"""
import a, b.c as d, \\
    e
from . import f
from .import g as h, i
from ..j.k import (
    l,  # import no )
    m as n,
)
from o import *; import p  # import no
if 1: import q
def r():
    from s import t
x = "import no"; y = \'\'\'from no import no\'\'\'
z = """a
import no
"""
raise x from y
yield_from = 1
'''


def test_the_first_look_finds_the_imports_that_python_finds() -> None:
    expected: list[tuple[str, tuple[str, ...], int]] = []
    for node in ast.walk(ast.parse(IMPORTS)):
        if isinstance(node, ast.Import):
            expected += [(alias.name, (), node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            expected.append(("." * node.level + (node.module or ""), names, node.lineno))
    found = [(one.module, one.names, one.line) for one in skim.imports(IMPORTS)]
    assert sorted(found) == sorted(expected)
    assert not matters(IMPORTS)


def test_imports_are_followed_through_sources_that_are_not_parsed() -> None:
    application = read({"main.py": "from a import b", "a/b.py": "import c", "c.py": "open('/d', 'w')"})
    assert paths(application) == [("/d", False)]
    assert application.modules == 3


def test_equal_sources_are_parsed_once_with_a_cache() -> None:
    tree = Files({"main.py": "open('/d', 'w')", "same.py": "open('/d', 'w')"})
    cache: dict[bytes, object] = {}
    first = read_application(tree, ["python", "main.py"], workdir="/app", env={}, cache=cache)
    kept = list(cache.values())
    second = read_application(tree, ["python", "same.py"], workdir="/app", env={}, cache=cache)
    assert [id(source) for source in cache.values()] == [id(source) for source in kept]
    assert len(kept) == 1
    assert [finding.file for finding in (*first.findings, *second.findings)] == ["main.py", "same.py"]


def test_the_same_content_means_another_thing_in_another_place() -> None:
    source = "from pathlib import Path\nfrom .where import ROOT\n(Path(__file__).parent / ROOT / 'x').touch()"
    files = {"main.py": "import a.one, b.one", "a/one.py": source, "b/one.py": source}
    files |= {"a/where.py": "ROOT = 'p'", "b/where.py": "ROOT = 'q'"}
    assert paths(read(files)) == [("/app/a/p/x", False), ("/app/b/q/x", False)]


def test_libcst_is_not_loaded_before_an_application_is_read() -> None:
    code = "import sys, hardenfile.evidence.python_app; print('libcst' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
