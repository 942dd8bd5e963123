"""Ports below 1024, which not every runtime lets a user open who is not root."""

import re
from collections.abc import Iterator

from hardenfile.dockerfile import Instruction, Span
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import replace

from .survey import Survey

FACTS = (
    "Docker 20.10 and containerd 2.0 and newer let any user open it inside the container; CRI-O does not, nor does "
    "Docker with --network host. Listening on a port from 1024 on works everywhere; NET_BIND_SERVICE does not help a "
    "process that is not root"
)


def low_ports(survey: Survey) -> Iterator[tuple[Instruction, str]]:
    """Where a low port shows, and a sentence about it; each port once."""
    said: set[int] = set()
    for finding in survey.needs.findings:
        if finding.kind == "port" and finding.port is not None and _low(finding.port) and finding.port not in said:
            said.add(finding.port)
            where = f"{finding.file}:{finding.line}" if finding.file else "the start command"
            yield survey.place[1], f"{where} listens on port {finding.port}, below 1024"
    for stage in survey.stage.chain:
        for expose in stage.each("EXPOSE"):
            for value in stage.values(expose):
                number = value.text.partition("/")[0]
                if value.known and number.isdigit() and _low(int(number)) and int(number) not in said:
                    said.add(int(number))
                    yield expose, f"EXPOSE names port {number}, below 1024"


def _low(port: int) -> bool:
    return 0 < port < 1024


def move(survey: Survey, free: int) -> tuple[int, list[Edit]] | None:
    """A low port that the start command itself names, and the edits that move it and its EXPOSE to a free one.

    Only where nothing else of the file or of a Compose file names the port: nobody else would follow.
    """
    final = survey.stage.final
    ports = {one.port for one in survey.needs.findings if one.kind == "port"}
    named = {one.port for one in survey.start.findings if one.kind == "port" and not one.file and one.port}
    if len(ports) != 1 or ports != named:
        return None
    port = next(iter(named)) or 0
    starts = [one for one in (final.entrypoint, final.cmd) if one is not None and _places(one, port)]
    exposes = [one for one in survey.stage.instructions if one.keyword == "EXPOSE" and _places(one, port)]
    others = [one for stage in survey.stage.chain for one in stage.instructions if one not in (*starts, *exposes)]
    if not _low(port) or len(starts) != 1 or any(_places(one, port) for one in others if one.keyword != "RUN"):
        return None
    if any(port in one.ports for one in survey.services) or starts[0] not in survey.stage.instructions:
        return None
    edits = [replace(one, span, str(free)) for one in (*starts, *exposes) for span in _places(one, port)]
    return port, edits


def _places(instruction: Instruction, port: int) -> list[Span]:
    """Where the number stands by itself in an instruction's arguments."""
    start, end = instruction.split.rest
    pattern = re.compile(rf"(?<![\w.]){port}(?![\w.])")
    return [Span(*found.span()) for found in pattern.finditer(instruction.logical, start, end)]
