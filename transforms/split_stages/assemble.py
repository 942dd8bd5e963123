"""The edits of a conversion: what the build stage loses, and the text of the final stage below it."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction, Span
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import lines_after, replace

from .owners import owner_of
from .packages import Needed, runtime_packages
from .setup import Setup, line_of, read_setup
from .split import Split, Tree, Unfit
from .survey import Survey

_MOVED = frozenset("LABEL MAINTAINER EXPOSE STOPSIGNAL VOLUME HEALTHCHECK ENTRYPOINT CMD".split())
_AT_THE_END = frozenset("VOLUME HEALTHCHECK ENTRYPOINT CMD".split())
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")

Render = Callable[..., list[str]]


@dataclass(frozen=True, slots=True)
class Assembled:
    """The edits, with what the packages add to the report."""

    edits: tuple[Edit, ...]
    needed: Needed


def assemble(survey: Survey, split: Split, render: Render) -> Assembled:
    """The edits of a conversion. `render` gives the lines of a template of a stack. Raises Unfit."""
    return _Assembly(survey, split).result(render)


class _Assembly:
    def __init__(self, survey: Survey, split: Split) -> None:
        self.survey = survey
        self.split = split
        self.last = survey.last(split.claimed)
        own = survey.stage.instructions
        self.above = tuple(one for one in own if one.begin <= self.last.begin)
        self.below = tuple(one for one in own if one.begin > self.last.begin)
        self.setup, installs = read_setup(survey, split)
        self.needed = runtime_packages(survey, split, installs)
        self.installs = {step.run.begin for step in installs}
        self.edits: list[Edit] = list(split.edits)
        self.head: list[str] = []  # settings and setup, in the order of the file
        self.tail: list[str] = []  # what goes below the copies

    def result(self, render: Render) -> Assembled:
        if not self.split.runtime.has_shell:
            self._check_shell()
        installed = not self.needed.commands
        for one in self.above:
            if not installed and one.begin in self.installs:
                self.head += self._installation()
                installed = True
            self._take(one)
        if not installed:
            self.head += self._installation()
        user = self.survey.stage.before(self.below[0]).user if self.below else self.survey.stage.final.user
        if user is not None:
            self.tail.insert(0, f"USER {user.instruction.value}")
        build, alias = self._names()
        trees = [self._copy(tree, build) for tree in self.split.trees]
        lines = render(
            f"{self.split.stack}/stage.j2",
            platform=self._platform(),
            runtime=self.split.runtime.text,
            alias=alias,
            settings=[*self._arguments(), *self.head],
            extra=list(self.split.settings),
            copies=trees,
            rest=self.tail,
        )
        self.edits.append(lines_after(self.last, ["", *lines]))
        return Assembled(tuple(self.edits), self.needed)

    def _check_shell(self) -> None:
        runs = [one for one in self.below if one.keyword == "RUN"]
        if runs or self.setup or self.needed.commands:
            at = runs[0] if runs else self.setup[0].run if self.setup else None
            raise Unfit(
                "no-shell", f"{self.split.runtime.text} has no shell, and the final stage has commands to run", at
            )

    def _installation(self) -> list[str]:
        escape = self.survey.stage.document.escape
        commands = self.needed.commands
        lines = [f"RUN {commands[0]}", *(f"    && {one}" for one in commands[1:])]
        return [*(f"{line} {escape}" for line in lines[:-1]), lines[-1]]

    def _take(self, one: Instruction) -> None:
        """What an instruction of the build stage means for the final one."""
        keyword = one.keyword
        if keyword in _MOVED:
            self._move(one, self.tail if keyword in _AT_THE_END else self.head)
        elif keyword in ("ENV", "SHELL"):
            self.head += self._text(one)
        elif keyword == "WORKDIR":
            later = any(other.keyword == "WORKDIR" and other.begin > one.begin for other in self.above)
            if not later and not self._overruled():
                self.head.append(self._workdir(one))
        elif keyword == "RUN":
            for setup in self.setup:
                if setup.run is one:
                    self._repeat(setup)
        elif keyword in ("COPY", "ADD") and one not in self.split.claimed:
            if one.locked:
                raise Unfit("locked", one.locked, one)
            if self._used_by_build(one):
                self.tail += self._text(one)
            else:
                self._move(one, self.tail)
        elif keyword == "ONBUILD":
            raise Unfit("onbuild", "its ONBUILD triggers would run in another stage", one)

    def _overruled(self) -> bool:
        """Whether another WORKDIR holds before anything in the final stage depends on this one."""
        first = next((one for one in self.below if one.keyword in ("WORKDIR", "RUN", "COPY", "ADD")), None)
        return not self.setup and first is not None and first.keyword == "WORKDIR" and first.value.startswith("/")

    def _workdir(self, one: Instruction) -> str:
        if one.value.startswith(("/", "$")):
            return f"WORKDIR {one.value}"
        following = [other for other in self.survey.stage.instructions if other.begin > one.begin]
        settings = self.survey.stage.before(following[0]) if following else self.survey.stage.final
        workdir = self.survey.layout.workdir_at(settings)
        if workdir is None:
            raise Unfit("unknown-workdir", "the working directory cannot be told", one)
        return f"WORKDIR {workdir}"

    def _repeat(self, setup: Setup) -> None:
        if setup.whole and not self._used_by_build(setup.run):
            self._move(setup.run, self.head)
        elif setup.whole:
            self.head += self._text(setup.run)
        else:
            self.head += line_of(setup.steps, self.survey.stage.document.escape)

    def _used_by_build(self, one: Instruction) -> bool:
        """Whether something below it in the build stage may need what it makes."""
        later = [other for other in self.above if other.begin > one.begin]
        if one.keyword == "RUN":
            if any(other.keyword == "USER" or other.flag("chown") is not None for other in later):
                return True
            setup = next(setup for setup in self.setup if setup.run is one)
            paths = {word for step in setup.steps for word in step.arguments if word and "/" in word}
        else:
            target = self.survey.layout.destination(self.survey.stage, one)
            paths = {target} if target is not None else set()
            names = {value.text.rsplit("/", 1)[-1] for value in self.survey.stage.values(one)[:-1]}
            paths |= {name for name in names if name not in ("", ".")}
        return any(other.keyword == "RUN" and any(path in other.logical for path in paths) for other in later)

    def _move(self, one: Instruction, to: list[str]) -> None:
        """Take an instruction out, with the comments that stand on it, and put it into the final stage."""
        if one.locked:
            raise Unfit("locked", one.locked, one)
        document = self.survey.stage.document
        start = one.span.start
        comments = [node for node in document.trivia if node.kind == "comment"]
        while found := next((node for node in comments if node.span.end == start), None):
            start = found.span.start
        to += self._lines(document.text[start : one.span.end])
        self.edits.append(Edit(Span(start, one.span.end), ""))

    def _text(self, one: Instruction) -> list[str]:
        """An instruction once more, without the comments that stand on it."""
        if one.locked:
            raise Unfit("locked", one.locked, one)
        return self._lines(one.document.text[one.span.start : one.span.end])

    def _lines(self, text: str) -> list[str]:
        return text.replace("\r\n", "\n").removesuffix("\n").split("\n")

    def _arguments(self) -> Iterator[str]:
        """The ARG lines that what is in the final stage needs."""
        text = "\n".join([*self.head, *self.tail, *self.split.settings, *(one.logical for one in self.below)])
        names = set(_VARIABLE.findall(text))
        runs = any(one.keyword == "RUN" for one in self.below)
        for one in self.above:
            if one.keyword == "ARG":
                declared = {word.partition("=")[0] for word in one.args}
                if declared & names or (runs and not declared.isdisjoint(_PROXIES)):
                    yield from self._text(one)

    def _names(self) -> tuple[str, str]:
        """The name of the build stage, and what FROM of the final stage ends in."""
        head = self.survey.stage.instruction
        name = self.survey.stage.name
        if name is None:
            end = head.words[-1].span.end
            self.edits.append(replace(head, Span(end, end), " AS build"))
            return "build", ""
        build = "build" if name != "build" else "builder"
        self.edits.append(replace(head, head.words[2].span, build))
        return build, f" AS {head.words[2].text}"

    def _platform(self) -> str:
        flag = self.survey.stage.platform
        if flag is None:
            return ""
        if "BUILD" in (flag.value or ""):
            raise Unfit("platform", "the stage that ships is built for the platform of the builder")
        return f"{flag} "

    def _copy(self, tree: Tree, build: str) -> str:
        chown = tree.chown or owner_of(self.survey, tree, self.last)
        flags = f"--from={build} " + (f"--chown={chown} " if chown else "")
        paths = [tree.source, tree.target]
        if any(re.search(r"[^\w./@+-]", path) for path in paths):
            if any("$" in path or "\\" in path for path in paths):
                raise Unfit("odd-path", f"{tree.source} cannot be written down safely")
            return f"COPY {flags}{json.dumps(paths, ensure_ascii=False)}"
        return f"COPY {flags}{paths[0]} {paths[1]}"


_PROXIES = frozenset(("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"))
