"""Java, a WAR: what Maven or Gradle leaves goes into the application server that the file already starts."""

import posixpath
import re
from dataclasses import dataclass, replace

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import within

from ..compiled import check_split, filled, spelled
from ..contract import own_environment
from ..java import Call, built_jar, claims, entrypoint_fact, outermost, read_calls
from ..java.beside import beside
from ..java.images import jre
from ..java.launch import Launch, launches
from ..runtime import at, the_base_itself
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Step
from ..survey import Survey

# Images of servers, and the folder that each deploys from.
_SERVERS = {
    "tomcat": "/usr/local/tomcat/webapps",
    "tomee": "/usr/local/tomee/webapps",
    "jetty": "/var/lib/jetty/webapps",
}
_STARTERS = frozenset(("catalina.sh", "jetty.sh", "java", "docker-entrypoint.sh"))
_DOWNLOADS = {"curl": ("-o", "--output"), "wget": ("-O", "--output-document")}


@dataclass(frozen=True, slots=True)
class _Deployed:
    """WARs where the server finds them: the trees, and the commands that laid them there."""

    trees: tuple[Tree, ...]
    steps: tuple[Step, ...]
    facts: tuple[str, ...]
    doubts: tuple[str, ...]


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that builds a WAR for a server; None where there is none. Raises Unfit."""
    calls = read_calls(survey)
    if not calls:
        return None
    server = survey.name.rpartition("/")[2]
    if server in _SERVERS:
        return _on_server(survey, calls, server)
    started = launches(survey)
    wars = {word for one in started for word in one.words if word.endswith(".war") and not one.jar.endswith(".war")}
    if len(started) != 1 or not wars or not started[0].jar:
        return None
    return _by_jar(survey, calls, started[0], wars, same_family=same_family)


def _on_server(survey: Survey, calls: list[Call], server: str) -> Split:
    """A file that starts from the image of a server: the same server, on the Java runtime alone where there is one."""
    folder = _SERVERS[server]
    programs = {command.program for command in survey.start.commands}
    if not programs & _STARTERS:
        raise Unfit("artefact", f"what starts is not the server of {survey.stage.base.text}", survey.start.at)
    deployed = _deployed(survey, calls, folder)
    runtime = _server_image(survey)
    first = min(step.run.begin for step in deployed.steps)
    cleared = [step for step in survey.runs("rm") if step.run.begin < first and _clears(step, folder)]
    settings = tuple(f"RUN {step.text}" for step in cleared)
    claimed = frozenset((*claims(survey, calls, _last(calls)), *deployed.steps, *cleared))
    return _split(survey, runtime, deployed, claimed, [], settings)


def _deployed(survey: Survey, calls: list[Call], folder: str) -> _Deployed:
    """The WARs that cp or mv lay into the folder of the server. Raises Unfit where there is none."""
    trees: list[Tree] = []
    steps: list[Step] = []
    facts: list[str] = []
    doubts: list[str] = []
    for step in survey.runs("cp", "mv"):
        given = dict(survey.base.env)
        words = [word for word in spelled(step, given)[1:] if word is None or not word.startswith("-")]
        target = step.path(words[-1]) if len(words) == 2 and words[-1] else None
        source = step.path(words[0]) if len(words) == 2 and words[0] else None
        if target is None or source is None or not within(target, folder):
            continue
        if not step.always:
            raise Unfit("artefact", f"whether `{step.text[:60]}` deploys is not known", step.run)
        found = built_jar(survey, calls, source, by_jar=False)
        name = posixpath.basename(found.trees[0].source)
        into = target == folder or (words[-1] or "").endswith("/")
        path = posixpath.join(target, name) if into else target
        if not path.endswith(".war"):
            raise Unfit("artefact", f"{path} is no WAR that the server would deploy", step.run)
        context = posixpath.basename(path).removesuffix(".war")
        shown = "/" if context == "ROOT" else f"/{context}"
        trees.append(Tree(path, path, f"{path} is what line {step.run.first_line} deploys, as {shown}", built=True))
        steps += [step, *found.steps]
        facts += [f"{found.product.manifest} makes {name}"]
        doubts += found.doubts
    if not trees:
        raise Unfit("artefact", f"nothing that is built was seen to be laid into {folder}")
    return _Deployed(tuple(trees), tuple(steps), tuple(facts), tuple(doubts))


def _server_image(survey: Survey) -> Runtime:
    """The same server's image with the Java runtime, else the image itself."""
    tag = re.sub(r"\bjdk(?=\d)", "jre", survey.tag)
    fits = survey.name.rpartition("/")[2] == "tomcat" and re.search(r"jdk\d+(?:-temurin(?:-\w+)?)?\Z", survey.tag)
    if not fits or "$" in survey.stage.base_word.text:
        return the_base_itself(survey)
    return at(survey, replace(survey.reference, tag=tag, digest=None).familiar)


