"""Whether the image runs without the devDependencies, and how they are left out."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction, Span
from hardenfile.evidence.programs import is_helper
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import lines_after, replace

from ..steps import Step
from ..survey import Survey
from .managers import arguments, asks_for_development, installs, leaves_out, prunes
from .project import Project
from .sources import Sources

_OWN = frozenset("node nodejs npm npx yarn yarnpkg pnpm corepack".split())
_RUNNERS = frozenset("npm-run-all run-s run-p concurrently turbo nx lerna wireit zx make".split())
# The package that brings a program of another name, for lock files that do not say.
_BRINGS = {
    "nest": "@nestjs/cli",
    "tsc": "typescript",
    "ng": "@angular/cli",
    "vue-cli-service": "@vue/cli-service",
    "sequelize": "sequelize-cli",
    "dotenv": "dotenv-cli",
    "remix-serve": "@remix-run/serve",
    "react-router-serve": "@react-router/serve",
    "strapi": "@strapi/strapi",
    "nuxi": "nuxt",
}
_LOADS = re.compile(r"(?:-r|--require|--import|--loader|--experimental-loader)(?:=(.+))?\Z")
_COMPILES = re.compile(
    r"(?:\S*/)?(?:ts-node|@babel/register|@babel/node|babel-node|babel-register|@swc-node/register|@swc/register"
    r"|esbuild-register|sucrase)(?:/\S*|-\w+)?\Z"
)
_TYPES = re.compile(r"@types/|(?:typescript|eslint|prettier|webpack|jest|vitest|postcss|tailwindcss|vite)\Z")
_OLD = ("argon", "boron", "carbon", "dubnium", "erbium", "fermium")  # names of Node 4 to 14
# What compilers' helpers, loggers and database libraries load by a name that no source has.
_IMPLIED = frozenset(
    "tslib @babel/runtime @swc/helpers core-js regenerator-runtime reflect-metadata pino-pretty pg mysql mysql2 "
    "sqlite3 better-sqlite3 tedious oracledb mongodb redis ioredis ejs pug hbs handlebars nunjucks mustache "
    "source-map-support".split()
)
_CARRIED = ("--legacy-peer-deps", "--force", "-f", "--strict-peer-deps")


@dataclass(frozen=True, slots=True)
class Development:
    """What happens to the devDependencies: `edits` leave them out; `out`: they are not in the final image; `gained`:
    by this change. `why` says so, empty where there are none."""

    edits: tuple[Edit, ...] = ()
    out: bool = False
    gained: bool = False
    why: str = ""


def decide(
    survey: Survey, project: Project, sources: Sources, steps: tuple[Step, ...], last: Instruction
) -> Development:
    """What becomes of the devDependencies. `steps` are those of the package managers, `last` the last instruction of
    the build stage."""
    if not project.development:
        return Development(out=True)
    installing = [step for step in steps if installs(step)]
    if any(prunes(step) for step in steps) or all(leaves_out(step, survey) for step in installing):
        return Development(out=True, why=f"the build leaves the devDependencies of {project.path} out by itself")
    reason = next(_needed(survey, project, sources), "")
    if not reason:
        edits = tuple(_left_out(survey, project, steps, installing, last))
        if edits:
            why = f"neither the start command nor a source names one of the devDependencies of {project.path}"
            return Development(edits, True, True, why)
        reason = "how to leave them out here is not known"
    return Development(why=f"the devDependencies of {project.path} stay: {reason}")


def _needed(survey: Survey, project: Project, sources: Sources) -> Iterator[str]:
    """Why the devDependencies may be needed at run time."""
    if not project.lock:
        yield "no lock file was read"
    if project.local or project.berry:
        yield "it has packages of its own, or a Yarn of version 2 or later"
    if not sources.whole:
        yield "not all sources were read"
    for command in survey.start.commands:
        yield from _by_start(command.words, project, command.where)
    options = survey.stage.env.get("NODE_OPTIONS")
    given = tuple(options.text.split()) if options is not None else ()
    yield from _by_start(given, project, "NODE_OPTIONS", whole=False)
    words = {word or "" for command in survey.start.commands for word in command.words} | set(given)
    compiler = next((one for one in sorted(words | sources.names.keys()) if _COMPILES.match(one)), "")
    if compiler:
        yield f"{compiler} compiles the sources when it runs, and its settings may name any of them"
    check = survey.stage.final.healthcheck
    if check is not None:
        yield from _by_start(tuple(re.split(r"[\s\"',\[\];&|]+", check.value)), project, "the HEALTHCHECK", whole=False)
    for name in sorted(project.development & _IMPLIED):
        yield f"{name} may be loaded by another package"
    for name in sorted(project.development & sources.names.keys()):
        yield f"{sources.names[name]} names {name}"
    for package in project.packages:
        found = sorted(one for one in package.peers & project.development if not _TYPES.match(one))
        if found and not package.dev:
            yield f"{package.name} may load {found[0]}"
    if "typescript" in project.development and any(
        path.rpartition("/")[2] == "next.config.ts" for path, _ in sources.files
    ):
        yield "next.config.ts is TypeScript"


def _by_start(words: tuple[str | None, ...], project: Project, where: str, *, whole: bool = True) -> Iterator[str]:
    if any(word is None for word in words):
        yield f"part of {where} is only known at run time"
        return
    plain = [word for word in words if word]
    program = posixpath.basename(plain[0]) if plain else ""
    if program in _RUNNERS:
        yield f"{where} starts {program}, which starts others"
    bare = whole and program and "/" not in plain[0]
    if bare and program not in _OWN and not is_helper(program) and not _provided(program, project):
        yield f"{where} starts {program}, which no dependency is known to bring"
    for index, word in enumerate(plain):
        loads = _LOADS.match(word)
        given = (loads[1] or (plain[index + 1] if index + 1 < len(plain) else "")) if loads else word
        inner = re.search(r"node_modules/(?:\.bin/)?((?:@[^/]+/)?[^/]+)", given)
        name = inner[1] if inner else "/".join(given.split("/")[: 2 if given.startswith("@") else 1])
        if name in project.development or (not _provided(name, project) and _brought(name, project)):
            yield f"{where} names {name}"


def _provided(program: str, project: Project) -> bool:
    """Whether a package that stays brings a program, as far as the lock file tells."""
    if any(program in (one.bins or ()) and not one.dev for one in project.packages):
        return True
    told = any(one.bins is not None for one in project.packages)
    return not told and _BRINGS.get(program, program) in project.production


def _brought(program: str, project: Project) -> bool:
    """Whether any package of the lock file brings a program."""
    if any(program in (one.bins or ()) for one in project.packages):
        return True
    return _BRINGS.get(program, program) in project.development


def _left_out(
    survey: Survey, project: Project, steps: tuple[Step, ...], installing: list[Step], last: Instruction
) -> Iterator[Edit]:
    """The edit that leaves them out: a flag where nothing but the installation runs, else a command of its own."""
    step = installing[-1]
    if len(installing) > 1 or not step.always or arguments(step)[1:] or asks_for_development(step):
        return
    npm = step.name == "npm"
    alone = not project.lifecycle and all(one is step or _harmless(one) for one in steps)
    flag = {"npm": _omit(survey), "yarn": "--production", "pnpm": "--prod"}.get(step.name, "")
    if alone and step.command is not None and flag:
        word = step.command.words[1 if len(step.command.words) > 1 and arguments(step) else 0]
        if word.raw.startswith("-"):
            return
        end = word.span.end + step.run.split.rest.start
        if step.run.place(Span(end, end)) is not None:
            yield replace(step.run, Span(end, end), f" {flag}")
        return
    before = survey.stage.before
    users = {setting.value.text if (setting := before(one).user) else "" for one in (step.run, last)}
    later = survey.below(frozenset((last,)))
    behind = before(later[0]).user if later else survey.stage.final.user
    users.add(behind.value.text if behind else "")
    if npm and len(users) == 1 and step.command is not None:
        carried = [word for word in step.words if word in _CARRIED]
        command = " ".join(["npm prune", flag, *(word for word in carried if word)])
        there = survey.layout.workdir_at(before(later[0])) if later else survey.workdir
        line = command if there == project.folder else f"cd {project.folder} && {command}"
        yield lines_after(last, [f"RUN {line}"])


def _harmless(step: Step) -> bool:
    """Whether a command neither needs what is installed nor adds to it."""
    words = [word for word in arguments(step) if word]
    return (
        step.name == "corepack"
        or words[:1] in (["cache"], ["config"], ["set"], ["audit"], ["fund"], ["-v"])
        or (any(word in ("-g", "--global", "global") for word in step.words))
    )


def _omit(survey: Survey) -> str:
    """npm's option: `--omit` came with npm 7, which is part of Node 15 and later."""
    found = re.match(r"(\d+)", survey.tag)
    old = int(found[1]) < 16 if found else survey.tag.startswith(_OLD)
    return "--production" if old else "--omit=dev"
