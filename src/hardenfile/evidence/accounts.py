"""The users and groups that RUN instructions create, read from useradd, adduser, groupadd and addgroup."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.shell import Command, Script, Word
from hardenfile.dockerfile.stages import Stage

if TYPE_CHECKING:
    from .images import BaseImage

USER_TOOLS = ("useradd", "adduser")
# What changes accounts in ways that are not followed here.
_OTHER = re.compile(r"/etc/(?:passwd|group)\b|\b(?:userdel|deluser|delgroup|groupdel|usermod|groupmod|newusers|vipw)\b")
GROUP_TOOLS = ("groupadd", "addgroup")

# Commands whose result is asked for, not done: what stands behind their && may not run.
_ASKING = frozenset(("test", "[", "[[", "id", "getent", "grep", "which", "command", "type", "false", "egrep"))
# Options that take a value. shadow's useradd(8) and groupadd(8); BusyBox and Debian share adduser and addgroup.
_TAKES_VALUE = {
    "useradd": {
        *("-b", "-c", "-d", "-e", "-f", "-g", "-G", "-k", "-K", "-p", "-R", "-P", "-s", "-u", "-Z"),
        *("--base-dir", "--comment", "--home-dir", "--home", "--expiredate", "--inactive", "--gid", "--groups"),
        *("--skel", "--key", "--password", "--root", "--prefix", "--shell", "--uid", "--selinux-user"),
    },
    "groupadd": {"-g", "-K", "-p", "-R", "-P", "-U", "--gid", "--key", "--password", "--root", "--prefix", "--users"},
    "adduser": {
        *("-h", "-g", "-s", "-G", "-u", "-k", "-c", "-d", "-b", "-p", "-e", "-f"),
        *("--home", "--shell", "--uid", "--gid", "--ingroup", "--gecos", "--comment", "--conf", "--firstuid"),
        *("--lastuid", "--firstgid", "--lastgid", "--add_extra_groups", "--home-dir"),
    },
    "addgroup": {"-g", "--gid", "--conf", "--shell", "--firstgid", "--lastgid"},
}


@dataclass(frozen=True, slots=True)
class Account:
    """A user or group that the file creates. Numbers are None where the file does not fix them.

    `sure`: the command runs in every build, and all of it is literal. `group`: the primary group as named or numbered.
    """

    kind: str  # "user" or "group"
    name: str
    uid: int | None
    gid: int | None
    group: str | None
    home: str | None
    tool: str
    sure: bool
    instruction: Instruction
    command: Command

    @property
    def line(self) -> int:
        """The 1-based line of the command."""
        return self.instruction.line_of(self.instruction.split.rest.start + self.command.span.start)


@dataclass(frozen=True, slots=True)
class Accounts:
    """What a stage's chain creates. `unclear` are RUNs that create accounts in a way that cannot be read."""

    users: tuple[Account, ...]
    groups: tuple[Account, ...]
    unclear: tuple[Instruction, ...]

    def user(self, name: str) -> Account | None:
        """The last user of that name that the file creates."""
        return next((one for one in reversed(self.users) if one.name == name), None)

    def gid_of(self, user: Account) -> int | None:
        """The number of a user's primary group, where the file fixes it."""
        if user.gid is not None:
            return user.gid
        if user.group is None:
            return None
        return next((one.gid for one in reversed(self.groups) if one.name == user.group), None)

    def numbers(self) -> set[int]:
        """Every UID and GID that the file fixes."""
        return {number for one in (*self.users, *self.groups) for number in (one.uid, one.gid) if number is not None}


def read_accounts(stage: Stage, image: "BaseImage | None") -> Accounts:
    """The accounts that the stage and those it is FROM create; the base image says whose adduser it is."""
    busybox = image is not None and image.user_tool == "busybox"
    shadow = image is not None and image.family == "rpm"
    users: list[Account] = []
    groups: list[Account] = []
    unclear: list[Instruction] = []
    for one in stage.chain:
        for run in one.each("RUN"):
            texts = (run.logical, *(heredoc.body for heredoc in run.heredocs))
            if any(_OTHER.search(text) and "usermod -a" not in text for text in texts):
                unclear.append(run)
            if not any(tool in text for text in texts for tool in (*USER_TOOLS, *GROUP_TOOLS)):
                continue
            script = run.shell
            if run.json or run.heredocs or script.refusal:
                unclear.append(run)
                continue
            for command in script.commands:
                account = _account(run, command, _always_runs(command, script), busybox, shadow)
                if account is None:
                    continue
                (users if account.kind == "user" else groups).append(account)
                if not account.name:
                    unclear.append(run)
    return Accounts(
        tuple(one for one in users if one.name), tuple(one for one in groups if one.name), tuple(dict.fromkeys(unclear))
    )


