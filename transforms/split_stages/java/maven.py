"""The jars that Maven leaves, by the pom.xml files of the context."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from ..split import Unfit
from ..steps import Step
from ..survey import Survey
from .jars import Jar, Kind, Product
from .pom import Pom, children, read_pom, tag

Name = Callable[..., str | None]
_TAKES_VALUE = frozenset(
    "-f --file -pl --projects -P --activate-profiles -s --settings -gs --global-settings -t --toolchains -T --threads "
    "-D --define -rf --resume-from -b --builder -l --log-file".split()
)
_PACKAGES = frozenset(
    "package verify install deploy integration-test pre-integration-test post-integration-test".split()
)


@dataclass(frozen=True, slots=True)
class Call:
    """One `mvn`: where it works, and what it is told. A property is None where only the build knows it."""

    step: Step
    pom: str
    goals: tuple[str, ...]
    given: Mapping[str, str | None] = field(default_factory=dict)
    profiles: frozenset[str] = frozenset()

    @property
    def packages(self) -> bool:
        """Whether it goes as far as making jars."""
        return any(goal in _PACKAGES for goal in self.goals) or any(goal.startswith("jar:") for goal in self.goals)


def read_call(step: Step, words: tuple[str | None, ...], survey: Survey) -> Call:
    """What a `mvn` command does. Raises Unfit where it cannot be followed."""
    if step.cwd is None or not step.always:
        raise Unfit("unclear-step", "where, or whether, Maven builds cannot be told", step.run)
    more = (survey.text(posixpath.join(step.cwd, ".mvn/maven.config")) or "").split()
    pom, goals, profiles = "pom.xml", [], set()
    given: dict[str, str | None] = {}
    option = ""
    raws = _raws(step, words)
    for word, raw in [*((one, one) for one in more), *zip(words, raws, strict=True)]:
        if option:
            if option in ("-f", "--file"):
                pom = word or ""
            elif option in ("-P", "--activate-profiles"):
                profiles.update((word or "").split(","))
            elif option in ("-D", "--define"):
                _define(given, raw)
            option = ""
        elif raw.startswith("-D"):
            if raw == "-D":
                option = "-D"
            else:
                _define(given, raw[2:], known=word is not None)
        elif raw.startswith("-P") and len(raw) > 2:
            profiles.update(raw[2:].split(","))
        elif raw.startswith(("--file=", "-f=")):
            pom = raw.partition("=")[2]
        elif raw in _TAKES_VALUE:
            option = raw
        elif word is not None and not word.startswith("-"):
            goals.append(word)
    path = step.path(pom) if pom else None
    if path is None:
        raise Unfit("artefact", "which pom.xml is built cannot be told", step.run)
    if not path.endswith(".xml"):
        path = posixpath.join(path, "pom.xml")
    active = frozenset(one.strip().lstrip("+") for one in profiles if one and not one.startswith(("!", "-")))
    return Call(step, path, tuple(goals), given, active)


def _raws(step: Step, words: tuple[str | None, ...]) -> list[str]:
    raws = (
        [word.joined for word in step.command.words]
        if step.command is not None
        else [word or "" for word in step.words]
    )
    return [word if word is not None else raw for word, raw in zip(words, raws[len(raws) - len(words) :], strict=True)]


def _define(given: dict[str, str | None], text: str, *, known: bool = True) -> None:
    name, _, value = text.strip("\"'").partition("=")
    given[name] = value.strip("\"'") if known else None


def module(call: Call, folder: str, survey: Survey) -> Pom | None:
    """The project in a folder, where the call builds it: its own, or a module of it."""
    seen: set[str] = set()
    todo = [call.pom]
    while todo and len(seen) < 200:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        pom = read_pom(survey, path, call.given, call.profiles)
        if pom is None:
            continue
        if posixpath.dirname(path) == folder:
            return pom
        todo += [one if one.endswith(".xml") else posixpath.join(one, "pom.xml") for one in pom.modules]
    return None


def product(pom: Pom, call: Call, survey: Survey) -> Product:
    """The jars of a project. Raises Unfit where its folder of results cannot be told."""
    output = pom.output
    if output is None:
        raise Unfit("artefact", f"the folder of results that {pom.path} names cannot be told")
    where = survey.layout.source_of(pom.path)
    jars = tuple(_jars(pom, call, output, where, survey))
    spring = bool(pom.plugin("spring-boot-maven-plugin")) or pom.external == "spring-boot-starter-parent"
    return Product(output, where, jars, pom.packaging, spring, pom.dependencies, pom.unsure)


def _jars(pom: Pom, call: Call, output: str, where: str, survey: Survey) -> Iterator[Jar]:
    final = pom.final_name
    ending = pom.packaging if pom.packaging in ("war", "ear") else "jar"

    def name(*parts: str | None, base: str | None = final) -> str | None:
        used = [base, *(part for part in parts if part != "")]
        return None if None in used else "-".join(part or "" for part in used) + f".{ending}"

    yield from _quarkus(pom, output, where, final, survey)
    main = _main(pom, output, where, name)
    boot = pom.plugin("spring-boot-maven-plugin")
    if boot and pom.setting(boot, "skip") != "true":
        base = pom.setting(boot, "finalName") or final
        classifier = _or_empty(pom, boot, "classifier")
        if pom.setting(boot, "layout") in ("NONE", "ZIP", "DIR"):
            why = f"spring-boot-maven-plugin of {where} makes a jar that may take libraries from elsewhere"
            yield Jar(output, name(classifier, base=base), Kind.UNKNOWN, why)
            return
        if _repackages(pom, call):
            yield Jar(
                output, name(classifier, base=base), Kind.WHOLE, f"spring-boot-maven-plugin of {where} repackages it"
            )
            if classifier != "":
                yield main
            yield from _more(pom, output, name, where)
            return
        yield Jar(
            output, name(classifier, base=base), Kind.UNKNOWN, f"no execution of spring-boot-maven-plugin in {where}"
        )
        return
    shaded = list(_shaded(pom, output, where, name))
    yield from shaded
    if not any(one.name == main.name for one in shaded):
        yield main
    yield from _assembled(pom, call, output, where, name)
    yield from _more(pom, output, name, where)


def _or_empty(pom: Pom, plugin: list[Element], key: str) -> str | None:
    """A setting; empty where it is absent, None where it is there and cannot be told."""
    there = any(tag(one) == key for each in plugin for one in each.iter())
    return pom.setting(plugin, key) if there else ""


def _goals(plugin: list[Element]) -> set[str]:
    """The goals that the executions of a plugin run."""
    return {
        (goal.text or "").strip()
        for one in plugin
        for goal in children(one, "executions", "execution", "goals", "goal")
    }


def _repackages(pom: Pom, call: Call) -> bool:
    """Whether Spring Boot's plugin runs: its parent binds it, an execution does, or the command names it."""
    plugin = pom.plugin("spring-boot-maven-plugin")
    if any(goal.startswith("spring-boot:repackage") for goal in call.goals):
        return True
    return pom.external == "spring-boot-starter-parent" or "repackage" in _goals(plugin)


