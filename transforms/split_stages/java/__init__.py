"""Java: the jar that Maven or Gradle leaves and `java` starts, on an image with the Java runtime alone."""

import fnmatch
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import within

from ..compiled import cached, check_split, feeding, filled, kept_settings, kept_workdir, lost_volumes, made
from ..contract import own_environment
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Step
from ..survey import Survey, listed
from . import gradle, maven
from .beside import beside
from .images import jre, runtime_packages_of
from .jars import Jar, Kind, Product
from .launch import Launch, launches

_TOOLS = ("mvn", "mvnw", "gradle", "gradlew")
_HOMES = ("/root/.m2", "/root/.gradle", "/usr/share/maven", "/home/gradle/.gradle", "/var/maven")
_CACHES = tuple(f"{home}/{name}" for home in ("~", "$HOME", "/root") for name in (".m2", ".gradle"))
_JAVA = frozenset(("java", "/opt/java/openjdk/bin/java"))

Call = maven.Call | gradle.Call


@dataclass(frozen=True, slots=True)
class Found:
    """What starts and where it came from: the trees for it, the steps that laid it there, and what is known of it."""

    trees: tuple[Tree, ...]
    steps: tuple[Step, ...]
    product: Product
    facts: tuple[str, ...]
    doubts: tuple[str, ...]


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that builds a Java program with Maven or Gradle; None where none is. Raises Unfit."""
    calls = read_calls(survey)
    if not calls:
        return None
    started = launches(survey)
    found = [_found(survey, calls, one) for one in started] or [_script(survey, calls)]
    if len({tree.source for one in found for tree in one.trees[:1]}) > 1:
        raise Unfit("several-services", "it starts several programs of Java", survey.start.at)
    first = found[0]
    last = max((call.step.run for call in calls), key=lambda run: run.begin)
    claimed = frozenset((*claims(survey, calls, last), *first.steps))
    files, doubts = beside(survey, filled(survey, claimed), started, spring=first.product.spring)
    runtime = jre(survey, same_family=same_family)
    _check_java(survey, started, runtime)
    trees = outermost((*first.trees, *files.trees))
    _check_agents(survey, started, trees, claimed)
    packages = tuple(runtime_packages_of(survey))
    split = Split(
        "java",
        runtime,
        trees,
        claimed,
        settings=(*kept_settings(survey, runtime, "LANG"), *kept_workdir(survey, runtime)),
        intended=own_environment(survey.stage, survey.base, runtime.image)
        | lost_volumes(survey, runtime)
        | ({"ENTRYPOINT"} if survey.stage.final.entrypoint is None else set()),
        packages=tuple((runtime, f"the runtime of {name}") for name, runtime in packages),
        programs=frozenset(("maven", "gradle", "ant", *(name for name, _ in packages))),
        facts=(*first.facts, *entrypoint_fact(survey, runtime)),
        doubts=(*first.doubts, *doubts, *_debugged(started)),
    )
    check_split(survey, split)
    return split


def read_calls(survey: Survey) -> list[Call]:
    """Each command of Maven or Gradle, those that only fetch among them."""
    calls: list[Call] = []
    for step in survey.steps:
        words = step.words
        if step.name in ("sh", "bash") and len(words) > 1 and posixpath.basename(words[1] or "") in _TOOLS:
            words = words[1:]
        name = posixpath.basename(words[0] or "") if words else ""
        if name.startswith("mvn") and name in _TOOLS:
            calls.append(maven.read_call(step, words[1:], survey))
        elif name in _TOOLS:
            calls.append(gradle.read_call(step, words[1:]))
    if not any(call.packages for call in calls):
        return []
    return calls


def claims(survey: Survey, calls: list[Call], last: Instruction) -> Iterator[Step | Instruction]:
    """The commands of the build tools, and the copies that feed them."""
    for call in calls:
        yield call.step
    for step in survey.runs("dos2unix", "mvn", "gradle", "mvnw", "gradlew"):
        if step.run.begin <= last.begin:
            yield step
    for step in survey.runs("rm"):
        words = [word.joined for word in step.command.words[1:]] if step.command is not None else []
        if words and all(word.startswith(("-", *_CACHES)) for word in words) and step.run.begin <= last.begin:
            yield step
    folders = [call.step.cwd for call in calls if call.step.cwd]
    folders += [call.folder if isinstance(call, gradle.Call) else posixpath.dirname(call.pom) for call in calls]
    yield from feeding(survey, [*folders, *_HOMES], last)


def _found(survey: Survey, calls: list[Call], started: Launch) -> Found:
    """What one `java` starts."""
    if started.jar:
        return built_jar(survey, calls, started.jar, by_jar=True)
    steps: list[Step] = []
    trees: list[Tree] = []
    facts: list[str] = []
    doubts: list[str] = []
    product: Product | None = None
    for entry in started.class_path:
        path = entry.removesuffix("/*")
        if path.endswith(".jar"):
            one = built_jar(survey, calls, path, by_jar=False)
            product = product or one.product
            trees += one.trees
            steps += one.steps
            facts += one.facts
            doubts += one.doubts
            continue
        maker = made(survey, path)
        place = maker.source if maker is not None else path
        owner = _owner(survey, calls, place)
        if owner is None:
            if any(within(file, path) for file, _ in survey.files):
                continue  # it comes from the context, and is kept where something names it
            raise Unfit(
                "artefact",
                f"{path}, which {started.where} has on its class path, is not what the build leaves",
                survey.start.at,
            )
        call, one_product = owner
        _check_class_folder(survey, call, one_product, place)
        product = product or one_product
        steps += [maker.step] if maker is not None else []
        trees.append(Tree(path, path, f"{path} is on the class path of {started.where}", built=True))
    if product is None or not trees:
        raise Unfit(
            "artefact", f"nothing that the build leaves is on the class path of {started.where}", survey.start.at
        )
    return Found(tuple(trees), tuple(steps), product, tuple(facts), tuple(doubts))


def _check_class_folder(survey: Survey, call: Call, product: Product, path: str) -> None:
    """Raise Unfit where a folder of the results is not known to be there."""
    below = posixpath.relpath(path, product.output)
    if below in ("classes", "classes/java/main", "resources/main", "classes/kotlin/main"):
        return
    if isinstance(call, maven.Call):
        copied = any(
            "dependency:copy-dependencies" in goal
            for other in read_calls(survey)
            if isinstance(other, maven.Call)
            for goal in other.goals
        )
        manifest = survey.text(posixpath.join(posixpath.dirname(product.output), "pom.xml")) or ""
        if (
            below == "dependency" and (copied or "copy-dependencies" in manifest)
        ) or f"/{below}</outputDirectory>" in manifest:
            return
    raise Unfit("artefact", f"nothing was seen to fill {path}", survey.start.at)


def _owner(survey: Survey, calls: list[Call], path: str) -> tuple[Call, Product] | None:
    """The module that leaves a path, with the call that builds it."""
    for call in reversed(calls):
        if not call.packages:
            continue
        product: Product | None = None
        if isinstance(call, maven.Call):
            for folder in _above(path):
                has_pom = survey.text(posixpath.join(folder, "pom.xml")) is not None
                pom = maven.module(call, folder, survey) if has_pom else None
                if pom is not None:
                    product = maven.product(pom, call, survey)
                    break
        else:
            for folder in _above(path):
                if within(folder, call.folder) and (product := gradle.product(call, folder, survey)) is not None:
                    break
        if product is not None and within(path, product.output):
            return call, product
    return None


def _above(path: str) -> Iterator[str]:
    while path != "/":
        path = posixpath.dirname(path)
        yield path


def built_jar(survey: Survey, calls: list[Call], path: str, *, by_jar: bool) -> Found:
    """What is known of the jar at a path, which may be a pattern, or a copy of what the build leaves."""
    steps: list[Step] = []
    source = path
    while (maker := made(survey, source)) is not None and len(steps) < 4:
        steps.append(maker.step)
        source = maker.source
    owner = _owner(survey, calls, source)
    if owner is None:
        _check_manifest(survey, calls)
        raise Unfit("artefact", f"{path} is what starts, and nothing was seen to build it", survey.start.at)
    call, product = owner
    jar, doubts = _which(survey, call, product, source)
    if jar is not None and jar.name is not None and "*" in path:
        path = posixpath.join(jar.folder, jar.name)
    if "*" in path:
        raise Unfit("artefact", f"which jar {path} means cannot be told from {product.manifest}", survey.start.at)
    if cached(call.step, source) and not steps:
        raise Unfit("artefact", f"{path} lies in a cache, and in no image", call.step.run)
    what = f"{path} is what line {call.step.run.first_line} builds and what starts"
    place = posixpath.join(jar.folder, jar.tree) if jar is not None and jar.tree else ""
    if place and steps:
        raise Unfit(
            "artefact", f"{source} needs the folder around it, and {path} is a copy of it alone", survey.start.at
        )
    trees = [Tree(place or path, place or path, what, built=True)]
    facts = [jar.why] if jar is not None else []
    if jar is not None and jar.kind is Kind.BESIDE:
        trees.append(_libraries(survey, jar, path))
    elif jar is not None and jar.kind is Kind.PLAIN and by_jar and not jar.starts:
        doubts.append(f"{jar.why}: it may need others beside it")
    elif jar is None or jar.kind is Kind.UNKNOWN:
        doubts.append(
            f"whether {path} needs files beside it is not known" + (f": {jar.why}" if jar is not None else "")
        )
    return Found(tuple(trees), tuple(steps), product, tuple(facts), tuple(doubts))


def _check_manifest(survey: Survey, calls: list[Call]) -> None:
    for call in calls:
        if isinstance(call, maven.Call) and survey.text(call.pom) is None:
            raise Unfit(
                "no-manifest", f"{call.pom} is not in the context, so what is built is not known", call.step.run
            )
        if (
            isinstance(call, gradle.Call)
            and gradle.product(call, call.folder, survey) is None
            and not _settings(call, survey)
        ):
            raise Unfit(
                "no-manifest", "no build.gradle is in the context, so what is built is not known", call.step.run
            )


def _settings(call: gradle.Call, survey: Survey) -> bool:
    return any(survey.text(f"{call.folder}/settings.gradle{end}") is not None for end in ("", ".kts"))


def _which(survey: Survey, call: Call, product: Product, source: str) -> tuple[Jar | None, list[str]]:
    """The jar of a product that a path or pattern means, None where it cannot be told, with what is not known."""
    doubts = [product.unsure] if product.unsure else []
    folder = posixpath.dirname(source)
    if "*" not in source:
        below = [one for one in product.jars if one.name and posixpath.join(one.folder, one.name) == source]
        if len(below) > 1:
            raise Unfit("artefact", f"{product.manifest} gives several jars the name {source}", call.step.run)
        if below:
            return below[0], doubts
        if any(one.name is None for one in product.jars) or product.unsure:
            doubts.append(
                f"the name of the jar cannot be told from {product.manifest}: the start command says {source}"
            )
            return None, doubts
        names = listed(one.name for one in product.jars if one.name) or "no jar"
        raise Unfit("artefact", f"{product.manifest} makes {names}, and {source} is what is asked for", survey.start.at)
    if any(sign in folder for sign in "*?"):
        raise Unfit("artefact", f"which jar {source} means cannot be told", survey.start.at)
    fitting = [
        one
        for one in product.jars
        if one.folder == folder and (one.name is None or fnmatch.fnmatchcase(one.name, posixpath.basename(source)))
    ]
    if len(fitting) != 1:
        names = listed(one.name or "one of an unknown name" for one in fitting) or "no jar"
        raise Unfit("artefact", f"{source} may match {names} of {product.manifest}", survey.start.at)
    return fitting[0], doubts


def _libraries(survey: Survey, jar: Jar, path: str) -> Tree:
    """The folder of the jars that a manifest names. Raises Unfit where nothing is known to fill it."""
    if not jar.beside or jar.beside.startswith((".", "/")):
        raise Unfit("artefact", f"{jar.why}, and where they lie is not known", survey.start.at)
    folder = posixpath.join(posixpath.dirname(path), jar.beside)
    pom = survey.text(posixpath.join(posixpath.dirname(jar.folder), "pom.xml")) or ""
    if posixpath.dirname(path) != jar.folder or f"/{jar.beside}</outputDirectory>" not in pom:
        raise Unfit("artefact", f"{jar.why}, and nothing was seen to fill {folder}", survey.start.at)
    return Tree(folder, folder, f"{jar.why}, in {folder}", built=True)


def _script(survey: Survey, calls: list[Call]) -> Found:
    """A start script that the build makes: Gradle's installDist."""
    for command in survey.start.commands:
        program = command.words[0] if command.words else None
        if program and "/" in program:
            path = posixpath.normpath(posixpath.join(survey.workdir, program))
            owner = _owner(survey, calls, path)
            if owner is None:
                continue
            call, product = owner
            for jar in product.jars:
                if jar.tree and jar.name and posixpath.join(jar.folder, jar.name) == path:
                    place = posixpath.join(jar.folder, jar.tree)
                    why = f"{place} is what line {call.step.run.first_line} builds, and {path} starts"
                    return Found((Tree(place, place, why, built=True),), (), product, (jar.why,), ())
    raise Unfit("artefact", "what starts is no jar, and no script that the build was seen to make", survey.start.at)


