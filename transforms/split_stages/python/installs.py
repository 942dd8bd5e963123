"""What the RUN lines install for Python, with which tool, and where it goes."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..split import Unfit
from ..steps import Step
from ..survey import Survey

_PIP = re.compile(r"pip(?:\d(?:\.\d+)?)?\Z")
_PYTHON = re.compile(r"python(?:\d(?:\.\d+)?)?\Z")
# Tools that only the build uses: what they install is not theirs.
TOOLS = frozenset(
    "pip wheel poetry uv pipenv pip-tools virtualenv pdm hatch build pipx poetry-plugin-export poetry-core".split()
)
_VALUED = frozenset(
    "-r --requirement -c --constraint -e --editable -t --target --prefix --root --src --upgrade-strategy -i --proxy "
    "--index-url --extra-index-url -f --find-links --timeout --default-timeout --retries --trusted-host --cert "
    "--cache-dir --platform --python-version --implementation --abi --only-binary --no-binary --progress-bar --log "
    "--config-settings -C --global-option --install-option --build-option --report --root-user-action --use-feature "
    "--use-deprecated --group --extra --python -p --index --default-index --index-strategy --link-mode --prerelease "
    "--resolution --exclude-newer --python-platform --project --directory --package --no-install-package --only-group "
    "--no-group --client-cert --refresh-package --upgrade-package -P --reinstall-package --color --config-file "
    "--allow-insecure-host --keyring-provider --only --without --with -E --extras --no-extra -b --build".split()
)
_HARMLESS = {
    "pip": frozenset("config cache list freeze check show debug --version -V uninstall inspect index hash".split()),
    "poetry": frozenset("config lock export check show about version cache self env --version".split()),
    "uv": frozenset("lock export cache tree version self help --version".split()),
    "pipenv": frozenset("lock check graph requirements --version --venv verify".split()),
}
_SPEC = re.compile(r"""["']?([A-Za-z0-9][\w.-]*)(\[[\w,. -]*\])?\s*(?:[=<>~!;@ ].*)?["']?\Z""", re.DOTALL)
_INSTALLERS = re.compile(r"install\.python-poetry\.org|get-poetry\.py|astral\.sh/uv")


@dataclass(frozen=True, eq=False, slots=True)
class Install:
    """One command that installs what the application uses.

    `program` is the path or name that it is called by; `folder` the one that --target names; `editable` the folders of
    the image whose sources are used in place; `names` the distributions named, with their extras; `files` the lists.
    """

    step: Step
    tool: str
    program: str
    user: bool = False
    system: bool = False
    folder: str = ""
    editable: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    project: bool = False


@dataclass(slots=True)
class Found:
    """All that the RUN lines do for Python: `tools` install what only the build uses, `venvs` make environments."""

    installs: list[Install] = field(default_factory=list)
    tools: list[Step] = field(default_factory=list)
    helpers: list[Step] = field(default_factory=list)
    venvs: dict[str, Step] = field(default_factory=dict)
    active: dict[Step, str] = field(default_factory=dict)


def read_installs(survey: Survey) -> Found:
    """The commands that concern Python. Raises Unfit for one that cannot be followed."""
    found = Found()
    activated: dict[int, str] = {}
    for step in survey.steps:
        if step.name in (".", "source") and len(step.words) == 2 and (step.words[1] or "").endswith("/bin/activate"):
            path = step.path(step.words[1] or "")
            if path is not None and step.always:
                activated[step.run.begin] = posixpath.dirname(posixpath.dirname(path))
            found.helpers.append(step)
        elif step.run.begin in activated:
            found.active[step] = activated[step.run.begin]
        _one(step, found)
    used = {one.tool.partition("-")[0] for one in found.installs}
    for run in {step.run.begin for step in survey.steps}:
        own = [step for step in survey.steps if step.run.begin == run]
        if any(_INSTALLERS.search(step.text) for step in own) and used & {"poetry", "uv"}:
            found.tools += [
                step for step in own if step.name in ("curl", "wget", "sh", "bash") or _PYTHON.match(step.name)
            ]
    return found


def _one(step: Step, found: Found) -> None:
    words: tuple[str | None, ...] = step.words
    program = words[0] if words else None
    if program is None:
        return
    name = step.name
    if _PYTHON.match(name) and words[1:2] == ("-m",) and len(words) > 2 and words[2]:
        name, words = posixpath.basename(words[2]), words[2:]
    elif _PYTHON.match(name) and words[1:3] in (("setup.py", "install"), ("setup.py", "develop")):
        _always(step)
        here = (step.cwd or "",) if words[2] == "develop" else ()
        found.installs.append(Install(step, "setup", program, editable=here, project=True))
        return
    elif _PYTHON.match(name):
        return
    if _PIP.match(name):
        _pip(step, program, words, found, "pip")
    elif name == "uv":
        _uv(step, program, words, found)
    elif name == "poetry":
        _poetry(step, program, words, found)
    elif name == "pipenv":
        _pipenv(step, program, words, found)
    elif name in ("venv", "virtualenv"):
        _venv(step, words, found)


def _subcommand(words: Sequence[str | None]) -> tuple[str, tuple[str | None, ...]]:
    for at, word in enumerate(words[1:], 1):
        if word is None or not word.startswith("-") or word in ("--version", "-V"):
            return word or "", tuple(words[at + 1 :])
    return "", ()


def _always(step: Step) -> None:
    if not step.always:
        raise Unfit("unclear-step", f"whether `{step.text[:60]}` runs cannot be told", step.run)
    if step.cwd is None:
        raise Unfit("unclear-step", f"where `{step.text[:60]}` runs cannot be told", step.run)


def _pip(step: Step, program: str, words: Sequence[str | None], found: Found, tool: str) -> None:
    subcommand, rest = _subcommand(words)
    if subcommand in _HARMLESS["pip"]:
        found.helpers.append(step)
        return
    if subcommand != "install":
        return
    _always(step)
    options = _Options(step, rest)
    if any(name in options.flags for name in ("--prefix", "--root")):
        raise Unfit("artefact", f"`{step.text[:60]}` installs into a place of its own", step.run)
    names = tuple(options.names)
    plain = {name.partition("[")[0].lower().replace("_", "-") for name in names}
    if names and plain <= TOOLS and not options.files and not options.editable and not options.projects:
        found.tools.append(step)
        return
    target = options.flags.get("--target") or options.flags.get("-t") or ""
    found.installs.append(
        Install(
            step,
            tool,
            program,
            user="--user" in options.flags,
            system="--system" in options.flags,
            folder=(step.path(target) or "") if target else "",
            editable=tuple(options.editable),
            names=names,
            files=tuple(options.files),
            project=bool(options.projects),
        )
    )


class _Options:
    """The arguments of `pip install`, sorted."""

    def __init__(self, step: Step, words: Sequence[str | None]) -> None:
        self.step = step
        self.flags: dict[str, str] = {}
        self.names: list[str] = []
        self.files: list[str] = []
        self.editable: list[str] = []
        self.projects: list[str] = []
        rest = iter(zip(words, _raw(step, len(words)), strict=True))
        for word, raw in rest:
            text = word if word is not None else raw
            if not text.startswith("-"):
                self._wanted(text, known=word is not None)
                continue
            name, equals, value = text.partition("=")
            if not equals and name in _VALUED:
                following, raw = next(rest, ("", ""))
                value = following if following is not None else raw
            elif not equals and name[:2] in ("-r", "-c", "-e") and len(name) > 2 and name[1] != "-":
                name, value = name[:2], name[2:]
            self._option(name, value)

    def _option(self, name: str, value: str) -> None:
        self.flags[name] = value
        if name in ("-r", "--requirement"):
            path = self.step.path(value)
            self.files.append(path or value)
        elif name in ("-e", "--editable"):
            self._editable(value)
        elif name == "--group":
            self.files.append("")

    def _editable(self, value: str) -> None:
        if re.match(r"(?:git|hg|svn|bzr)\+|https?:", value):
            return
        path = self.step.path(value.partition("[")[0])
        if "$" in value or path is None:
            raise Unfit(
                "unclear-step", f"which sources `{self.step.text[:60]}` uses in place cannot be told", self.step.run
            )
        self.editable.append(path)

    def _wanted(self, text: str, *, known: bool) -> None:
        bare = text.strip("\"'")
        if re.match(r"\.{0,2}/|\.\Z|\.\[|.*\.whl\Z|.*\.(?:zip|tar\.gz)\Z", bare) and "://" not in bare:
            self.projects.append(bare)
            return
        parsed = _SPEC.match(bare)
        if parsed is None or (not known and re.search(r"\$\(|`", text)):
            if re.match(r"(?:git\+)?(?:https?|ssh|file):", bare) and known:
                self.names.append(bare)
                return
            raise Unfit("unclear-step", f"what `{self.step.text[:60]}` installs cannot be told", self.step.run)
        self.names.append(parsed[1] + (parsed[2] or ""))


def _raw(step: Step, count: int) -> list[str]:
    words = step.command.words if step.command is not None else ()
    raw = [word.joined for word in words][-count:] if count else []
    return raw if len(raw) == count else [word or "" for word in step.words[-count:]]


def _uv(step: Step, program: str, words: Sequence[str | None], found: Found) -> None:
    subcommand, rest = _subcommand(words)
    if subcommand == "pip":
        _pip(step, program, ("pip", *rest), found, "uv-pip")
    elif subcommand == "venv":
        _venv(step, ("uv", *rest), found)
    elif subcommand == "sync":
        _always(step)
        flags = [word or "" for word in rest]
        if any(flag.startswith("--link-mode") and "symlink" in " ".join(flags) for flag in flags):
            raise Unfit("artefact", "uv links its environment to its cache", step.run)
        if any(flag.split("=")[0] in ("--project", "--directory", "--active", "--script") for flag in flags):
            raise Unfit("unclear-step", f"where `{step.text[:60]}` installs cannot be told", step.run)
        found.installs.append(
            Install(step, "uv-sync", program, files=("uv.lock",), project="--no-install-project" not in flags)
        )
    elif subcommand in _HARMLESS["uv"]:
        found.helpers.append(step)


def _poetry(step: Step, program: str, words: Sequence[str | None], found: Found) -> None:
    subcommand, rest = _subcommand(words)
    if subcommand in ("install", "sync"):
        _always(step)
        found.installs.append(Install(step, "poetry", program, files=("poetry.lock",), project="--no-root" not in rest))
    elif subcommand in _HARMLESS["poetry"]:
        found.helpers.append(step)


def _pipenv(step: Step, program: str, words: Sequence[str | None], found: Found) -> None:
    subcommand, rest = _subcommand(words)
    if subcommand in ("install", "sync"):
        _always(step)
        found.installs.append(Install(step, "pipenv", program, system="--system" in rest, files=("Pipfile.lock",)))
    elif subcommand in _HARMLESS["pipenv"]:
        found.helpers.append(step)


def _venv(step: Step, words: Sequence[str | None], found: Found) -> None:
    if any(word is None for word in words):
        raise Unfit("unclear-step", f"which environment `{step.text[:60]}` makes cannot be told", step.run)
    _always(step)
    plain = list(_positional(words[1:]))
    if len(plain) > 1 or (not plain and words[0] != "uv"):
        raise Unfit("unclear-step", f"which environment `{step.text[:60]}` makes cannot be told", step.run)
    path = step.path(plain[0] if plain else ".venv")
    if path is not None:
        found.venvs[path] = step


def _positional(words: Sequence[str | None]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word in ("-p", "--python", "--prompt", "--seeder", "--app-data"):
            next(rest, None)
        elif word and not word.startswith("-"):
            yield word
