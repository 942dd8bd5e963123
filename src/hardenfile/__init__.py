"""Rewrites Dockerfiles for security: minimal patches that still build, run, and say why each line changed.

outcome = hardenfile.harden(Path("Dockerfile"), context=".")
print(outcome.diff())
"""

from typing import TYPE_CHECKING, Any

from .dockerfile import Diagnostic, Document, Flag, Heredoc, Instruction, parse
from .errors import DidNotSettle, HardenfileError, Overlap, RewriteRejected, UsageError
from .transform import Change, Refusal, Safety, Transform

if TYPE_CHECKING:
    from .evidence.lock import Lock
    from .plan import Outcome, Step, harden

__version__ = "0.1.0"

__all__ = [
    "Change",
    "Diagnostic",
    "DidNotSettle",
    "Document",
    "Flag",
    "HardenfileError",
    "Heredoc",
    "Instruction",
    "Lock",
    "Outcome",
    "Overlap",
    "Refusal",
    "RewriteRejected",
    "Safety",
    "Step",
    "Transform",
    "UsageError",
    "__version__",
    "harden",
    "parse",
]


def __getattr__(name: str) -> Any:
    # The plan brings every transform with it; parsing alone should not pay for that.
    if name in ("Outcome", "Step", "harden"):
        from . import plan

        return getattr(plan, name)
    if name == "Lock":
        from .evidence.lock import Lock

        return Lock
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
