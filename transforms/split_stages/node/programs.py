"""What starts: whether it builds, and the programs that are installed for the whole system."""

import re
from collections.abc import Iterator, Sequence

from hardenfile.dockerfile import Instruction
from hardenfile.rewrite.edit import Edit

from ..split import Unfit
from ..steps import Step
from ..survey import Survey
from .managers import MANAGERS, arguments, is_global

# Programs that compile or bundle when they start, by the first word behind them; "" stands for none at all.
_BUILD = {
    "react-scripts": "start build test",
    "ng": "serve build",
    "vue-cli-service": "serve build",
    "next": "dev build",
    "nuxt": "dev build generate",
    "nuxi": "dev build generate",
    "vite": "dev build serve --host --port",
    "webpack-dev-server": "*",
    "gatsby": "develop build",
    "parcel": "*",
    "craco": "start build",
    "astro": "dev build",
    "gulp": "*",
    "grunt": "*",
    "nest": "start build",
    "expo": "*",
    "remix": "dev build",
    "vitest": "*",
    "jest": "*",
    "mocha": "*",
    "docusaurus": "start build",
    "storybook": "*",
    "start-storybook": "*",
    "ember": "*",
    "ionic": "*",
    "quasar": "dev build",
    "snowpack": "*",
    "rollup": "*",
    "esbuild": "*",
    "tsc-watch": "*",
    "ts-node-dev": "*",
    "tsup": "*",
    "node-dev": "*",
    "babel": "*",
    "sls": "*",
    "serverless": "*",
    "hardhat": "*",
    "truffle": "*",
}
_INSTALLS = frozenset(("install", "i", "ci", "add", "rebuild"))
# Programs that a package of another name brings.
_PROGRAMS = {
    "npm": ("npm", "npx"),
    "yarn": ("yarn", "yarnpkg"),
    "pnpm": ("pnpm", "pnpx"),
    "typescript": ("tsc", "tsserver"),
    "@nestjs/cli": ("nest",),
    "@angular/cli": ("ng",),
    "http-server": ("http-server", "hs"),
    "sequelize-cli": ("sequelize", "sequelize-cli"),
    "dotenv-cli": ("dotenv",),
}


def check_started(survey: Survey) -> None:
    """Raise Unfit where what starts builds, installs, or asks for Git's repository."""
    start = survey.start
    for command in start.commands:
        name, words = command.program or "", [word or "" for word in command.words[1:]]
        if name in ("npx", "pnpx") or (name in ("npm", "yarn", "pnpm") and words[:1] in (["exec"], ["dlx"])):
            words = [word for word in words if not word.startswith("-") and word not in ("exec", "dlx")]
            name, words = (words[0], words[1:]) if words else (name, words)
        wanted = _BUILD.get(name, "").split()
        first = words[0] if words else ""
        builds = "*" in wanted or first in wanted or (name == "vite" and not first)
        installs = command.program in ("npm", "yarn", "pnpm") and first in _INSTALLS
        if builds or installs:
            what = f"{name} {first}".strip()
            raise Unfit("builds-at-start", f"{command.where} builds when it runs: it starts {what}", start.at)


def repeated(survey: Survey, tools: Sequence[Step], last: Instruction) -> tuple[tuple[str, ...], tuple[Edit, ...]]:
    """The lines that install once more, in the final stage, what the start needs of the whole system's programs."""
    used = set(_used(survey, last))
    for step in tools:
        words = arguments(step)
        itself = is_global(step) and (
            len(words) == 1 or any((word or "").startswith((".", "/", "file:")) for word in words)
        )
        if step.name in MANAGERS and (words == ("link",) or (itself and words[:1] != ("bin",))):
            message = f"`{step.text[:60]}` makes programs of the system that lead into the application"
            raise Unfit("artefact", message, step.run)
    lines: list[str] = []
    for step in tools:
        if step.name == "corepack":
            if used & {"pnpm", "pnpx", "yarn"}:
                lines.append(_line(step))
        elif is_global(step) and used & set(_brings(step)):
            lines.append(_line(step))
    return tuple(dict.fromkeys(lines)), ()


def _line(step: Step) -> str:
    if not step.always or step.command is None or any(word is None for word in step.words) or "\n" in step.text:
        raise Unfit("missing-program", f"`{step.text[:60]}` installs what starts, and cannot be repeated", step.run)
    return f"RUN {step.text}"


def _used(survey: Survey, last: Instruction) -> Iterator[str]:
    """The names of programs that run in the final stage."""
    for command in survey.start.commands:
        yield command.program or ""
        if command.program in ("npx", "env", "cross-env", "sh", "bash"):
            yield from (word for word in command.words[1:] if word)
    check = survey.stage.final.healthcheck
    texts = [check.value] if check is not None else []
    texts += [one.value for one in survey.stage.each("RUN") if one.begin > last.begin]
    for text in texts:
        yield from re.findall(r"[\w.@/-]+", text)


def _brings(step: Step) -> Iterator[str]:
    """The programs that a global installation brings, by the names of its packages."""
    for word in arguments(step)[1:]:
        if word is None:
            raise Unfit("missing-program", f"what `{step.text[:60]}` installs cannot be told", step.run)
        name = re.sub(r"(?<=.)@.*\Z", "", word)
        yield from _PROGRAMS.get(name, (name.rpartition("/")[2],))
