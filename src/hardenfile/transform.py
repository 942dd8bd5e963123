"""What a transform is, and what it proposes: a change with its evidence, or a refusal with its reason."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from .dockerfile import Document, Instruction
from .rewrite.edit import Edit

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from .evidence import Evidence


class Safety(StrEnum):
    """How far a change can be trusted.

    `safe`: the image builds and behaves as before apart from what was asked for, by the facts that the change names.
    `unsafe`: it may change behaviour, so a person should look. `advice`: no edit can be sound; it is only said.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a transform would do, whole or not at all.

    `line` is 1-based; `evidence` are the facts that the safety rests on; `rules` the ids of other tools' findings that
    it answers; `why` says what keeps an unsafe change from being safe, or else what the change is good for.
    """

    transform: str
    title: str
    line: int
    safety: Safety
    edits: tuple[Edit, ...] = ()
    evidence: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a transform left something alone: a reason code, a sentence, a 1-based line."""

    transform: str
    reason: str
    message: str
    line: int


@dataclass(frozen=True)
class Transform(ABC):
    """A small rewrite with one idea. Its dataclass fields are its options.

    A subclass sets `id` (an imperative that fits a commit title), `title`, `rules` (the findings of other tools that it
    answers, as `hadolint DL3020`), and `after`: the ids of the transforms whose work it wants to see done.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    rules: ClassVar[tuple[str, ...]] = ()
    after: ClassVar[tuple[str, ...]] = ()
    why: ClassVar[str] = ""
    safety: ClassVar[str] = "`safe`, or refused"
    """In words, how far its changes can be trusted."""
    about_stage: ClassVar[bool] = False
    """Whether it is about a stage as a whole, so that a comment at any instruction may ask it to stay away."""

    @abstractmethod
    def propose(self, document: Document, evidence: "Evidence") -> Iterable[Change | Refusal]:
        """What it would do to the document; it must not propose again what it already did."""

    def change(
        self,
        at: Instruction,
        title: str,
        *edits: Edit,
        safety: Safety = Safety.SAFE,
        evidence: Iterable[str] = (),
        why: str = "",
    ) -> Change:
        """A change at an instruction, with the transform's own id and rules."""
        return Change(self.id, title, at.first_line, safety, edits, tuple(evidence), self.rules, why or self.why)

    def advise(self, at: Instruction, title: str, why: str = "") -> Change:
        """Something to say that no edit can do soundly."""
        return self.change(at, title, safety=Safety.ADVICE, why=why)

    def refuse(self, at: Instruction, reason: str, message: str) -> Refusal:
        """Leave something alone, and say why."""
        return Refusal(self.id, reason, message, at.first_line)

    @classmethod
    def options(cls) -> dict[str, Any]:
        """The options and their defaults."""
        return {one.name: one.default for one in fields(cls)}


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, StrictUndefined

    return Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)


@cache
def _template(package: str, name: str) -> "Template":
    return _environment().from_string((files(importlib.import_module(package)) / name).read_text("utf-8"))


def render(transform: Transform, template: str, **values: object) -> list[str]:
    """The lines of a template that lies beside the transform's module."""
    text = _template(type(transform).__module__, template).render(**values)
    return [line for line in text.split("\n") if line]
