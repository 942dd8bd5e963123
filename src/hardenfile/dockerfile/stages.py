"""Build stages: what each is FROM, what its variables hold, and the settings its image ends up with.

Values follow BuildKit (frontend/dockerfile/dockerfile2llb): a stage inherits settings, ENV and ARG from the stage it is
FROM, and runs its ONBUILD triggers first; ARGs before the first FROM are seen by FROM only; and a build argument may
replace every ARG, so what rests on one is `by_default`.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from .document import Document, Instruction
from .expand import ExpansionError, expand
from .words import Flag, Word, lower

# Declared for every build without an ARG line; FROM and global ARGs see them, a stage must import them.
PLATFORM_ARGS = frozenset(
    {
        "BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT",
        "TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE",
    }
)  # fmt: skip

BASE_WORKDIR = "the WORKDIR of the base image"
"""Stands among what a working directory misses that only the base image can tell."""


@dataclass(frozen=True, slots=True)
class Value:
    """A word after expansion. `missing` are variables that nothing in the file sets; `by_default` says that a build
    argument could change it."""

    text: str
    missing: frozenset[str] = frozenset()
    by_default: bool = False

    @property
    def known(self) -> bool:
        return not self.missing


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and the instruction that set it."""

    value: Value
    instruction: Instruction


@dataclass(frozen=True, slots=True)
class Settings:
    """What a stage's image is configured with at some point. None: as the base image has it.

    `workdir` is normalised, and absolute where it is known; of one relative to the base image's, BASE_WORKDIR is
    missing. CMD and ENTRYPOINT are the instructions that hold; `cmd_reset` is set where an ENTRYPOINT emptied the CMD
    that was inherited.
    """

    user: Setting | None = None
    workdir: Value | None = None
    shell: Instruction | None = None
    entrypoint: Instruction | None = None
    cmd: Instruction | None = None
    cmd_reset: bool = False
    healthcheck: Instruction | None = None
    stopsignal: Instruction | None = None