def _main(pom: Pom, output: str, where: str, name: Name) -> Jar:
    """The jar of maven-jar-plugin."""
    plugin = pom.plugin("maven-jar-plugin")
    classifier = _or_empty(pom, plugin, "classifier") if plugin else ""
    if pom.packaging == "war":
        war = pom.plugin("maven-war-plugin")
        why = f"{where} makes a WAR"
        if any(tag(one) in ("outputDirectory", "outputFileNameMapping") for each in war for one in each.iter()):
            return Jar(output, None, Kind.UNKNOWN, why)
        own = _or_empty(pom, war, "warName") if war else ""
        return Jar(output, name(base=own) if own != "" else name(), Kind.WHOLE, why, starts=False)
    if plugin and any(
        tag(one) in ("outputDirectory", "finalName", "manifestFile") for each in plugin for one in each.iter()
    ):
        return Jar(output, name(classifier), Kind.UNKNOWN, f"{where} gives maven-jar-plugin a folder, name or manifest")
    if plugin and pom.setting(plugin, "archive", "manifest", "addClasspath") == "true":
        prefix = pom.setting(plugin, "archive", "manifest", "classpathPrefix") or ""
        why = f"maven-jar-plugin of {where} lists its dependencies in the manifest"
        return Jar(output, name(classifier), Kind.BESIDE, why, beside=posixpath.normpath(prefix) if prefix else "")
    if plugin and any(tag(one) == "Class-Path" for each in plugin for one in each.iter()):
        return Jar(output, name(classifier), Kind.UNKNOWN, f"{where} writes a Class-Path into the manifest")
    if plugin and pom.setting(plugin, "archive", "manifest", "mainClass"):
        return Jar(output, name(classifier), Kind.PLAIN, f"maven-jar-plugin of {where} names its main class")
    why = f"no plugin in {where} makes a jar that runs by itself"
    return Jar(output, name(classifier), Kind.PLAIN, why, starts=False)


