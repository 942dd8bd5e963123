"""What is known of the stage that ships, looked up once: its base image, its accounts, its files, what it starts."""

from functools import cached_property
from typing import TYPE_CHECKING

from hardenfile.dockerfile.stages import Stage

from .accounts import Accounts, read_accounts
from .images import BaseImage
from .layout import Layout
from .start import Start, read_start

if TYPE_CHECKING:
    from . import Evidence


class Shipped:
    """A stage beside the evidence for it."""

    def __init__(self, stage: Stage, evidence: "Evidence") -> None:
        self.stage = stage
        self.evidence = evidence

    @cached_property
    def row(self) -> BaseImage | None:
        """What is listed of the base image, however sure."""
        return self.evidence.base_image(self.stage)

    @property
    def image(self) -> BaseImage | None:
        """What is known of the base image: a row of low confidence counts as an unknown one."""
        return self.row if self.row is not None and self.row.confidence != "L" else None

    @cached_property
    def accounts(self) -> Accounts:
        return read_accounts(self.stage, self.row)

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.stage, self.evidence.context, (self.row.workdir or "/") if self.row else None)

    @cached_property
    def start(self) -> Start:
        return read_start(self.stage, self.layout, self.row)
