"""One case on the engine: before, after, after with everything taken away, and with a USER line alone."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.engine.case import Case, Hardened, harden, naive, prepare
from tests.engine.docker import LOCKED_DOWN, Answer, Container, Engine, Image
from tests.engine.inside import Process, Reach, processes, reach

_BESIDES = ("/etc", "/etc/passwd", "/usr", "/usr/bin", "/bin", "/lib", "/opt", "/var", "/root", "/hardenfile")


@dataclass(frozen=True)
class Ran:
    """What a container answered to the case's requests in turn, and what the host saw of it then."""

    answers: list[Answer]
    processes: list[Process]
    reach: Reach
    stranger: Reach


class Trial:
    """Everything is built and run once, when it is first asked for."""

    def __init__(self, engine: Engine, case: Case, folder: Path, files: str) -> None:
        self.engine = engine
        self.case = case
        self.context = prepare(case, folder, files)
        self.naive_says = ""

    @cached_property
    def hardened(self) -> Hardened:
        return harden(self.case, self.context)

    @cached_property
    def image_before(self) -> Image:
        return self.engine.build(self.context, self.hardened.before)

    @cached_property
    def image_after(self) -> Image:
        return self.engine.build(self.context, self.hardened.after)

    @cached_property
    def before(self) -> Ran:
        return self.run(self.image_before)

    @cached_property
    def after(self) -> Ran:
        return self.run(self.image_after)

    @cached_property
    def strict(self) -> tuple[Image, Ran]:
        """Everything there is, unsafe changes too."""
        hardened = harden(self.case, self.context, unsafe=True, profile="strict")
        image = self.engine.build(self.context, hardened.after)
        return image, self.run(image)

    @cached_property
    def locked_down(self) -> Ran:
        return self.run(self.image_after, *LOCKED_DOWN, *self.case.texts("extra"))

    def run(self, image: Image, *options: str) -> Ran:
        """Start it, ask it, look into it, remove it."""
        container = self.engine.start(image, options=options, port=self.case.port).ready()
        try:
            answers = self.ask(container)
            seen = processes(container)
            paths = (*_BESIDES, *self.case.texts("writes"), *self.case.texts("closed"))
            stranger = reach(container, user=self.case.user)
            return Ran(answers, seen, reach(container, paths), stranger)
        finally:
            container.remove()

    def ask(self, container: Container) -> list[Answer]:
        """The answers to the case's requests."""
        return [container.request(one) for one in self.case.requests]

    def start_naive(self) -> Container:
        """What a USER line alone gives. Raises BuildError or NotServingError."""
        image = self.engine.build(self.context, naive(self.hardened.before, self.case.user))
        return self.engine.start(image, port=self.case.port)

    @property
    def given(self) -> list[str]:
        """What the user can write that another user without rights could not write in the image before."""
        common = self.before.stranger.writable
        return [one for one in self.after.reach.writable if one not in common]

    def close(self) -> None:
        """Leave the engine as it was."""
        self.engine.close()
