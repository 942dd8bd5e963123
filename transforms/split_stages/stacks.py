"""The stacks that are known, and which of them a file is."""

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from hardenfile.dockerfile.stages import Stage

from .split import Split, Unfit
from .survey import Survey

Recogniser = Callable[[Survey, bool], "Split | None"]
"""Gives the conversion, or None for a file of another stack; raises Unfit for one of its own that has to stay."""

# In this order: a Java or Node application may be built in a folder with a Makefile.
STACKS: Mapping[str, str] = MappingProxyType(
    {
        "go": r"\bgo\s+(?:build|install)\b",
        "java_war": r"\b(?:mvnw?|gradlew?)\b",
        "java": r"\b(?:mvnw?|gradlew?)\b",
        "dotnet": r"\bdotnet\s+(?:build|publish)\b",
        "rust": r"\bcargo\s+(?:\+\S+\s+)?(?:build|b|install|rustc)\b",
        "node_static": r"(?<![\w/.-])(?:npm|pnpm|yarn)\s+(?:run\s+)?(?:build|generate|export)",
        "node": r"(?<![\w/.-])(?:npm|pnpm|yarn)\s+(?:--?\S+\s+)*(?:ci|i|install|add|build|run|prune)\b"
        r"|(?<![\w/.-])yarn(?=\s*(?:\Z|[&;|\n]|--))",
        "python": r"\bpip(?:3(?:\.\d+)?)?\s(?:\s*-\S+)*\s*install\b|\bpoetry\s(?:\s*-\S+)*\s*(?:install|sync)\b"
        r"|\buv\s+(?:sync|pip\s+install)\b|\bpipenv\s+(?:install|sync)\b|\bsetup\.py\s+(?:install|develop)\b",
        "ruby": r"\b(?:bundle|bundler)\s+(?:_\S+_\s+)?install\b|(?<![\w/.-])bundle\s*(?:\Z|[&;\n])",
        "php": r"\bcomposer(?:\.phar)?\s+(?:--?\S+\s+)*(?:install|i|update)\b",
        "c": r"(?<![\w/.-])(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|make|cmake)(?:\s|\Z)",
    }
)
# Steps that build, or install what only a build needs, in a stack that is not among them.
_OTHER = re.compile(
    r"(?<![\w/.-])(?:make|cmake|gcc|g\+\+|cc|ninja|meson|bazel|sbt|lein|mix|stack|cabal|swift|nimble|crystal|zig)\s"
)


def builds(stage: Stage) -> bool:
    """Whether a RUN of the stage builds something."""
    return any(re.search(pattern, text) for text in _texts(stage) for pattern in (*STACKS.values(), _OTHER.pattern))


def _texts(stage: Stage) -> list[str]:
    runs = stage.each("RUN")
    return [run.logical for run in runs] + [heredoc.body for run in runs for heredoc in run.heredocs]


def recognise(survey: Survey, *, same_family: bool = False) -> Split:
    """The conversion. Raises Unfit where the file is of no stack that is known, or cannot be converted."""
    texts = _texts(survey.stage)
    for stack, pattern in STACKS.items():
        if any(re.search(pattern, text) for text in texts):
            recogniser: Recogniser = import_module(f"{__package__}.{stack}").recognise
            split = recogniser(survey, same_family)
            if split is not None:
                return split
    raise Unfit("unknown-stack", "what it builds is of no kind that is known here, or cannot be followed")
