"""Fixed numbers for a user and its group, put into the commands that create them."""

import re
from typing import NamedTuple

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.errors import RewriteRejected
from hardenfile.evidence.accounts import Account, Accounts
from hardenfile.evidence.images import BaseImage
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import replace

_NUMBER = re.compile(r"(?:chown\b[^&|;\n]*?[\s=]|--chown=|\buid=|\bgid=|^USER\s+)([1-9]\d*)", re.IGNORECASE)


class Numbered(NamedTuple):
    """The edits that fix the numbers, and the numbers."""

    edits: tuple[Edit, ...]
    uid: int
    gid: int


def numbers_used(document: Document) -> Instruction | None:
    """An instruction that names an owner by number, which may be the one that an account got by itself."""
    for one in document.instructions:
        texts = (one.logical, *(heredoc.body for heredoc in one.heredocs))
        if one.keyword in ("RUN", "COPY", "ADD", "USER") and any(_NUMBER.search(text) for text in texts):
            return one
    return None


def primary_group(account: Account, group: str) -> bool:
    """Whether a group is the one that the account gets by itself, so that USER need not say it."""
    if account.group is not None:
        return group == account.group
    return account.tool == "useradd" and group == account.name


def fix_numbers(account: Account, accounts: Accounts, uid: int, gid: int, row: BaseImage | None) -> Numbered | str:
    """Fix what the file leaves open; a text says why that cannot be done."""
    busybox = row is not None and row.user_tool == "busybox"
    if not account.sure:
        return f"line {account.line} creates {account.name} only under a condition, or by a variable"
    if account.command.words[0].value == "sudo":
        return f"line {account.line} creates {account.name} through sudo"
    words = {word.value for word in account.command.arguments}
    if account.tool == "useradd" and words & {"-N", "--no-user-group", "-U", "--user-group"}:
        return f"line {account.line} says itself what group {account.name} gets"
    if account.tool == "adduser" and row is None:
        return "whose adduser the base image has is not known"
    edits: list[Edit] = []
    try:
        number = account.uid
        if number is None:
            number = uid
            edits.append(_option(account, f"-u {uid}" if account.tool == "adduser" and busybox else f"--uid {uid}"))
        group = accounts.gid_of(account)
        if account.tool == "adduser" and busybox and account.group is None:
            system = "-S" in words or account.gid == 65533
            if not system and any(one.gid == number for one in accounts.groups):
                return f"the number {number} that the group of {account.name} would get is another group's"
            return Numbered(tuple(edits), number, 65533 if system else number)
        if group is not None:
            return Numbered(tuple(edits), number, group)
        if account.group is not None:
            made = next((one for one in accounts.groups if one.name == account.group), None)
            if made is None or not made.sure or made.command.words[0].value == "sudo":
                return f"which number the group {account.group} has is not known"
            short = made.tool == "groupadd" or not busybox
            return Numbered((*edits, _option(made, f"--gid {gid}" if short else f"-g {gid}")), number, gid)
        if account.tool == "useradd":
            edits += (_first(account, f"groupadd --gid {gid} {account.name} && "), _option(account, f"--gid {gid}"))
        elif "--system" in words:
            return (
                Numbered(tuple(edits), number, gid)
                if "--group" in words
                else f"what group {account.name} gets is not known"
            )
        else:
            edits += (
                _first(account, f"addgroup --gid {gid} {account.name} && "),
                _option(account, f"--ingroup {account.name}"),
            )
    except RewriteRejected as error:
        return str(error)
    return Numbered(tuple(edits), number, gid)


def _option(account: Account, text: str) -> Edit:
    """An option right after the tool's name."""
    return _at(account, account.command.words[0].span.end, f" {text}")


def _first(account: Account, text: str) -> Edit:
    """A command before the one that creates the account."""
    return _at(account, account.command.span.start, text)


def _at(account: Account, offset: int, text: str) -> Edit:
    place = account.instruction.split.rest.start + offset
    return replace(account.instruction, Span(place, place), text)
