"""PHP: the application with what Composer installed, and the extensions, on the image that they were compiled for."""

import posixpath
import re
from collections.abc import Iterator, Sequence

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import is_system, within

from ..node.application import claimed_steps, copied_beside
from ..node.folders import given_away
from ..runtime import the_base_itself
from ..split import Split, Tree, Unfit
from ..steps import Step
from ..survey import Survey

_TOOLS = frozenset("composer composer.phar php".split())
_EXTENSIONS = frozenset(
    "docker-php-ext-install docker-php-ext-configure docker-php-ext-enable docker-php-source pecl pear phpize".split()
)
_APACHE = frozenset("a2enmod a2dismod a2enconf a2disconf a2ensite a2dissite".split())
_CONFIGURED = ("/etc/apache2", "/usr/local/etc/php", "$PHP_INI_DIR", "${PHP_INI_DIR}")
_INSTALLER = re.compile(r"getcomposer\.org|composer-setup\.php|composer\.phar")
_EXECUTES = re.compile(
    r"\b(?:exec|shell_exec|proc_open|popen|system|passthru|pcntl_exec)\s*\(|Symfony.Component.Process"
)
# Tasks of Laravel and Symfony that write into the project.
_KNOWN_TASK = re.compile(
    r"(?:(?:config|route|view|event|cache|package|icons|filament|storage|key|vendor|assets|importmap|asset-map|tailwind|sass"
    r"|ckeditor|lexik):[\w:-]+|optimize(?::\w+)?|about|list)\Z"
)
_WORLD = ("/var/www", "/usr/src", "/srv")


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that installs packages by Composer; None for a file of another stack. Raises Unfit."""
    tools = tuple(step for step in survey.steps if step.name in _TOOLS and not _INSTALLER.search(step.text))
    installing = [
        step for step in tools if step.name.startswith("composer") and _word(step) in ("install", "i", "update")
    ]
    if survey.base.name != "php" or not installing:
        return None
    folder = _folder(survey, installing)
    if survey.text(posixpath.join(folder, "composer.json")) is None:
        raise Unfit(
            "no-manifest", f"no composer.json for {folder} is in the context, so what is installed is not known"
        )
    _check_start(survey)
    local = tuple(
        step for step in tools if not (step.name.startswith("composer") and _word(step) in ("global", "self-update"))
    )
    if len(local) < len(tools):
        raise Unfit("unclear-step", "it installs packages for all projects, into a home folder", tools[0].run)
    claimed = claimed_steps(survey, folder, tools)
    last = survey.last(claimed)
    extensions = [step for step in survey.steps if step.name in _EXTENSIONS]
    claimed |= set(extensions)
    claimed |= {step for step in survey.steps if step.command is not None and _INSTALLER.search(step.text)}
    claimed |= {one for one in survey.copies() if _is_composer(survey, one)}
    claimed |= {
        step
        for step in survey.steps
        if step.name == "rm" and re.search(r"/usr/src/php|/tmp/pear|\.composer", step.text)
    }
    last = survey.last(claimed)
    again = [
        step for step in survey.steps if step.run.begin <= last.begin and step not in claimed and _configures(step)
    ]
    _check_order(survey, again, last)
    trees = [Tree(folder, folder, f"{folder} is copied whole, as the build leaves it")]
    if extensions:
        trees += [
            Tree(path, path, f"{path} holds {what}", built=True)
            for path, what in (
                ("/usr/local/lib/php/extensions", "the extensions that are compiled"),
                ("/usr/local/etc/php/conf.d", "the settings that load the extensions"),
            )
        ]
    beside = [tree for tree in copied_beside(survey, folder, claimed) if not is_system(posixpath.dirname(tree.target))]
    return Split(
        "php",
        the_base_itself(survey),
        (*trees, *beside),
        frozenset((*claimed, *again)),
        settings=(*(f"RUN {step.text}" for step in again), *given_away(survey, folder, last)),
        programs=frozenset() if _executes(survey, folder) else frozenset("git unzip zip".split()),
        facts=("Composer stays behind, and its cache",),
        doubts=tuple(_unknown_writers(tools)),
    )


def _unknown_writers(tools: Sequence[Step]) -> Iterator[str]:
    """A doubt for each program of the application that the build runs, and that may write anywhere."""
    for step in tools:
        words = [word or "" for word in step.arguments if not (word or "").startswith("-")]
        console = words[:1] in (["artisan"], ["bin/console"])
        known = words and (
            words[0].endswith(("composer", "composer.phar")) or (console and _KNOWN_TASK.match(" ".join(words[1:2])))
        )
        if step.name == "php" and words and not known:
            yield f"where `{step.text[:60]}` writes is not known, and only the application's folder is copied"


def _word(step: Step) -> str | None:
    return next((word for word in step.arguments if word is None or not word.startswith("-")), None)


def _folder(survey: Survey, installing: Sequence[Step]) -> str:
    folders = set()
    for step in installing:
        there = next((word for word in step.arguments if word and word.startswith("--working-dir=")), "")
        folders.add(step.path(there.partition("=")[2]) if there else step.cwd)
        if "-d" in step.words or "--working-dir" in step.words:
            raise Unfit("unknown-workdir", f"where `{step.text[:60]}` works is not followed", step.run)
    folder = next(iter(folders))
    if len(folders) > 1 or folder is None:
        raise Unfit("unknown-workdir", "where Composer installs cannot be told", installing[-1].run)
    if is_system(folder) and folder not in _WORLD:
        raise Unfit("artefact", f"the application is not in a folder of its own, but in {folder}", installing[-1].run)
    return folder


def _check_start(survey: Survey) -> None:
    for command in survey.start.commands:
        if any(posixpath.basename(word or "").startswith("composer") for word in command.words):
            raise Unfit(
                "missing-program", f"{command.where} starts Composer, which stays in the build", survey.start.at
            )


def _is_composer(survey: Survey, copy: Instruction) -> bool:
    target = survey.layout.destination(survey.stage, copy)
    sources = [value.text for value in survey.stage.values(copy)[:-1]]
    named = target is not None and posixpath.basename(target) in ("composer", "composer.phar")
    return named or (copy.flag("from") is not None and all(posixpath.basename(one) == "composer" for one in sources))


def _configures(step: Step) -> bool:
    """Whether a command changes settings of Apache or PHP that the image brings: once more, it does the same."""
    changes = step.name in _APACHE or (
        step.name in ("sed", "mv", "cp", "echo", "printf") and any(place in step.text for place in _CONFIGURED)
    )
    if changes and (not step.always or "\n" in step.text or "|" in (step.command.after if step.command else "")):
        raise Unfit("unclear-step", f"`{step.text[:60]}` cannot be repeated", step.run)
    return changes


def _check_order(survey: Survey, again: Sequence[Step], last: Instruction) -> None:
    """Raise Unfit where what is repeated may be about a file that is copied, which comes behind it."""
    for one in survey.copies():
        target = survey.layout.destination(survey.stage, one)
        if again and one.begin < last.begin and target is not None and within(target, "/etc/apache2"):
            raise Unfit("unclear-step", f"`{again[0].text[:60]}` may need what is copied to {target}", again[0].run)


def _executes(survey: Survey, folder: str) -> bool:
    """Whether a source of the application starts programs."""
    for path, entry in survey.files:
        below = posixpath.relpath(path, folder).split("/")
        if path.endswith(".php") and below[0] not in ("vendor", "tests", "test"):
            data = survey.context.read(entry.path)
            if data is None or _EXECUTES.search(data.decode("utf-8", "replace")):
                return True
    return bool(survey.start.scripts)
