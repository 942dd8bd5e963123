"""The commands of a stage's RUN lines, one by one, and which of them are setup that any stage could repeat."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.shell import read_shell
from hardenfile.dockerfile.shell_commands import Command
from hardenfile.dockerfile.stages import Stage, Value
from hardenfile.evidence.accounts import tool_of
from hardenfile.evidence.layout import Layout

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_LEFT_TO_SHELL = re.compile(r"[`*?\[~'\\]|\$\(|\$\{[^}]*[^\w}]")
_ONLY_HEREDOC = re.compile(r"<<-?\s*([\"']?)\w+\1\Z")
_SHELL_SCRIPT = re.compile(r"#!\s*(?:/usr/bin/env\s+|/(?:usr/)?bin/)(?:ba|da|a)?sh\b")


class Role(StrEnum):
    """What a command that no recogniser claims is for."""

    PACKAGES = "packages"
    ACCOUNT = "account"
    FILES = "files"
    NOTHING = "nothing"
    UNCLEAR = "unclear"


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One command of a RUN. `words` are None where only the shell would know; `cwd` and `user` where nobody does.

    `command` is None, and `why` says the reason, for a RUN that cannot be read as commands: JSON forms of one program
    are read. `text` is the command as written.
    """

    run: Instruction
    command: Command | None
    words: tuple[str | None, ...]
    cwd: str | None
    text: str = ""
    why: str = ""
    mounts: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """The program's name without its folder; empty where it is not known."""
        return posixpath.basename(self.words[0]) if self.words and self.words[0] else ""

    @property
    def arguments(self) -> tuple[str | None, ...]:
        """The words behind the program."""
        return self.words[1:]

    @property
    def always(self) -> bool:
        """Whether it runs in every build: at the top level, behind `&&` or `;`, its output piped at most."""
        command = self.command
        return command is None or (command.depth == 0 and command.before in ("", "&&", ";", "\n"))

    def path(self, word: str) -> str | None:
        """A path that the command names, made absolute."""
        if word.startswith("/"):
            return posixpath.normpath(word)
        return posixpath.normpath(posixpath.join(self.cwd, word)) if self.cwd is not None else None


def read_steps(stage: Stage, layout: Layout) -> tuple[Step, ...]:
    """The commands of all RUN lines of the stage itself, in order."""
    return tuple(step for run in stage.each("RUN") for step in _steps(run, stage, layout))


def _steps(run: Instruction, stage: Stage, layout: Layout) -> Iterator[Step]:
    cwd = layout.workdir_at(stage.before(run))
    mounts = tuple(flag.value or "" for flag in run.flags if flag.name == "mount")
    if run.json:
        yield Step(run, None, run.args, cwd, run.value, "", mounts)
        return
    source = _heredoc_script(run) if run.heredocs else run.value
    if source is None:
        yield Step(run, None, (), cwd, run.value, "it runs a heredoc", mounts)
        return
    script = read_shell(source) if run.heredocs else run.shell
    if script.refusal or stage.before(run).shell is not None:
        yield Step(run, None, (), cwd, run.value, script.refusal or "SHELL is not the usual one", mounts)
        return
    for command in script.commands:
        words = tuple(_value(word.value, word.joined, stage.env) for word in command.words)
        text = source[command.span.start : command.span.end]
        yield Step(run, command, words, cwd, text, "", mounts)
        if words[:1] == ("cd",):
            there = words[1] if len(words) == 2 else None
            sure = command.depth == 0 and command.before in ("", "&&", ";", "\n")
            cwd = _joined(cwd, there) if there is not None and sure else None


def _heredoc_script(run: Instruction) -> str | None:
    """The shell text of a RUN that is nothing but one heredoc; None for any other."""
    heredoc = run.heredocs[0]
    if len(run.heredocs) > 1 or not _ONLY_HEREDOC.match(run.value.strip()):
        return None
    text = re.sub(r"(?m)^\t+", "", heredoc.body) if heredoc.chomp else heredoc.body
    return text if not text.startswith("#!") or _SHELL_SCRIPT.match(text) else None


def _value(value: str | None, raw: str, env: Mapping[str, Value]) -> str | None:
    """The word with the variables filled in that ENV sets to what no build argument changes."""
    if value is not None:
        return value
    if len(raw) > 1 and raw[0] == raw[-1] == '"':
        raw = raw[1:-1]
    if _LEFT_TO_SHELL.search(raw) or '"' in raw:
        return None
    found = [env.get(match[1] or match[2]) for match in _VARIABLE.finditer(raw)]
    if not found or any(one is None or not one.known or one.by_default for one in found):
        return None
    return _VARIABLE.sub(lambda match: env[match[1] or match[2]].text, raw)


def _joined(cwd: str | None, there: str) -> str | None:
    if there.startswith("/"):
        return posixpath.normpath(there)
    return posixpath.normpath(posixpath.join(cwd, there)) if cwd is not None else None


_MANAGERS = frozenset(
    "apt apt-get aptitude apk dnf yum microdnf tdnf zypper dpkg rpm apt-key add-apt-repository".split()
)
_FILES = frozenset("mkdir chown chmod chgrp touch ln install".split())
_NOTHING = frozenset(
    "echo true : set cd printf export umask ls pwd cat which command test [ date env id whoami".split()
)
_VERSIONS = frozenset(("--version", "-version", "-v", "-V", "version"))


def role(step: Step) -> Role:
    """What a command is for, as far as every stack knows it."""
    if step.command is None and not step.words:
        return Role.UNCLEAR
    name = step.name
    if name in _MANAGERS:
        return Role.PACKAGES
    if step.command is not None and tool_of(step.command) is not None:
        return Role.ACCOUNT
    redirected = step.command is not None and any(">" in one.operator for one in step.command.redirects)
    if name in _NOTHING and not redirected:
        return Role.NOTHING
    if len(step.words) == 2 and step.words[1] in _VERSIONS and not redirected:
        return Role.NOTHING
    if name == "rm" and all(_is_cache(word) for word in _patterns(step)):
        return Role.NOTHING
    literal = all(word is not None for word in step.words)
    if name in _FILES and literal and not redirected:
        return Role.FILES
    return Role.UNCLEAR


_CACHE = re.compile(
    r"-\w+\Z|/var/(?:lib/apt/lists|cache)(?:/[\w.*/-]*)?\Z|(?:/root|~|\$HOME)/\.\w[\w/.-]*\Z|/(?:var/)?tmp/[\w.*/-]*\Z"
)


def _patterns(step: Step) -> Iterator[str]:
    """The arguments, as they are written where the shell would fill them in."""
    for at, word in enumerate(step.arguments, 1):
        yield word if word is not None else step.command.words[at].joined if step.command is not None else ""


def _is_cache(word: str) -> bool:
    return _CACHE.match(word) is not None