def _always_runs(command: Command, script: Script) -> bool:
    """Whether a command runs in every build, and the build fails where it does."""
    if not script.flat or command.after == "||":
        return False
    at = script.commands.index(command)
    while script.commands[at].before in ("&&", "||"):
        if script.commands[at].before == "||" or (script.commands[at - 1].name or "") in _ASKING:
            return False
        at -= 1
    return script.commands[at].before in ("", ";", "\n")


def tool_of(command: Command) -> tuple[str, tuple[Word, ...]] | None:
    """The account tool that a command runs, sudo looked through, and its arguments."""
    words = command.words
    if words and words[0].value == "sudo":
        words = words[1:]
        while words and words[0].raw.startswith("-"):
            words = words[1:]
    name = (words[0].value or "").rpartition("/")[2] if words else ""
    return (name, words[1:]) if name in _TAKES_VALUE else None


def _account(run: Instruction, command: Command, always: bool, busybox: bool, shadow: bool) -> Account | None:
    found = tool_of(command)
    if found is None:
        return None
    tool, words = found
    if shadow:  # on RPM systems adduser is another name of useradd
        tool = {"adduser": "useradd", "addgroup": "groupadd"}.get(tool, tool)
    options, names = read_options(words, _TAKES_VALUE[tool])
    if tool in ("adduser", "addgroup") and len(names) > 1:
        return None  # puts a user that is there into a group
    name = names[0].value if names and names[0].value else ""
    sure = always and all(word.literal for word in words) and command.words[0].value != "sudo"
    if tool in GROUP_TOOLS or (
        tool == "adduser" and options.keys() & {"--group"} and not options.keys() & {"--system"}
    ):
        gid = _number(options, "-g", "--gid")
        return Account("group", name, None, gid, None, None, tool, sure, run, command)
    uid = _number(options, "-u", "--uid")
    keys = ("-G", "--ingroup", "--gid") if tool == "adduser" else ("-g", "--gid")
    group = next((value for key in keys if (value := _text(options, key)) is not None), None)
    gid = int(group) if group is not None and group.isdigit() else None
    if tool == "adduser" and busybox and group is None:
        # BusyBox makes a group of the user's own name and number, but puts a system user into nogroup.
        gid = 65533 if "-S" in options else uid
    home = (
        _text(options, "-h" if tool == "adduser" else "-d") or _text(options, "--home-dir") or _text(options, "--home")
    )
    return Account("user", name, uid, gid, group, home, tool, sure, run, command)


Options = dict[str, Word | None]


def read_options(words: Sequence[Word], takes_value: Iterable[str]) -> tuple[Options, list[Word]]:
    """Options by name with the word of their value, and the other words, as getopt reads them."""
    takes_value = set(takes_value)
    options: Options = {}
    rest: list[Word] = []
    queue: Iterator[Word] = iter(words)
    for word in queue:
        text = word.value if word.value is not None else word.raw
        if text == "--":
            rest += queue
        elif text.startswith("--"):
            name, equals, _ = text.partition("=")
            options[name] = (
                _tail(word, len(name) + 1) if equals else (next(queue, None) if name in takes_value else None)
            )
        elif text.startswith("-") and len(text) > 1:
            for at, letter in enumerate(text[1:], 1):
                option = f"-{letter}"
                if option not in takes_value:
                    options[option] = None
                    continue
                options[option] = _tail(word, at + 1) if text[at + 1 :] else next(queue, None)
                break
        else:
            rest.append(word)
    return options, rest


def _tail(word: Word, skip: int) -> Word:
    value = None if word.value is None else word.value[skip:]
    return Word(word.raw[skip:], word.span, value)


def _text(options: Options, name: str) -> str | None:
    word = options.get(name)
    return word.value if word is not None else None


def _number(options: Options, *names: str) -> int | None:
    for name in names:
        text = _text(options, name)
        if text is not None and text.isdigit():
            return int(text)
    return None
