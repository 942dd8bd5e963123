"""Programs that start another one as the same user, and what they start."""

import posixpath
from collections.abc import Sequence

Words = Sequence[str | None]

# With the number of arguments of their own.
_WRAPPERS = {
    "exec": 0, "tini": 0, "dumb-init": 0, "catatonit": 0, "env": 0, "nice": 0, "time": 0, "command": 0, "nohup": 0,
    "docker-php-entrypoint": 0, "__cacert_entrypoint.sh": 0, "mvn-entrypoint.sh": 0, "timeout": 1,
}  # fmt: skip
# Options that take the next word.
_VALUES = {
    "env": ("-u", "--unset", "-C", "--chdir"), "exec": ("-a",), "nice": ("-n", "--adjustment"), "tini": ("-p", "-e"),
    "timeout": ("-k", "-s", "--kill-after", "--signal"), "time": ("-f", "-o"), "dumb-init": ("-r", "--rewrite"),
}  # fmt: skip
_XARGS_VALUES = ("-n", "-I", "-P", "-L", "-s", "-d", "-a", "-E")


def is_wrapper(program: str) -> bool:
    """Whether a program only starts what it is given."""
    return posixpath.basename(program) in _WRAPPERS


def handed_on(words: Words) -> Words | None:
    """The command that a command starts; None where it is no wrapper. Empty: it starts nothing."""
    program = words[0] if words else None
    if program is None:
        return None
    name = posixpath.basename(program)
    if name == "command" and words[1:2] and (words[1] or "").startswith(("-v", "-V")):
        return ()  # asks where a program is
    if name in _WRAPPERS:
        return behind_options(words[1:], _WRAPPERS[name], name == "env", _VALUES.get(name, ()))
    if name == "busybox":
        return words[1:]
    if name == "find":
        at = next((at for at, word in enumerate(words) if word in ("-exec", "-execdir", "-ok")), None)
        return () if at is None else words[at + 1 :]
    if name == "xargs":
        at = 1
        while at < len(words) and (words[at] or "").startswith("-"):
            at += 2 if words[at] in _XARGS_VALUES else 1
        return words[at:]
    return None


def behind_options(words: Words, skip: int = 0, assigns: bool = False, values: Sequence[str] = ()) -> Words:
    """What stands behind options (`values` take the next word), assignments and `--`, then behind `skip` more words."""
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            at += 1
            break
        if word is not None and (word.startswith("-") or (assigns and "=" in word)):
            at += 2 if word in values else 1
            continue
        break
    return words[at + skip :]
