"""What a container of the image starts: ENTRYPOINT and CMD put together, wrappers and scripts looked through."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.shell import read_shell
from hardenfile.dockerfile.stages import Stage

from .configs import package_script, script_texts
from .layout import Layout
from .python_app.model import Finding
from .scripts import command_ports, script_findings
from .wrappers import behind_options, handed_on, is_wrapper

if TYPE_CHECKING:
    from .images import BaseImage

_SHELLS = ("sh", "bash", "ash", "dash", "zsh")
_INTERACTIVE = frozenset(
    "sh bash ash dash zsh python python2 python3 node irb php jshell ghci iex erl swift R julia sbt lua "
    "docker-entrypoint.sh docker-php-entrypoint /__cacert_entrypoint.sh -a".split()
)
_ALL_ARGUMENTS = ('"$@"', "$@", '"${@}"', "${@}", "$*", '"$*"')
_DROPPERS = re.compile(r"^[^#\n]*\b(gosu|su-exec|setpriv|runuser|chpst|s6-setuidgid)\b", re.MULTILINE)
_FOLDERS = ("/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin")
_INTERPRETER = re.compile(r"(?:python|perl|ruby|node|nodejs|php|java)[0-9.]*\Z")
# Commands that leave what a script says as it is; sed does when it takes carriage returns away.
_LEAVES_TEXT = frozenset("chmod chown chgrp ls test [ cat echo mkdir ln dos2unix cp stat file rm".split())
_LINE_ENDS = re.compile(r"s[/|]\\r\$?[/|]{2}")
_SCRIPT_SIZE = 200_000  # bytes
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class StartCommand:
    """One command that runs at start; a word is None where it is only known at run time. `where` is for reports."""

    words: tuple[str | None, ...]
    where: str
    line: int | None = None

    @property
    def program(self) -> str | None:
        """The program's name without its folder; None where it is not known."""
        return posixpath.basename(self.words[0]) if self.words and self.words[0] else None


@dataclass(frozen=True, slots=True)
class Start:
    """All that runs when the container starts.

    `argv` is the command line where it is known as a whole, scripts not looked into. `unseen` says what could not be
    read (an entrypoint script, a base image's entrypoint, a dynamic command): with any, the start is not known.
    `scripts` are those of the context that were read whole.
    `nothing`: neither the file nor, as far as it is known, the base image starts anything but a shell.
    """

    argv: tuple[str, ...] | None
    commands: tuple[StartCommand, ...]
    unseen: tuple[str, ...]
    nothing: bool
    at: Instruction | None
    findings: tuple[Finding, ...] = ()
    scripts: tuple[str, ...] = ()


def read_start(stage: Stage, layout: Layout, image: "BaseImage | None") -> Start:
    """What the image of a stage starts. `image` is what is known of the image at the end of the FROM chain."""
    final = stage.final
    entrypoint, cmd = final.entrypoint, final.cmd
    reader = _Reader(stage, layout)
    if entrypoint is not None and not entrypoint.json:
        reader.shell(entrypoint.value, _where(entrypoint), entrypoint)
        return reader.result(None, nothing=not entrypoint.value, at=entrypoint)
    base_entrypoint = image.entrypoint if image is not None else None
    base_cmd = image.cmd if image is not None and not final.cmd_reset else None
    if entrypoint is None and base_entrypoint is None:
        reader.unseen.append("the base image's ENTRYPOINT is not known")
    if entrypoint is None and cmd is None:
        known = (*(base_entrypoint or ()), *(base_cmd or ()))
        nothing = base_entrypoint is None or _interactive(known)
        reader.command(known, "the base image's start command", None)
        return reader.result(known or None, nothing=nothing, at=None)
    head = entrypoint.args if entrypoint is not None else base_entrypoint or ()
    at = entrypoint or cmd
    if cmd is None and not head:
        tail: Sequence[str] = base_cmd or ()
    elif cmd is None:
        tail = () if entrypoint is not None else base_cmd or ()
    elif cmd.json:
        tail = cmd.args
    else:
        if head and not _passes_on(head):
            reader.command((*head, "/bin/sh", "-c", cmd.value), _where(entrypoint or cmd), at)
        else:
            reader.shell(cmd.value, _where(cmd), cmd)
        return reader.result(None, nothing=not cmd.value and not head, at=at)
    argv = (*head, *tail)
    reader.command(argv, _where(at) if at is not None else "start", at)
    return reader.result(argv or None, nothing=_interactive(argv), at=at)


def _interactive(argv: Sequence[str]) -> bool:
    """Whether nothing but a shell or a language's prompt is started."""
    return all(posixpath.basename(word) in _INTERACTIVE or word in _INTERACTIVE for word in argv)


