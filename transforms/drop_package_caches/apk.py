"""apk: `--no-cache` in place of an index that stays in the image."""

import re
from collections.abc import Iterator
from functools import lru_cache

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.readable import Called, called, unreadable
from hardenfile.dockerfile.shell import Command
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.apt_use import runs_unseen
from hardenfile.evidence.bases import known_base
from hardenfile.evidence.mounts import covers
from hardenfile.evidence.shipped import Shipped
from hardenfile.rewrite.edit import Edit

from .proposal import Kept, Proposal, flag_after, texts, word_of

_NEEDS_INDEX = re.compile(r"\bapk\s+(?:-\S+\s+)*(?:search|fetch|policy|list|info|version|dot|cache)\b|/etc/apk/cache")
_APK = re.compile(r"(?<![\w.-])apk(?=\s)")
_RM = re.compile(r"\brm\s+(?!-\w*f)[^&|;]*/var/cache/apk")
_REMOVED = re.compile(r"\brm\s+-\w*f\w*\s[^&|;]*/var/cache/(?:apk|\*)")
_OWN_CACHE = ("--no-cache", "--cache-dir", "--no-network")
_FETCHES = {"-U", "--update", "--update-cache", "--no-cache"}
_WITH_VALUE = ("-X", "--repository", "-p", "--root", "--keys-dir", "--repositories-file", "--arch", "--wait")
_BUILDS = ("make", "configure", "config", "gradlew", "mvnw")  # they install no packages of the system
_SINCE = (3, 3)  # the first Alpine whose apk knows --no-cache
_OLD = re.compile(r"(?:^|[^\d.])(\d+)\.(\d+)")


def propose(run: Instruction, stage: Stage, evidence: Evidence) -> Iterator[Proposal | Kept]:
    """`--no-cache` for each `apk add` of a RUN, and the `apk update` before it goes."""
    commands = [one for one in run.shell.commands if called(one).name == "apk"]
    installs = [one for one in commands if _installs(one) and not _uncached(one)]
    if not installs or (_REMOVED.search(run.value) and not _leans(run)):
        return
    mount = covers(run, "/var/cache/apk") or covers(run, "/etc/apk/cache")
    if mount is not None:
        yield Kept(run, "cache-mount", f"{mount} keeps the index out of the layer")
        return
    problem = _needed(stage, evidence.final_stage(stage.document)) or _at_start(stage, evidence)
    if problem is not None:
        yield Kept(run, "cache-used", problem)
        return
    edits = [_flag(run, one) for one in installs]
    kept = [edit for edit in edits if edit is not None]
    if len(kept) < len(edits):
        yield Kept(run, "locked", "a line continuation cuts a word of the command")
        return
    dropped = _without_update(run, stage)
    title = "Install with apk --no-cache" + (", which fetches the index itself" if dropped else "")
    fact = "apk add --no-cache fetches the index itself, and nothing in the file asks for one that was kept"
    yield Proposal(run, title, (*dropped, *kept), fact, _age(stage, evidence) or _unseen_below(run, stage, installs[0]))


def _leans(run: Instruction) -> bool:
    """Whether an install of the RUN uses an index that something before the RUN has left."""
    for command in run.shell.commands if not (run.json or run.heredocs) else ():
        found = called(command)
        if found.name == "apk" and (_verb(found) == "update" or _FETCHES & set(found.arguments)):
            return False
        if found.name == "apk" and _verb(found) in ("add", "upgrade"):
            return True
    return False


def _verb(found: Called) -> str | None:
    return found.verb(*_WITH_VALUE)


def _flag(run: Instruction, command: Command) -> Edit | None:
    word = word_of(command, _verb(called(command)) or "")
    return flag_after(run, word, "--no-cache") if word is not None else None


def _uncached(command: Command) -> bool:
    return any((word.value or "").partition("=")[0] in _OWN_CACHE for word in command.arguments)


