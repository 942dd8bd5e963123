"""The commands that read_shell finds, against those that shfmt finds in the same texts."""

import json
import random
import re
import subprocess
import sysconfig
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hardenfile.dockerfile.shell import Script, read_shell

SHFMT = Path(sysconfig.get_path("scripts"), "shfmt")
NEWLINE_NEXT = re.compile(rb"(?:[ \t]|\\\n)*(?:#[^\n]*)?\n")
LISTS = {"Block": ("Stmts",), "Subshell": ("Stmts",), "WhileClause": ("Cond", "Do"), "ForClause": ("Do",)}


class Seen(NamedTuple):
    """A command as either side sees it."""

    assignments: tuple[str, ...]
    words: tuple[str, ...]
    redirects: tuple[tuple[str, str], ...]
    before: str
    after: str
    depth: int


class Tree:
    """Flattens shfmt's syntax tree to commands, leaving substitutions out."""

    def __init__(self, source: bytes, dialect: str) -> None:
        self.source = source
        self.dialect = dialect

    def read(self, statements: list[Any]) -> tuple[list[Seen], bool]:
        self.seen: list[Seen] = []
        self.flat = True
        self._list(statements, 0)
        return self.seen, self.flat

    def _raw(self, node: Any) -> str:
        raw = self.source[node["Pos"]["Offset"] : node["End"]["Offset"]].decode()
        while raw.endswith("\\\n"):  # shfmt takes it to the word after some words and not after others
            raw = raw[:-2]
        return raw

    def _list(self, statements: list[Any], depth: int) -> None:
        before = ""
        for statement in statements:
            if "Semicolon" in statement:
                at = statement["Semicolon"]["Offset"]
                after = self.source[at : at + 1].decode()
            else:
                after = "\n" if NEWLINE_NEXT.match(self.source, statement["End"]["Offset"]) else ""
            self._statement(statement, before, after, depth)
            before = after

    def _statement(self, statement: Any, before: str, after: str, depth: int) -> None:
        self.flat = self.flat and not statement.get("Negated")
        redirects = tuple(
            (one.get("N", {}).get("Value", "") + one["Op"], self._raw(one["Word"]))
            for one in statement.get("Redirs", ())
        )
        command = statement.get("Cmd") or {"Type": "CallExpr"}
        kind = command["Type"]
        if kind in ("CallExpr", "DeclClause", "TestClause"):
            assignments = tuple(self._raw(one) for one in command.get("Assigns", ()))
            self.seen.append(Seen(assignments, self._words(command), redirects, before, after, depth))
        elif kind == "BinaryCmd":
            self._statement(command["X"], before, command["Op"], depth)
            self._statement(command["Y"], command["Op"], after, depth)
        else:
            self.flat = False
            self._compound(command, before, after, depth)

    def _words(self, command: Any) -> tuple[str, ...]:
        if command["Type"] == "TestClause":
            return ("[[", self._raw(command))
        declares = [command["Variant"]["Value"]] if "Variant" in command else []
        return (*declares, *(self._raw(one) for one in command.get("Args", ())))

    def _compound(self, command: Any, before: str, after: str, depth: int) -> None:
        kind = command["Type"]
        if kind == "TimeClause":
            self._statement(command["Stmt"], before, after, depth)
        elif kind == "FuncDecl":
            self._statement(command["Body"], "", "", depth)
        elif kind == "CaseClause":
            for item in command.get("Items", ()):
                self._list(item.get("Stmts", []), depth + 1)
        elif kind == "IfClause":
            while command:
                self._list(command.get("Cond", []), depth + 1)
                self._list(command["Then"], depth + 1)
                command = command.get("Else")
        else:
            for part in LISTS[kind]:
                self._list(command[part], depth + 1)


