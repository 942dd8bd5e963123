"""Say the user of the image by number, which is what the kubelet and other checks can verify."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.dockerfile.stages import Setting
from hardenfile.errors import UsageError
from hardenfile.evidence import Evidence
from hardenfile.evidence.accounts import Account, Accounts, read_accounts
from hardenfile.evidence.images import BaseImage
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import replace
from hardenfile.transform import Change, Refusal, Safety, Transform

from .numbers import Numbered, fix_numbers, numbers_used, primary_group

# Users that a family's own packages create with the same numbers in every release.
_KNOWN = {
    ("debian", "www-data"): (33, 33),
    ("debian", "nobody"): (65534, 65534),
    ("ubuntu", "www-data"): (33, 33),
    ("ubuntu", "nobody"): (65534, 65534),
    ("alpine", "nobody"): (65534, 65534),
    ("distroless", "nonroot"): (65532, 65532),
    ("distroless", "nobody"): (65534, 65534),
}


@dataclass(frozen=True)
class NumericUser(Transform):
    """A name has to be looked up in the image; a number says who it is."""

    uid: int = 10001
    gid: int = 10001

    id = "numeric-user"
    title = "Say the user by number"
    safety = "`safe` by evidence, or refused"
    after = ("add-user",)
    rules = ("hadolint DL3066", "Kubernetes runAsNonRoot", "tally named-identity-in-passwdless-stage")
    why = "the kubelet refuses runAsNonRoot for an image whose USER is a name; volumes keep numbers, not names"

    def __post_init__(self) -> None:
        for option, number in (("uid", self.uid), ("gid", self.gid)):
            if not 1 <= number < 2**31:
                raise UsageError(f"{self.id}: {option} is a number from 1 to {2**31 - 1}, not {number}")

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        stage = evidence.final_stage(document)
        setting = stage.final.user if stage is not None else None
        if stage is None or setting is None:
            return
        at, user = setting.instruction, setting.value.text
        name, _, group = user.partition(":")
        if name.isdigit() or name == "root" or not setting.value.known:
            return
        row = evidence.base_image(stage)
        accounts = read_accounts(stage, row)
        problem = _problem(setting, name, accounts)
        if problem is not None:
            yield self.refuse(at, *problem)
            return
        account = accounts.user(name)
        numbers = _known(name, group, row) if account is None else _fixed(account, group, accounts)
        if numbers is not None:
            edit = self._user(setting, numbers)
            where = (
                f"line {account.line} fixes them" if account is not None else f"{row.name if row else ''} fixes them"
            )
            yield self.change(at, f"USER {name} by number", edit, evidence=(f"{name} is {numbers}: {where}",))
        elif account is None:
            yield self.refuse(at, "unknown-numbers", f"which numbers {name} has in the base image is not known")
        elif group and not primary_group(account, group):
            yield self.refuse(at, "unknown-numbers", f"which number the group {group} has is not known")
        else:
            yield self._number(document, evidence, setting, account, accounts, row)

    def _user(self, setting: Setting, numbers: str) -> Edit:
        return replace(setting.instruction, setting.instruction.words[0].span, numbers)

    def _number(
        self,
        document: Document,
        evidence: Evidence,
        setting: Setting,
        account: Account,
        accounts: Accounts,
        row: BaseImage | None,
    ) -> Change | Refusal:
        """Fix the numbers of an account that the file creates, and use them."""
        used = numbers_used(document)
        if used is not None:
            message = f"line {used.first_line} counts on a number that {account.name} may have got by itself"
            return self.refuse(setting.instruction, "numbers-used", message)
        taken = accounts.numbers() | set((*row.taken_uids, *row.taken_gids) if row else ())
        numbered = fix_numbers(account, accounts, _free(self.uid, taken), _free(self.gid, taken), row)
        if not isinstance(numbered, Numbered):
            return self.refuse(account.instruction, "unclear", numbered)
        known = row is not None and row.confidence != "L"
        return self.change(
            account.instruction,
            f"Fix the numbers of {account.name}, and say USER by number",
            *numbered.edits,
            self._user(setting, f"{numbered.uid}:{numbered.gid}"),
            safety=Safety.SAFE if known else Safety.UNSAFE,
            evidence=(f"line {account.line} creates {account.name} and nothing in the file counts on its numbers",),
            why="" if known else "which numbers the base image has taken is not known",
        )


def _problem(setting: Setting, name: str, accounts: Accounts) -> tuple[str, str] | None:
    at = setting.instruction
    if at.locked:
        return "locked", at.locked
    if "$" in at.value or setting.value.by_default:
        return "variable", f"{at.value} is decided by a variable"
    if at.place(at.words[0].span) is None:
        return "locked", "a line continuation cuts the name"
    if accounts.unclear:
        return "unclear", f"which users line {accounts.unclear[0].first_line} creates could not be read"
    creating = {(one.instruction, one.command.span) for one in (*accounts.users, *accounts.groups)}
    for one in at.document.each("RUN"):
        for command in one.shell.commands:
            tool = (command.name or "").rpartition("/")[2]
            words = [word.value for word in command.arguments]
            if (
                (tool in ("usermod", "gpasswd") and name in words)
                or (tool == "useradd" and {"-G", "--groups"} & set(words))
                or (tool in ("adduser", "addgroup") and name in words and (one, command.span) not in creating)
            ):
                return "groups", f"line {one.first_line} puts {name} into more groups, which USER uid:gid would drop"
    return None


def _known(name: str, group: str, row: BaseImage | None) -> str | None:
    if row is None or row.confidence == "L" or (group and group != name):
        return None
    if row.app_user is not None and row.app_user.name == name:
        return f"{row.app_user.uid}:{row.app_user.gid}"
    found = _KNOWN.get((row.family, name))
    return f"{found[0]}:{found[1]}" if found else None


def _fixed(account: Account, group: str, accounts: Accounts) -> str | None:
    gid = accounts.gid_of(account)
    if group:
        gid = int(group) if group.isdigit() else next((one.gid for one in accounts.groups if one.name == group), None)
    return f"{account.uid}:{gid}" if account.uid is not None and gid is not None else None


def _free(number: int, taken: set[int]) -> int:
    while number in taken:
        number += 1
    return number
