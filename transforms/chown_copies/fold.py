"""Which `RUN chown -R` does nothing but what --chown on the COPY lines before it would do."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.shell import simple_words
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.accounts import read_accounts
from hardenfile.evidence.given import effect, made
from hardenfile.evidence.images import BaseImage
from hardenfile.evidence.layout import Layout, Placed
from hardenfile.evidence.paths import is_system, within

_IDLE = ("ENV", "ARG", "LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER", "USER")


# Folders that every file system of the families in base_images.toml has from the start.
_STANDARD = frozenset(
    "/ /bin /dev /etc /home /media /mnt /opt /root /run /srv /tmp /usr /usr/local /var /var/lib".split()
)


# Takes away what may stand inside of a word without being part of it.
_UNQUOTED = str.maketrans("", "", "\"'\\\n")


class Fold(NamedTuple):
    """A chown that goes, the COPY lines that take it over, the owner by number, and the facts it rests on."""

    run: Instruction
    copies: tuple[Instruction, ...]
    owner: str
    path: str
    facts: tuple[str, ...]


class Kept(NamedTuple):
    """A chown that stays: where, a reason code, and a sentence."""

    run: Instruction
    reason: str
    message: str


def folds(stage: Stage, evidence: Evidence) -> Iterator[Fold | Kept]:
    """Every `RUN chown -R OWNER PATH` of the stage that is a whole instruction, folded or with the reason."""
    chowns = [(run, words) for run in stage.each("RUN") if (words := _chown(run)) is not None]
    if not chowns:
        return
    row = evidence.base_image(stage)
    layout = Layout(stage, evidence.context, row.workdir if row is not None else None)
    for run, words in chowns:
        path = layout.absolute(words[3], stage, run)
        owner = _owner(words[2], stage, row)
        if path is None:
            yield Kept(run, "unknown-path", f"where {words[3]} lies is not known")
        elif owner is None:
            yield Kept(
                run, "unknown-owner", f"which numbers {words[2]} has is not known, and a name is nothing for --chown"
            )
        else:
            yield _fold(stage, layout, row, run, path, owner)


def _chown(run: Instruction) -> tuple[str, ...] | None:
    """The words of a RUN that is just `chown -R OWNER PATH`."""
    if run.json or run.heredocs or run.flags or "chown" not in run.value.translate(_UNQUOTED):
        return None
    words = simple_words(run.value)
    if words is None or words[0] != "chown" or len(words) != 4 or words[1] not in ("-R", "--recursive"):
        return None
    return words


def _owner(text: str, stage: Stage, row: BaseImage | None) -> str | None:
    """`uid:gid` by number. A chown without a group leaves root's, which --chown has to say."""
    user, colon, group = text.partition(":")
    accounts = read_accounts(stage, row)
    numbers: dict[str, tuple[int | None, int | None]] = {"root": (0, 0)}
    if row is not None and row.confidence != "L" and row.app_user is not None:
        numbers[row.app_user.name] = (row.app_user.uid, row.app_user.gid)
    groups = {name: gid for name, (_, gid) in numbers.items()}
    groups |= {one.name: one.gid for one in accounts.groups}
    for account in accounts.users:
        numbers[account.name] = (account.uid, accounts.gid_of(account))
    uid = int(user) if user.isdigit() else numbers.get(user, (None, None))[0]
    if not colon:
        gid: int | None = 0
    elif not group:
        gid = numbers.get(user, (None, None))[1]
    else:
        gid = int(group) if group.isdigit() else groups.get(group)
    return f"{uid}:{gid}" if uid is not None and gid is not None else None


def _fold(stage: Stage, layout: Layout, row: BaseImage | None, run: Instruction, path: str, owner: str) -> Fold | Kept:
    own = stage.instructions
    end = own.index(run)
    inside = [one for one in layout.placed if one.target is None or _touches(one, path)]
    copies = list(dict.fromkeys(one.instruction for one in inside))
    problem = _problem(stage, layout, row, run, path, inside)
    if problem is not None:
        return Kept(run, *problem)
    first = own.index(copies[0])
    standard = _STANDARD | ({"/usr/src"} if row is not None and row.libc == "glibc" else set())
    given = None if posixpath.dirname(path) in standard else _given_on_the_way(stage, layout, path, owner, copies[0])
    if given is not None:
        return Kept(run, "parent", f"--chown would give {given} to {owner} too, unless it is there before")
    for one in own[first + 1 : end]:
        if one in copies or one.keyword in _IDLE:
            continue
        if (
            one.keyword == "RUN"
            and not _counts(one)
            and effect(one, path, layout.workdir_at(stage.before(one))).kind == "nothing"
        ):
            continue
        if one.keyword in ("COPY", "ADD"):
            continue  # puts nothing below the path, or it would be among the copies
        return Kept(run, "writes-between", f"line {one.first_line} stands between and may write or count on {path}")
    facts = (
        f"{path} comes to be by line {copies[0].first_line} and nothing else writes there before line {run.first_line}",
    )
    return Fold(run, tuple(copies), owner, path, facts)


