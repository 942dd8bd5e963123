"""Where the installations go: an environment of the file's own, a user's folder, or one made in the system's place."""

import posixpath
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction, Span
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import lines_before, replace

from ..owners import with_group
from ..split import Tree, Unfit
from ..survey import Survey
from .installs import Found, Install

VENV = "/opt/venv"
_ROOT = frozenset(("", "root", "0", "root:root", "0:0"))
_YES = frozenset(("1", "true", "yes", "on"))
# Settings of pip, by environment, that send packages elsewhere.
_ELSEWHERE = re.compile(r"\b(?:PIP_(?:TARGET|USER|PREFIX|ROOT|CONFIG_FILE)|PYTHONUSERBASE)\b")
# A login shell reads /etc/profile, which sets PATH as a whole.
_OWN_PATH = re.compile(
    r"\A#!\S*(?:\s\S*sh)?\s+(?:-\w*l\w*\b|--login\b)|/etc/profile\b|\benv\s+-i\b|\bPATH=(?![^\n]*\$\{?PATH\b)"
)
_SYSTEM_FIRST = re.compile(r"[= \":](?:/usr(?:/local)?)?/bin:\S*\$\{?PATH\b")
_VERSION = re.compile(r"(\d+\.\d+)")


@dataclass(frozen=True, slots=True)
class Environment:
    """The trees that hold all that is installed, and what makes them one in both stages.

    `inserted`: the file has none of its own, and the edits make one at VENV.
    """

    trees: tuple[Tree, ...]
    edits: tuple[Edit, ...] = ()
    settings: tuple[str, ...] = ()
    inserted: bool = False


def environment(survey: Survey, found: Found, python: str, minor: str, *, beside_system: bool) -> Environment:
    """Where everything goes. `python` is the interpreter's name, `minor` its version (`3.11`; empty: not known).

    `beside_system`: packages of the distribution are modules that the application may import. Raises Unfit.
    """
    _check_versions(found, minor)
    _check_settings(survey, found)
    folders: dict[str, Install] = {}
    system: list[Install] = []
    for one in found.installs:
        folder = _folder(survey, found, one, minor)
        if folder:
            folders.setdefault(folder, one)
        else:
            system.append(one)
    trees = [_tree(folder, one, _owner(survey, folder, one)) for folder, one in folders.items()]
    for folder in folders:
        _check_context(survey, folder)
    if not system:
        return Environment(tuple(trees))
    if any(not one.folder for one in folders.values()):
        raise Unfit("artefact", "it installs into the system and into an environment", system[0].step.run)
    _check_free(survey, system[0].step.run)
    if any(_user(survey, one) not in _ROOT for one in system):
        raise Unfit("artefact", f"only root can make {VENV}, and it installs as another user", system[0].step.run)
    tree = _tree(VENV, system[0])
    options = " --system-site-packages" if beside_system else ""
    head = [f"RUN {python} -m venv{options} {VENV}", f"ENV {_variables(system)}"]
    first = min((*(one.step.run for one in system), *_upgrades(survey, found)), key=lambda run: run.begin)
    installed = [step.text for step in survey.runs("apt-get", "apt") if step.run is first and "install" in step.words]
    if python == "python3" and any("venv" in text or "python3-full" in text for text in installed):
        raise Unfit("unclear-step", "one RUN installs the interpreter and what runs on it", first)
    edits = [lines_before(first, head), *_without_system(system)]
    return Environment((*trees, tree), tuple(edits), (f"ENV PATH={VENV}/bin:$PATH",), inserted=True)


def _variables(system: Sequence[Install]) -> str:
    path = f"PATH={VENV}/bin:$PATH"
    return path if all(one.tool in ("pip", "setup") for one in system) else f"VIRTUAL_ENV={VENV} {path}"


def _tree(folder: str, one: Install, owner: str = "") -> Tree:
    return Tree(folder, folder, f"line {one.step.run.first_line} installs into {folder}", chown=owner, built=True)


def _owner(survey: Survey, folder: str, one: Install) -> str:
    """Whose the packages are that a user installs, as `--chown` takes it; empty for root, and what a chown says."""
    user = _user(survey, one)
    return "" if user in _ROOT else with_group(survey, user, one.step.run)


def _user(survey: Survey, one: Install) -> str:
    setting = survey.stage.before(one.step.run).user
    return setting.value.text if setting is not None else survey.base.default_user


def _folder(survey: Survey, found: Found, one: Install, minor: str) -> str:
    """The folder that a command fills; empty for the system's own."""
    if one.folder:
        return one.folder
    ways = {"uv-sync": _of_uv_sync, "uv-pip": _of_uv_pip, "poetry": _of_poetry, "pipenv": _of_pipenv}
    if one.tool in ways:
        return ways[one.tool](survey, found, one)
    return _of_pip(survey, found, one)