@dataclass(eq=False)
class Stage:
    """One FROM and the instructions below it. `env` is what ENV leaves in its image; of ONBUILD triggers that `parent`
    brings in, only the effect is here."""

    document: Document
    index: int
    instruction: Instruction
    instructions: tuple[Instruction, ...]
    name: str | None
    base: Value
    parent: "Stage | None"
    final: Settings = field(default_factory=Settings)
    env: Mapping[str, Value] = field(default_factory=dict)
    _facts: Mapping[str, Value] = field(default_factory=dict)
    _before: dict[int, Settings] = field(default_factory=dict)
    _values: dict[int, tuple[Value, ...]] = field(default_factory=dict)
    _each: dict[tuple[str, ...], tuple[Instruction, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Stage {self.index} {self.name or ''} FROM {self.base.text}>"

    @property
    def base_word(self) -> Word:
        """The image or stage name as FROM has it."""
        return self.instruction.words[0]

    @property
    def platform(self) -> Flag | None:
        """The `--platform` flag of FROM."""
        return self.instruction.flag("platform")

    @property
    def root(self) -> "Stage":
        """The stage at the end of the FROM chain: the one that starts from an image."""
        stage = self
        while stage.parent is not None:
            stage = stage.parent
        return stage

    @property
    def chain(self) -> "tuple[Stage, ...]":
        """This stage and those it is FROM, itself last."""
        stages = [self]
        while (parent := stages[-1].parent) is not None:
            stages.append(parent)
        return tuple(reversed(stages))

    def before(self, instruction: Instruction) -> Settings:
        """The settings that hold when an instruction of this stage runs."""
        return self._before[id(instruction)]

    def values(self, instruction: Instruction) -> tuple[Value, ...]:
        """The arguments of an instruction of this stage, expanded where the builder expands them."""
        return self._values.get(id(instruction)) or tuple(Value(text) for text in instruction.args)

    def each(self, *keywords: str) -> tuple[Instruction, ...]:
        """The instructions of this stage with one of these keywords."""
        found = self._each.get(keywords)
        if found is None:
            found = self._each[keywords] = tuple(one for one in self.instructions if one.keyword in keywords)
        return found


# What the builder expands, each argument by itself; of the former, the values are asked for below.
_SETS = frozenset({"ENV", "STOPSIGNAL", "USER", "WORKDIR"})
_EXPANDED = frozenset({"ADD", "COPY", "EXPOSE", "LABEL", "VOLUME"})


class _Scope:
    """The variables of one stage, or those before the first FROM."""

    def __init__(self, escape: str, facts: Mapping[str, Value]) -> None:
        self.escape = escape
        self.facts = dict(facts)
        self.texts = {name: value.text for name, value in facts.items()}

    def set(self, name: str, value: Value) -> None:
        self.facts[name] = value
        self.texts[name] = value.text

    def forget(self, name: str) -> None:
        self.facts.pop(name, None)
        self.texts.pop(name, None)

    def plain(self, text: str) -> bool:
        """Whether every word of a text stands for itself."""
        return text.isascii() and not ("$" in text or self.escape in text or '"' in text or "'" in text)

    def value(self, word: str) -> Value:
        if self.plain(word):
            return Value(word)
        try:
            result = expand(word, self.texts, self.escape)
        except ExpansionError:
            return Value(word, frozenset({word}))
        missing = result.missing
        by_default = False
        for name in result.used:
            fact = self.facts[name]
            missing |= fact.missing
            by_default = by_default or fact.by_default
        return Value(result.text, missing, by_default)


def read_stages(document: Document) -> tuple[Stage, ...]:
    """The stages of a document; what stands before the first FROM but ARG is passed over."""
    outer = _Scope(document.escape, {})
    stages: list[Stage] = []
    names: dict[str, Stage] = {}
    instructions = document.instructions
    starts = [at for at, one in enumerate(instructions) if one.keyword == "FROM" and one.args]
    for one in instructions[: starts[0] if starts else len(instructions)]:
        if one.keyword == "ARG":
            for word in one.args:
                _declare(outer, word, None)
    for index, (start, end) in enumerate(pairwise([*starts, len(instructions)])):
        head = instructions[start]
        base = outer.value(head.args[0])
        parent = names.get(base.text) if base.known else None  # names are lower case, and FROM is not made so
        name = lower(head.args[2]) if len(head.args) == 3 and head.args[1].casefold() == "as" else None
        stage = Stage(document, index, head, instructions[start + 1 : end], name, base, parent)
        _run(stage, outer.facts)
        stages.append(stage)
        if name:
            names[name] = stage
    return tuple(stages)


def _declare(scope: _Scope, word: str, globals_: Mapping[str, Value] | None) -> None:
    """An ARG: its default, else the global of that name, else what it was. Outside of stages `globals_` is None."""
    name, equals, default = word.partition("=")
    if equals:
        scope.set(name, replace(scope.value(default), by_default=True))
    elif globals_ is not None and name in globals_:
        scope.set(name, globals_[name])
    elif globals_ is not None and name in PLATFORM_ARGS:
        scope.forget(name)
    elif name in scope.facts:
        scope.set(name, replace(scope.facts[name], by_default=True))


def _run(stage: Stage, globals_: Mapping[str, Value]) -> None:
    """Work out what each instruction of a stage finds and leaves."""
    parent = stage.parent
    triggers: list[Instruction] = []
    settings = Settings(workdir=Value("/")) if stage.base.text == "scratch" else Settings()
    env: dict[str, Value] = {}
    facts: dict[str, Value] = {}
    if parent is not None:
        settings, env = parent.final, dict(parent.env)
        facts = {**parent._facts, **env}  # the image's environment is laid over the arguments again
        if "PATH" not in env:
            facts.pop("PATH", None)  # every image has one
        triggers = [one.sub for one in parent.instructions if one.keyword == "ONBUILD" and one.sub is not None]
    scope = _Scope(stage.document.escape, facts)
    own_cmd = False
    for one in (*triggers, *stage.instructions):
        stage._before[id(one)] = settings
        keyword = one.keyword
        values: tuple[Value, ...] = ()
        if keyword in _SETS or (keyword in _EXPANDED and not scope.plain(one.logical)):
            values = stage._values[id(one)] = tuple(scope.value(word) for word in one.args)
        if keyword == "ARG":
            for word in one.args:
                _declare(scope, word, globals_)
        elif keyword == "ENV":
            for name, value in zip(values[::3], values[1::3], strict=False):
                scope.set(name.text, value)
                env[name.text] = value
        elif keyword == "ENTRYPOINT" and not own_cmd:
            settings = replace(settings, entrypoint=one, cmd=None, cmd_reset=True)
        elif keyword == "CMD":
            own_cmd = True
            settings = replace(settings, cmd=one, cmd_reset=False)
        else:
            settings = _set(settings, one, values)
    stage.final, stage.env, stage._facts = settings, env, scope.facts


def _set(settings: Settings, instruction: Instruction, values: tuple[Value, ...]) -> Settings:
    """The settings after an instruction that changes just one of them, or none."""
    match instruction.keyword:
        case "USER" if values:
            return replace(settings, user=Setting(values[0], instruction))
        case "WORKDIR" if values:
            return replace(settings, workdir=_join(settings.workdir, values[0]))
        case "STOPSIGNAL" if values:
            return replace(settings, stopsignal=instruction)
        case "ENTRYPOINT":
            return replace(settings, entrypoint=instruction)
        case "SHELL":
            return replace(settings, shell=instruction)
        case "HEALTHCHECK":
            return replace(settings, healthcheck=instruction)
    return settings


def _join(before: Value | None, path: Value) -> Value:
    """The working directory after a WORKDIR."""
    if path.text.startswith("/"):
        return replace(path, text=posixpath.normpath("/" + path.text.lstrip("/")))
    before = before or Value("", frozenset({BASE_WORKDIR}))
    missing = before.missing | path.missing
    if ":" in path.text[:2] or "\\" in path.text:  # absolute on Windows, relative elsewhere
        missing |= {path.text}
    joined = posixpath.normpath(posixpath.join(before.text, path.text)) if path.text else before.text
    return Value(joined, missing, before.by_default or path.by_default)
