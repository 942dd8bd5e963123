"""What a build leaves outside of the application's folder, by its scripts and settings."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from hardenfile.evidence.paths import within

from ..steps import Step
from ..survey import Survey
from .managers import MANAGERS, arguments, folder_of, is_global
from .project import Project

_SETTINGS = re.compile(
    r"(?:vite|vue|webpack|next|nuxt|astro|svelte|rollup|rsbuild|tsup)(?:\.[\w.]+)?\.config\.[cm]?[jt]s|angular\.json|project\.json"
    r"|tsconfig[\w.-]*\.json|gatsby-config\.js"
)
_OUTPUT = re.compile(
    r"(?:outDir|outputPath|outputDir|distDir|outFile|indexPath|declarationDir|build\.output)[\"']?\s*[:=]\s*"
    r"(?:(?:path\.)?(?:resolve|join)\([^\"')]*)?[\"']((?:\.\./|/)[^\"']*)[\"']"
)
_PATH = re.compile(r"(?:\A|[\s=\"'])((?:\.\./|/)[\w./-]+)")
_OF_MANAGERS = frozenset("--cache --cache-folder --prefix -C --cwd --dir --store-dir --userconfig --registry".split())
_DATABASE = re.compile(
    r"\b(?:prisma\s+(?:db|migrate)|knex\s+\S*(?:migrate|seed)|sequelize(?:-cli)?\s+db|typeorm\S*\s+(?:migration|schema)"
    r"|drizzle-kit\s+(?:push|migrate)|migrate-mongo|node-pg-migrate|db-migrate)\b"
)
_RUNS = re.compile(r"\b(?:node|ts-node|tsx|babel-node)\s+(?:-\S+\s+)*(?!-)((?![\w./-]*node_modules/)[\w@./-]+)")
_WRITES = re.compile(
    r"writeFile|createWriteStream|mkdir|copyFile|\bcp(?:Sync)?\(|rename|outputFile|symlink|appendFile|download"
)
_HOME = re.compile(r"\bhomedir\b|\bprocess\.env\.(?:HOME|XDG_\w+)\b")
_ROOTED = re.compile(r"""["'`](/[\w@.-]+(?:/[\w@.-]+)*)/?["'`]""")
_NEAR = re.compile(r"""(?:\brequire\(|\bfrom|\bimport\(?)\s*["'](\.{1,2}/[^"']+)["']""")
_ENDS = ("", ".js", ".ts", ".mjs", ".cjs", ".json", "/index.js", "/index.ts")
_MOST = 40  # files that are read for one program
_NOWHERE = ("/dev/", "/tmp/", "/usr/bin/", "/bin/", "/proc/")


def outside(survey: Survey, folder: str, steps: Sequence[Step], projects: Sequence[Project]) -> Iterator[str]:
    """A doubt for each place outside of the folder that a script which runs, or its settings, name."""
    by_folder = {project.folder: project for project in projects}
    built = False
    yield from _by_words(steps, folder)
    yield from _by_programs(survey, steps, folder, by_folder)
    for step in steps:
        words = [word or "" for word in arguments(step)]
        project = by_folder.get(folder_of(step) or "")
        if step.name not in MANAGERS or project is None or not words:
            continue
        name = words[1] if words[0] in ("run", "run-script") and len(words) > 1 else words[0]
        for one in (f"pre{name}", name, f"post{name}"):
            text = project.scripts.get(one, "")
            built = built or bool(text)
            for match in _PATH.finditer(text):
                if _out(match[1], project.folder, folder):
                    yield f"the script {one} of {project.path} names {match[1]}, outside of what is copied"
    for path, entry in survey.files if built else ():
        if _SETTINGS.fullmatch(posixpath.basename(path)) and within(path, folder) and "/node_modules/" not in path:
            text = (survey.context.read(entry.path) or b"").decode("utf-8", "replace")
            for match in _OUTPUT.finditer(text):
                if _out(match[1], posixpath.dirname(path), folder):
                    yield f"{entry.path} names {match[1]}, outside of what is copied"


def _by_words(steps: Sequence[Step], folder: str) -> Iterator[str]:
    """The paths that the commands themselves name: `tsc --outDir /dist`."""
    for step in steps:
        words = [word for word in step.arguments if word]
        if step.name in MANAGERS and (is_global(step) or words[:1] in (["config"], ["cache"], ["set"])):
            continue
        for name, word in zip(["", *words], words, strict=False):
            option, sign, value = word.partition("=") if word.startswith("-") else (name, "", word)
            if step.name in MANAGERS and option in _OF_MANAGERS:
                continue
            text = value if sign or not word.startswith("-") else ""
            if text.startswith(("/", "../")) and step.cwd is not None and _out(text, step.cwd, folder):
                yield f"`{step.text[:60]}` names {text}, outside of what is copied"


def _by_programs(survey: Survey, steps: Sequence[Step], folder: str, projects: Mapping[str, Project]) -> Iterator[str]:
    """The programs of the application that the build runs: what they write is told by the paths that they name."""
    for step in steps:
        project = projects.get(folder_of(step) or "")
        words = [word or "" for word in arguments(step)]
        name = words[1] if words[0:1] in (["run"], ["run-script"]) and len(words) > 1 else words[0] if words else ""
        names = (f"pre{name}", name, f"post{name}")
        texts = [project.scripts.get(one, "") for one in names] if step.name in MANAGERS and project else [step.text]
        for text in texts:
            if _DATABASE.search(text):
                yield f"`{text[:60]}` fills a database in the build, and where that is, is not known"
            for match in _RUNS.finditer(text):
                path = posixpath.normpath(posixpath.join(folder_of(step) or "/", match[1]))
                yield from _writes(survey, path, folder)


def _writes(survey: Survey, path: str, folder: str) -> Iterator[str]:
    """What a program, and the files beside it that it loads, may write outside of the folder."""
    ahead, seen = [path], set[str]()
    while ahead and len(seen) < _MOST:
        one = ahead.pop()
        text = next((found for end in _ENDS if (found := survey.text(one + end)) is not None), None)
        if one in seen or text is None:
            if one == path and text is None and within(path, folder):
                yield f"what {path}, which the build runs, writes is not known"
            continue
        seen.add(one)
        home = _HOME.search(text)
        place = next((found for found in _ROOTED.finditer(text) if _out(found[1], folder, folder)), None)
        if _WRITES.search(text) and (home or place):
            yield f"{one}, which the build runs, may write to {place[1] if place else 'a home folder'}"
        ahead += [posixpath.normpath(posixpath.join(posixpath.dirname(one), near[1])) for near in _NEAR.finditer(text)]


def _out(path: str, cwd: str, folder: str) -> bool:
    return not path.startswith(_NOWHERE) and not within(posixpath.normpath(posixpath.join(cwd, path)), folder)
