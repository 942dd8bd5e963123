"""What of the packages that the build installs the final stage has to have."""

from collections.abc import Sequence
from dataclasses import dataclass

from .split import Split, Unfit
from .steps import Step
from .survey import Survey


@dataclass(frozen=True, slots=True)
class Needed:
    """`commands` make the one RUN of the final stage that installs them; none where nothing has to be installed."""

    commands: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def runtime_packages(survey: Survey, split: Split, steps: Sequence[Step]) -> Needed:
    """The packages that the final stage installs, by those that `steps` of the build install."""
    if not steps and not split.packages:
        return Needed()
    raise Unfit("packages", "it installs packages", steps[0].run if steps else None)
