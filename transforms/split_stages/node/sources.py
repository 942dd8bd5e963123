"""What the sources of a Node application name: packages, programs, places of the system."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from hardenfile.evidence.paths import within

from ..survey import Survey, listed

_CODE = (".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx", ".vue", ".svelte", ".json", ".yml", ".yaml")
_SIZE = 1_000_000  # bytes of a file that are read at most
_MOST = 5_000  # files that are read at most
# Files and folders that only tests and the build read.
_FOLDERS = frozenset(
    "node_modules .git test tests __tests__ __mocks__ spec e2e cypress coverage docs doc .github .vscode .husky "
    ".storybook stories examples fixtures".split()
)
_BUILD = re.compile(
    r"(?:.*[._-](?:test|spec|stories|e2e|d)\.[cm]?[jt]sx?"
    r"|(?:jest|vitest|vite|webpack|rollup|babel|postcss|tailwind|eslint|prettier|stylelint|cypress|playwright|karma|tsup"
    r"|commitlint|lint-staged|esbuild|craco|vue|tsdown|typedoc|svelte|unocss|uno|windi|protractor|metro|snowpack|release)"
    r"\.(?:config|conf|setup|common|base|dev|prod)(?:\.\w+)*\.(?:[cm]?[jt]s|json)"
    r"|(?:[jt]sconfig|typedoc|nyc|knip|biome|turbo|nx|lerna|renovate|codecov|release)(?:\.\w+)*\.(?:json|ya?ml)"
    r"|\..*|package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|nest-cli\.json|angular\.json"
    r"|nodemon\.json|docker-compose.*|compose.*\.ya?ml|components\.json|gulpfile.*|gruntfile.*|jest[\w.-]*"
    r"|mocharc.*|setupTests\.\w+|reportWebVitals\.\w+)\Z",
    re.IGNORECASE,
)
_STRING = re.compile(r"""(["'`])((?:@[\w.-]+/)?[\w.-]+)(?:/[\w./@-]*)?\1""")
_PROCESSES = re.compile(
    r"""["'](?:node:)?child_process["']|["'](?:execa|cross-spawn|shelljs|zx|node-pty|tinyexec|nano-spawn|child-process-promise|node-cmd)["']"""
)
_SYSTEM = re.compile(r"""["'`](/(?:usr|etc/ssl|etc/pki|opt|lib|bin|sbin)/[^"'`\s]*)""")


@dataclass(frozen=True)
class Sources:
    """The sources of one application that may run: tests and settings of build tools are left out."""

    files: tuple[tuple[str, str], ...]
    whole: bool

    @cached_property
    def names(self) -> dict[str, str]:
        """Each text between quotes that may be a package's name, with the first file that has it."""
        found: dict[str, str] = {}
        for path, text in self.files:
            for match in _STRING.finditer(text):
                found.setdefault(match[2], path)
        return found

    @cached_property
    def starting(self) -> tuple[str, ...]:
        """The files that may start other programs."""
        return tuple(path for path, text in self.files if not path.endswith(".json") and _PROCESSES.search(text))

    def doubts(self) -> Iterator[str]:
        """What the sources ask of a system that has less than before."""
        if not self.whole:
            yield "not all of the sources were read: there are too many, or some are too big"
        if self.starting:
            yield f"{listed(self.starting)} may start other programs, which the final image may not have"
        for path, text in self.files:
            place = _SYSTEM.search(text) if path.endswith(_CODE[:9]) else None
            if place and not place[1].startswith(("/usr/src/app", "/usr/src/", "/usr/app")):
                yield f"{path} names {place[1]}, which the final image may not have"
                return

    def drawn(self) -> str:
        """The first file that draws text into pictures, which takes fonts; empty where none does."""
        return next((path for path, text in self.files if "<text" in text or "fillText" in text), "")


def read_sources(survey: Survey, folder: str) -> Sources:
    """The sources of the application in a folder of the image, as far as they come from the context."""
    files: list[tuple[str, str]] = []
    whole = True
    for _, source in _chosen(survey, folder):
        if len(files) >= _MOST:
            return Sources(tuple(files), False)
        data = survey.context.read(source, _SIZE)
        if data is None:
            whole = whole and not source.endswith(_CODE[:9])
            continue
        files.append((source, data.decode("utf-8", "replace")))
    return Sources(tuple(files), whole)


def _chosen(survey: Survey, folder: str) -> Iterable[tuple[str, str]]:
    for path, entry in survey.files:
        if within(path, folder) and path.endswith(_CODE) and not _only_build(posixpath.relpath(path, folder)):
            yield path, entry.path


def _only_build(below: str) -> bool:
    *folders, name = below.split("/")
    return not _FOLDERS.isdisjoint(folders) or _BUILD.match(name) is not None
