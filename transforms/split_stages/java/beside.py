"""What a Java program needs beside its jar: files that it names, and what a JRE has not."""

import posixpath
import re
from collections.abc import Collection, Iterator

from hardenfile.evidence.paths import within

from ..needed import Named, left_behind, named_files
from ..split import Tree, Unfit
from ..survey import Survey
from .launch import Launch

_SOURCES = frozenset((".java", ".kt", ".kts", ".groovy", ".scala"))
_BUILT_IN = frozenset(
    "pom.xml mvnw mvnw.cmd build.gradle build.gradle.kts settings.gradle settings.gradle.kts gradlew gradlew.bat "
    "gradle.properties libs.versions.toml lombok.config gradle-wrapper.jar gradle-wrapper.properties maven-wrapper.jar "
    "maven-wrapper.properties maven.config jvm.config gradle.lockfile verification-metadata.xml checkstyle.xml "
    "package.json package-lock.json yarn.lock system.properties detekt.yml sonar-project.properties".split()
)
_MANIFESTS = ("pom.xml", "build.gradle", "build.gradle.kts")
_BUILD_FOLDERS = frozenset(
    (".mvn", ".gradle", "buildSrc", "build-logic", "target", "build", "out", "bin", "checkstyle")
)
_SETTINGS = (".properties", ".yml", ".yaml", ".xml", ".conf", ".json")
_WORD = re.compile(r"[^\s\"'=,;<>(){}\[\]]{2,200}")
_IN_SOURCES = re.compile(r"src/(?:main|test)/[^\"'`\n]*(?=[\"'`])")
_QUOTE = re.compile(r"[\"'`\n]")
# One of these is in every text that the patterns match; most sources have none.
_WORTH_READING = tuple(b"src/ ToolProvider com.sun. jdk.jshell jvmstat rocess exec load .git".split())
_SPRING_FILE = re.compile(r"(?:config/(?:[^/]+/)?)?application(?:-[\w-]+)?\.(?:properties|ya?ml)\Z")
_NEEDS_JDK = re.compile(
    r"\b(?:ToolProvider\s*\.\s*\w*getSystemJavaCompiler|com\.sun\.(?:tools|jdi)\.|jdk\.jshell|sun\.jvmstat)"
)
_STARTS = re.compile(r"\bnew\s+ProcessBuilder\b|\bgetRuntime\(\)\s*\.\s*exec\b|\bProcessBuilder\(|\.execute\(\)\.text")
_NATIVE = re.compile(r"\bSystem\s*\.\s*load(?:Library)?\s*\(|\bNative\s*\.\s*load(?:Library)?\s*\(")
_SIZE = 1_000_000  # bytes of a file that are read at most


def beside(survey: Survey, folders: list[str], started: list[Launch], *, spring: bool) -> tuple[Named, tuple[str, ...]]:
    """The files beside the jar, and what is not known of them. Raises Unfit where the program needs a JDK."""
    modules = {posixpath.dirname(path) for path, _ in survey.files if posixpath.basename(path) in _MANIFESTS}

    def packed(path: str) -> bool:
        module = posixpath.dirname(path)
        while module not in modules:
            if module == "/":
                return False
            module = posixpath.dirname(module)
        head = posixpath.relpath(path, module).split("/")[0]
        return head == "src" or head in _BUILD_FOLDERS or (spring and _by_spring(path, survey))

    texts = {*_words_of_settings(survey), *_words_of_start(started, survey)}
    named = named_files(survey, _SOURCES, folders, _BUILT_IN, texts, packed)
    trees = list(named.trees)
    trees += [
        Tree(path, path, f"Spring Boot reads {path} from the working directory")
        for path, _ in survey.files
        if spring and _by_spring(path, survey) and any(within(path, folder) for folder in folders)
    ]
    doubts = list(left_behind(named))
    for path, text in _programs(survey, folders):
        where = survey.layout.source_of(path)
        if found := _NEEDS_JDK.search(text):
            raise Unfit("missing-program", f"{where} uses {found[0].rstrip('.')}, which only a JDK has")
        trees += _of_sources(text, path, modules, survey)
        if _STARTS.search(text):
            doubts.append(f"{where} starts other programs, which the final image may not have")
        if _NATIVE.search(text):
            doubts.append(f"{where} loads a native library, which was not followed")
        if re.search(r"[\"']\.git(?:/[^\"']*)?[\"']", text):
            doubts.append(f"{where} names .git")
    kept = {tree.source: tree for tree in trees}
    whole = [one for path, one in kept.items() if not any(path != other and within(path, other) for other in kept)]
    return Named(tuple(whole), named.unnamed), tuple(dict.fromkeys(doubts))


def _by_spring(path: str, survey: Survey) -> bool:
    below = posixpath.relpath(path, survey.workdir)
    return _SPRING_FILE.match(below) is not None


def _programs(survey: Survey, folders: list[str]) -> Iterator[tuple[str, str]]:
    """The sources that run, not the tests."""
    for path, entry in survey.files:
        if posixpath.splitext(path)[1] not in _SOURCES or "/src/test/" in path or path.endswith(".gradle.kts"):
            continue
        if any(within(path, folder) for folder in folders):
            data = survey.context.read(entry.path, _SIZE)
            if data is not None and any(word in data for word in _WORTH_READING):
                yield path, data.decode("utf-8", "replace")


def _of_sources(text: str, path: str, modules: Collection[str], survey: Survey) -> Iterator[Tree]:
    """Files of the source tree that the program opens by their path there."""
    for match in _IN_SOURCES.finditer(text):
        before = text[max(0, match.start() - 200) : match.start()]
        head = _QUOTE.split(before)[-1]
        if text[match.start() - len(head) - 1 : match.start() - len(head)] == "\n":
            continue  # a comment
        named = head.removeprefix("file:") + match[0]
        for folder in dict.fromkeys((survey.workdir, *modules)):
            target = posixpath.normpath(posixpath.join(folder, named))
            if survey.layout.exists(target):
                yield Tree(target, target, f"{survey.layout.source_of(path)} opens {named}")
                break
        else:
            raise Unfit("artefact", f"{survey.layout.source_of(path)} opens {named}, which was not found")


def _words_of_settings(survey: Survey) -> Iterator[str]:
    for path, entry in survey.files:
        if "/src/main/resources/" in path and path.endswith(_SETTINGS):
            data = survey.context.read(entry.path, _SIZE)
            if data is not None:
                yield from _parts(_WORD.findall(data.decode("utf-8", "replace")))


def _words_of_start(started: list[Launch], survey: Survey) -> Iterator[str]:
    for one in started:
        for word in one.words:
            yield from _parts(re.split("[=:,]", word))
    for value in survey.stage.env.values():
        yield from _parts(re.split(r"[=:,\s]", value.text))


def _parts(words: list[str]) -> Iterator[str]:
    for word in words:
        yield word
        for prefix in ("file:", "filesystem:", "optional:file:"):
            if word.startswith(prefix):
                yield word[len(prefix) :]