def _problem(
    stage: Stage, layout: Layout, row: BaseImage | None, run: Instruction, path: str, inside: list[Placed]
) -> tuple[str, str] | None:
    own = stage.instructions
    if run.locked or run.comments:
        return "locked", run.locked or "comments stand between its lines and would be lost"
    user = stage.before(run).user
    if user is not None and user.value.text.partition(":")[0] not in ("root", "0"):
        return "not-root", "it does not run as root"
    if is_system(path) or row is None or row.confidence == "L":
        return "existed", f"{path} may have been there in the base image, with files of its own"
    homes = [row.app_user.home] if row.app_user is not None else []
    if any(within(one, path) or within(path, one) for one in (*row.writable, *row.volumes, *homes) if one != "/"):
        return "existed", f"{path} is there in the base image"
    if row.workdir and within(row.workdir, path):
        return "existed", f"{path} is there in the base image"
    if not inside:
        return "existed", f"no COPY puts anything into {path}, so it was there before"
    if any(one.target is None for one in inside):
        return "unknown-path", "where one of the COPY lines writes to is not known"
    later = [
        one.instruction for one in inside if one.instruction in own and own.index(one.instruction) > own.index(run)
    ]
    before = [one for one in inside if one.instruction not in later]
    if not before or any(one.instruction not in own for one in before):
        return "existed", f"{path} comes from another stage that this one is FROM"
    for one in inside:
        copy = one.instruction
        if copy in later:
            return "writes-between", f"line {copy.first_line} copies into {path} after the chown"
        if copy.keyword != "COPY" or copy.flag("chown") or copy.locked or copy.heredocs:
            return "unclear", f"line {copy.first_line} is no plain COPY that could take the owner over"
    if not any(one.target == path for one in before):
        return "existed", f"no COPY makes {path} itself"
    return next(_made_before(stage, layout, run, path, before[0].instruction), None)


def _made_before(
    stage: Stage, layout: Layout, run: Instruction, path: str, copy: Instruction
) -> Iterator[tuple[str, str]]:
    """What may have made the folder before the COPY: the folder itself, and older files in it, would stay root's."""
    for part in stage.chain:
        for workdir in part.each("WORKDIR"):
            if part is stage and workdir.first_line > copy.first_line:
                continue
            there = layout.absolute(workdir.args[0], part, workdir) if workdir.args else None
            if there is None or within(there, path):
                yield "existed", f"line {workdir.first_line} makes {path}, which would itself stay root's"
        for volume in part.each("VOLUME"):
            for value in part.values(volume):
                place = posixpath.normpath(value.text)
                if within(place, path) or within(path, place):
                    yield "volume", f"line {volume.first_line} makes a volume of {path}"
        for other in part.each("RUN"):
            if other is run:
                continue
            at = layout.workdir_at(part.before(other))
            commands = other.shell.commands if not other.json else ()
            if any(within(one, path) for command in commands for one in made(command, at, other.shell)):
                yield "existed", f"line {other.first_line} makes {path} before"
            early = part is not stage or other.first_line < copy.first_line
            if early and (path in other.value or other.heredocs or other.shell.refusal):
                yield "existed", f"line {other.first_line} may have made {path} before"


def _counts(run: Instruction) -> bool:
    """Whether a RUN makes links, which are root's, or modes that a chown takes back: setuid and setgid."""
    for command in () if run.json else run.shell.commands:
        words = [word.value for word in command.words]
        if "ln" in words or (None in words and "chmod" in words):
            return True
        modes = [word or "" for word in words[1:] if "chmod" in words[:1]]
        if any(
            "s" in mode.partition("/")[0] or (mode.isdigit() and len(mode) > 3 and mode[-4] != "0") for mode in modes
        ):
            return True
    return False


def _given_on_the_way(stage: Stage, layout: Layout, path: str, owner: str, copy: Instruction) -> str | None:
    """The first folder above `path` that the COPY would make and give to the owner too, which a chown does not."""
    if owner == "0:0":
        return None
    made_before = [
        there
        for part in stage.chain
        for one in part.each("WORKDIR", "COPY", "ADD")
        if part is not stage or one.first_line < copy.first_line
        if (there := _leads_to(layout, part, one)) is not None
    ]
    parent = posixpath.dirname(path)
    return None if any(within(one, parent) for one in made_before) else parent


def _leads_to(layout: Layout, stage: Stage, at: Instruction) -> str | None:
    """The folder that a WORKDIR makes, or that a COPY needs for what it puts there."""
    if at.keyword == "WORKDIR":
        return layout.absolute(at.args[0], stage, at) if at.args else None
    return None if at.flag("chown") else layout.destination(stage, at)


def _touches(placed: Placed, path: str) -> bool:
    return placed.target is not None and (within(placed.target, path))