def shfmt(texts: list[str], dialect: str) -> list[tuple[list[Seen], bool] | str]:
    """What shfmt sees in each text, or why it refuses it. All go in as one file; one call more for each refusal."""
    answers: list[tuple[list[Seen], bool] | str] = [""] * len(texts)
    left = list(range(len(texts)))
    while True:
        parts = [texts[index].encode() + b"\n" for index in left]
        source = b"".join(parts)
        done = subprocess.run([SHFMT, "--to-json", "-ln", dialect], input=source, capture_output=True)
        if not done.returncode:
            break
        error = re.match(rb"(?:<.*?>:)?(\d+):\d+: (.*)", done.stderr)
        assert error, done.stderr
        refused = bisect_right(running_sum(part.count(b"\n") for part in parts), int(error[1]) - 1) - 1
        answers[left.pop(refused)] = error[2].decode()
    groups: list[list[Any]] = [[] for _ in left]
    starts = running_sum(map(len, parts))
    for statement in json.loads(done.stdout).get("Stmts", ()):
        groups[bisect_right(starts, statement["Pos"]["Offset"]) - 1].append(statement)
    tree = Tree(source, dialect)
    for index, group in zip(left, groups, strict=True):
        answers[index] = tree.read(group)
    return answers


def running_sum(numbers: Iterator[int]) -> list[int]:
    sums = [0]
    for number in numbers:
        sums.append(sums[-1] + number)
    return sums[:-1]


def ours(text: str, script: Script, dialect: str) -> tuple[list[Seen], bool]:
    seen = []
    for command in script.commands:
        words = tuple(word.raw for word in command.words)
        if words[:1] == ("[[",) and dialect == "bash":
            words = ("[[", text[command.words[0].span.start : command.words[-1].span.end])
        redirects = tuple((one.operator, one.target.raw) for one in command.redirects)
        assignments = tuple(one.raw for one in command.assignments)
        seen.append(Seen(assignments, words, redirects, command.before, command.after, command.depth))
    if seen and script.commands[-1].after == "" and script.commands[-1].depth == 0:
        seen[-1] = seen[-1]._replace(after="\n")  # shfmt gets a newline behind each text
    return seen, script.flat


NAMES = ("a", "apt-get", "./run.sh", "'q r'", '"$x"', "[", "echo", "x-$y", "\\a", "é", "$(a)")
BARE = r"""b install -y --flag=x /usr/bin/x $x ${x:-y} ${x#'}'} `a` \; \( *.txt [ab]? ~/x {a,b} {} -- a=b
    'it'\''s' $? "$@" $$ $ "a\$b" '#' a#b ! then ] ]] : { } 2 '$' \\"""
WORDS = (
    *(*BARE.split(), "'q r'", '"d q"', '"d $x"', '"${x:-"y z"}"', "$(a b)", '"$(a "b" | c)"', "$(a; (b))", "a\\ b"),
    *("$(case x in a) b;; esac)", "`a b`", '"`a \\"b\\"`"', "c\\\nd", "e=\\\n", "'f\ng'"),
)
BASH_WORDS = ("<<<a", "<<< 'b c'", "<(a b)", ">(c)", "$'a b'", '$"a b"', "${x/a/b}", "${x^^}")
NUMBERS = ("${#x}", "$((1+2))", '"$(( (x) * 2 ))"')
BASH_NUMBERS = ("${x:0:2}", "${x[1]}", '"${x: -1}"')
REDIRECTS = ("> f", ">f", "2>/dev/null", "2>&1", ">&2", ">> 'f g'", "<f", "<&-", ">|f", "<> f", '> "$f"')
ASSIGNMENTS = ("x=1", "x=", "y=$(a b)", "y='a b'", 'PATH="/x:$PATH"')
OPERATORS = ("; ", " && ", "&&", " || ", " | ", " & ", "\n", "\n\n", " &&\n", ";", "|")
BREAKS = (" # note\n", ";#\n", " | \\\n ")
TESTS = ("[[ -f a ]]", "[[ $x == a* ]]", "[[ ! -z $x ]]", "[[ $x =~ ^a ]]", "[[ $x ]]")


