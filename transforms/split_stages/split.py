"""What a recogniser finds: the conversion of one file, or why there is none."""

from dataclasses import dataclass

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.images import BaseImage
from hardenfile.rewrite.edit import Edit

from .steps import Step


class Unfit(Exception):  # noqa: N818 - it is the outcome of a question, not a fault
    """The file is left alone: a reason code, a sentence, the instruction it is about (None: FROM)."""

    def __init__(self, reason: str, message: str, at: Instruction | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.at = at


@dataclass(frozen=True, slots=True)
class Runtime:
    """The image that the final stage starts from. `text` is what FROM says, variables of the file in it.

    `facts` say why it fits, `doubts` what is not known about that.
    """

    text: str
    image: BaseImage
    facts: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def has_shell(self) -> bool:
        """Whether RUN and shell forms work in it."""
        return bool(self.image.shell)


@dataclass(frozen=True, slots=True)
class Tree:
    """A file or folder that the final stage copies from the build stage, both paths absolute.

    `chown` is the owner that it has in the build stage where that is not root; `folder`: the source is known to be one.
    `built`: a RUN writes it, so that it has no owner by COPY.
    """

    source: str
    target: str
    why: str
    chown: str = ""
    built: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """A conversion.

    `claimed` are the commands of RUN lines, and the COPY and ADD instructions, whose effect is accounted for: it is
    in the `trees`, or no program that runs needs it. All others have to be setup that the final stage repeats. Below
    the last claimed instruction begins the final stage.
    `edits` change the build stage; `settings` are lines that the final stage gains (`ENV PATH=…`). `intended` names
    what the contract may lose or gain: `ENV GOPATH`, `ENTRYPOINT`, `CMD`, `EXPOSE`, `WORKDIR`, `USER`.
    `packages` are those that the final stage has to have besides what the file's own installations map to, each with
    the reason; `programs` those whose packages may go, though they are neither compilers nor headers.
    """

    stack: str
    runtime: Runtime
    trees: tuple[Tree, ...]
    claimed: frozenset[Step | Instruction]
    edits: tuple[Edit, ...] = ()
    settings: tuple[str, ...] = ()
    intended: frozenset[str] = frozenset()
    packages: tuple[tuple[str, str], ...] = ()
    programs: frozenset[str] = frozenset()
    facts: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