def _of_pip(survey: Survey, found: Found, one: Install) -> str:
    own = _active(survey, found, one)
    if own:
        return own
    if "/" in one.program:
        raise Unfit("artefact", f"{one.program} is of no environment that the file makes", one.step.run)
    user = _user(survey, one)
    if one.user or user not in _ROOT:
        return posixpath.join(_home(survey, user, one), ".local")
    return ""


def _active(survey: Survey, found: Found, one: Install) -> str:
    """The environment of the file that a command works in; empty where there is none."""
    folder = posixpath.dirname(posixpath.dirname(one.step.path(one.program) or "")) if "/" in one.program else ""
    if folder in found.venvs:
        return folder
    if one.step in found.active:
        return found.active[one.step]
    if folder:
        return ""
    for path in _paths_before(survey, one.step.run):
        if path.endswith("/bin") and path[: -len("/bin")] in found.venvs:
            return path[: -len("/bin")]
    return ""


def _paths_before(survey: Survey, run: Instruction) -> list[str]:
    """The folders of PATH at an instruction, as far as ENV names them."""
    text = ""
    for one in survey.stage.each("ENV"):
        if one.begin < run.begin:
            values = [value.text for value in survey.stage.values(one)]
            for at, value in enumerate(values[:-1]):
                if value == "PATH" and at % 3 == 0:
                    text = values[at + 1]
    return text.split(":")


def _value(survey: Survey, name: str, run: Instruction) -> str:
    """A variable that ENV sets above an instruction; empty where it does not. Raises Unfit for an unknown value."""
    if not any(one.begin < run.begin and name in one.logical for one in survey.stage.each("ENV")):
        return ""
    value = survey.stage.env.get(name)
    if value is None:
        return ""
    if not value.known or value.by_default:
        raise Unfit("artefact", f"which environment {name} names depends on the build", run)
    return value.text


def _of_uv_sync(survey: Survey, found: Found, one: Install) -> str:
    given = _value(survey, "UV_PROJECT_ENVIRONMENT", one.step.run)
    path = one.step.path(given or ".venv")
    if path in (None, "/usr/local", "/usr", "/"):
        raise Unfit("artefact", f"uv installs into {path}, where the interpreter itself lies", one.step.run)
    return path or ""


def _of_uv_pip(survey: Survey, found: Found, one: Install) -> str:
    if one.system or _value(survey, "UV_SYSTEM_PYTHON", one.step.run).lower() in _YES:
        return ""
    own = (
        _value(survey, "VIRTUAL_ENV", one.step.run) or found.active.get(one.step, "") or (one.step.path(".venv") or "")
    )
    if own not in found.venvs:
        raise Unfit("artefact", "which environment uv installs into cannot be told", one.step.run)
    return own


def _of_poetry(survey: Survey, found: Found, one: Install) -> str:
    own = found.active.get(one.step, "") or _value(survey, "VIRTUAL_ENV", one.step.run)
    if own:
        if own not in found.venvs:
            raise Unfit("artefact", f"the environment {own} is not made in this file", one.step.run)
        return own
    settings = dict(_poetry_settings(survey, one))
    if settings.get("virtualenvs.create", "true").lower() == "false":
        return ""
    if settings.get("virtualenvs.in-project", "").lower() in _YES:
        return one.step.path(".venv") or ""
    raise Unfit("artefact", "poetry keeps its environment under a name of its own making", one.step.run)


def _poetry_settings(survey: Survey, one: Install) -> Iterator[tuple[str, str]]:
    text = survey.text(posixpath.join(one.step.cwd or "/", "poetry.toml"))
    if text is not None:
        try:
            for key, value in tomllib.loads(text).get("virtualenvs", {}).items():
                yield f"virtualenvs.{key}", str(value).lower()
        except (tomllib.TOMLDecodeError, AttributeError) as error:
            raise Unfit("no-manifest", "poetry.toml cannot be read", one.step.run) from error
    for step in survey.runs("poetry"):
        if step.run.begin <= one.step.run.begin and step.words[1:2] == ("config",):
            words = [word for word in step.arguments[1:] if word and not word.startswith("-")]
            if len(words) == 2:
                yield words[0], words[1]
    for key in ("create", "in-project"):
        value = _value(survey, f"POETRY_VIRTUALENVS_{key.upper().replace('-', '_')}", one.step.run)
        if value:
            yield f"virtualenvs.{key}", value


def _of_pipenv(survey: Survey, found: Found, one: Install) -> str:
    if not one.system and _value(survey, "PIPENV_VENV_IN_PROJECT", one.step.run).lower() in _YES:
        return one.step.path(".venv") or ""
    raise Unfit("artefact", "where pipenv installs is not followed", one.step.run)


def _home(survey: Survey, user: str, one: Install) -> str:
    own_home = _value(survey, "HOME", one.step.run)
    if own_home:
        return posixpath.normpath(own_home)
    name = user.partition(":")[0]
    if name in _ROOT:
        return "/root"
    account = survey.accounts.user(name)
    if account is not None and account.sure:
        return account.home or f"/home/{name}"
    own = survey.base.app_user
    if own is not None and name in (own.name, str(own.uid)) and own.home:
        return own.home
    raise Unfit("artefact", f"where {name} has its home, and pip its packages, is not known", one.step.run)


