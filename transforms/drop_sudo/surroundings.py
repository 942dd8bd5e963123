"""What sudo keeps from the command that it starts: variables, and another PATH."""

import posixpath
import re
from collections.abc import Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.shell import Command
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence

# Variables that change nothing in what a command leaves in an image.
_HARMLESS = re.compile(r"(?:DEBIAN_FRONTEND|DEBCONF_\w+|LANG|LANGUAGE|LC_\w+|TERM|TZ|HOSTNAME)\Z")
# Variables that even the plainest programs mind.
_MINDED = re.compile(r"(?:PATH|LD_\w+|HOME|TMPDIR|APT_CONFIG|POSIXLY_CORRECT|\w+_proxy|\w+_PROXY)\Z")
# Programs that do what their words say, whatever else is set.
_PLAIN = frozenset(
    "apt-get apt aptitude apt-key add-apt-repository dpkg dpkg-reconfigure apk yum dnf microdnf zypper rpm mkdir rmdir "
    "rm cp mv ln chmod chown chgrp touch tee cat ls tar unzip gunzip sed install find useradd adduser usermod userdel "
    "groupadd addgroup groupmod passwd chpasswd service update-ca-certificates update-alternatives locale-gen "
    "update-locale ldconfig a2enmod a2dismod a2ensite a2dissite sysctl truncate sync".split()
)
_SECURE = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# Commands that set variables for those behind them.
_EXPORTS = ("export", "declare", "typeset", ".", "source", "eval", "readonly")
_INTERPRETERS = re.compile(r"(?:ba|da|a|k|z)?sh\Z|(?:python|perl|ruby|node|php)[0-9.]*\Z")


def doubt(command: Command, run: Instruction, stage: Stage, evidence: Evidence) -> Iterator[str]:
    """A sentence where the command could do something else without sudo."""
    word = command.words[1].value or ""
    name = posixpath.basename(word)
    plain = name in _PLAIN
    row = evidence.base_image(stage)
    hidden = {name for name in _set_above(run, stage) if not _HARMLESS.match(name)}
    if not plain and row is not None:
        hidden |= {name for name, text in row.env if not _HARMLESS.match(name) and not _usual(name, text)}
    if plain:
        hidden = {name for name in hidden if _MINDED.match(name)}
    if not plain and row is None:
        yield f"which variables {stage.root.base.text} sets, and sudo keeps from {name}, is not known"
    if hidden:
        yield f"sudo keeps {', '.join(sorted(hidden))} from {name}, which may mind"
    exported = next((one for one in run.shell.commands if one.name in _EXPORTS and _matters(one, plain)), None)
    if exported is not None:
        yield f"{exported.name} in the same RUN may set variables that sudo keeps from {name}"
    if ("/" in word and not plain) or (_INTERPRETERS.match(name) and _asks(command)):
        yield f"{word} may ask for the variables that sudo sets"
    if any(one.name == "umask" for one in run.shell.commands):
        yield "sudo sets a umask of its own"


def _matters(exporting: Command, plain: bool) -> bool:
    """Whether what a command exports may change what one behind it does; the plainest programs mind little."""
    names = [(word.joined.partition("=")[0]) for word in exporting.arguments if not word.raw.startswith("-")]
    if exporting.name in ("export", "declare", "typeset", "readonly"):
        return any(_MINDED.match(name) or "$" in name if plain else not _HARMLESS.match(name) for name in names)
    return True


def _asks(command: Command) -> bool:
    """Whether an interpreter runs a file, or a text that names one of sudo's variables or that only the shell knows."""
    words = [word.value for word in command.words[2:]]
    if "-c" in words or "-m" in words:
        return any(word is None or "SUDO_" in word or "/" in word.partition(" ")[0] for word in words)
    return True


def _usual(name: str, text: str) -> bool:
    """Whether it is a PATH of no other folders than those that sudo looks in."""
    return name == "PATH" and all(folder in _SECURE for folder in text.split(":"))


def _set_above(run: Instruction, stage: Stage) -> Iterator[str]:
    """The variables that a RUN sees by ENV and ARG."""
    for part in stage.chain:
        for one in part.each("ENV", "ARG"):
            if one.begin > run.begin:
                continue
            if one.keyword == "ENV":
                yield from (name for name, _ in one.pairs())
            elif part is stage:
                yield from (word.partition("=")[0] for word in one.args)
