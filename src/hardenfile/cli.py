"""The command line: patches on standard output, everything else on standard error.

Exit codes: 0 done; 1 `check` found something to change, or `lock --check` a lock that is behind; 2 a wrong argument, or
a file that could not be read or parsed, or an image that no registry knew; 3 no Dockerfile found.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from . import __version__
from .config import Config, nearest_config, read_config
from .dockerfile.source import encode
from .errors import HardenfileError, UsageError
from .files import STDIN, Found, Request, Result, find, harden_file, is_folder, read
from .network import Network, Pinning

DONE, WOULD_CHANGE, FAILED, NOTHING_FOUND, INTERRUPTED = 0, 1, 2, 3, 130

app = typer.Typer(
    name="hardenfile",
    epilog="Exit codes: 0 done, 1 check found something to change, 2 a wrong argument or a file that could not be "
    "read or parsed, 3 no Dockerfile found.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


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
Select = Annotated[list[str] | None, typer.Option(metavar="ID,...", help="Run only these transforms.")]
Ignore = Annotated[list[str] | None, typer.Option(metavar="ID,...", help="Leave these transforms out.")]
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


class _NobodyReads(Exception):  # noqa: N818 - it is no error
    """Whoever read standard output has gone. No OSError, because Typer has its own idea of what that means."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give its exit code; never a traceback."""
    try:
        code = app(args=list(arguments), prog_name="hardenfile", standalone_mode=False)
        return code if isinstance(code, int) else DONE
    except HardenfileError as error:
        _say(f"error: {error}")
        return FAILED
    except _NobodyReads:
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):
            _say(f"error: {_fault(error)}")
        elif type(error).__name__ == "NoArgsIsHelpError":
            for line in error.format_message().split("\n"):
                _say(line)
        else:
            # Typer's own usage errors; their class belongs to the Click that it carries along.
            context = getattr(error, "ctx", None)
            command = context.command_path if context is not None else "hardenfile"
            _say(f"error: {' '.join(error.format_message().split())} ({command} --help tells what there is)")
        return FAILED