class Writer:
    """Writes shell texts at random; the same ones for the same seed."""

    def __init__(self, seed: int, bash: bool, whole: bool = True) -> None:
        self.random = random.Random(seed)
        self.bash = bash
        self.words = WORDS + BASH_WORDS * bash + NUMBERS * whole + BASH_NUMBERS * (bash and whole)
        self.operators = OPERATORS + (" |& ",) * bash + BREAKS * whole

    def some(self, choices: tuple[str, ...], most: int) -> str:
        return " ".join(self.random.choice(choices) for _ in range(self.random.randint(0, most)))

    def simple(self) -> str:
        if self.bash and self.random.random() < 0.05:
            return self.random.choice(TESTS)
        parts = [self.random.choice(NAMES), self.some(self.words, 4), self.some(REDIRECTS, 1), self.some(self.words, 1)]
        if self.random.random() < 0.2:
            parts.insert(0, self.some(ASSIGNMENTS, 2))
        return " ".join(part for part in parts if part)

    def compound(self, depth: int) -> str:
        inner = [self.list(depth - 1) for _ in range(3)]
        forms = [
            "( {}); ",
            "( {}\n) > f",
            "{{ {}; }} 2>&1",
            "{{\n{}\n}}",
            "if {}; then {}; fi",
            "if {}\nthen\n{}; else {}; fi",
            "if {}; then {}; elif {}; then a; fi < f",
            "while {}; do {}; done",
            "until {}\ndo {}\ndone",
            "for x in 1 \"$y\" 'do'; do {}; done",
            "for x in; do {}; done",
            "for x do {}; done",
            "for x; do\n{}\ndone",
            "case $x in a|'b c') {};; (*) {} ;; esac",
            "case x in\n a) {}\n;;\n b) ;;\nesac",
        ]
        if self.bash:
            forms.append("case x in a) {};& b) {};;& esac")
        return self.random.choice(forms).format(*inner).removesuffix("; ")

    def list(self, depth: int = 2) -> str:
        text, operator = "", ""
        for _ in range(self.random.choice((1, 1, 2, 3))):
            if self.random.random() < 0.05 and "|" not in operator:
                text += self.random.choice(("! ", "time ", "! time ") if self.bash else ("! ",))
            text += self.compound(depth) if depth and self.random.random() < 0.3 else self.simple()
            operator = self.random.choice(self.operators)
            text += operator
        return text + self.simple()

    def damaged(self, text: str) -> str:
        """The text with something cut out, doubled or put in."""
        at = self.random.randrange(len(text) + 1)
        width = self.random.randint(1, 4)
        inserted = self.random.choice((*"'\"\\$`(){}[];&|<>! \n", "fi", "done ", "${", "$(", "))", "do ", text[:width]))
        return self.random.choice((text[:at] + text[at + width :], text[:at] + inserted + text[at:]))


@pytest.mark.parametrize("dialect", ["bash", "posix"])
def test_the_commands_are_those_that_shfmt_finds(dialect: str) -> None:
    writer = Writer(1, dialect == "bash")
    texts = [writer.list() for _ in range(250)]
    scripts = [read_shell(text, ()) for text in texts]
    assert [(text, one.refusal) for text, one in zip(texts, scripts, strict=True) if one.refusal] == []
    for text, script, theirs in zip(texts, scripts, shfmt(texts, dialect), strict=True):
        assert (text, ours(text, script, dialect)) == (text, theirs)


def test_damaged_texts_are_read_as_shfmt_reads_them_or_refused() -> None:
    # shfmt goes its own ways with broken arithmetic, and with a # or a line's end inside a word
    writer = Writer(2, bash=True, whole=False)
    texts = [writer.damaged(writer.list(1)) for _ in range(700)]
    read = [(text, script) for text in texts if not (script := read_shell(text, ())).refusal]
    assert 250 < len(read) < 550
    for (text, script), theirs in zip(read, shfmt([text for text, _ in read], "bash"), strict=True):
        assert (text, ours(text, script, "bash")) == (text, theirs)
