"""What an image promises whoever runs it, computed for the old final stage and the new one, and held side by side."""

import posixpath
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.stages import Stage, Value
from hardenfile.evidence.images import BaseImage


@dataclass(frozen=True, slots=True)
class Contract:
    """The configuration of an image: the stage's own on top of the base image's. Texts are expanded where the builder
    expands them; each part of `parts` has the name that a report gives it (`ENV PATH`, `EXPOSE 80/tcp`, `WORKDIR`).
    """

    parts: Mapping[str, str]

    def differences(self, other: "Contract") -> Iterator[tuple[str, str, str]]:
        """Each part that is not the same in both: its name, and how it is here and there."""
        for name in sorted(self.parts.keys() | other.parts.keys()):
            mine, theirs = self.parts.get(name), other.parts.get(name)
            if mine != theirs:
                yield name, _shown(mine), _shown(theirs)


def _shown(part: str | None) -> str:
    return "absent" if part is None else part or "empty"


def contract(stage: Stage, image: BaseImage) -> Contract:
    """The contract of a stage whose base image is known."""
    parts: dict[str, str] = {}
    for name, text in image.env:
        parts[f"ENV {name}"] = text
    for one in stage.each("ENV"):
        values = stage.values(one)
        for name_, value in zip(values[::3], values[1::3], strict=False):
            parts[f"ENV {name_.text}"] = _text(value, stage, one)
    for port in image.ports:
        parts[f"EXPOSE {_port(port)}"] = "yes"
    for one in stage.each("EXPOSE"):
        for value in stage.values(one):
            parts[f"EXPOSE {_port(_text(value, stage, one))}"] = "yes"
    for path in image.volumes:
        parts[f"VOLUME {posixpath.normpath(path)}"] = "yes"
    for one in stage.each("VOLUME"):
        for value in stage.values(one):
            parts[f"VOLUME {posixpath.normpath(_text(value, stage, one))}"] = "yes"
    for one in stage.each("LABEL"):
        values = stage.values(one)
        for name_, value in zip(values[::3], values[1::3], strict=False):
            parts[f"LABEL {name_.text}"] = _text(value, stage, one)
    for one in stage.each("MAINTAINER"):
        parts["MAINTAINER"] = one.value
    return Contract(parts | dict(_settings(stage, image)))


def _text(value: Value, stage: Stage, at: Instruction) -> str:
    """The expanded text; a variable that only a build argument sets is told from one that nothing can set."""
    declared = {word.partition("=")[0] for one in stage.each("ARG") if one.begin < at.begin for word in one.args}
    return value.text + "".join(f"${{{name}}}" for name in sorted(value.missing & declared))


def own_environment(stage: Stage, *images: BaseImage) -> frozenset[str]:
    """The parts that only the images' own environment gives, which the file does not set."""
    return frozenset(f"ENV {name}" for image in images for name, _ in image.env if name not in stage.env)


def _settings(stage: Stage, image: BaseImage) -> Iterator[tuple[str, str]]:
    final = stage.final
    workdir = final.workdir.text if final.workdir is not None else image.workdir or "/"
    yield "WORKDIR", posixpath.normpath(workdir)
    yield "USER", final.user.value.text if final.user is not None else image.default_user
    entrypoint = _command(final.entrypoint) if final.entrypoint is not None else repr(image.entrypoint or ())
    yield "ENTRYPOINT", entrypoint
    if final.cmd is not None:
        yield "CMD", _command(final.cmd)
    else:
        yield "CMD", repr(() if final.cmd_reset else image.cmd or ())
    for name, one in (
        ("HEALTHCHECK", final.healthcheck),
        ("SHELL", final.shell),
        ("STOPSIGNAL", final.stopsignal),
    ):
        if one is not None:
            flags = " ".join(str(flag) for flag in one.flags)
            yield name, f"{flags} {_command(one)}".strip()


def _command(one: Instruction) -> str:
    return repr(tuple(one.args)) if one.json else one.value


def _port(text: str) -> str:
    return text.lower() if "/" in text else f"{text}/tcp"


def unintended(before: Contract, after: Contract, intended: Collection[str]) -> list[str]:
    """A sentence for each difference that is not among the intended ones."""
    return [
        f"{name} would be {theirs} instead of {mine}"
        for name, mine, theirs in before.differences(after)
        if name not in intended
    ]
