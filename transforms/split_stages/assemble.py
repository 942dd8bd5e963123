"""The edits of a conversion: what the build stage loses, and the text of the final stage below it."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from hardenfile.dockerfile import Instruction, Span
from hardenfile.evidence.paths import is_system, within
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import lines_after, replace

from .owners import ROOT, owner_of
from .packages import Needed, runtime_packages
from .setup import Setup, line_of, named_paths, read_setup
from .split import Split, Tree, Unfit
from .steps import Role, Step, role
from .survey import Survey

_MOVED = frozenset("LABEL MAINTAINER EXPOSE STOPSIGNAL VOLUME HEALTHCHECK ENTRYPOINT CMD".split())
_AT_THE_END = frozenset("VOLUME HEALTHCHECK ENTRYPOINT CMD".split())
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")

_EMPTY = "\0"  # an empty line of a heredoc, which a template would drop
_USER = "\0USER "  # a USER that is no line of the file

Render = Callable[..., list[str]]


@dataclass(frozen=True, slots=True)
class Assembled:
    """The edits, with what the packages add to the report."""

    edits: tuple[Edit, ...]
    needed: Needed


def assemble(survey: Survey, split: Split, render: Render) -> Assembled:
    """The edits of a conversion. `render` gives the lines of a template of a stack. Raises Unfit."""
    return _Assembly(survey, split).result(render)


def _spelled_out(lines: Sequence[str]) -> Iterator[str]:
    """The lines with their signs resolved; of two USER lines in a row, or of two alike, one is left."""
    user = ""
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if not line.startswith(_USER):
            yield "" if line == _EMPTY else line
        elif not following.startswith(_USER) and line != user:
            user = line
            yield line[1:]


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
        self.files: list[str] = []  # copies of the context, and what is done to copied files
        self.tail: list[str] = []  # what goes below the copies

    def result(self, render: Render) -> Assembled:
        if not self.split.runtime.has_shell:
            self._check_shell()
        installed = not self.needed.commands
        for one in self.above:
            installs = not installed and one.begin in self.installs
            made_first = installs and self._makes_before_installing(one)
            if made_first:
                self._take(one)
            if installs:
                self.head += self._installation()
                installed = True
            if not made_first:
                self._take(one)
        if not installed:
            self.head += self._installation()
        user = self.survey.stage.before(self.below[0]).user if self.below else self.survey.stage.final.user
        if user is not None:
            self.tail.insert(0, f"{_USER}{user.instruction.value}")
        build, alias = self._names()
        trees = [self._copy(tree, build) for tree in self.split.trees]
        lines = render(
            f"{self.split.stack}/stage.j2",
            platform=self._platform(),
            runtime=self.split.runtime.text,
            alias=alias,
            settings=[*self._arguments(), *self.head],
            extra=list(self.split.settings),
            copies=[*trees, *self.files],
            rest=self.tail,
        )
        self.edits.append(self._below_comments(["", *_spelled_out(lines)]))
        return Assembled(tuple(self.edits), self.needed)

    def _below_comments(self, lines: list[str]) -> Edit:
        """The lines below the build stage: comments right under its last instruction, apart from what follows, stay."""
        document = self.survey.stage.document
        end = self.last.span.end
        for node in document.trivia:
            if node.kind == "comment" and node.span.start == end:
                end = node.span.end
        apart = re.match(r"[ \t]*\r?\n", document.text[end:]) is not None
        if end == self.last.span.end or document.text[end - 1] != "\n" or not apart:
            return lines_after(self.last, lines)
        return Edit(Span(end, end), "".join(line + document.line_ending for line in lines))

    def _check_shell(self) -> None:
        runs = [one for one in self.below if one.keyword == "RUN"]
        if runs or self.setup or self.needed.commands:
            at = runs[0] if runs else self.setup[0].run if self.setup else None
            raise Unfit(
                "no-shell", f"{self.split.runtime.text} has no shell, and the final stage has commands to run", at
            )

    def _makes_before_installing(self, run: Instruction) -> bool:
        """Whether a RUN makes folders or accounts before it installs packages, which may need them."""
        first = next((step for setup in self.setup if setup.run is run for step in setup.steps), None)
        packages = [step for step in self.survey.steps if step.run is run and role(step) is Role.PACKAGES]
        steps = self.survey.steps
        return first is not None and bool(packages) and steps.index(first) < steps.index(packages[0])

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
            if self._is_made_for_the_run(one) if later else not self._overruled():
                self.head += self._makes_folder(one)
        elif keyword == "RUN":
            for setup in self.setup:
                if setup.run is one:
                    self._repeat(setup)
        elif keyword in ("COPY", "ADD") and one not in self.split.claimed:
            if one.locked:
                raise Unfit("locked", one.locked, one)
            there = self._other_folder(one)
            self.files += [f"WORKDIR {there}"] if there else []
            if self._used_by_build(one):
                self.files += self._text(one)
            else:
                self._move(one, self.files)
            self.files += [f"WORKDIR {self._folder_below()}"] if there else []
        elif keyword == "ONBUILD":
            raise Unfit("onbuild", "its ONBUILD triggers would run in another stage", one)

    def _overruled(self) -> bool:
        """Whether another WORKDIR holds before anything in the final stage depends on this one."""
        first = next((one for one in self.below if one.keyword in ("WORKDIR", "RUN", "COPY", "ADD")), None)
        copies = [one for one in self.above if one.keyword in ("COPY", "ADD") and one not in self.split.claimed]
        copied = any(not self.survey.stage.values(one)[-1].text.startswith("/") for one in copies)
        return (
            not self.setup
            and not copied
            and first is not None
            and first.keyword == "WORKDIR"
            and first.value.startswith("/")
        )

    def _workdir(self, one: Instruction) -> str:
        if one.value.startswith(("/", "$")):
            return f"WORKDIR {one.value}"
        return f"WORKDIR {self._folder_set_by(one)}"

    def _folder_set_by(self, one: Instruction) -> str:
        """The working directory below an instruction. Raises Unfit where it cannot be told."""
        following = [other for other in self.survey.stage.instructions if other.begin > one.begin]
        settings = self.survey.stage.before(following[0]) if following else self.survey.stage.final
        workdir = self.survey.layout.workdir_at(settings)
        if workdir is None:
            raise Unfit("unknown-workdir", "the working directory cannot be told", one)
        return workdir

    def _folder_below(self) -> str:
        return self._folder_set_by(self.last)

    def _is_made_for_the_run(self, one: Instruction) -> bool:
        """Whether a WORKDIR that another takes the place of makes a folder that neither build nor copies bring."""
        folder = self._folder_set_by(one)
        steps = [step.cwd for step in self.split.claimed if isinstance(step, Step)]
        copies = [one for one in self.split.claimed if isinstance(one, Instruction)]
        built = [*steps, *(self.survey.layout.destination(self.survey.stage, copy) for copy in copies)]
        return not (
            any(path is None or within(path, folder) for path in (*built, self._folder_below()))
            or any(within(folder, tree.source) for tree in self.split.trees)
        )

    def _makes_folder(self, one: Instruction) -> list[str]:
        """A WORKDIR, as the user who makes its folder; as root where something else gives the folder away."""
        folder, lines = self._folder_set_by(one), [self._workdir(one)]
        given = any(line.startswith("RUN ") and line.endswith(f" {folder}") for line in self.split.settings)
        return lines if given or not self.split.runtime.has_shell else self._as_its_user(one, lines)

    def _as_its_user(self, one: Instruction, lines: list[str]) -> list[str]:
        """The lines between a USER that says who made this in the build stage, and root again."""
        user = self.survey.stage.before(one).user
        if user is None or user.value.text in ROOT:
            return lines
        return [f"{_USER}{user.instruction.value}", *lines, f"{_USER}root"]

    def _other_folder(self, copy: Instruction) -> str:
        """The folder that a relative target is in, where the final stage works in another one then; else empty."""
        values = self.survey.stage.values(copy)
        if not values or values[-1].text.startswith("/"):
            return ""
        workdir = self.survey.layout.workdir_at(self.survey.stage.before(copy))
        if workdir is None:
            raise Unfit("unknown-workdir", "where a copy goes cannot be told", copy)
        return workdir if workdir != self._folder_below() else ""

    def _repeat(self, setup: Setup) -> None:
        lines: list[str] = []
        if setup.whole and not self._used_by_build(setup.run):
            self._move(setup.run, lines)
        elif setup.whole:
            lines = self._text(setup.run)
        else:
            lines = line_of(setup.steps, self.survey.stage.document.escape)
        to = self.files if self._needs_files(setup) else self.head
        to += self._as_its_user(setup.run, lines)

    def _needs_files(self, setup: Setup) -> bool:
        """Whether the setup is about files that the final stage copies, so that it goes below them. Raises Unfit."""
        targets = [tree.target for tree in self.split.trees]
        for one in self.survey.layout.placed:
            above = one.instruction.begin < setup.run.begin
            if above and one.target is not None and one.instruction not in self.split.claimed:
                targets.append(one.target)
        files = [step for step in setup.steps if role(step) is Role.FILES]
        paths = [path for step in files for path in named_paths(step)]
        found = any(path is not None and within(path, target) for path in paths for target in targets)
        if found and any(role(step) is Role.ACCOUNT for step in setup.steps):
            raise Unfit("unclear-step", "one RUN makes an account and changes files that are copied", setup.run)
        return found

    def _used_by_build(self, one: Instruction) -> bool:
        """Whether something below it in the build stage may need what it makes."""
        later = [other for other in self.above if other.begin > one.begin]
        if one.keyword == "RUN":
            if any(other.keyword == "USER" or other.flag("chown") is not None for other in later):
                return True
            setup = next(setup for setup in self.setup if setup.run is one)
            paths = {word for step in setup.steps for word in step.arguments if word and "/" in word}
            if any(is_system(path) for path in paths):
                return True  # packages and tools of the build may look there
        else:
            target = self.survey.layout.destination(self.survey.stage, one)
            if target is not None and self._worked_in(target, one):
                return True
            if target is None or _SETTINGS.match(target):
                return True  # a package manager may read its settings, or a certificate, there
            if any(target in other.logical for other in self.above if other.keyword == "ENV"):
                return True
            paths = {target} if target is not None else set()
            names = {value.text.rsplit("/", 1)[-1] for value in self.survey.stage.values(one)[:-1]}
            paths |= {name for name in names if name not in ("", ".")}
        return any(other.keyword == "RUN" and any(path in other.logical for path in paths) for other in later)

    def _worked_in(self, target: str, one: Instruction) -> bool:
        """Whether a claimed command further down runs in a folder that an instruction fills, or around it."""
        steps = (step for step in self.split.claimed if isinstance(step, Step) and step.run.begin > one.begin)
        folders = {step.cwd for step in steps if step.cwd is not None}
        return any(within(cwd, target) or (cwd != "/" and within(target, cwd)) for cwd in folders)

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
        end = one.span.end
        # What stood between two blank lines leaves one of them.
        blank = document.line_ending
        if document.text[:start].endswith(blank * 2) and document.text.startswith(blank, end):
            end += len(blank)
        self.edits.append(Edit(Span(start, end), ""))

    def _text(self, one: Instruction) -> list[str]:
        """An instruction once more, without the comments that stand on it."""
        if one.locked:
            raise Unfit("locked", one.locked, one)
        return self._lines(one.document.text[one.span.start : one.span.end])

    def _lines(self, text: str) -> list[str]:
        return [line or _EMPTY for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n")]

    def _arguments(self) -> Iterator[str]:
        """The ARG lines that what is in the final stage needs."""
        own = (*self.head, *self.files, *self.tail, *self.split.settings)
        text = "\n".join([*own, *(one.logical for one in self.below)])
        names = set(_VARIABLE.findall(text))
        runs = [one for one in self.below if one.keyword == "RUN"]
        steps = [step for step in self.survey.steps if step.run in runs]
        whole = any(step.name not in _NO_ARGUMENTS for step in steps)  # a program sees all of them
        chosen = []
        for one in reversed([one for one in self.above if one.keyword == "ARG"]):
            declared = {word.partition("=")[0] for word in one.args}
            if whole or declared & names or (runs and not declared.isdisjoint(_PROXIES)):
                chosen.append(one)
                names.update(_VARIABLE.findall(one.logical))
        for one in reversed(chosen):
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


_PROXIES = frozenset(
    "HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY http_proxy https_proxy ftp_proxy no_proxy DEBIAN_FRONTEND".split()
)
# Programs that no variable of a build argument's name means anything to, but for those above.
_NO_ARGUMENTS = frozenset(
    "mkdir chown chmod chgrp touch ln rm cp mv useradd groupadd adduser addgroup usermod apt apt-get apk cd echo true "
    "set sed".split()
)
# What package managers, git and what they load read besides the project.
_SETTINGS = re.compile(
    r"(?:/root|/home/[^/]+)/\.|/(?:usr/local|usr|etc)/(?:share/)?(?:ca-certificates|ssl)\b"
    r"|/etc/(?:pip\.conf|gitconfig|npmrc|gemrc|hosts|ssh\b|profile\.d\b|ld\.so|pki\b)|/usr/local/etc/(?:npmrc|gemrc)|.*/\.[\w-]+rc\Z"
)
