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
    }
)
# Steps that build, or install what only a build needs, in a stack that is not among them.
_OTHER = re.compile(
    r"(?<![\w/.-])(?:make|cmake|gcc|g\+\+|cc|ninja|meson|bazel|sbt|lein|mix|stack|cabal|swift|nimble|crystal|zig)\s"
)


def builds(stage: Stage) -> bool:
    """Whether a RUN of the stage builds something."""
    texts = [run.logical for run in stage.each("RUN")]
    texts += [heredoc.body for run in stage.each("RUN") for heredoc in run.heredocs]
    return any(re.search(pattern, text) for text in texts for pattern in (*STACKS.values(), _OTHER.pattern))


def recognise(survey: Survey, *, same_family: bool = False) -> Split:
    """The conversion. Raises Unfit where the file is of no stack that is known, or cannot be converted."""
    texts = [run.logical for run in survey.stage.each("RUN")]
    for stack, pattern in STACKS.items():
        if any(re.search(pattern, text) for text in texts):
            recogniser: Recogniser = import_module(f"{__package__}.{stack}").recognise
            split = recogniser(survey, same_family)
            if split is not None:
                return split
    raise Unfit("unknown-stack", "what it builds is of no kind that is known here, or cannot be followed")
