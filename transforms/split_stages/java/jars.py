"""What a build tool's description says of the jars that a build leaves."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a jar finds its classes."""

    WHOLE = "whole"  # Spring Boot, shade, assembly, shadow: its dependencies are inside
    PLAIN = "plain"  # its own classes, no dependencies; nothing else is named in it
    BESIDE = "beside"  # its manifest names jars beside it
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Jar:
    """A jar that the build leaves. `name` is its path below `folder`, None where it cannot be told.

    `why` is the evidence for `kind`; `beside` is the folder of the jars that its manifest names; `tree` a folder around
    it that belongs to it as a whole. `starts`: its manifest names a main class.
    """

    folder: str
    name: str | None
    kind: Kind
    why: str
    beside: str = ""
    tree: str = ""
    starts: bool = True


@dataclass(frozen=True, slots=True)
class Product:
    """All jars of one module. `output` is the folder of its results; `manifest` the file in the context that says so.

    `unsure` says why the list may be wrong; empty where it is not.
    """

    output: str
    manifest: str
    jars: tuple[Jar, ...]
    packaging: str
    spring: bool
    dependencies: bool
    unsure: str = ""
