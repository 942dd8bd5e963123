"""The command line: patches on standard output, everything else on standard error.

Exit codes: 0 done; 1 `check` found something to change, or `lock --check` a lock that is behind; 2 a wrong argument, or
a file that could not be read or parsed, or an image that no registry knew; 3 no Dockerfile found.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from . import __version__
from .config import nearest_config
from .errors import HardenfileError, UsageError
from .files import STDIN, Result, is_folder
from .network import Pinning
from .options import (
    ConfigFile,
    Context,
    Format,
    Ignore,
    Insecure,
    LockedOnly,
    LockPaths,
    MayAsk,
    Mirror,
    Output,
    OutputFormat,
    Paths,
    Profile,
    Refresh,
    RegistryCa,
    Select,
    Target,
    Unsafe,
    network_of,
    request_of,
)
from .session import DONE, FAILED, INTERRUPTED, WOULD_CHANGE, Session, fault
from .streams import NobodyReads, out, say

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


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give its exit code; never a traceback."""
    try:
        code = app(args=list(arguments), prog_name="hardenfile", standalone_mode=False)
        return code if isinstance(code, int) else DONE
    except HardenfileError as error:
        say(f"error: {error}")
        return FAILED
    except NobodyReads:
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):
            say(f"error: {fault(error)}")
        elif type(error).__name__ == "NoArgsIsHelpError":
            for line in error.format_message().split("\n"):
                say(line)
        else:
            # Typer's own usage errors; their class belongs to the Click that it carries along.
            context = getattr(error, "ctx", None)
            command = context.command_path if context is not None else "hardenfile"
            say(f"error: {' '.join(error.format_message().split())} ({command} --help tells what there is)")
        return FAILED


def _version(wanted: bool) -> None:
    if wanted:
        out(f"hardenfile {__version__}\n")
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
    profile: Profile = None,
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
    pinning = Pinning(locked, online, network_of(registry_ca, mirror, insecure_registry))
    session = Session(
        request_of(select, ignore, profile, unsafe, context, target, refresh), config, output_format, pinning
    )

    def show(result: Result) -> None:
        if result.outcome is not None and output_format is OutputFormat.TEXT:
            out(result.outcome.diff())

    return session.run(paths, show)


