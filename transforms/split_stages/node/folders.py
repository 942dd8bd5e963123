"""Who owns the folder of the application itself: a COPY into a folder that is there leaves its owner as it is."""

from collections.abc import Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import within

from ..owners import ROOT
from ..split import Unfit
from ..steps import Step
from ..survey import Survey


def given_away(survey: Survey, folder: str, last: Instruction) -> tuple[str, ...]:
    """The line that gives the folder to whom the build stage gives it; nothing where that is root. Raises Unfit."""
    owner = next(iter([*_owners(survey, folder, last)][::-1]), "")
    if owner in ROOT:
        return ()
    later = survey.below(frozenset((last,)))
    workdir = survey.layout.workdir_at(survey.stage.before(later[0])) if later else survey.workdir
    made = "" if workdir is not None and within(workdir, folder) else f"mkdir -p {folder} && "
    return (f"RUN {made}chown {owner} {folder}",)


def _owners(survey: Survey, folder: str, last: Instruction) -> Iterator[str]:
    """Its owners in order: of whom makes it, then of whoever gives it away."""
    there = False
    before = survey.stage.before
    own = survey.stage.instructions
    for at, one in enumerate(own):
        if one.begin > last.begin:
            return
        setting = before(one).user
        user = setting.value.text if setting is not None else survey.base.default_user
        if one.keyword == "WORKDIR" and not there and at + 1 < len(own):
            workdir = survey.layout.workdir_at(before(own[at + 1]))
            if workdir is not None and within(workdir, folder):
                there = True
                yield user
        elif one.keyword in ("COPY", "ADD") and not there:
            target = survey.layout.destination(survey.stage, one)
            if target is not None and within(target, folder):
                chown = one.flag("chown")
                there = True
                yield (chown.value or "") if chown is not None else ""
        elif one.keyword == "RUN":
            for step in survey.steps:
                if step.run is one and step.name == "mkdir" and not there and any(_in(step, folder)):
                    there = True
                    yield user
                elif step.run is one and step.name == "chown":
                    yield from _chowned(step, folder)


def _in(step: Step, folder: str) -> Iterator[bool]:
    for word in step.arguments:
        path = step.path(word) if word and not word.startswith("-") else None
        yield path is not None and within(path, folder)


def _chowned(step: Step, folder: str) -> Iterator[str]:
    words = [word for word in step.arguments if word is None or not word.startswith("-")]
    deep = any(word and (word == "--recursive" or (word[:1] == "-" and "R" in word[1:])) for word in step.arguments)
    for word in words[1:]:
        path = step.path(word) if word else None
        if path is None or words[0] is None:
            raise Unfit("owners", "what a chown in the build names, or whom, cannot be told", step.run)
        if path == folder or (deep and within(folder, path)):
            yield words[0]
