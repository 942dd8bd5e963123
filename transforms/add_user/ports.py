"""Ports below 1024, which not every runtime lets a user open who is not root."""

from collections.abc import Iterator

from hardenfile.dockerfile import Instruction

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
