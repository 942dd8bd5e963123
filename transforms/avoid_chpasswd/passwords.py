"""Commands that set a password."""

import re
from collections.abc import Sequence

from hardenfile.dockerfile import Flag
from hardenfile.dockerfile.commands import Ran

_SECRET = re.compile(r"/run/secrets/")


def _flags(ran: Ran) -> Sequence[Flag]:
    return (ran.at.sub or ran.at).flags


def sets_password(ran: Ran) -> bool:
    """Whether a command gives an account a password; locking one, or taking it away, does not."""
    if _SECRET.search(ran.text) or any("mount" in str(flag) and "type=secret" in str(flag) for flag in _flags(ran)):
        return False  # it comes from a mount, and stands in no file
    if ran.name == "chpasswd":
        return True
    if ran.name == "passwd":
        return not {"-l", "-d", "--lock", "--delete", "-S"} & set(ran.arguments) and (
            "--stdin" in ran.arguments or ran.before in ("|", "|&")
        )
    if ran.name in ("useradd", "usermod"):
        words = list(ran.arguments)
        for at, word in enumerate(words):
            if word in ("-p", "--password"):
                return words[at + 1 : at + 2] not in (["*"], ["!"], [""])
            if word is not None and word.startswith("--password="):
                return word[len("--password=") :] not in ("*", "!", "")
    return False