@app.command(short_help="Rewrite files in place; fix - prints the result.")
def fix(
    paths: Paths,
    select: Select = None,
    ignore: Ignore = None,
    profile: Profile = None,
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
    pinning = Pinning(locked, online, network_of(registry_ca, mirror, insecure_registry))
    session = Session(
        request_of(select, ignore, profile, unsafe, context, target, refresh), config, output_format, pinning
    )

    def put(result: Result) -> None:
        from .rewrite.patch import write

        data = result.outcome.after.to_bytes() if result.outcome is not None else result.data
        if str(output) == STDIN or (output is None and result.path == STDIN):
            out(data)
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
    profile: Profile = None,
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
    pinning = Pinning(locked, online, network_of(registry_ca, mirror, insecure_registry))
    session = Session(
        request_of(select, ignore, profile, unsafe, context, target, refresh), config, output_format, pinning
    )
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

    network = network_of(registry_ca, mirror, insecure_registry)
    limit = download_limit << 20
    request = LockRequest(paths or ["."], refresh, check, verify, cooldown, limit, config, network)
    return lock_files(request, say)


@app.command(short_help="Open and keep pull requests on GitHub; GitLab is experimental.")
def bot(
    repositories: Annotated[
        list[str] | None,
        typer.Argument(metavar="OWNER/NAME", help="Repositories; by default the one that this runs in."),
    ] = None,
    listed: Annotated[
        str | None,
        typer.Option("--repositories", metavar="FILE", help="Take repositories from a file, or - for stdin."),
    ] = None,
    organization: Annotated[str | None, typer.Option(metavar="NAME", help="Take all of an organization's.")] = None,
    shard: Annotated[str, typer.Option(metavar="I/N", help="Do only share I of N, by a hash of the names.")] = "1/1",
    forge: Annotated[str | None, typer.Option(metavar="github|gitlab", help="By default what the CI is.")] = None,
    forge_url: Annotated[
        str | None, typer.Option(metavar="URL", help="The API's address, for a forge of yours.")
    ] = None,
    clone: Annotated[bool, typer.Option("--clone", help="Read and push with git, instead of the API alone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; print each write there would be.")] = False,
    select: Select = None,
    ignore: Ignore = None,
    unsafe: Unsafe = None,
    group: Annotated[
        str | None, typer.Option(metavar="file|repository", help="A pull request for each file, or one for all.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=0, metavar="N", help="How many may be open in a repository.")] = None,
    draft: Annotated[
        bool | None, typer.Option("--draft/--no-draft", help="Open drafts; unsafe ones always are.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A label to add; may be repeated.")] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your settings, for repositories without their own.")
    ] = None,
    log: Annotated[Path | None, typer.Option(metavar="FILE", help="Add a line of JSON for each repository.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Leave out what the log says is done.")] = False,
    cache: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep answers with their ETags, to spare the rate limit.")
    ] = None,
    write_interval: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Between two writes; GitHub asks for 1.")
    ] = 1.0,
    max_wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="The longest wait for a rate limit.")
    ] = 3700,
    ca: Annotated[Path | None, typer.Option(metavar="FILE", help="Certificates to trust too, in PEM form.")] = None,
    output_format: Format = OutputFormat.TEXT,
) -> int:
    """Find Dockerfiles in repositories, harden them, and open, update and close pull requests.

    The token comes from GITHUB_TOKEN or GITLAB_TOKEN. Exit code 0, or 2 when a repository failed.
    """
    from .bot_command import BotRequest, run_bot

    request = BotRequest(
        names=repositories or (),
        repositories=listed,
        organization=organization,
        forge=forge,
        address=forge_url,
        shard=shard,
        clone=clone,
        dry_run=dry_run,
        as_json=output_format is OutputFormat.JSON,
        log=log,
        resume=resume,
        config=config,
        group=group,
        limit=limit,
        draft=draft,
        labels=label,
        pace=write_interval,
        longest=max_wait,
        ca=ca,
        cache=cache,
        request=request_of(select, ignore, None, unsafe, None, None, False),
    )
    return run_bot(request, out, say)


class ListFormat(StrEnum):
    """How the transforms are listed."""

    TEXT = "text"
    MARKDOWN = "markdown"


@app.command("list")
def list_(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="With --unused-ignores: files and folders; . by default.")
    ] = None,
    output_format: Annotated[
        ListFormat, typer.Option("--output-format", metavar="text|markdown", help="How to list them.")
    ] = ListFormat.TEXT,
    unused_ignores: Annotated[
        bool, typer.Option("--unused-ignores", help="List comments that ask to leave alone what is not touched anyway.")
    ] = False,
) -> int:
    """List the transforms, their families, and what other tools call the same."""
    from .report import listing

    if unused_ignores:
        code, lines = listing.unused_ignores(paths or ["."], say)
        out("".join(f"{line}\n" for line in lines))
        return code
    if paths:
        raise UsageError("list takes paths with --unused-ignores only")
    out(listing.markdown() if output_format is ListFormat.MARKDOWN else listing.text())
    return DONE


@app.command()
def explain(name: Annotated[str, typer.Argument(metavar="ID", help="A transform's id.")]) -> None:
    """Print the page of a transform: what it does, when, and when not."""
    from importlib.resources import files

    from .catalog import catalog

    _check_id(name)
    kind = catalog()[name]
    page = f"{kind.id}: {kind.title}\n\n{kind.__doc__}"
    with suppress(OSError, TypeError):  # a third party's transform may have no page, or be a module and no package
        page = (files(kind.__module__) / "README.md").read_text("utf-8")
    out(page.rstrip("\n") + "\n")


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


def _tree(path: Path, paths: Iterable[str]) -> Path:
    """The tree that a link must not lead out of: the folder that was named, else the file's own."""
    folders = [Path(one).resolve() for one in paths if one != STDIN and is_folder(one)]
    parent = path.absolute().parent.resolve()
    return next((folder for folder in folders if parent.is_relative_to(folder)), parent)


def _check_id(name: str) -> None:
    from .catalog import catalog
    from .errors import nearest

    if name not in catalog():
        raise UsageError(f"no transform is called {nearest(name, catalog())}; hardenfile list names them all")
