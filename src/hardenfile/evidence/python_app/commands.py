"""Other programs that the application runs: which need root, which write, which are not known."""

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from .model import Finding
from .reading import Here
from .rules import ASYNC_SHELL, EXECUTORS, RUNNERS, SHELLS
from .syntax import argument
from .values import HOLE, Value

_ROOT = frozenset(
    "sudo su apt apt-get apk yum dnf microdnf dpkg rpm chown chgrp mount umount iptables ip6tables nft service"
    " systemctl useradd adduser usermod userdel groupadd addgroup chroot sysctl modprobe swapon".split()
)
_INSTALLERS = frozenset({"pip", "pip3", "npm", "gem"})
_EVERY_WORD = frozenset({"mkdir", "touch", "rm", "rmdir", "tee", "truncate"})  # they write each path they are given
_LAST_WORD = frozenset({"cp", "mv", "ln", "install"})
_SHELLS = frozenset({"sh", "bash", "ash", "dash"})
_PREFIXES = frozenset({"exec", "env", "nohup", "nice", "setsid", "command", "time"})
_SEPARATORS = frozenset({"&&", "||", ";", "|", "&", "|&", "(", ")"})
_PYTHON = re.compile(r"(?:python|pypy)(?:\d+(?:\.\d+)*)?")


@dataclass(frozen=True, slots=True)
class Run:
    """One program that gets run: its words with holes, and the files that a shell opens for its output."""

    words: tuple[str, ...]
    outputs: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        return posixpath.basename(self.words[0]) if self.words else ""

    @property
    def is_python(self) -> bool:
        return _PYTHON.fullmatch(self.program) is not None


def runs(here: Here, call: cst.Call, dotted: str) -> list[Run] | None:
    """The programs that a call runs; None where it runs none. A program that is not known has a hole for its name."""
    if dotted in SHELLS or dotted == ASYNC_SHELL:
        node = call.args[0].value if call.args and not call.args[0].star else None
        return _in_shell(here.value(node) if node is not None else None)
    if dotted in EXECUTORS:
        return [_plain(_given_words(here, call, EXECUTORS[dotted]))]
    if dotted not in RUNNERS:
        return None
    node = argument(call, 0, "args")
    if node is None:
        return [Run((HOLE,))]
    shell = argument(call, 99, "shell")
    items = _items(here, node)
    if items is not None:
        return [_plain(items)]
    value = here.value(node)
    if shell is not None and not (isinstance(shell, cst.Name) and shell.value == "False"):
        return _in_shell(value)
    return [_plain([value.text.split()[0]] if value is not None and value.text.split() else [HOLE])]


def _given_words(here: Here, call: cst.Call, first: int) -> list[str]:
    nodes = [arg for arg in call.args if arg.keyword is None][first:]
    if len(nodes) == 1 and not nodes[0].star:
        return _items(here, nodes[0].value) or [_text(here, nodes[0].value)]
    return [HOLE if arg.star else _text(here, arg.value) for arg in nodes] or [HOLE]


def _text(here: Here, node: cst.BaseExpression) -> str:
    value = here.value(node)
    return value.text if value is not None else HOLE


def _items(here: Here, node: cst.BaseExpression) -> list[str] | None:
    """The words of a list, also one that was given a name before; what is added behind it may be anything."""
    match node:
        case cst.List(elements=elements) | cst.Tuple(elements=elements):
            return [HOLE if isinstance(e, cst.StarredElement) else _text(here, e.value) for e in elements]
        case cst.BinaryOperation(left=left, operator=cst.Add()):
            items = _items(here, left)
            return [*items, HOLE] if items is not None else None
        case cst.Name(value=name):
            found = here.fold.names.bindings(name, here.place)
            assigned = [binding.value for binding in found[0] if binding.value is not None] if found is not None else []
            value = assigned[0] if len(assigned) == 1 else None
            if isinstance(value, cst.BinaryOperation):
                value = value.left  # once: a name may be built from itself
                return [*(_items(here, value) or ()), HOLE] if isinstance(value, cst.List) else None
            return _items(here, value) if isinstance(value, (cst.List, cst.Tuple)) else None
    return None


def _plain(words: list[str]) -> Run:
    """The command proper, without what stands before it to change how it runs."""
    rest = list(words)
    while len(rest) > 1 and (
        posixpath.basename(rest[0]) in _PREFIXES or re.match(r"\w+=", rest[0]) or rest[0][:1] == "-"
    ):
        rest.pop(0)
    return Run(tuple(rest))


def _in_shell(value: Value | None) -> list[Run]:
    """The simple commands of a shell's text. An unknown part is taken to be arguments, never another command."""
    if value is None or value.text.startswith(HOLE):
        return [Run((HOLE,))]
    lexer = shlex.shlex(value.text.replace("\n", " ; "), posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[Run] = []
    words: list[str] = []
    outputs: list[str] = []
    try:
        tokens = [*lexer, ";"]
    except ValueError:
        return [Run((HOLE,))]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token in _SEPARATORS:
            if words:
                found.append(Run(_plain(words).words, tuple(outputs)))
            words, outputs = [], []
        elif set(token) <= set("<>&|") and token:
            target = tokens[position] if position < len(tokens) else HOLE
            position += 1
            if ">" in token and not target.isdigit() and target != "-":
                outputs.append(target)
            if words and words[-1].isdigit():
                words.pop()  # the number of the stream, as in `2> file`
        else:
            words.append(token)
    return found


def run_findings(here: Here, run: Run, what: str) -> Iterator[Finding]:
    """What running one program means for a user without rights.

    What a program of a known name writes is not followed, but for the few whose arguments say it. A program whose name
    is not known may be any of them, so it is reported as unknown.
    """
    for output in run.outputs:
        yield from here.written(Value(output), f"{what}: output to a file")
    program, words = run.program, list(run.words[1:])
    paths = [word for word in words if not word.startswith("-")]
    if program in _SHELLS and "-c" in words and words.index("-c") + 1 < len(words):
        for inner in _in_shell(Value(words[words.index("-c") + 1])):
            yield from run_findings(here, inner, what)
    elif HOLE in program or not program:
        yield here.finding("unknown", f"{what}: runs a program that is not known here")
    elif run.is_python and words[:1] == ["-m"] and words[1:2] in (["pip"], ["ensurepip"]):
        yield here.finding("root", f"{what}: installs packages")
    elif run.is_python and words[:1] and HOLE in words[0]:
        yield here.finding("unknown", f"{what}: runs Python code that is not known here")
    elif program in _ROOT:
        yield here.finding("root", f"{what}: {program}")
    elif program in _INSTALLERS and "install" in words:
        yield here.finding("root", f"{what}: installs packages")
    elif program in _EVERY_WORD or program in _LAST_WORD:
        for path in paths if program in _EVERY_WORD else paths[-1:]:
            yield from here.written(Value(path), f"{what}: {program}", directory=program in ("mkdir", "rmdir"))
