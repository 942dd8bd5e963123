"""Whom the image should run as: a user that is there already, or a new one by the tool that the base has."""

from dataclasses import dataclass
from typing import Protocol

from hardenfile.evidence.accounts import Accounts

from .survey import Survey

# Users and groups that distributions have from the start.
_USUAL_NAMES = (
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup adm tty "
    "disk dialout fax voice cdrom floppy tape sudo audio dip operator src shadow utmp video sasl plugdev staff users "
    "wheel kmem input kvm render netdev ping guest ftp http squid sshd ntp smmsp halt shutdown cron lock".split()
)


@dataclass(frozen=True, slots=True)
class Account:
    """`user` is what USER gets. `tool` creates the account: "useradd", "busybox", or "" where nothing has to."""

    user: str
    tool: str
    name: str
    uid: int
    gid: int
    facts: tuple[str, ...]

    @property
    def numbered(self) -> bool:
        """Whether USER gets numbers."""
        return self.user[:1].isdigit()


class Wishes(Protocol):
    """The options that an account depends on."""

    @property
    def uid(self) -> int: ...
    @property
    def gid(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def reuse(self) -> bool: ...


def choose_account(survey: Survey, wishes: Wishes) -> Account:
    """The user that the file creates, else the image's own, else a new one, else bare numbers."""
    own = _of_the_file(survey)
    if own is not None:
        return own
    image = survey.image
    if image is None:
        numbers = f"{wishes.uid}:{wishes.gid}"
        return Account(
            numbers, "", "", wishes.uid, wishes.gid, ("the base image is not known, so no tool of it is used",)
        )
    if image.app_user is not None and wishes.reuse and not survey.accounts.unclear:
        user = image.app_user
        numbers = f"{user.uid}:{user.gid}"
        fact = f"{image.name} has the user {user.name} ({numbers}) to run applications as"
        return Account(numbers, "", user.name, user.uid, user.gid, (fact,))
    taken = survey.accounts.numbers()
    uid = _free(wishes.uid, taken | set(image.taken_uids))
    gid = _free(wishes.gid, taken | set(image.taken_gids))
    known = [*_USUAL_NAMES, *([image.app_user.name] if image.app_user is not None else [])]
    name = _free_name(wishes.name, survey.accounts, known)
    numbers = f"{uid}:{gid}"
    if not image.user_tool or not image.shell:
        return Account(numbers, "", "", uid, gid, (f"{image.name} has no tool to create a user; numbers need none",))
    fact = f"{image.name} creates users with {'adduser' if image.user_tool == 'busybox' else 'useradd'}"
    return Account(numbers, image.user_tool, name, uid, gid, (fact,))


def _of_the_file(survey: Survey) -> Account | None:
    users = survey.accounts.users
    if len(users) != 1 or not users[0].sure or users[0].uid == 0:
        return None
    user = users[0]
    gid = survey.accounts.gid_of(user)
    name = f"{user.uid}:{gid}" if user.uid is not None and gid is not None else user.name
    fact = f"line {user.line} creates the user {user.name}"
    return Account(name, "", user.name, user.uid or 0, gid or 0, (fact,))


def _free(number: int, taken: set[int]) -> int:
    while number in taken:
        number += 1
    return number


def _free_name(name: str, accounts: Accounts, known: list[str]) -> str:
    names = {*known, *(one.name for one in (*accounts.users, *accounts.groups))}
    free, number = name, 2
    while free in names:
        free, number = f"{name}{number}", number + 1
    return free
