"""Files that only root can read, which stay closed to the user whoever owns their folder."""

import posixpath
import re
from collections.abc import Iterator, Sequence

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.context import BuildContext
from hardenfile.evidence.layout import Placed, literal
from hardenfile.evidence.paths import within

from .survey import Survey

_MOST_FILES = 20_000
# What makes files that nobody else can read: by a mask, by a mode, or by the habit of the program.
_CLOSES = re.compile(
    r"\bumask\s+0?[0-7]*[4-7]\b|\bopenssl\s+(?:genrsa|genpkey|req\b.*-keyout)|\bssh-keygen\b|\bmktemp\b"
    r"|\bchmod\s+(?:-\S+\s+)*(?:0?[0-7]{2}[0-3]\b|(?:a|o|go|ugo)-[wx]*r|(?:o|go)=\s)"
    r"|\b(?:install|mkdir)\s+.*(?:-m|--mode)[ =]?0?[0-7]{2}[0-3]\b"
)

_SOURCES = (".py", ".js", ".mjs", ".cjs", ".sh", ".rb", ".pl", ".php")
_CLOSES_INSIDE = re.compile(r"\btempfile\b|\bmkstemp\b|\bumask\b|\bmktemp\b|0o?600\b")


def unreadable(survey: Survey, given: Sequence[str]) -> Iterator[str]:
    """A sentence for each thing that the user could not read or run; what lies in `given` is the user's own."""
    for stage in survey.stage.chain:
        for run in stage.each("RUN"):
            if _closes(survey, run):
                yield f"line {run.first_line} may make files that only root can read"
    for placed in survey.layout.placed:
        yield from _copied(survey, placed, given)


def _copied(survey: Survey, placed: Placed, given: Sequence[str]) -> Iterator[str]:
    context, at = survey.layout.context, placed.instruction
    chmod = at.flag("chmod")
    if chmod is not None:
        if not _open_to_all(chmod.value or "") and not any(within(placed.target or "/", one) for one in given):
            yield f"line {at.first_line} copies with the mode {chmod.value}, which shuts others out"
        return
    if placed.unpacked:
        yield f"line {at.first_line} unpacks an archive, whose files keep the owners that it names"
    elif placed.target is None:
        yield f"where line {at.first_line} puts its files is not known"
    elif placed.remote:
        yield f"line {at.first_line} adds from a URL, which makes a file that only root can read"
    elif context is not None and placed.source is not None and not any(within(placed.target, one) for one in given):
        closed = _closed(context, placed.source, folder=bool(placed.folder))
        if closed is not None:
            yield f"{closed}, which line {at.first_line} copies"


def _open_to_all(mode: str) -> bool:
    """Whether anybody may read what has this mode, and run what its owner may run."""
    if not re.fullmatch(r"[0-7]{3,4}", mode):
        return "-" not in mode and "=" not in mode
    number = int(mode, 8)
    return bool(number & 0o004) and (not number & 0o100 or bool(number & 0o001))


def _closes(survey: Survey, run: Instruction) -> bool:
    """Whether a RUN, or a program of the context that it starts, makes files in ways that close them."""
    if any(_CLOSES.search(text) for text in (run.value, *(heredoc.body for heredoc in run.heredocs))):
        return True
    stage = next(one for one in survey.stage.chain if run in one.instructions)
    for command in run.shell.commands if not run.json else ():
        for word in command.words:
            path = survey.layout.absolute(word.value, stage, run) if word.value else None
            data = survey.layout.read(path) if path is not None and path.endswith(_SOURCES) else None
            if _CLOSES_INSIDE.search((data or b"").decode("utf-8", "replace")) or (
                " " in word.raw and _CLOSES_INSIDE.search(word.raw)
            ):
                return True
    return False


def _closed(context: BuildContext, source: str, *, folder: bool) -> str | None:
    """The first file or folder whose mode shuts others out."""
    seen: set[str] = set()
    entries = context.walk(source, _MOST_FILES) if folder else iter(context.match(literal(source)))
    for entry in entries:
        if entry.kind != "file":
            continue
        if not entry.mode & 0o004:
            return f"{entry.path} can be read by its owner only (mode {entry.mode & 0o777:o})"
        if entry.mode & 0o100 and not entry.mode & 0o001:
            return f"{entry.path} can be run by its owner only (mode {entry.mode & 0o777:o})"
        parent = posixpath.dirname(entry.path)
        while folder and parent and parent not in seen and within(f"/{parent}", f"/{source}".rstrip("/")):
            seen.add(parent)
            above = next(iter(context.match(literal(parent))), None)
            if above is not None and above.mode & 0o005 != 0o005:
                return f"{parent} is a folder that only its owner can open (mode {above.mode & 0o777:o})"
            parent = posixpath.dirname(parent)
    return None
