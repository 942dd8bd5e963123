"""Who owns a tree of the build stage: COPY --from would make everything root's."""

import posixpath
from collections.abc import Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import within

from .split import Tree, Unfit
from .steps import Role, Step, role
from .survey import Survey

ROOT = frozenset(("", "root", "0", "root:root", "0:0", "root:0", "0:root"))


def owner_of(survey: Survey, tree: Tree, last: Instruction) -> str:
    """The one owner of all that the build stage puts into a tree, as `--chown` takes it; empty for root.

    Raises Unfit where there are several, or where that cannot be told.
    """
    owners: dict[str, Instruction] = {}
    for at, owner, whole in _given(survey, tree, last):
        if whole:
            owners = {}
        if owner in ROOT:
            owners.setdefault("", at)
        elif not any(known == owner or known.partition(":")[0] == owner for known in owners):
            owners[with_group(survey, owner, at)] = at
    if len(owners) > 1:
        names = " and ".join(owner or "root" for owner in owners)
        at = next(reversed(owners.values()))
        raise Unfit("owners", f"{tree.source} holds files of {names}, and a COPY gives all of them to one", at)
    return next(iter(owners), "")


def with_group(survey: Survey, owner: str, at: Instruction) -> str:
    """User and group: COPY --chown takes a lone number for both, and files get the primary group."""
    if ":" in owner or at.keyword in ("COPY", "ADD"):
        return owner
    own = survey.base.app_user
    if own is not None and owner in (own.name, str(own.uid)):
        return f"{own.uid}:{own.gid}"
    if owner.isdigit():
        return f"{owner}:0"
    user = survey.accounts.user(owner)
    if user is None:
        raise Unfit("owners", f"which group {owner} belongs to is not known", at)
    gid = survey.accounts.gid_of(user)
    return f"{owner}:{gid if gid is not None else user.group or owner}"


def _given(survey: Survey, tree: Tree, last: Instruction) -> Iterator[tuple[Instruction, str, bool]]:
    """Who is given something in the tree, in order; the third says that whatever was there before is given too."""
    steps: dict[int, list[Step]] = {}
    for step in survey.steps:
        steps.setdefault(step.run.begin, []).append(step)
    for one in survey.stage.instructions:
        if one.begin > last.begin:
            return
        if one.keyword in ("COPY", "ADD"):
            target = survey.layout.destination(survey.stage, one)
            if target is not None and not tree.built and (within(target, tree.source) or within(tree.source, target)):
                chown = one.flag("chown")
                yield one, (chown.value or "") if chown is not None else "", False
        elif one.keyword == "RUN":
            setting = survey.stage.before(one).user
            user = setting.value.text if setting is not None else survey.base.default_user
            for step in steps.get(one.begin, ()):
                if step.name == "chown":
                    yield from _chowned(step, tree)
                elif _may_write(step, tree) and not (tree.built and role(step) is not Role.UNCLEAR):
                    yield one, user, False


def _chowned(step: Step, tree: Tree) -> Iterator[tuple[Instruction, str, bool]]:
    words = [word for word in step.arguments if word is None or not word.startswith("-")]
    owner, paths = (words[0], words[1:]) if words else (None, [])
    for word in paths:
        path = step.path(word) if word is not None else None
        if path is None or any(sign in path for sign in "*?["):
            raise Unfit("owners", "what a chown in the build names cannot be told", step.run)
        recursive = any(
            word and word.startswith("-") and ("R" in word or word == "--recursive") for word in step.arguments
        )
        if within(tree.source, path) and recursive:
            yield step.run, _checked(owner, step), True
        elif within(path, tree.source) or path == tree.source:
            yield step.run, _checked(owner, step), False


def _checked(owner: str | None, step: Step) -> str:
    if not owner or owner.startswith(":"):
        raise Unfit("owners", "whom a chown in the build names cannot be told", step.run)
    return owner[:-1] if owner.endswith(":") else owner


def _may_write(step: Step, tree: Tree) -> bool:
    """Whether a command can leave files in the tree: it runs there, or names it."""
    if role(step) in (Role.ACCOUNT, Role.PACKAGES):
        return any(_names(step, tree))
    if step.cwd is None or within(step.cwd, tree.source) or within(tree.source, step.cwd):
        return step.name not in ("mkdir", "chmod") or any(_names(step, tree))
    return any(_names(step, tree))


def _names(step: Step, tree: Tree) -> Iterator[bool]:
    for word in step.words:
        path = step.path(word) if word and "/" in word else None
        yield path is not None and (within(path, tree.source) or path == posixpath.dirname(tree.source))