def _version(wanted: bool) -> None:
    if wanted:
        _out(f"hardenfile {__version__}\n")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Rewrite Dockerfiles for security: minimal patches that still build, run, and say why each line changed."""


@app.command()
def diff(
    paths: Paths,
    select: Select = None,
    ignore: Ignore = None,
    unsafe: Unsafe = None,
    context: Context = None,
    target: Target = None,
    config: ConfigFile = None,
    refresh: Refresh = False,
    locked: LockedOnly = False,
    online: MayAsk = False,
    registry_ca: RegistryCa = None,
    mirror: Mirror = None,
    insecure_registry: Insecure = None,
    output_format: Format = OutputFormat.TEXT,
) -> int:
    """Print patches that `git apply` takes; change nothing."""
    pinning = Pinning(locked, online, _network(registry_ca, mirror, insecure_registry))
    session = _Session(_request(select, ignore, unsafe, context, target, refresh), config, output_format, pinning)

    def show(result: Result) -> None:
        if result.outcome is not None and output_format is OutputFormat.TEXT:
            _out(result.outcome.diff())

    return session.run(paths, show)


@app.command(short_help="Rewrite files in place; fix - prints the result.")
def fix(
    paths: Paths,
    select: Select = None,
    ignore: Ignore = None,
    unsafe: Unsafe = None,
    context: Context = None,
    target: Target = None,
    config: ConfigFile = None,
    refresh: Refresh = False,
    locked: LockedOnly = False,
    online: MayAsk = False,
    registry_ca: RegistryCa = None,
    mirror: Mirror = None,
    insecure_registry: Insecure = None,
    output_format: Format = OutputFormat.TEXT,
    output: Output = None,
) -> int:
    """Rewrite files in place; `fix -` reads standard input and prints the patched file."""
    prints = str(output) == STDIN or (output is None and STDIN in paths)
    if prints and output_format is OutputFormat.JSON:
        raise UsageError("standard output takes the patched file, so --output-format json needs --output FILE as well")
    if output is not None and (len(paths) != 1 or (paths[0] != STDIN and is_folder(paths[0]))):
        raise UsageError("--output takes the patched text of one file, so name one file")
    pinning = Pinning(locked, online, _network(registry_ca, mirror, insecure_registry))
    session = _Session(_request(select, ignore, unsafe, context, target, refresh), config, output_format, pinning)

    def put(result: Result) -> None:
        from .rewrite.patch import write

        data = result.outcome.after.to_bytes() if result.outcome is not None else result.data
        if str(output) == STDIN or (output is None and result.path == STDIN):
            _out(data)
        elif output is not None and result.error is None:
            write(output, data)
        elif output is None and result.changed:
            write(Path(result.path), data, root=_tree(Path(result.path), paths), expected=result.data)

    return session.run(paths, put)


@app.command()
def check(
    paths: Paths,
    select: Select = None,
    ignore: Ignore = None,
    unsafe: Unsafe = None,
    context: Context = None,
    target: Target = None,
    config: ConfigFile = None,
    refresh: Refresh = False,
    locked: LockedOnly = False,
    online: MayAsk = False,
    registry_ca: RegistryCa = None,
    mirror: Mirror = None,
    insecure_registry: Insecure = None,
    output_format: Format = OutputFormat.TEXT,
) -> int:
    """Change nothing; exit with 1 when something would change."""
    pinning = Pinning(locked, online, _network(registry_ca, mirror, insecure_registry))
    session = _Session(_request(select, ignore, unsafe, context, target, refresh), config, output_format, pinning)
    code = session.run(paths, lambda result: None)
    return WOULD_CHANGE if code == DONE and any(one.changed for one in session.results) else code


@app.command(short_help="Ask registries once, and write hardenfile.lock.")
def lock(
    paths: LockPaths = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask for everything again, and say what moved.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when the lock is behind. Asks nobody by itself.")
    ] = False,
    cooldown: Annotated[
        int, typer.Option(metavar="DAYS", min=0, help="Take no image younger than this, where its age is told.")
    ] = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Fetch each manifest and hash it; counts against the hub's pull limit.")
    ] = False,
    download_limit: Annotated[
        int, typer.Option(metavar="MIB", min=1, help="The largest download that is hashed for ADD.")
    ] = 512,
    config: ConfigFile = None,
    registry_ca: RegistryCa = None,
    mirror: Mirror = None,
    insecure_registry: Insecure = None,
) -> int:
    """Write hardenfile.lock: the digest of every image that the Dockerfiles name, the checksum of every download.

    It goes beside the configuration file, else to the repository's root, else into the present folder.
    """
    from .lock_command import LockRequest, lock_files

    network = _network(registry_ca, mirror, insecure_registry)
    limit = download_limit << 20
    request = LockRequest(paths or ["."], refresh, check, verify, cooldown, limit, config, network)
    return lock_files(request, _say)


@app.command("list")
def list_() -> None:
    """List the transforms, and what other tools call the same."""
    from .catalog import catalog
    from .report.text import rows

    found = (
        (term, text) for one in catalog().values() for term, text in ((one.id, one.title), ("", _rules(one.rules)))
    )
    _out("".join(f"{line}\n" for line in rows(found) if line))


@app.command()
def explain(name: Annotated[str, typer.Argument(metavar="ID", help="A transform's id.")]) -> None:
    """Print the page of a transform: what it does, when, and when not."""
    from importlib.resources import files

    from .catalog import catalog

    _check_ids((name,))
    kind = catalog()[name]
    page = f"{kind.id}: {kind.title}\n\n{kind.__doc__}"
    with suppress(OSError, TypeError):  # a third party's transform may have no page, or be a module and no package
        page = (files(kind.__module__) / "README.md").read_text("utf-8")
    _out(page.rstrip("\n") + "\n")


@app.command("explain-image")
def explain_image(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An image, such as node:20-alpine.")],
) -> None:
    """Print what is known of a base image: its users, its tools, what it starts."""
    from .evidence.images import Images
    from .evidence.images import explain as told
    from .evidence.reference import ImageReference

    reference = ImageReference.parse(name)
    if reference is None:
        raise UsageError(f"{name!r} is no image reference")
    typer.echo(told(reference, Images(nearest_config(Path.cwd()).images).look_up(reference)).rstrip())


class _Session:
    """One run over some paths: read, harden, hand on, report."""

    def __init__(self, request: Request, config: Path | None, output_format: OutputFormat, pinning: Pinning) -> None:
        self.request = request
        self.pinning = pinning
        self.config = read_config(config) if config is not None else None
        self.known: dict[Path, Config] = {}
        self.output_format = output_format
        self.results: list[Result] = []

    def run(self, paths: Sequence[str], each: Callable[[Result], None]) -> int:
        from .report import json, text

        said: set[str] = set()
        for found in find(paths):
            result = self._harden(found)
            try:
                each(result)
            except HardenfileError as error:
                result = Result(found.path, result.data, None, result.context, str(error))
            self.results.append(result)
            # A mistake in one configuration is the same for every file below it.
            if self.output_format is OutputFormat.TEXT and result.error not in said:
                for line in text.report(result):
                    _say(line)
            if result.error is not None:
                said.add(result.error)
        self.pinning.close()
        if self.output_format is OutputFormat.JSON:
            _out(json.report(self.results) + "\n")
        elif len(self.results) > 1:
            _say(text.summary(self.results))
        if not self.results:
            _say(f"error: no Dockerfile was found in {', '.join(paths)}; name the file if it is called otherwise")
            return NOTHING_FOUND
        return FAILED if any(one.error is not None for one in self.results) else DONE

    def _harden(self, found: Found) -> Result:
        if found.error is not None:
            return Result(found.path, error=found.error)
        data = b""
        try:
            data = _stdin() if found.path == STDIN else read(found.path)
            config = self.config or nearest_config(Path(found.path).parent, self.known)
            images = self.pinning.of(found.path, data, config)
            return harden_file(found.path, data, self.request, config, images)
        except UsageError as error:
            return Result(found.path, data, error=str(error))
        except Exception as error:  # a fault in hardenfile itself; the other files are still done
            return Result(found.path, data, error=f"{found.path}: {_fault(error)}")


def _fault(error: Exception) -> str:
    """A defect in one line, with the place where it showed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else ""
    return f"hardenfile itself failed ({type(error).__name__}: {error}{place}); please report it"


