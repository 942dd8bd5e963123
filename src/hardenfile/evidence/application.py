"""What the application does at run time that a user other than root may lack the right to."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hardenfile.dockerfile.stages import Stage

from .context import BuildContext, is_remote
from .layout import Layout
from .programs import feeding
from .python_app import Finding
from .start import Start


@dataclass(frozen=True, slots=True)
class Needs:
    """`seen`: sources of the application were read at all. `complete`: all of its own writes are known, by path.

    `findings` are what was found, with file and line; `languages` what was read; `problems` what could not be.
    """

    findings: tuple[Finding, ...]
    seen: bool
    complete: bool
    languages: tuple[str, ...]
    problems: tuple[str, ...]


def read_needs(stage: Stage, layout: Layout, start: Start, modules: dict[bytes, Any]) -> Needs:
    """Read the application's sources in the context: Python by LibCST, other languages by their literals.

    `modules` keeps what was read of Python modules, for the next time in the same run.
    """
    context = layout.context
    if context is None:
        return Needs((), False, False, (), ())
    findings: list[Finding] = list(start.findings)
    problems: list[str] = []
    languages: list[str] = []
    from .sources import configured_paths, python_home_uses, scan_sources

    roots = tuple(source_roots(stage, context))
    python = _python(stage, layout, start)
    if python is not None:
        from .python_app import read_application

        application = read_application(
            layout,
            python,
            workdir=layout.workdir_at(stage.final) or "/",
            env={name: value.text for name, value in stage.env.items() if value.known},
            cache=modules,
        )
        findings += application.findings
        problems += application.problems
        if application.modules:
            languages.append("python")
        findings += context.once(("home", roots), lambda: tuple(python_home_uses(context, roots)))
        if application.complete:
            return Needs(tuple(findings), True, not start.unseen, ("python",), tuple(problems))
    skip = ("python",) if languages else ()
    scan = context.once(("sources", roots, skip), lambda: scan_sources(context, roots, skip=skip))
    findings += scan.findings
    findings += context.once(("settings", roots), lambda: tuple(configured_paths(context, roots)))
    findings += _named_by_env(stage)
    problems += scan.problems
    languages += scan.languages
    if start.scripts and not start.unseen:
        languages.append("shell")
    return Needs(tuple(findings), bool(languages), False, tuple(languages), tuple(problems))


def _python(stage: Stage, layout: Layout, start: Start) -> Sequence[str] | None:
    """The command line of a Python application, if that is what starts."""
    for command in start.commands:
        words = [word for word in command.words if word is not None]
        if len(words) == len(command.words) and _is_python(command.program or ""):
            return words
    return None


def _is_python(program: str) -> bool:
    return program.startswith("python") or program in _RUNNERS or program in ("manage.py",)


_RUNNERS = frozenset(
    "gunicorn uvicorn hypercorn daphne waitress-serve flask celery streamlit fastapi uwsgi django-admin poetry pipenv "
    "uv opentelemetry-instrument ddtrace-run newrelic-admin honcho".split()
)


def source_roots(stage: Stage, context: BuildContext) -> list[str]:
    """The files and folders of the context that end up in the stage, or in what it copies from."""
    roots: dict[str, None] = {}
    for one in feeding(stage):
        for at in one.each("COPY", "ADD"):
            if at.flag("from") is not None:
                continue
            for value in one.values(at)[:-1]:
                if value.known and not is_remote(value.text) and not value.text.startswith("<<"):
                    roots.update(dict.fromkeys(entry.path for entry in context.match(value.text)))
    return list(roots)


_PROGRAM_PLACE = re.compile(r"PATH|HOME$|VERSION|VIRTUAL_ENV|PREFIX|ROOT$|SHELL")


def _named_by_env(stage: Stage) -> Iterator[Finding]:
    """Folders that the file's own ENV names, which the application may take for its own."""
    for name, value in stage.env.items():
        if (
            value.known
            and re.match(r"/(?:var|opt|srv|data|mnt|media|run)/", value.text)
            and not _PROGRAM_PLACE.search(name)
        ):
            yield Finding("unknown", value.text, True, None, f"ENV {name} names {value.text}", "", 0)
