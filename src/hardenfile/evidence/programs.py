"""Whether the program that starts is the application whose sources were read, or one that nobody here has seen."""

import posixpath
from collections.abc import Collection, Iterator

from hardenfile.dockerfile.stages import Stage

from .layout import Layout
from .paths import within
from .start import Start

# Programs that run the application's own code, by the languages' own tools and servers.
_RUNTIMES = frozenset(
    "node nodejs npm npx yarn pnpm nodemon ts-node tsx next nuxt vite pm2-runtime deno bun java ruby bundle rails "
    "rake puma unicorn rackup thin php artisan perl plackup starman dotnet mix elixir iex Rscript lua julia swift "
    "go cargo gunicorn uvicorn hypercorn daphne waitress-serve flask celery streamlit fastapi uwsgi django-admin "
    "poetry pipenv uv opentelemetry-instrument ddtrace-run newrelic-admin sbt mvn "
    "gradle crystal nim".split()
)
# What start scripts run besides the application.
_HELPERS = frozenset(
    ". : [ [[ alias break cat cd command cp curl cut date dirname basename echo env eval exec exit export expr "
    "false find grep head hostname id if kill let local ls mkdir mktemp mv nc printf ps pwd read readlink "
    "realpath return rm sed set shift sleep sort source tail tee test time timeout touch tr trap true type ulimit "
    "umask uname unset until wait wc wget which while xargs awk ln jq envsubst stat seq uniq tini dumb-init sh "
    "bash ash dash docker-entrypoint.sh docker-php-entrypoint __cacert_entrypoint.sh wait-for-it wait-for-it.sh "
    "printenv chmod".split()
)


def strangers(start: Start, stage: Stage, layout: Layout) -> Iterator[str]:
    """A sentence for each program at start that comes from neither the context nor another stage of the file."""
    for command in start.commands:
        program = command.words[0] if command.words else None
        name = command.program
        if program is None or name is None or is_helper(name) or _is_runtime(name):
            continue
        path = _place(program, layout, stage)
        if path is not None and _ours(path, stage, layout):
            continue
        if _builds(name, stage):
            continue
        yield f"{command.where} starts {name}, which comes from neither the context nor another stage"


# Whose code a runtime runs, by the languages of the sources that have to be seen.
_LANGUAGES = {
    "java": {"java", "kotlin", "scala", "groovy", "clojure"},
    "node": {"javascript", "typescript"},
    "nodejs": {"javascript", "typescript"},
    "npm": {"javascript", "typescript"},
    "yarn": {"javascript", "typescript"},
    "pnpm": {"javascript", "typescript"},
    "ruby": {"ruby"},
    "bundle": {"ruby"},
    "rails": {"ruby"},
    "puma": {"ruby"},
    "php": {"php"},
    "perl": {"perl"},
    "dotnet": {"csharp", "fsharp", "visual-basic"},
    "mix": {"elixir", "erlang"},
}
_PYTHON = frozenset(
    "gunicorn uvicorn hypercorn daphne waitress-serve flask celery streamlit fastapi django-admin".split()
)


def unread(start: Start, languages: Collection[str]) -> Iterator[str]:
    """A sentence for each runtime at start whose code, in its language, was not found in the context."""
    for command in start.commands:
        name = command.program or ""
        python = name in _PYTHON or name.rstrip("0123456789.") == "python"
        wanted = {"python"} if python else _LANGUAGES.get(name)
        if wanted is not None and not wanted & set(languages):
            yield f"{command.where} starts {name}, and no source that it could run was found in the context"


def is_helper(name: str) -> bool:
    """Whether a program is one that start scripts use on the way to the application."""
    return name in _HELPERS


def _is_runtime(name: str) -> bool:
    return name in _RUNTIMES or name.rstrip("0123456789.") in ("python", "php", "ruby", "node", "perl")


def _place(program: str, layout: Layout, stage: Stage) -> str | None:
    if program.startswith("/"):
        return posixpath.normpath(program)
    if "/" in program:
        workdir = layout.workdir_at(stage.final)
        return posixpath.normpath(posixpath.join(workdir, program)) if workdir is not None else None
    for folder in ("/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"):
        path = f"{folder}/{program}"
        if any(placed.target is not None and within(path, placed.target) for placed in layout.placed):
            return path
    return None


def _ours(path: str, stage: Stage, layout: Layout) -> bool:
    """Whether a COPY from the context or from a stage of the file puts the program there."""
    names = {str(one.index) for one in stage.document.stages} | {one.name for one in stage.document.stages if one.name}
    for placed in reversed(layout.placed):
        if placed.target is not None and within(path, placed.target):
            return not placed.remote and (placed.stage is None or placed.stage.lower() in names)
    return any(within(path, folder) for folder in _workdirs(stage, layout))


def _workdirs(stage: Stage, layout: Layout) -> Iterator[str]:
    """Working directories in which the file's own RUN lines may have built it."""
    for part in stage.chain:
        for run in part.each("RUN"):
            workdir = layout.workdir_at(part.before(run))
            if workdir is not None and workdir != "/":
                yield workdir


def _builds(name: str, stage: Stage) -> bool:
    """Whether a RUN names the program as what a compiler should make."""
    compilers = (
        "go build",
        "go install",
        "cargo build",
        "gcc ",
        "g++ ",
        "make",
        "cmake",
        "swift build",
        "dotnet publish",
    )
    return any(
        compiler in run.value and name in run.value
        for part in stage.chain
        for run in part.each("RUN")
        for compiler in compilers
    )


def feeding(stage: Stage) -> list[Stage]:
    """The stages whose content can end up in this one: its FROM chain, and what it copies from, and theirs."""
    document = stage.document
    by_name = {str(one.index): one for one in document.stages} | {one.name: one for one in document.stages if one.name}
    found: list[Stage] = []
    queue = [stage]
    while queue:
        one = queue.pop()
        if one in found:
            continue
        found.append(one)
        if one.parent is not None:
            queue.append(one.parent)
        for copy in one.each("COPY"):
            flag = copy.flag("from")
            source = by_name.get((flag.value or "").lower()) if flag is not None else None
            if source is not None:
                queue.append(source)
    return found