def _tree(path: Path, paths: Iterable[str]) -> Path:
    """The tree that a link must not lead out of: the folder that was named, else the file's own."""
    folders = [Path(one).resolve() for one in paths if one != STDIN and is_folder(one)]
    parent = path.absolute().parent.resolve()
    return next((folder for folder in folders if parent.is_relative_to(folder)), parent)


def _request(
    select: list[str] | None,
    ignore: list[str] | None,
    unsafe: bool | None,
    context: Path | None,
    target: str | None,
    refresh: bool,
) -> Request:
    chosen, left_out = _names(select), _names(ignore)
    _check_ids((*(chosen or ()), *(left_out or ())))
    if context is not None and not is_folder(str(context)):
        raise UsageError(f"--context {context}: there is no such folder")
    return Request(chosen, left_out, unsafe, context, target, refresh)


def _network(ca: Path | None, mirrors: list[str] | None, insecure: list[str] | None) -> Network:
    return Network(ca, tuple(mirrors or ()), tuple(insecure or ()))


def _names(given: list[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(name for part in given for name in part.replace(",", " ").split())


def _check_ids(names: Iterable[str]) -> None:
    from .catalog import catalog
    from .errors import nearest

    for name in names:
        if name not in catalog():
            raise UsageError(f"no transform is called {nearest(name, catalog())}; hardenfile list names them all")


def _rules(rules: tuple[str, ...]) -> str:
    return f"answers {', '.join(rules)}" if rules else ""


def _stdin() -> bytes:
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(f"standard input cannot be read: {error.strerror}") from error


def _out(data: str | bytes) -> None:
    """To standard output, whatever bytes they are."""
    if sys.stdout is None:
        raise UsageError("standard output is closed")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(encode(data) if isinstance(data, str) else data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _silence(sys.stdout)
        if isinstance(error, BrokenPipeError):
            raise _NobodyReads from None
        raise UsageError(f"standard output cannot be written: {error.strerror}") from error


def _say(line: str) -> None:
    from .report.text import printable

    if sys.stderr is None:
        return
    try:
        sys.stderr.buffer.write(encode(printable(line)) + b"\n")
        sys.stderr.buffer.flush()
    except OSError:  # nobody listens; the work goes on
        _silence(sys.stderr)


def _silence(stream: TextIO) -> None:
    """Lead a stream nowhere, so that what it still holds fails no more when Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