def _shaded(pom: Pom, output: str, where: str, name: Name) -> Iterator[Jar]:
    plugin = pom.plugin("maven-shade-plugin")
    micronaut = pom.external == "micronaut-parent"
    if not plugin or not (micronaut or "shade" in _goals(plugin)):
        return
    why = f"maven-shade-plugin of {where} packs its dependencies"
    if any(tag(one) in ("outputFile", "outputDirectory") for each in plugin for one in each.iter()):
        path = pom.setting(plugin, "outputFile")
        path = posixpath.normpath(posixpath.join(pom.folder, path)) if path else None
        yield Jar(posixpath.dirname(path) if path else output, path and posixpath.basename(path), Kind.WHOLE, why)
        return
    base = pom.setting(plugin, "finalName")
    attached = pom.setting(plugin, "shadedArtifactAttached") == "true"
    classifier = (_or_empty(pom, plugin, "shadedClassifierName") or "shaded") if attached else ""
    yield Jar(output, name(classifier, base=base) if base else name(classifier), Kind.WHOLE, why)
    if not attached and not base:
        usual = name()
        yield Jar(
            output, usual and f"original-{usual}", Kind.PLAIN, "what maven-shade-plugin started from", starts=False
        )


def _assembled(pom: Pom, call: Call, output: str, where: str, name: Name) -> Iterator[Jar]:
    plugin = pom.plugin("maven-assembly-plugin")
    asked = any(goal.startswith("assembly:") for goal in call.goals)
    if not plugin or not (asked or _goals(plugin) & {"single", "assembly"}):
        return
    references = {(one.text or "").strip() for each in plugin for one in each.iter() if tag(one) == "descriptorRef"}
    base, bare = pom.setting(plugin, "finalName"), pom.setting(plugin, "appendAssemblyId") == "false"
    for reference in sorted(references):
        if reference == "jar-with-dependencies":
            parts = () if bare else (reference,)
            why = f"maven-assembly-plugin of {where} packs its dependencies"
            yield Jar(output, name(*parts, base=base) if base else name(*parts), Kind.WHOLE, why)
        else:
            yield Jar(output, None, Kind.UNKNOWN, f"{where} assembles {reference}")
    if any(tag(one) == "descriptor" for each in plugin for one in each.iter()):
        yield Jar(output, None, Kind.UNKNOWN, f"{where} assembles by a descriptor of its own")


def _more(pom: Pom, output: str, name: Name, where: str) -> Iterator[Jar]:
    """The jars beside the main one, which a pattern would match as well."""
    for plugin, goals, classifier in (
        ("maven-source-plugin", {"jar", "jar-no-fork"}, "sources"),
        ("maven-javadoc-plugin", {"jar"}, "javadoc"),
        ("maven-jar-plugin", {"test-jar"}, "tests"),
    ):
        if _goals(pom.plugin(plugin)) & goals:
            yield Jar(output, name(classifier), Kind.PLAIN, f"{plugin} of {where}", starts=False)


def _quarkus(pom: Pom, output: str, where: str, final: str | None, survey: Survey) -> Iterator[Jar]:
    if not (pom.plugin("quarkus-maven-plugin") or pom.plugin("${quarkus.platform.artifact-id}-maven-plugin")):
        return
    kinds = [pom.filled(f"${{{key}}}") for key in ("quarkus.package.jar.type", "quarkus.package.type")]
    settings = survey.text(posixpath.join(pom.folder, "src/main/resources/application.properties")) or ""
    kinds += [
        line.partition("=")[2].strip()
        for line in settings.split("\n")
        if line.partition("=")[0].strip() in ("quarkus.package.jar.type", "quarkus.package.type")
    ]
    kind = next((one for one in kinds if one), "fast-jar")
    if kind in ("fast-jar", "jar"):
        why = f"quarkus-maven-plugin of {where} lays it out with its libraries"
        yield Jar(output, "quarkus-app/quarkus-run.jar", Kind.WHOLE, why, tree="quarkus-app")
    elif kind == "uber-jar":
        why = f"{where} asks Quarkus for one jar"
        yield Jar(output, final and f"{final}-runner.jar", Kind.WHOLE, why)
    else:
        yield Jar(output, None, Kind.UNKNOWN, f"{where} asks Quarkus for {kind}")