def outermost(trees: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """The trees without those that lie in another one."""
    by_source = {tree.source: tree for tree in trees}
    return tuple(
        tree for path, tree in by_source.items() if not any(path != one and within(path, one) for one in by_source)
    )


def _check_java(survey: Survey, started: list[Launch], runtime: Runtime) -> None:
    """Raise Unfit where the file names the place of a Java that the final image has elsewhere."""
    if runtime.image == survey.base:
        return
    home = survey.stage.env.get("JAVA_HOME")
    if home is not None and home.text != "/opt/java/openjdk":
        raise Unfit("contract", f"JAVA_HOME is {home.text}, and {runtime.text} has its Java elsewhere")
    for one in started:
        if one.program not in _JAVA:
            raise Unfit(
                "missing-program",
                f"{one.where} runs {one.program}, which {runtime.text} has elsewhere",
                survey.start.at,
            )


def _debugged(started: list[Launch]) -> Iterator[str]:
    for one in started:
        for word in one.words:
            if word.startswith("-agentlib:"):
                yield f"{one.where} loads {word.partition('=')[0]}, which an image with the runtime alone may lack"


def _check_agents(
    survey: Survey, started: list[Launch], trees: tuple[Tree, ...], claimed: frozenset[Step | Instruction]
) -> None:
    """Raise Unfit for a file that the JVM opens and that the final image would lack."""
    kept = [place.target for place in survey.layout.placed if place.instruction not in claimed and place.target]
    for one in started:
        for path in one.agents:
            if not any(within(path, tree.target) for tree in trees) and not any(within(path, place) for place in kept):
                raise Unfit(
                    "artefact", f"{one.where} names {path}, which nothing was seen to put there", survey.start.at
                )


def entrypoint_fact(survey: Survey, runtime: Runtime) -> Iterator[str]:
    """Sentences about the ENTRYPOINT and the volumes that the final stage inherits, where they are others."""
    for path in survey.base.volumes:
        if path not in runtime.image.volumes:
            yield f"the VOLUME {path} of {survey.stage.base.text}, for caches of the build, is left out"
    before, after = survey.base.entrypoint, runtime.image.entrypoint
    if survey.stage.final.entrypoint is None and before != after:
        shown = " ".join(before or ()) or "none"
        now = " ".join(after or ()) or "none"
        yield f"the ENTRYPOINT of the image was {shown} and is {now}: both start the command as it is"
