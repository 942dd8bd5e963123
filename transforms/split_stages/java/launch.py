"""What of Java the container starts: a jar, or a class path, and the files that the options name."""

import dataclasses
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.evidence.start import StartCommand

from ..split import Unfit
from ..survey import Survey

_TAKES_VALUE = frozenset(
    "--add-modules --add-reads --add-exports --add-opens --limit-modules --enable-native-access --source "
    "--patch-module -d --describe-module --module-path -p --upgrade-module-path".split()
)
_CLASS_PATH = frozenset(("-cp", "-classpath", "--class-path"))
_PATTERN_JAR = re.compile(r"-jar\s+([\w./-]*\*[\w./*-]*)")
_FILE_OPTION = re.compile(r"-(?:javaagent|agentpath|Xbootclasspath/a):([^=]+)")


@dataclass(frozen=True, slots=True)
class Launch:
    """One `java`, or a start script that a build made. Paths are absolute; those of `class_path` may end in `/*`.

    `jar` may hold `*` where a shell fills it in. `agents` are the files that the JVM itself opens.
    """

    program: str
    jar: str
    class_path: tuple[str, ...]
    words: tuple[str, ...]
    agents: tuple[str, ...]
    where: str


def launches(survey: Survey) -> list[Launch]:
    """All that start Java, without repetitions. Raises Unfit where which jar starts cannot be told."""
    found: dict[tuple[str, tuple[str, ...]], Launch] = {}
    cwd: str | None = survey.workdir
    for command in survey.start.commands:
        if command.program == "cd":
            there = command.words[1] if len(command.words) == 2 else None
            cwd = posixpath.normpath(posixpath.join(cwd or "/", there)) if there and (cwd or there[0] == "/") else None
        elif command.program == "java":
            one = _launch(command, cwd, survey)
            if one is not None:
                found.setdefault((one.jar, one.class_path), one)
    if not found:
        for command in survey.start.commands:  # a script that hands on what stands behind its own arguments
            at = command.words.index("java") if "java" in command.words else 0
            one = (
                _launch(dataclasses.replace(command, words=command.words[at:]), survey.workdir, survey) if at else None
            )
            if one is not None:
                found.setdefault((one.jar, one.class_path), one)
    return list(found.values())


def _launch(command: StartCommand, cwd: str | None, survey: Survey) -> Launch | None:
    words = command.words
    jar: str = ""
    class_path: tuple[str, ...] = ()
    known = [word for word in words if word is not None]
    at = 1
    while at < len(words):
        word = words[at]
        if word == "-jar":
            named = words[at + 1] if at + 1 < len(words) else None
            if named is None:
                named = _pattern(survey)
            if named is None or "$" in named:
                raise Unfit("artefact", f"which jar {command.where} starts is only known when it runs", survey.start.at)
            jar = _absolute(named, cwd, command, survey)
            break
        if word in _CLASS_PATH:
            named = words[at + 1] if at + 1 < len(words) else None
            if named is None or "$" in named:
                raise Unfit("artefact", f"the class path that {command.where} names is not known", survey.start.at)
            class_path = tuple(_absolute(one, cwd, command, survey) for one in named.split(":") if one)
            at += 2
            continue
        if word is not None and word.startswith("@"):
            raise Unfit("artefact", f"{command.where} reads its options from {word[1:]}", survey.start.at)
        if word in ("-m", "--module", "-p", "--module-path"):
            raise Unfit("artefact", f"{command.where} starts a module", survey.start.at)
        if word in _TAKES_VALUE:
            at += 2
            continue
        if word is not None and not word.startswith("-"):
            break  # the main class
        at += 1
    if not jar and not class_path:
        if at >= len(words):
            return None  # `java -version`
        class_path = (cwd,) if cwd is not None else ()
    agents = tuple(
        _absolute(match[1], cwd, command, survey)
        for word in (*known, *_tool_options(survey))
        if (match := _FILE_OPTION.match(word))
    )
    if any("SharedArchiveFile" in word for word in known):
        raise Unfit("artefact", f"{command.where} uses a class archive, which fits one build of Java", survey.start.at)
    return Launch(words[0] or "java", jar, class_path, tuple(known), agents, command.where)


def _tool_options(survey: Survey) -> Iterator[str]:
    for name, value in survey.stage.env.items():
        if name in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "JAVA_OPTIONS"):
            yield from value.text.split()


def _pattern(survey: Survey) -> str | None:
    """The pattern that a shell form gives behind -jar."""
    final = survey.stage.final
    texts = [" ".join(one.args) if one.json else one.value for one in (final.entrypoint, final.cmd) if one is not None]
    found = {match[1] for text in texts for match in _PATTERN_JAR.finditer(text)}
    return found.pop() if len(found) == 1 else None


def _absolute(path: str, cwd: str | None, command: StartCommand, survey: Survey) -> str:
    if path.startswith("/"):
        return posixpath.normpath(path)
    if cwd is None:
        raise Unfit("unknown-workdir", f"the folder in which {command.where} starts Java is not known", survey.start.at)
    return posixpath.normpath(posixpath.join(cwd, path))
