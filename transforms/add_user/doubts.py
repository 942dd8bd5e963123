"""What keeps the change from being safe, and the facts where nothing does."""

from typing import NamedTuple

from hardenfile.dockerfile.shell import Command
from hardenfile.evidence.accounts import read_options
from hardenfile.evidence.paths import within
from hardenfile.evidence.programs import is_helper, strangers, unread

from .account import Account
from .ownership import Ownership
from .survey import Survey

_PIP_VALUES = (
    *("-r", "--requirement", "-c", "--constraint", "-t", "--target", "-f", "--find-links", "-i", "--index-url", "-d"),
    *("--prefix", "--root", "--src", "--extra-index-url", "--cache-dir", "--log", "--timeout", "--trusted-host"),
)


_WRITES_CODE = ("makemigrations", "compilemessages", "startapp")  # collectstatic writes STATIC_ROOT, which is read


class Doubts(NamedTuple):
    """Sentences for and against: with any doubt the change is unsafe."""

    doubts: tuple[str, ...]
    facts: tuple[str, ...]


def doubts(survey: Survey, account: Account, ownership: Ownership) -> Doubts:
    """Look at the base, the start command, and what the application would no longer be able to write."""
    found: list[str] = []
    facts: list[str] = []
    if survey.image is None:
        found.append(f"what {survey.stage.root.base.text} offers is not known here")
    base = survey.stage.root.base
    if base.by_default:
        word = survey.stage.root.base_word.text
        if "$" in word.partition(":")[0]:
            found.append(f"a build argument decides which image {word} is")
        else:
            facts.append(f"{word} is {base.text}, unless a build argument names another tag")
    setting = survey.stage.final.user
    if setting is not None:
        found.append(f"line {setting.instruction.first_line} asks for root in so many words")
    start = survey.start
    found += start.unseen
    if not start.unseen:
        programs = (one for one in start.commands if one.program and not is_helper(one.program))
        facts += dict.fromkeys(f"{one.where} starts {one.program}" for one in programs)
    if survey.accounts.unclear:
        lines = ", ".join(str(one.first_line) for one in survey.accounts.unclear)
        found.append(f"which users there are after line {lines} could not be read")
    for unsure in survey.accounts.users:
        if not unsure.sure:
            found.append(f"line {unsure.line} creates {unsure.name} in a way that is not certain")
    found += _in_roots_home(survey)
    found += _installed_elsewhere(survey)
    if survey.evidence.context is None:
        found.append("the build context was not seen, so what the application writes is not known")
    elif not survey.needs.seen:
        found.append("no source of the application was found in the context, so what it writes is not known")
    else:
        facts.append(f"sources read: {', '.join(survey.needs.languages)}")
        found += strangers(start, survey.stage, survey.layout)
        found += unread(start, survey.needs.languages)
    found += ownership.doubts
    if ownership.mode == "minimal":
        found += (
            f"{one.where} runs manage.py {word}, which writes beside the code"
            for one in start.commands
            for word in one.words
            if word in _WRITES_CODE
        )
    facts.append(ownership.why)
    facts += ownership.facts
    facts += _compose(survey)
    return Doubts(tuple(dict.fromkeys(found)), tuple(facts))


def _compose(survey: Survey) -> list[str]:
    """What Compose files say of how the image is run, as far as it bears on the user."""
    said = []
    for one in survey.services:
        if one.target is not None and one.target.lower() not in (survey.stage.name, str(survey.stage.index)):
            said.append(f"{one.file}: {one.name} is built from the stage {one.target}, which is not touched")
        if one.user is not None:
            said.append(f"{one.file}: {one.name} runs as {one.user}, whatever USER says")
        said += (
            f"{one.file}: {one.name} mounts a folder of the host at {mount.path}, with the host's owner"
            for mount in one.volumes
            if mount.kind == "bind" and not mount.read_only
        )
    return said


def _in_roots_home(survey: Survey) -> list[str]:
    """/root is closed to everybody else, so what is put there is lost to the user."""
    lines = [placed.instruction for placed in survey.layout.placed if placed.target and within(placed.target, "/root")]
    for stage in survey.stage.chain:
        lines += [run for run in stage.each("RUN") if "install --user" in run.value or "~/.local" in run.value]
    return [
        f"line {one.first_line} puts something into /root, which only root can open" for one in dict.fromkeys(lines)
    ]


def _installed_elsewhere(survey: Survey) -> list[str]:
    """A project that pip copies away writes beside itself somewhere else than where its source was read."""
    if not any(one.kind in ("write", "unknown") for one in survey.needs.findings):
        return []
    return [
        f"line {run.first_line} installs a copy of the source elsewhere, which may write beside itself"
        for stage in survey.stage.chain
        for run in stage.each("RUN")
        if any(_installs_a_copy(command) for command in run.shell.commands)
    ]


def _installs_a_copy(command: Command) -> bool:
    options, words = read_options(command.words, _PIP_VALUES)
    names = [word.raw for word in words]
    if "setup.py" in names and "install" in names:
        return True
    pip = any(
        name in ("pip", "pip3") for name in (*names, *(word.raw for word in options.values() if word is not None))
    )
    editable = options.keys() & {"-e", "--editable"}
    return pip and "install" in names and not editable and any(name.startswith((".", "/")) for name in names[1:])
