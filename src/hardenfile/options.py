"""The options that several commands share, and what they come to."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .errors import UsageError
from .files import Request, is_folder
from .network import Network
from .profiles import PROFILES


class OutputFormat(StrEnum):
    """How the result is told."""

    TEXT = "text"
    JSON = "json"


Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH", help="Dockerfiles, folders to look for them in, or - for standard input."),
]
LockPaths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Dockerfiles, or folders to look for them in; . by default."),
]
Select = Annotated[
    list[str] | None, typer.Option(metavar="ID,...", help="Run only these: ids, families, or ids of other tools.")
]
Ignore = Annotated[list[str] | None, typer.Option(metavar="ID,...", help="Leave these out, named alike.")]
Profile = Annotated[
    str | None,
    typer.Option(metavar="|".join(PROFILES), help="The family of transforms to run; recommended by default."),
]
Unsafe = Annotated[
    bool | None, typer.Option("--unsafe/--no-unsafe", help="Apply changes that may alter behaviour too.")
]
Context = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="The build context; found by what COPY and ADD name by default.")
]
Target = Annotated[
    str | None, typer.Option(metavar="STAGE", help="The stage that ships, by name or index; the last one by default.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The configuration; the nearest one by default.")
]
Refresh = Annotated[
    bool, typer.Option("--refresh", help="Move digests that stand in the file to those of the lock or the registry.")
]
LockedOnly = Annotated[
    bool, typer.Option("--locked", help="Fail where an image or a download is not in the lock file.")
]
MayAsk = Annotated[
    bool, typer.Option("--online", help="Ask registries for what the lock file does not hold; offline by default.")
]
RegistryCa = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Certificates to trust besides the system's, in PEM form.")
]
Mirror = Annotated[
    list[str] | None, typer.Option(metavar="REGISTRY=MIRROR", help="Ask this mirror first; may be repeated.")
]
Insecure = Annotated[
    list[str] | None, typer.Option(metavar="HOST[:PORT]", help="Do without a trusted certificate; may be repeated.")
]
Format = Annotated[OutputFormat, typer.Option("--output-format", metavar="text|json", help="How to tell the result.")]
Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the patched text here and leave the original; - prints it.")
]


def request_of(
    select: list[str] | None,
    ignore: list[str] | None,
    profile: str | None,
    unsafe: bool | None,
    context: Path | None,
    target: str | None,
    refresh: bool,
) -> Request:
    from .catalog import choose

    chosen, left_out = _names(select), _names(ignore)
    if chosen is not None and profile is not None:
        raise UsageError("--select and --profile both say what to run; give one of them")
    choose(select=chosen, ignore=left_out or (), profile=profile)
    if context is not None and not is_folder(str(context)):
        raise UsageError(f"--context {context}: there is no such folder")
    return Request(chosen, left_out, unsafe, context, target, refresh, profile)


def network_of(ca: Path | None, mirrors: list[str] | None, insecure: list[str] | None) -> Network:
    return Network(ca, tuple(mirrors or ()), tuple(insecure or ()))


def _names(given: list[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(name for part in given for name in part.replace(",", " ").split())
