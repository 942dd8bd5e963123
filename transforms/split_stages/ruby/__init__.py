"""Ruby: the gems that Bundler installed and the application, on the slim variant of the image."""

import posixpath
import re
from collections.abc import Iterator, Sequence

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import is_system, within

from ..contract import own_environment
from ..node.application import claimed_steps, covered
from ..node.folders import given_away
from ..owners import ROOT, with_group
from ..runtime import at, counterpart, the_base_itself
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Role, Step, role
from ..survey import Survey, listed
from .gems import gems_of, wanted

_TOOLS = frozenset("bundle bundler gem rails rake ruby bootsnap yarn npm npx yarnpkg node".split())
_BUILDS = ("assets:precompile", "webpacker:compile", "install", "update")
_STARTS = re.compile(
    r"\b(?:Open3\.|IO\.popen|Process\.spawn|Kernel\.(?:system|spawn)|system\s*\(|system\s+[\"']|PTY\.)|%x[{(\[]|[=(]\s*`"
)
_KNOWN_TASK = re.compile(
    r"(?:assets|tmp|log|webpacker|vite|tailwindcss|javascript|css|bootsnap|zeitwerk)(?::[\w:]+)?\Z"
)
_BUILD_ONLY = re.compile(
    r"build-base|build-essential|make|gcc|g\+\+|\S+-dev|git|autoconf|automake|libtool|pkg-?conf(?:ig)?"
)


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that installs gems by a Gemfile; None for a file of another stack. Raises Unfit."""
    tools = tuple(step for step in survey.steps if step.name in _TOOLS)
    installing = [step for step in tools if step.name in ("bundle", "bundler") and _word(step) in ("install", None)]
    if survey.base.name != "ruby" or not installing:
        return None
    folder = _folder(survey, installing)
    _check_steps(survey, tools)
    gemfile = survey.text(posixpath.join(folder, "Gemfile"))
    if gemfile is None:
        raise Unfit("no-manifest", f"no Gemfile for {folder} is in the context, so what is installed is not known")
    lock = survey.text(posixpath.join(folder, "Gemfile.lock"))
    claimed = claimed_steps(survey, folder, tools)
    last = survey.last(claimed)
    claimed |= {step for step in survey.steps if step.run.begin <= last.begin and _cleans(step)}
    runtime = the_base_itself(survey) if same_family else _slim(survey)
    same = runtime.text == survey.stage.base_word.text
    installed = [step for step in survey.steps if role(step) is Role.PACKAGES and step.run.begin <= last.begin]
    if same and not any(_BUILD_ONLY.fullmatch(word or "") for step in installed for word in step.arguments):
        raise Unfit("nothing-gained", "the image holds no compiler that could be left out")
    needs = wanted(gems_of(lock)) if lock is not None and not same else None
    doubts = list(_doubts(survey, folder)) if installed or not same else []
    doubts += _unknown_writers(tools)
    if not same and lock is None:
        doubts.append("no Gemfile.lock was read, so which gems are installed, and what they link to, is not known")
    if lock is not None and re.search(r"^GIT$", lock, re.MULTILINE) and not same:
        doubts.append("Gemfile.lock has gems from Git, which may ask for git when they are loaded")
    return Split(
        "ruby",
        runtime,
        tuple(_trees(survey, folder, tools, claimed)),
        frozenset(claimed),
        settings=(*_configured(survey, tools), *given_away(survey, folder, last)),
        intended=own_environment(survey.stage, survey.base, runtime.image),
        packages=needs.packages if needs else (),
        facts=needs.facts if needs else (),
        doubts=(*doubts, *(needs.doubts if needs else ())),
    )


def _word(step: Step) -> str | None:
    """What a command of bundle or gem does: its first word that is no option."""
    return next((word for word in step.arguments if word is None or not word.startswith("-")), None)


def _folder(survey: Survey, installing: Sequence[Step]) -> str:
    folders = {step.cwd for step in installing}
    folder = next(iter(folders))
    if len(folders) > 1 or folder is None:
        raise Unfit("unknown-workdir", "where the gems are installed cannot be told", installing[-1].run)
    if is_system(folder) and folder != "/usr/src":
        raise Unfit("artefact", f"the application is not in a folder of its own, but in {folder}", installing[-1].run)
    if not within(survey.workdir, folder):
        raise Unfit("artefact", f"it starts in {survey.workdir}, and the application is in {folder}", survey.start.at)
    return folder


def _check_steps(survey: Survey, tools: Sequence[Step]) -> None:
    """Raise Unfit for commands that leave more than gems, and for a start that builds."""
    for step in tools:
        if step.name == "gem" and ("--system" in step.words or _word(step) not in ("install", "i", "update")):
            raise Unfit("unclear-step", f"what `{step.text[:60]}` leaves for the run cannot be told", step.run)
    for command in survey.start.commands:
        words = [word or "" for word in command.words]
        bundle = command.program in ("bundle", "bundler") and words[1:2] in (["install"], ["update"])
        if bundle or any(word in ("assets:precompile", "webpacker:compile") for word in words):
            raise Unfit("builds-at-start", f"{command.where} builds when it runs: {' '.join(words)}", survey.start.at)


def _cleans(step: Step) -> bool:
    """Whether a command only takes caches out of what is copied."""
    return (
        step.name in ("rm", "find")
        and ("/usr/local/bundle/" in step.text or "~/.bundle" in step.text)
        and (not re.search(r"\s/(?!usr/local/bundle/|root/\.bundle|tmp/|var/cache)", step.text))
    )


def _slim(survey: Survey) -> Runtime:
    if survey.base.family == "alpine" or "slim" in survey.tag.split("-"):
        return the_base_itself(survey)
    if survey.base.family != "debian":
        raise Unfit("no-runtime", f"{survey.stage.base.text} is neither Debian's nor Alpine's")
    if survey.reference.tag in (None, "latest"):
        name = survey.stage.base_word.text.partition("@")[0].removesuffix(":latest")
        return at(survey, f"{name}:slim")
    if not re.fullmatch(rf"\d+(?:\.\d+)*(?:-(?:{survey.codename or 'none'}))?", survey.tag):
        raise Unfit("no-runtime", f"which slim image belongs to {survey.stage.base.text} is not known")
    return counterpart(survey)


def _trees(survey: Survey, folder: str, tools: Sequence[Step], claimed: set[Step | Instruction]) -> Iterator[Tree]:
    """The gems, and the folder of the application where more than a later COPY brings is in it."""
    last = survey.last(claimed)
    places = {"/usr/local/bundle": "the gems"}
    for name in ("BUNDLE_PATH", "GEM_HOME", "BUNDLE_APP_CONFIG"):
        value = survey.stage.env.get(name)
        if value is not None and not value.known:
            raise Unfit("artefact", f"where the gems are installed cannot be told: {name} is {value.text}")
        if value is not None:
            places[posixpath.normpath(posixpath.join(folder, value.text))] = name
    for step in tools:
        words = step.arguments
        for at_, word in enumerate(words):
            path = words[at_ + 1] if word in ("--path", "path") and at_ + 1 < len(words) else None
            if word is not None and word.startswith("--path="):
                path = word.partition("=")[2]
            if path:
                places[posixpath.normpath(posixpath.join(folder, path))] = "the gems"
    inside = any(within(path, folder) for path in places) or "BUNDLE_DEPLOYMENT" in survey.stage.env
    inside = inside or any("--deployment" in step.words or "deployment" in step.words for step in tools)
    only = all(_leaves_gems(step) for step in claimed if isinstance(step, Step))
    beside = [one for one in claimed if isinstance(one, Instruction) and not _within(survey, one, folder)]
    for path in sorted(path for path in places if not within(path, folder)):
        if path != "/usr/local/bundle" and (is_system(path) or within(folder, path)):
            raise Unfit("artefact", f"the gems are installed to {path}, with other files", tools[0].run)
        why = f"{path} holds the gems that Bundler installs"
        yield Tree(path, path, why, chown=_owner(survey, tools), built=True)
    if inside or not only or not covered(survey, folder, last):
        yield Tree(folder, folder, f"{folder} is copied whole, as the build leaves it")
    for one in beside:
        target = survey.layout.destination(survey.stage, one)
        if target is not None:
            yield Tree(target, target, f"{target} is copied as the build had it")


def _owner(survey: Survey, tools: Sequence[Step]) -> str:
    """Whose the gems are, as `--chown` takes it; empty for root. Raises Unfit where several users install them."""
    found: dict[str, Step] = {}
    for step in tools:
        if _word(step) in ("install", "i", "update", None) and step.name in ("gem", "bundle", "bundler"):
            setting = survey.stage.before(step.run).user
            user = setting.value.text if setting is not None else survey.base.default_user
            found["" if user in ROOT else user] = step
    user, step = found.popitem()
    if found:
        raise Unfit("owners", "gems are installed by several users, and a COPY gives all of them to one", step.run)
    return with_group(survey, user, step.run) if user else ""


def _leaves_gems(step: Step) -> bool:
    if step.name in ("mkdir", "chown"):
        return False
    return (
        step.name == "gem"
        or _cleans(step)
        or (step.name == "bundle" and _word(step) in ("install", "config", "clean", None))
    )


def _unknown_writers(tools: Sequence[Step]) -> Iterator[str]:
    """A doubt for each program of the application that the build runs, and that may write anywhere."""
    for step in tools:
        words = [word or "" for word in step.words]
        while words[:1] == ["bundle"] and words[1:2] == ["exec"]:
            words = words[2:]
        program = posixpath.basename(words[0]) if words else ""
        tasks = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        if program == "ruby" and {"-v", "--version", "-e"}.isdisjoint(words):
            unknown = True
        else:
            new = program == "rails" and tasks[:1] == ["new"]  # in the folder that it works in
            unknown = program in ("rake", "rails") and not new and any(not _KNOWN_TASK.match(task) for task in tasks)
        if unknown:
            yield f"where `{step.text[:60]}` writes is not known, and only the application's folder is copied"


def _within(survey: Survey, copy: Instruction, folder: str) -> bool:
    target = survey.layout.destination(survey.stage, copy)
    return target is not None and (within(target, folder) or within(folder, target))


def _configured(survey: Survey, tools: Sequence[Step]) -> Iterator[str]:
    """Bundler's settings once more: those for all projects are in a home folder."""
    for step in tools:
        if step.name in ("bundle", "bundler") and _word(step) == "config" and "--local" not in step.words:
            if not step.always or "\n" in step.text or survey.stage.before(step.run).user is not None:
                raise Unfit("unclear-step", f"where `{step.text[:60]}` is kept cannot be told", step.run)
            yield f"RUN {step.text}"


def _doubts(survey: Survey, folder: str) -> Iterator[str]:
    """What the sources ask of a system that has less than before."""
    found = []
    for path, entry in survey.files:
        below = posixpath.relpath(path, folder).split("/")
        if not path.endswith((".rb", ".rake", ".ru")) or not within(path, folder) or below[0] in _NOT_AT_RUN:
            continue
        data = survey.context.read(entry.path)
        text = data.decode("utf-8", "replace") if data is not None else ""
        lines = (line for line in text.split("\n") if not line.lstrip().startswith("#"))
        if any(_STARTS.search(line) for line in lines):
            found.append(entry.path)
    if found:
        yield f"{listed(found)} may start other programs, which the final image may not have"


_NOT_AT_RUN = frozenset("bin test spec features vendor node_modules docs .git".split())
