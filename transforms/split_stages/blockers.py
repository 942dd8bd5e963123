"""Why a file is no candidate, whatever its stack is."""

from hardenfile.dockerfile import Document
from hardenfile.dockerfile.stages import Stage

from .split import Unfit
from .survey import Survey

# Programs that build: an image that starts one compiles when it runs.
_BUILDERS = frozenset(
    "mvn mvnw gradle gradlew go cargo make cmake gcc g++ cc javac tsc webpack sbt lein msbuild nodemon".split()
)
_SERVICES = frozenset("supervisord s6-svscan runsvdir systemd init runit circusd monit pm2-runtime pm2 foreman".split())


def check_before(document: Document, stage: Stage) -> None:
    """Raise Unfit for what the file alone tells."""
    if len(document.stages) > 1:
        raise Unfit("several-stages", "the file has several stages already", stage.instruction)
    escape = document.escape != "\\"
    base = stage.base.text.lower()
    if escape or any(word in base for word in ("windows", "nanoserver", "servercore")):
        raise Unfit("windows", "nothing is known of building on Windows")
    for one in stage.each("ONBUILD"):
        raise Unfit("onbuild", "its ONBUILD triggers are meant for images that build on it", one)
    if stage.base.text == "scratch":
        raise Unfit("nothing-gained", "scratch holds no more than what the file copies")


def check_start(survey: Survey) -> None:
    """Raise Unfit for what the base image and the start command tell."""
    base = survey.base
    if base.family == "windows":
        raise Unfit("windows", "nothing is known of building on Windows")
    if base.onbuild:
        raise Unfit("onbuild", f"{survey.stage.base.text} brings ONBUILD triggers of its own")
    if base.libc not in ("glibc", "musl"):
        raise Unfit("unknown-libc", f"which C library {survey.stage.base.text} has is not known")
    survey.workdir  # noqa: B018 - raises where it is not known
    start = survey.start
    if start.nothing:
        raise Unfit("no-command", "it starts nothing but a shell: an image to build or to develop in")
    if start.unseen:
        raise Unfit("unseen-start", f"what it starts is not known: {start.unseen[0]}", start.at)
    for command in start.commands:
        name = command.program or ""
        if name in _BUILDERS or (name == "dotnet" and command.words[1:2] in (("run",), ("watch",))):
            raise Unfit("builds-at-start", f"{command.where} builds when it runs: it starts {name}", start.at)
        if name == "git" or any(word and (word == ".git" or word.endswith("/.git")) for word in command.words):
            raise Unfit("git-at-start", f"{command.where} works on the repository when it runs", start.at)
        if name in _SERVICES:
            raise Unfit("several-services", f"{command.where} starts {name}, which runs several programs", start.at)
