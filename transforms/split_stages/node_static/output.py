"""The folder into which the tools of a site build it."""

import json
import posixpath
import re
from collections.abc import Sequence

from hardenfile.dockerfile.shell import read_shell

from ..node.managers import MANAGERS, arguments, folder_of
from ..node.project import Project
from ..split import Unfit
from ..steps import Step
from ..survey import Survey

# Where a tool builds to when nothing else is said, and the settings that may say so.
_TOOLS = {
    "react-scripts": ("build", r"(?!)", ()),
    "craco": ("build", r"(?!)", ()),
    "vite": (
        "dist",
        r"outDir\s*:\s*([^\n,}]+)",
        ("vite.config.js", "vite.config.ts", "vite.config.mjs", "vite.config.mts"),
    ),
    "vue-cli-service": ("dist", r"outputDir\s*:\s*([^\n,}]+)", ("vue.config.js", "vue.config.ts", "vue.config.cjs")),
    "gatsby": ("public", r"(?!)", ()),
    "astro": ("dist", r"outDir\s*:\s*([^\n,}]+)", ("astro.config.mjs", "astro.config.ts", "astro.config.js")),
    "parcel": ("dist", r"(?!)", ()),
    "docusaurus": ("build", r"(?!)", ()),
    "vitepress": ("", r"(?!)", ()),
}
_LITERAL = re.compile(r"""\s*["']([\w./-]+)["']\s*\Z""")


def output_of(survey: Survey, project: Project, steps: Sequence[Step]) -> str:
    """The folder of the image that the last build writes. Raises Unfit where that cannot be told."""
    at = None
    for step in steps:
        words = [word or "" for word in arguments(step)]
        if step.name in MANAGERS and words and folder_of(step) == project.folder:
            name = words[1] if words[0] in ("run", "run-script") and len(words) > 1 else words[0]
            if name.startswith("build") or name in ("generate", "export"):
                at = _by_script(survey, project, name)
    if at is None:
        raise Unfit("artefact", f"which folder {project.path} builds the site into cannot be told")
    return at


def _by_script(survey: Survey, project: Project, name: str) -> str | None:
    found = None
    for command in read_shell(project.scripts.get(name, "")).commands:
        words = [word.value or "" for word in command.words]
        while words and (words[0] in ("npx", "cross-env", "env") or re.match(r"[A-Z_]+=", words[0])):
            words = words[1:]
        if not words:
            continue
        if words[0] in ("npm", "yarn", "pnpm") and words[1:2] == ["run"] and len(words) == 3 and words[2] != name:
            found = _by_script(survey, project, words[2]) or found
        elif words[0] == "ng":
            found = _angular(survey, project)
        elif words[0] in _TOOLS and (words[0] == "parcel" or words[1:2] in (["build"], ["--"])):
            found = _by_tool(survey, project, words)
    return found


def _by_tool(survey: Survey, project: Project, words: Sequence[str]) -> str | None:
    default, pattern, files = _TOOLS[words[0]]
    for index, word in enumerate(words):
        key, sign, value = word.partition("=")
        if key in ("--outDir", "--dest", "--dist-dir", "-d", "--out-dir"):
            value = value if sign else words[index + 1] if index + 1 < len(words) else ""
            return posixpath.normpath(posixpath.join(project.folder, value)) if value else None
    if words[0] in ("react-scripts", "craco") and _build_path(survey, project):
        return None
    for file in files:
        text = survey.text(posixpath.join(project.folder, file)) or ""
        if re.search(r"\broot\s*:", text) and words[0] == "vite":
            return None
        for match in re.finditer(pattern, text):
            literal = _LITERAL.match(match[1])
            if literal is None:
                return None
            default = literal[1]
    return posixpath.normpath(posixpath.join(project.folder, default)) if default else None


def _build_path(survey: Survey, project: Project) -> bool:
    """Whether BUILD_PATH moves the output of react-scripts."""
    settings = [survey.text(posixpath.join(project.folder, name)) or "" for name in (".env", ".env.production")]
    words = [*settings, *project.scripts.values(), *(one.value for one in survey.stage.each("ENV", "ARG", "RUN"))]
    return any("BUILD_PATH" in word for word in words)


def _angular(survey: Survey, project: Project) -> str | None:
    """angular.json: `outputPath` of the only project; newer builders put what browsers get into `browser` below it."""
    try:
        data = json.loads(survey.text(posixpath.join(project.folder, "angular.json")) or "")
        (only,) = data["projects"].values()
        build = only["architect"]["build"]
        path = build["options"]["outputPath"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(path, str):
        return None
    modern = str(build.get("builder", "")).endswith(":application")
    return posixpath.normpath(posixpath.join(project.folder, path, "browser" if modern else "."))
