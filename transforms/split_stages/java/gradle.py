"""The jars that Gradle leaves, by what its build files say in so many words."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..split import Unfit
from ..steps import Step
from ..survey import Survey
from .jars import Jar, Kind, Product

_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'\w])//[^\n]*", re.DOTALL)
_TEXT = r"""(?:["']([^"'$\n]*)["'])"""
_BOOT = re.compile(
    r"""(?:id|apply\s+plugin:?)\s*\(?\s*["']org\.springframework\.boot["']\)?[^\n]*|alias\(\s*libs\.plugins\.[\w.]*spring[\w.]*boot[\w.]*\s*\)[^\n]*"""
)
_SHADOW = re.compile(
    r"""(?:id|apply\s+plugin:?)\s*\(?\s*["'](?:com\.github\.johnrengelman\.shadow|com\.gradleup\.shadow|io\.github\.goooler\.shadow|io\.ktor\.plugin|io\.micronaut\.(?:minimal\.)?application)["']\)?[^\n]*|alias\(\s*libs\.plugins\.[\w.]*(?:shadow|ktor)[\w.]*\s*\)[^\n]*"""
)
_QUARKUS = re.compile(r"""(?:id|apply\s+plugin:?)\s*\(?\s*["']io\.quarkus["']""")
_APPLICATION = re.compile(
    r"""(?:id|apply\s+plugin:?)\s*\(?\s*["'](?:org\.gradle\.)?application["']|^\s*`?application`?\s*$|io\.ktor\.plugin""",
    re.MULTILINE,
)
_WAR = re.compile(r"""(?:id|apply\s+plugin:?)\s*\(?\s*["'](?:org\.gradle\.)?war["']|^\s*`?war`?\s*$""", re.MULTILINE)
_ALL = frozenset(("build", "assemble", "buildNeeded", "buildDependents"))
_TAKES_VALUE = frozenset(
    "-p --project-dir -b --build-file -c --settings-file -I --init-script -x --exclude-task -g --gradle-user-home "
    "--console --max-workers --project-cache-dir -P -D --warning-mode".split()
)


@dataclass(frozen=True, slots=True)
class Call:
    """One `gradle`: the folder of the build, its tasks without their projects, the properties that it is given."""

    step: Step
    folder: str
    tasks: tuple[str, ...]
    given: tuple[tuple[str, str | None], ...] = ()
    left_out: tuple[str, ...] = ()

    def runs(self, *names: str) -> bool:
        """Whether one of these tasks is asked for."""
        return any(task.rpartition(":")[2] in names for task in self.tasks)

    @property
    def packages(self) -> bool:
        """Whether it goes as far as making jars or a folder to run from."""
        return self.runs(
            *_ALL, "jar", "bootJar", "shadowJar", "installDist", "installShadowDist", "bootWar", "war"
        ) or (self.runs("buildFatJar", "fatJar", "uberJar", "quarkusBuild", "installBootDist"))


def read_call(step: Step, words: tuple[str | None, ...]) -> Call:
    """What a `gradle` command does. Raises Unfit where it cannot be followed."""
    if step.cwd is None or not step.always:
        raise Unfit("unclear-step", "where, or whether, Gradle builds cannot be told", step.run)
    folder, tasks, option = step.cwd, [], ""
    given: list[tuple[str, str | None]] = []
    left_out = []
    for word in words:
        if option:
            if option in ("-p", "--project-dir"):
                there = step.path(word) if word is not None else None
                if there is None:
                    raise Unfit("artefact", "the folder that Gradle builds cannot be told", step.run)
                folder = there
            elif option in ("-b", "--build-file", "-c", "--settings-file"):
                raise Unfit("artefact", f"`gradle {option}` is not followed", step.run)
            elif option in ("-x", "--exclude-task"):
                left_out.append(word or "")
            option = ""
        elif word is None:
            given.append(("version", None))  # a property of an unknown name: the version is the one that matters
        elif word in _TAKES_VALUE:
            option = word
        elif word.startswith("-P"):
            name, _, value = word[2:].partition("=")
            given.append((name, value))
        elif not word.startswith("-"):
            tasks.append(word)
    return Call(step, folder, tuple(tasks), tuple(given), tuple(left_out))


def product(call: Call, folder: str, survey: Survey) -> Product | None:
    """The jars of the project in a folder; None where the context holds no build file of it."""
    path = next(
        (one for name in ("build.gradle", "build.gradle.kts") if survey.text(one := f"{folder}/{name}") is not None),
        None,
    )
    if path is None:
        return None
    settings = survey.text(f"{call.folder}/settings.gradle") or survey.text(f"{call.folder}/settings.gradle.kts")
    project = _Project(call, folder, _bare(survey.text(path) or ""), _bare(settings or ""), survey)
    where = survey.layout.source_of(path)
    output = f"{folder}/build"
    unsure = f"{where} moves the build folder" if re.search(r"\bbuildDir\b\s*=|buildDirectory", project.text) else ""
    jars = tuple(project.jars(output, where))
    packaging = "war" if _WAR.search(project.text) else "jar"
    depends = re.search(r"\b(?:implementation|runtimeOnly|api|compile)\b\s*[( ]", project.text) is not None
    return Product(output, where, jars, packaging, project.boot is not None, depends, unsure)


def _bare(text: str) -> str:
    return _COMMENT.sub("", text)


class _Project:
    def __init__(self, call: Call, folder: str, text: str, settings: str, survey: Survey) -> None:
        self.call = call
        self.folder = folder
        self.text = text
        self.settings = settings
        self.survey = survey
        shared = ""
        if folder != call.folder:
            root = survey.text(f"{call.folder}/build.gradle") or survey.text(f"{call.folder}/build.gradle.kts")
            shared = _bare(root or "")
        self.shared = shared if re.search(r"\b(?:allprojects|subprojects)\b", shared) else ""

    def _applied(self, plugin: re.Pattern[str]) -> re.Match[str] | None:
        found = (match for match in plugin.finditer(self.text) if not re.search(r"apply\s*\(?\s*false", match[0]))
        return next(found, None) or (plugin.search(self.shared) if self.shared else None)

    @property
    def boot(self) -> re.Match[str] | None:
        return self._applied(_BOOT)

    @property
    def name(self) -> str | None:
        """The project's name; None where it cannot be told."""
        if self.folder == self.call.folder:
            found = re.search(rf"rootProject\.name\s*=\s*{_TEXT}", self.settings)
            if found:
                return found[1]
            return None if "rootProject.name" in self.settings else posixpath.basename(self.folder) or None
        if re.search(
            r"project\([^)]*\)\.(?:name|projectDir)|\.projectDir\s*=|\.name\s*=\s*(?!.*rootProject)",
            self.settings.replace("rootProject.name", ""),
        ):
            return None
        return posixpath.basename(self.folder)

    @property
    def base(self) -> str | None:
        """What the jars' names begin with."""
        return self._named(r"(?:archivesBaseName|archivesName)", self.text, self.name)

    @property
    def version(self) -> str | None:
        """The version; empty where there is none, None where it cannot be told."""
        given = dict(self.call.given)
        if "version" in given:
            return given["version"]
        for text in (self.text, self.shared):
            if re.search(r"^\s*(?:project\.)?version\s*(?:=|[\"'])", text, re.MULTILINE):
                found = re.findall(rf"^\s*(?:project\.)?version\s*=?\s*{_TEXT}", text, re.MULTILINE)
                return found[-1] if found else None
        for folder in (self.folder, self.call.folder):
            properties = self.survey.text(f"{folder}/gradle.properties") or ""
            found = re.findall(r"^\s*version\s*[=:]\s*(\S+)", properties, re.MULTILINE)
            if found:
                return str(found[-1])
        return ""

    @staticmethod
    def _named(key: str, text: str, default: str | None) -> str | None:
        if not re.search(rf"\b{key}\b", text):
            return default
        found = re.findall(rf"\b{key}\b\s*(?:=|\.set\(|\.value\()?\s*{_TEXT}", text)
        return found[-1] if found else None

    def _block(self, task: str) -> str | None:
        """What is inside of the block that configures a task; None where there is none."""
        head = re.compile(
            rf"""(?:\b(?:tasks\.)?{task}|named(?:<\w+>)?\(\s*["']{task}["'][^)\n]*\)|getByName(?:<\w+>)?\(\s*["']{task}["']\)"""
            rf"""|withType(?:<{task[0].upper()}{task[1:]}>(?:\(\))?|\(\s*{task[0].upper()}{task[1:]}[^)\n]*\)))\s*(?:\.configure\s*)?\{{"""
        )
        found = head.search(self.text)
        if found is None:
            return None
        depth, at = 1, found.end()
        while at < len(self.text) and depth:
            depth += {"{": 1, "}": -1}.get(self.text[at], 0)
            at += 1
        return self.text[found.end() : at - 1]

    def _archive(self, task: str, classifier: str, ending: str = ".jar") -> str | None:
        """The file name of a task's archive; None where it cannot be told."""
        block = self._block(task) or ""
        whole = self._named(r"(?:archiveFileName|archiveName)", block, "")
        if whole != "":
            return whole
        base = self._named(r"(?:archiveBaseName|baseName)", block, self.base)
        version = self._named(r"(?:archiveVersion|version)", block, self.version)
        classifier_ = self._named(r"(?:archiveClassifier|classifier)", block, classifier)
        if base is None or version is None or classifier_ is None:
            return None
        return "-".join(one for one in (base, version, classifier_) if one) + ending

    def _enabled(self, task: str) -> bool:
        block = self._block(task) or ""
        inline = rf"\b{task}\.enabled\s*=\s*false|\b{task}\.get\(\)\.enabled\s*=\s*false"
        return not re.search(r"\benabled\s*(?:=\s*|\.set\()?\s*false|isEnabled\s*=\s*false", block) and not re.search(
            inline, self.text
        )

    def jars(self, output: str, where: str) -> Iterator[Jar]:
        """Every jar that the tasks leave."""
        call, folder = self.call, f"{output}/libs"
        everything = call.runs(*_ALL)
        if _QUARKUS.search(self.text):
            why = f"Quarkus lays it out with its libraries, by {where}"
            yield Jar(output, "quarkus-app/quarkus-run.jar", Kind.WHOLE, why, tree="quarkus-app")
        if call.runs("installDist", "installShadowDist", "installBootDist") and self._applied(_APPLICATION):
            name = self._named(r"applicationName", self.text, self.name)
            why = f"installDist of {where} lays it out with its libraries"
            yield Jar(
                output, name and f"install/{name}/bin/{name}", Kind.WHOLE, why, tree=(name and f"install/{name}") or ""
            )
        boot = self.boot
        if boot and self._enabled("bootJar") and (everything or call.runs("bootJar")):
            yield Jar(folder, self._archive("bootJar", ""), Kind.WHOLE, f"bootJar of {where} packs its dependencies")
        if self._applied(_SHADOW) and (everything or call.runs("shadowJar", "buildFatJar")):
            name = self._fat_name() if re.search("fatJar|ktor", self.text) else self._archive("shadowJar", "all")
            yield Jar(folder, name, Kind.WHOLE, f"shadowJar of {where} packs its dependencies")
        if self._enabled("jar") and (everything or call.runs("jar", "installDist")):
            plain = "plain" if boot and not _older(boot[0]) else ""
            yield self._plain(folder, self._archive("jar", plain), where, behind_boot=boot is not None)
        if _WAR.search(self.text) and self._enabled("war") and (everything or call.runs("war")):
            name = self._archive("war", "plain" if boot and not _older(boot[0]) else "", ".war")
            yield Jar(folder, name, Kind.WHOLE, f"{where} makes a WAR", starts=False)
        if boot and _WAR.search(self.text) and (everything or call.runs("bootWar")):
            yield Jar(
                folder, self._archive("bootWar", "", ".war"), Kind.WHOLE, f"bootWar of {where} packs its libraries"
            )
        for task in ("fatJar", "uberJar", "sourcesJar", "javadocJar"):
            if call.runs(task) or (everything and re.search(rf"\b{task}\b|with{task[0].upper()}{task[1:]}", self.text)):
                yield Jar(folder, None, Kind.UNKNOWN, f"{where} has a task {task}")

    def _fat_name(self) -> str | None:
        block = self._block("fatJar") or ""
        return self._named("archiveFileName", block, self._archive("shadowJar", "all"))

    def _plain(self, folder: str, name: str | None, where: str, *, behind_boot: bool) -> Jar:
        block = self._block("jar") or ""
        starts = "Main-Class" in block and not behind_boot
        if "Class-Path" in block:
            return Jar(folder, name, Kind.UNKNOWN, f"jar of {where} names other jars in its manifest", starts=starts)
        if re.search(r"(?:runtimeClasspath|configurations\.compile)[\s\S]*zipTree|zipTree", block):
            return Jar(folder, name, Kind.WHOLE, f"jar of {where} packs its dependencies", starts=starts)
        why = (
            f"jar of {where} names its main class" if starts else f"nothing in {where} makes a jar that runs by itself"
        )
        return Jar(folder, name, Kind.PLAIN, why, starts=starts)


def _older(plugin: str) -> bool:
    """Whether a Spring Boot plugin is of before 2.5, when it left no second jar."""
    found = re.search(r"version\s*\(?\s*[\"'](\d+)\.(\d+)", plugin)
    return found is not None and (int(found[1]), int(found[2])) < (2, 5)