@lru_cache(maxsize=8)  # asked for each RUN of a file
def _needed(stage: Stage, shipped: Stage | None) -> str | None:
    """What else in the file uses the index that apk leaves, in words."""
    for other in stage.document.stages:
        if stage in other.chain and shipped is not None and other not in shipped.chain:
            leaning = next((one for one in other.each("RUN") if _leans(one)), None)
            if leaning is not None:
                return f"line {leaning.first_line}, in a stage that does not ship, installs from the index"
    for one, owner, text in texts(stage.document):
        if _NEEDS_INDEX.search(text):
            return f"line {one.first_line} uses the index or the cache of apk"
        if _RM.search(text):
            return f"line {one.first_line} removes the index with no -f, and would fail where there is none"
        if (one.sub or one).keyword != "RUN" or not _APK.search(text):
            continue
        if one.sub is not None or unreadable(one, owner, flat=False) is not None:
            return f"line {one.first_line} runs apk in a way that could not be read"
    return None


def _at_start(stage: Stage, evidence: Evidence) -> str | None:
    """What a container installs from the index as it starts, in words."""
    final = evidence.final_stage(stage.document)
    if final is None or stage not in final.chain:
        return None
    used = [one for one in Shipped(final, evidence).start.commands if one.program == "apk"]
    fetched = any(_FETCHES & set(one.words) or "update" in one.words for one in used)
    return f"{used[0].where} uses the index as the container starts" if used and not fetched else None


def _unseen_below(run: Instruction, stage: Stage, install: Command) -> str:
    """What runs a file that may count on the index: behind the first install, in the stage or those FROM it."""
    parts = [one for one in stage.document.stages if stage in one.chain]
    runs = [one for part in parts for one in part.each("RUN") if one.begin >= run.begin]
    for one in runs:
        for command in one.shell.commands if not (one.json or one.heredocs) else ():
            behind = one is not run or command.span.start > install.span.start
            if behind and called(command).name not in _BUILDS and runs_unseen(command, called(command)):
                text = one.value[command.span.start : command.span.end]
                return f"line {one.first_line} runs {text[:40]!r}, which may use the index"
    return ""


def _without_update(run: Instruction, stage: Stage) -> tuple[Edit, ...]:
    """Takes away an `apk update` whose index nothing but the installs behind it would use."""
    script = run.shell
    if not script.flat:
        return ()
    for at, command in enumerate(script.commands[:-1]):
        behind = script.commands[at + 1]
        words = [word.value for word in command.words]
        if words[:1] == ["apk"] and set(words[1:]) <= {"update", "-q", "--quiet", "--no-cache"} and "update" in words:
            plain = not (command.assignments or command.redirects) and command.before in ("", "&&", ";")
            if not plain or command.after not in ("&&", ";") or not _installs(behind) or not _all_add(stage.document):
                return ()
            start, end = _place(run, command.span.start), _place(run, behind.span.start)
            between = run.document.text[start:end]
            return () if "#" in between else (Edit(Span(start, end), ""),)
    return ()


def _installs(command: Command) -> bool:
    found = called(command)
    return found.name == "apk" and _verb(found) in ("add", "upgrade")


@lru_cache(maxsize=8)
def _all_add(document: Document) -> bool:
    """Whether every apk of the file installs or removes, which needs no index once --no-cache is there."""
    for other in document.stages:
        for run in other.each("RUN"):
            for command in run.shell.commands if not (run.json or run.heredocs) else ():
                if called(command).name == "apk" and _verb(called(command)) not in ("add", "upgrade", "del", "update"):
                    return False
    return True


def _place(run: Instruction, offset: int) -> int:
    logical = run.split.rest.start + offset
    place = run.place(Span(logical, logical + 1))
    if place is None:
        raise ValueError(f"no character of line {run.first_line} stands there")
    return place.start


def _age(stage: Stage, evidence: Evidence) -> str:
    """Why it is not sure that the image's apk knows the option."""
    row = known_base(stage, evidence)
    if row is None or row.family not in ("alpine", "wolfi"):
        return f"how old the apk of {stage.root.base.text} is, and whether it knows --no-cache, is not known"
    tag = stage.root.base.text.rpartition(":")[2] if ":" in stage.root.base.text else ""
    alpine = tag if row.name == "alpine" else tag.rpartition("alpine")[2] if "alpine" in tag else ""
    found = _OLD.search(alpine)
    if found and (int(found[1]), int(found[2])) < _SINCE:
        return f"the apk of Alpine {found[0].lstrip('-')} knows no --no-cache"
    return ""
