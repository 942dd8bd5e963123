"""What add-user has to know of the stage that ships, looked up once."""

import posixpath
from dataclasses import replace
from functools import cached_property

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.application import Needs, read_needs
from hardenfile.evidence.compose import Service, read_compose
from hardenfile.evidence.python_app.model import Finding
from hardenfile.evidence.shipped import Shipped

_LEFT_OUT = ("CMD", "ENTRYPOINT", "HEALTHCHECK", "EXPOSE", "LABEL", "STOPSIGNAL", "MAINTAINER", "SHELL", "ARG", "ENV")


class Survey(Shipped):
    """The stage that ships, what its application needs, and who composes it."""

    @cached_property
    def needs(self) -> Needs:
        """What the application needs, with the volumes that Compose files mount."""
        needs = read_needs(self.stage, self.layout, self.start, self.evidence.modules)
        mounts = [
            Finding("write", posixpath.normpath(mount.path), True, None, f"mounts a volume for {one.name}", one.file, 0)
            for one in self.services
            for mount in one.volumes
            if mount.kind == "volume" and not mount.read_only and mount.path.startswith("/")
        ]
        return replace(needs, findings=(*needs.findings, *mounts))

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """The services of Compose files that build this Dockerfile."""
        context = self.evidence.context
        if context is None or context.dockerfile is None:
            return ()
        return read_compose(context.dockerfile, context.root)

    @property
    def needs_home(self) -> bool:
        """Whether a library of the application writes below HOME."""
        return any(one.kind == "library" and one.path is None for one in self.needs.findings)

    @cached_property
    def place(self) -> tuple[bool, Instruction]:
        """Where USER goes: before (True) or after (False) an instruction.

        Behind the last instruction that works on files, and there before CMD and ENTRYPOINT.
        """
        own = self.stage.instructions
        last = max((at for at, one in enumerate(own) if one.keyword not in _LEFT_OUT), default=-1)
        for one in own[last + 1 :]:
            if one.keyword in ("CMD", "ENTRYPOINT"):
                return True, one
        return False, own[-1] if own else self.stage.instruction