def _passes_on(head: Sequence[str]) -> bool:
    return is_wrapper(head[0])


def _where(at: Instruction) -> str:
    return f"{at.keyword} in line {at.first_line}"


class _Reader:
    def __init__(self, stage: Stage, layout: Layout) -> None:
        self.stage = stage
        self.layout = layout
        self.workdir = layout.workdir_at(stage.final)
        self.commands: list[StartCommand] = []
        self.unseen: list[str] = []
        self.findings: list[Finding] = []
        self.inner = 0  # commands that a package manager's script brings
        self.scripts: set[str] = set()
        self.read: list[str] = []

    def result(self, argv: Sequence[str] | None, *, nothing: bool, at: Instruction | None) -> Start:
        whole = tuple(argv) if argv is not None else None
        if (
            whole is None
            and len(self.commands) - self.inner == 1
            and all(word is not None for word in self.commands[0].words)
        ):
            whole = tuple(word for word in self.commands[0].words if word is not None)
        unseen, findings = tuple(dict.fromkeys(self.unseen)), tuple(dict.fromkeys(self.findings))
        return Start(whole, tuple(self.commands), unseen, nothing, at, findings, tuple(self.read))

    def command(self, words: Sequence[str | None], where: str, at: Instruction | None, depth: int = 0) -> None:
        """A command and what it starts in turn."""
        words = tuple(words)
        if not words:
            return
        self.commands.append(StartCommand(words, where, at.first_line if at else None))
        if depth == 0:
            ports = command_ports(words)
            self.findings += (Finding("port", None, False, one, f"names port {one}", "", 0) for one in ports)
        program = words[0]
        if program is None:
            self.unseen.append(f"{where} runs a command that only the run knows")
            return
        name = posixpath.basename(program)
        inner = handed_on(words)
        if name == "docker-entrypoint.sh" and not self._brought(program):
            inner = behind_options(words[1:])  # the base image's own; one that steps down from root is in its row
        if inner is not None:
            self.command(inner, where, at, depth)
        elif name in (".", "source"):
            self._sourced(words[1:], where, at, depth)
        elif name == "cd":
            self._moved(words[1:])
        elif name == "trap" and words[1:2] and words[1] is not None and depth < _DEPTH:
            self.shell(words[1], where, at, depth + 1)
        elif name in ("eval", "trap"):
            self.unseen.append(f"{where} evaluates a text")
        elif _INTERPRETER.match(name):
            self._interpreted(words[1:], where, at)
        elif name in _SHELLS:
            self._shell_words(words[1:], where, at, depth)
        elif not self._package_script(words, where, at, depth):
            self._script(program, where, at, depth, words[1:])

    def shell(
        self,
        text: str,
        where: str,
        at: Instruction | None,
        depth: int = 0,
        given: Sequence[str | None] = (),
        file: str = "",
        line: int | None = None,
    ) -> None:
        """The text of a shell form or a script, `file`; `given` are its arguments, `line` is where it stands there."""
        script = read_shell(text)
        if script.refusal:
            self.unseen.append(f"{where} could not be read: {script.refusal}")
            # What steps down from root shows even in a text that cannot be read command by command.
            dropper = _DROPPERS.search(text)
            if dropper is not None:
                self.commands.append(StartCommand((dropper[1],), where, at.first_line if at else None))
            return
        self.findings += script_findings(script, file, text, line if file else 0)
        for command in script.commands:
            words: list[str | None] = []
            for word in command.words:
                words += given if word.raw in _ALL_ARGUMENTS else (word.value,)
            if words[:1] == ["set"] and "--" in words:
                self.unseen.append(f"{where} changes its own arguments")
                self.commands.append(StartCommand(tuple(words[words.index("--") + 1 :]), where))
            self.command(words, where, at, depth + 1)

    def _shell_words(self, words: Sequence[str | None], where: str, at: Instruction | None, depth: int) -> None:
        """`sh -c TEXT`, `sh SCRIPT`."""
        skip = False
        for index, word in enumerate(words):
            if word is None:
                self.unseen.append(f"{where} runs a script that only the run knows")
                return
            if skip:
                skip = False
                continue
            skip = word[:1] in ("-", "+") and word[-1:] in ("o", "O") and not word.startswith("--")
            if word.startswith("-") and "c" in word.lstrip("-") and not word.startswith("--"):
                text = words[index + 1] if index + 1 < len(words) else None
                if text is None:
                    self.unseen.append(f"{where} runs a text that only the run knows")
                elif depth < _DEPTH:
                    self.shell(text, where, at, depth + 1)
                return
            if not word.startswith(("-", "+")):
                self._script(word, where, at, depth, words[index + 1 :], shell=True)
                return

    def _sourced(self, words: Sequence[str | None], where: str, at: Instruction | None, depth: int) -> None:
        """A script that is read into the one that runs."""
        if words and words[0] is not None:
            self._script(words[0], where, at, depth, words[1:], shell=True)
        else:
            self.unseen.append(f"{where} reads a script that only the run knows")

    def _interpreted(self, words: Sequence[str | None], where: str, at: Instruction | None) -> None:
        """The file that an interpreter is given, which may be a program that needs root."""
        words = words[1:] if words[:1] == ("-jar",) else words
        if words and words[0] is not None and words[0].startswith("/"):
            self.commands.append(StartCommand(tuple(words), where, at.first_line if at else None))

    def _brought(self, program: str) -> bool:
        """Whether the file itself puts a program of that name into the image, seen or not."""
        places = (program,) if "/" in program else tuple(f"{folder}/{program}" for folder in _FOLDERS)
        return any(self.layout.fills(place) for place in places if place.startswith("/"))

    def _moved(self, words: Sequence[str | None]) -> None:
        """What cd makes the working directory; None where that is not known."""
        target = words[0] if words else None
        if target is None or (not target.startswith("/") and self.workdir is None):
            self.workdir = None
        else:
            self.workdir = posixpath.normpath(posixpath.join(self.workdir or "/", target))

    def _path(self, program: str) -> str | None:
        if program.startswith("/"):
            return posixpath.normpath(program)
        if "/" not in program:
            return next((path for folder in _FOLDERS if self.layout.fills(path := f"{folder}/{program}")), None)
        return posixpath.normpath(posixpath.join(self.workdir, program)) if self.workdir is not None else None

    def _script(
        self,
        program: str,
        where: str,
        at: Instruction | None,
        depth: int,
        given: Sequence[str | None],
        shell: bool = False,
    ) -> None:
        """A script that the Dockerfile brings: read it. Anything else is a program of its own."""
        path = self._path(program if not shell or "/" in program else f"./{program}")
        looks_like_script = shell or program.endswith((".sh", ".bash", "entrypoint", "start", "run"))
        if path is None:
            if looks_like_script and ("/" in program or shell):
                self.unseen.append(f"{program}, which {where} starts, was not seen")
            return
        if path in self.scripts or depth > _DEPTH:
            return
        self.scripts.add(path)
        data = self.layout.read(path, _SCRIPT_SIZE)
        if data is None:
            if looks_like_script:
                self.unseen.append(f"{path}, which {where} starts, was not seen")
            return
        first, _, _ = data.partition(b"\n")
        if not shell and not (first.startswith(b"#!") and any(f"{name}".encode() in first for name in _SHELLS)):
            return
        changed = self._changed(path)
        if changed is not None:
            self.unseen.append(f"line {changed.first_line} may have changed {path}, which {where} starts")
            return
        text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        self.read.append(self.layout.source_of(path))
        source = self.layout.source_of(path)
        self.shell(text, source, at, depth + 1, given, source)

    def _changed(self, path: str) -> Instruction | None:
        """A RUN that names the script and may leave another text in it."""
        name = posixpath.basename(path)
        for part in self.stage.chain:
            for run in part.each("RUN"):
                if name not in run.logical and not any(name in heredoc.body for heredoc in run.heredocs):
                    continue
                if run.json or run.heredocs or run.shell.refusal:
                    return run
                for command in run.shell.commands:
                    text = run.value[command.span.start : command.span.end]
                    harmless = command.name in _LEAVES_TEXT or (command.name == "sed" and _LINE_ENDS.search(text))
                    if name in text and (not harmless or ">" in text):
                        return run
        return None

    def _package_script(self, words: Sequence[str | None], where: str, at: Instruction | None, depth: int) -> bool:
        """`npm start` and the like: what the package.json has for it. False for what is no such command."""
        asked = package_script(words)
        if asked is None:
            return False
        path = self._path(posixpath.join(asked.folder, "./package.json"))
        data = self.layout.read(path, _SCRIPT_SIZE) if path is not None else None
        texts = script_texts(data, asked) if data is not None else None
        if not path or texts is None:
            self.unseen.append(f"the package.json whose script {asked.name} {where} runs was not seen")
            return True
        source = self.layout.source_of(path)
        if not texts:
            self.unseen.append(f"{source} has no script {asked.name}, which {where} runs")
        before = len(self.commands) if not self.inner else None
        for one in texts:
            if (key := f"{path}#{one.name}") in self.scripts or depth > _DEPTH:
                continue
            self.scripts.add(key)
            self.shell(one.text, f"{source} ({one.name})", at, depth + 1, (), source, one.line)
        if before is not None:
            self.inner = len(self.commands) - before
        return True
