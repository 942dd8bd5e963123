"""Which RUN uses a build argument, if just one does and nothing else names it."""

import re

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.stages import Stage

from .declared import Declared


class Elsewhere(Exception):  # noqa: N818 - the name says what happened
    """The argument is not one RUN's alone. `reason` is a code for the report."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def user_of(document: Document, stage: Stage, one: Declared) -> Instruction:
    """The only RUN that uses it, which stands below it in the same stage. Raises Elsewhere."""
    named = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(one.name)}(?![A-Za-z0-9_])")
    users: list[Instruction] = []
    for other in document.instructions:
        texts = [heredoc.body for heredoc in other.heredocs]
        # A value in the ARG's own line may be made of it; in any other the name itself is a use, too.
        texts += [word for at, word in enumerate(other.args) if at != one.nth] if other is one.at else [other.logical]
        if not any(map(named.search, texts)):
            continue
        if other.keyword != "RUN" or other not in stage.instructions or other.begin < one.at.begin:
            raise Elsewhere("used-elsewhere", f"line {other.first_line} names {one.name}, too")
        users.append(other)
    if not users:
        raise Elsewhere("unseen", f"no RUN names {one.name}: what reads it is in a file that was not seen")
    if len(users) > 1:
        lines = ", ".join(str(run.first_line) for run in users)
        raise Elsewhere("used-elsewhere", f"several RUN use {one.name}: lines {lines}")
    run = users[0]
    if any(named.search(flag.value or "") for flag in run.flags):
        raise Elsewhere("used-elsewhere", f"line {run.first_line} names {one.name} among its flags")
    return run