def _clears(step: Step, folder: str) -> bool:
    """Whether a command only removes what the server's image deploys."""
    words = [word for word in spelled(step)[1:] if word is None or not word.startswith("-")]
    return bool(words) and step.always and all(word is not None and word.startswith(f"{folder}/") for word in words)


def _by_jar(survey: Survey, calls: list[Call], started: Launch, wars: set[str], *, same_family: bool) -> Split:
    """A file that starts a server in one jar, which it is given the WAR to deploy: Payara Micro, Jetty's runner."""
    if len(wars) > 1:
        raise Unfit("several-services", f"it deploys {' and '.join(sorted(wars))}", survey.start.at)
    path = posixpath.normpath(posixpath.join(survey.workdir, wars.pop()))
    found = built_jar(survey, calls, path, by_jar=False)
    jar, steps = _server_jar(survey, started.jar)
    facts = (f"{found.product.manifest} makes the WAR",)
    deployed = _Deployed((*jar, *found.trees), (*steps, *found.steps), facts, found.doubts)
    claimed = frozenset((*claims(survey, calls, _last(calls)), *deployed.steps))
    runtime = jre(survey, same_family=same_family)
    return _split(survey, runtime, deployed, claimed, [started], ())


def _server_jar(survey: Survey, path: str) -> tuple[tuple[Tree, ...], tuple[Step, ...]]:
    """The jar of the server: downloaded by a command, or brought by COPY or ADD. Raises Unfit where it is neither."""
    for step in survey.runs(*_DOWNLOADS):
        words = step.words
        for option in _DOWNLOADS[step.name]:
            at_ = words.index(option) + 1 if option in words else 0
            joined = [word[len(option) + 1 :] for word in words if word and word.startswith(f"{option}=")]
            name = words[at_] if at_ and at_ < len(words) else (joined[0] if joined else None)
            if name is not None and step.path(name) == path and step.always:
                return (Tree(path, path, f"{path} is what line {step.run.first_line} downloads", built=True),), (step,)
    if survey.layout.fills(path):
        place = survey.place(path)
        claimed = place is not None and not place.remote and place.source is not None
        return ((Tree(path, path, f"{path} is the server"),) if claimed else ()), ()
    raise Unfit("artefact", f"{path} is what starts, and nothing was seen to put it there", survey.start.at)


def _last(calls: list[Call]) -> Instruction:
    return max((call.step.run for call in calls), key=lambda run: run.begin)


def _split(
    survey: Survey,
    runtime: Runtime,
    deployed: _Deployed,
    claimed: frozenset[Step | Instruction],
    started: list[Launch],
    settings: tuple[str, ...],
) -> Split:
    files, doubts = beside(survey, filled(survey, claimed), started, spring=False)
    split = Split(
        "java_war",
        runtime,
        outermost((*deployed.trees, *files.trees)),
        claimed,
        settings=settings,
        intended=own_environment(survey.stage, survey.base, runtime.image)
        | ({"ENTRYPOINT"} if survey.stage.final.entrypoint is None else set()),
        programs=frozenset(("maven", "gradle", "ant")),
        facts=(*deployed.facts, *entrypoint_fact(survey, runtime)),
        doubts=(*deployed.doubts, *doubts),
    )
    check_split(survey, split)
    return split
