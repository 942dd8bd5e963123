"""pip: `--no-cache-dir`, so that what it downloads and builds is not kept."""

import re
from collections.abc import Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.readable import called
from hardenfile.dockerfile.shell import Command, Word
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import known_base
from hardenfile.evidence.mounts import mounted

from .proposal import Kept, Proposal, first_with, flag_after, word_of

_PIP = re.compile(r"pip[23]?(?:\.\d+)?\Z")
_PYTHON = re.compile(r"python[23]?(?:\.\d+)?\Z")
_SETTING = re.compile(r"\bPIP_(?:NO_CACHE_DIR|CACHE_DIR|CONFIG_FILE)\b|\bpip[\d.]*\s+(?:cache|config)\b|pip\.conf\b")
_FOLDER = re.compile(r"\.cache\b")
_REMOVED = re.compile(r"\brm\s+-\w*f\w*\s[^&|;]*\.cache\b")
# Releases whose own pip is older than 6.0, the first that knows the option.
_OLD = re.compile(r"[:/-](?:precise|trusty|1[0-4]\.\d\d|squeeze|wheezy|jessie)|\Adebian:[678](?!\d)")
_OLD_PYTHON = re.compile(r"\b(?:python|pypy):(?:2\.[0-6]\b|2\.7\.[0-8](?!\d)|3\.[0-3]\b|3\.4\.[0-2](?!\d))")
_TAKES_NO_FLAG = ("--no-cache-dir", "--no-cache", "--cache-dir", "--no-index")


def propose(run: Instruction, stage: Stage, evidence: Evidence) -> Iterator[Proposal | Kept]:
    """`--no-cache-dir` for each `pip install` of a RUN."""
    found = [word for command in run.shell.commands if (word := _install(command)) is not None]
    if not found or _set(stage, evidence) or _REMOVED.search(run.value):
        return
    mount = next((one for one in mounted(run) if not one.startswith(("/var/cache/apt", "/var/lib/apt"))), None)
    if mount is not None:
        yield Kept(run, "cache-mount", f"the mount on {mount} may be what keeps the cache out of the layer")
        return
    used = first_with(stage.document, _uses)
    if used is not None:
        yield Kept(run, "cache-used", f"line {used.first_line} sets or uses the cache of pip")
        return
    edits = [flag_after(run, word, "--no-cache-dir") for word in found]
    kept = [edit for edit in edits if edit is not None]
    if len(kept) < len(edits):
        yield Kept(run, "locked", "a line continuation cuts a word of the command")
        return
    fact = "pip installs the same with and without its cache, which nothing in the file asks for"
    yield Proposal(run, "Install with pip --no-cache-dir", tuple(kept), fact, _age(stage, evidence))


def _install(command: Command) -> Word | None:
    """The word `install` of a pip that may fill its cache."""
    name, arguments = called(command).name, list(called(command).arguments)
    if _PYTHON.match(name) and arguments[:2] == ["-m", "pip"]:
        arguments = arguments[2:]
    elif not _PIP.match(name):
        return None
    if any(word.value is not None and word.value.split("=")[0] in _TAKES_NO_FLAG for word in command.words):
        return None
    if any(word.raw.startswith("PIP_NO_CACHE_DIR") for word in (*command.assignments, *command.words)):
        return None
    verb = next((word for word in arguments if word is None or not word.startswith("-")), None)
    if verb != "install":
        return None
    return word_of(command, "install")


def _set(stage: Stage, evidence: Evidence) -> bool:
    """Whether a variable turns the cache off for every pip."""
    row = evidence.base_image(stage)
    names = {*stage.env, *(dict(row.env) if row is not None else ())}
    arguments = {word.partition("=")[0] for part in stage.chain for one in part.each("ARG") for word in one.args}
    return "PIP_NO_CACHE_DIR" in names | arguments


def _uses(text: str) -> bool:
    """Whether a text sets up, reads or needs pip's cache; a removal with -f is content with none."""
    without = _REMOVED.sub("", text)
    return bool(_SETTING.search(without) or _FOLDER.search(without))


def _age(stage: Stage, evidence: Evidence) -> str:
    """Why it is not sure that the image's pip knows the option."""
    base = stage.root.base.text
    row = known_base(stage, evidence)
    if row is None:
        return f"how old the pip of {base} is, and whether it knows --no-cache-dir, is not known"
    old = (_OLD.search(base) and row.name != "python") or _OLD_PYTHON.search(base)
    return f"the pip of {base} may be older than 6.0, and know no --no-cache-dir" if old else ""
