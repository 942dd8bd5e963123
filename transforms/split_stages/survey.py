"""What the recognisers ask of the one stage, looked up once."""

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.context import BuildContext, Entry
from hardenfile.evidence.images import BaseImage
from hardenfile.evidence.layout import Placed, literal
from hardenfile.evidence.paths import within
from hardenfile.evidence.reference import ImageReference
from hardenfile.evidence.shipped import Shipped

from .split import Unfit
from .steps import Role, Step, read_steps, role

_CODENAME = re.compile(r"(?:\A|-)(trixie|bookworm|bullseye|buster|noble|jammy|focal)(?:-|\Z)")
_LOCK = re.compile(r"(?:package-lock|npm-shrinkwrap|composer)\.(?:json|lock)\Z|pnpm-lock\.yaml\Z|\.lock\Z")
_LOCK_SIZE = 16_000_000  # bytes
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")


class Survey(Shipped):
    """The stage that ships, its steps, and where its files come from. The context is seen and the base known."""

    def __init__(self, stage: Stage, evidence: Evidence) -> None:
        super().__init__(stage, evidence)
        if evidence.context is None:
            raise Unfit("no-context", "without the build context nobody knows what is built")
        self.context: BuildContext = evidence.context

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The commands of the RUN lines, in order."""
        return read_steps(self.stage, self.layout)

    @cached_property
    def base(self) -> BaseImage:
        """What is known of the base image. Raises Unfit where it is not, or not surely."""
        image = self.image
        if image is None:
            raise Unfit("unknown-base", f"the base image {self.stage.base.text} is not known well enough")
        return image

    @cached_property
    def reference(self) -> ImageReference:
        """The base image as FROM names it. Raises Unfit where a variable hides it."""
        base = self.stage.base
        reference = ImageReference.parse(base.text) if base.known else None
        if reference is None:
            raise Unfit("unknown-base", f"which image {self.stage.base_word.text} is cannot be told")
        return reference

    @property
    def tag(self) -> str:
        """The tag of the base image; `latest` where FROM names none."""
        return self.reference.tag or "latest"

    @property
    def name(self) -> str:
        """The base image without tag, as people write it: `golang`, `eclipse-temurin`."""
        return self.base.name

    @property
    def variable_base(self) -> bool:
        """Whether a build argument chooses the base image."""
        return self.stage.base.by_default

    @property
    def codename(self) -> str:
        """The distribution's release that the tag names (`bookworm`); empty where it names none."""
        found = _CODENAME.search(self.tag)
        return found[1] if found else ""

    @cached_property
    def workdir(self) -> str:
        """The working directory at run time. Raises Unfit where nobody knows it."""
        workdir = self.layout.workdir_at(self.stage.final)
        if workdir is None:
            raise Unfit("unknown-workdir", "the working directory at run time is not known")
        return workdir

    def runs(self, *names: str) -> Iterator[Step]:
        """The steps that run one of these programs."""
        return (step for step in self.steps if step.name in names)

    def place(self, path: str) -> Placed | None:
        """What of the context, or of elsewhere, a COPY or ADD puts at a path of the image."""
        found = None
        for one in self.layout.placed:
            if one.target is not None and (
                one.target == path or (one.folder is not False and within(path, one.target))
            ):
                found = one
        return found

    def copies(self) -> tuple[Instruction, ...]:
        """The COPY and ADD instructions."""
        return self.stage.each("COPY", "ADD")

    @cached_property
    def files(self) -> tuple[tuple[str, Entry], ...]:
        """Each file of the context that COPY or ADD puts into the image, by its path there; listed once."""
        found: dict[str, Entry] = {}
        for one in self.layout.placed:
            if one.target is None or one.source is None:
                continue
            if not one.folder:
                found.update((one.target, entry) for entry in self.context.match(literal(one.source))[:1])
                continue
            start = len(one.source) + 1 if one.source else 0
            for entry in self.context.walk(one.source):
                found[posixpath.join(one.target, entry.path[start:])] = entry
        return tuple(found.items())

    def text(self, path: str, limit: int = 1_000_000) -> str | None:
        """The text of a file of the image that comes from the context; None where there is none, or it is too big.

        `limit` is in bytes; lock files may have more, as they grow with what is installed and not with the code.
        """
        data = self.layout.read(path, _LOCK_SIZE if _LOCK.search(path) else limit)
        return data.decode("utf-8", "replace").replace("\r\n", "\n") if data is not None else None

    @cached_property
    def shell_at_start(self) -> str:
        """Why the final image needs a shell whatever else it holds; empty where nothing is known to."""
        final = self.stage.final
        for one in (final.entrypoint, final.cmd):
            if one is not None and not one.json and one.value:
                return f"the {one.keyword} of line {one.first_line} is in shell form"
        check = final.healthcheck
        if check is not None and not check.json and check.value.strip().upper() != "NONE":
            return f"the HEALTHCHECK of line {check.first_line} is in shell form"
        if self.start.scripts:
            return f"{self.start.scripts[0]} is a script"
        shells = [one for one in self.start.commands if one.program in ("sh", "bash", "ash", "dash")]
        return f"{shells[0].where} starts a shell" if shells else ""

    def below(self, claimed: Collection[Step | Instruction]) -> tuple[Instruction, ...]:
        """The instructions below the last claimed one: they stay where they are, in the final stage."""
        last = self.last(claimed)
        return tuple(one for one in self.stage.instructions if one.begin > last.begin)

    def last(self, claimed: Collection[Step | Instruction]) -> Instruction:
        """The last instruction that the build stage needs."""
        instructions = [one.run if isinstance(one, Step) else one for one in claimed]
        return max(instructions, key=lambda one: one.begin)

    def unclaimed(self, claimed: Collection[Step | Instruction]) -> Iterator[tuple[Step, Role]]:
        """The commands that no recogniser accounts for, with what they are for."""
        return ((step, role(step)) for step in self.steps if step not in claimed)

    @property
    def variables(self) -> frozenset[str]:
        """The names of the variables that FROM uses."""
        return frozenset(_VARIABLE.findall(self.stage.base_word.text))


def listed(items: Iterable[str], most: int = 3) -> str:
    """Some names for a sentence: `a, b, c and 4 more`."""
    names = sorted(set(items))
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