def _check_context(survey: Survey, folder: str) -> None:
    """Raise Unfit where a COPY puts files into the environment: which is on top would change."""
    for path, entry in survey.files:
        if path.startswith(f"{folder}/"):
            raise Unfit("artefact", f"{entry.path} of the context lands in {folder}, which is installed into")


def _check_free(survey: Survey, first: Instruction) -> None:
    """Raise Unfit where an environment at VENV would not be what every program finds first."""
    if VENV in survey.stage.document.text:
        raise Unfit("artefact", f"{VENV} is taken")
    for one in survey.stage.each("ENV"):
        if re.search(r"\sPATH[= ]", one.logical) and not re.search(r"\$\{?PATH\b", one.logical):
            raise Unfit("contract", "PATH is set as a whole, and an environment would not be on it", one)
        if one.begin > first.begin and re.search(r"\sPATH[= ]", one.logical) and _SYSTEM_FIRST.search(one.logical):
            raise Unfit("contract", "PATH puts the system's interpreter before that of an environment", one)
    crons = [
        one.instruction
        for one in survey.layout.placed
        if (one.target or "").startswith(("/etc/cron", "/var/spool/cron"))
    ]
    crons += [step.run for step in survey.runs("crontab")]
    if crons:
        raise Unfit("missing-program", "cron runs programs with a PATH of its own", crons[0])
    for command in survey.start.commands:
        if command.program in ("cron", "crond", "sudo", "su") or {"-l", "-lc", "--login"} & set(command.words[1:3]):
            raise Unfit("missing-program", f"{command.where} starts {command.program} with a PATH of its own")
    texts = [(survey.context.read(script) or b"").decode("utf-8", "replace") for script in survey.start.scripts]
    shell = survey.stage.final.shell
    texts += [f"#!{' '.join(shell.args)}"] if shell is not None else []
    if any(_OWN_PATH.search(text) for text in texts):
        raise Unfit("missing-program", "a script that starts, or its shell, sets a PATH of its own", survey.start.at)


def _check_settings(survey: Survey, found: Found) -> None:
    """Raise Unfit where settings of pip send packages elsewhere than its command says."""
    for one in survey.stage.instructions:
        if one.keyword in ("ENV", "ARG", "RUN") and (_ELSEWHERE.search(one.logical)):
            raise Unfit("artefact", "a setting of pip says where packages go", one)
    for step in found.helpers:
        if any(re.search(r"\.(?:user|target|prefix|root)\Z", word or "") for word in step.words):
            raise Unfit("artefact", "a setting of pip says where packages go", step.run)
    for path, _ in survey.files:
        settings = survey.text(path) if posixpath.basename(path) in ("pip.conf", ".pydistutils.cfg") else ""
        if settings is None or re.search(r"(?m)^\s*(?:user|target|prefix|root)\s*=", settings):
            raise Unfit("artefact", f"{path} says where packages go", found.installs[0].step.run)


def _upgrades(survey: Survey, found: Found) -> Iterator[Instruction]:
    """The RUN lines that change pip itself, or what it builds by: the environment's own has to be the one changed."""
    for step in found.tools:
        setting = survey.stage.before(step.run).user
        user = setting.value.text if setting is not None else survey.base.default_user
        words = [word for word in step.arguments if word and not word.startswith("-")]
        names = {re.split(r"[=<>~!\[]", word.strip("\"'"))[0] for word in words} - {"pip", "install", "-m"}
        own = step.name.startswith("pip") or "pip" in step.arguments[:2]
        if own and "/" not in (step.words[0] or "") and names <= {"wheel"} and user in _ROOT:
            yield step.run


def _without_system(system: Sequence[Install]) -> Iterator[Edit]:
    """`uv pip install --system`, or UV_SYSTEM_PYTHON, shuns environments: say which one instead."""
    for one in system:
        if one.tool != "uv-pip" or one.step.command is None:
            continue
        words = one.step.command.words
        word = next((word for word in words if word.joined == "--system"), None)
        text = f"--python {VENV}"
        if word is None:
            word = next(word for word in words if word.joined == "install")
            text = f"install {text}"
        start = one.step.run.split.rest.start
        yield replace(one.step.run, Span(word.span.start + start, word.span.end + start), text)


def _check_versions(found: Found, minor: str) -> None:
    """Raise Unfit where several interpreters are at work."""
    for step in [one.step for one in found.installs] + list(found.venvs.values()):
        words = [word or "" for word in step.words]
        asked = [words[0].rpartition("/")[2]] + [
            words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-p", "--python")
        ]
        for word in asked:
            named = _VERSION.search(word)
            if (named and named[1] != minor) or re.match(r"(?:python|pip)2", word):
                raise Unfit("artefact", f"`{step.text[:60]}` uses another interpreter than the image's", step.run)
