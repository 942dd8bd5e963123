"""What the host's kernel says of the processes of a container, and what their user can write."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.engine.docker import Container

_PROBE = Path(__file__).parent / "as_user.py"


@dataclass(frozen=True)
class Process:
    """The ids are real, effective, saved and of the file system, as in /proc/PID/status."""

    pid: int
    name: str
    uids: tuple[int, ...]
    gids: tuple[int, ...]
    groups: tuple[int, ...]
    capabilities: int

    @property
    def user(self) -> str:
        return f"{self.uids[1]}:{self.gids[1]}"


@dataclass(frozen=True)
class Reach:
    """`tries`: why each path could not be written, "" where it could. `writable`: the outermost paths that can be."""

    tries: dict[str, str]
    writable: tuple[str, ...]

    def within(self, folders: Iterable[str]) -> list[str]:
        """What can be written in folders."""
        tops = tuple(folders)
        return [one for one in self.writable if any(one == top or one.startswith(f"{top}/") for top in tops)]


def processes(container: Container) -> list[Process]:
    """PID 1 and everything else in its PID namespace."""
    first = container.pid
    space = (Path("/proc") / str(first) / "ns/pid").readlink()
    found = []
    for one in Path("/proc").iterdir():
        try:
            if one.name.isdigit() and (one / "ns/pid").readlink() == space:
                found.append(_process(one))
        except OSError:  # it has ended meanwhile
            continue
    assert any(one.pid == first for one in found), f"PID 1 of the container ({first}) is not on this host"
    return found


def _process(folder: Path) -> Process:
    fields = dict(line.split(":", 1) for line in (folder / "status").read_text().split("\n") if ":" in line)
    uids, gids, groups = (tuple(int(number) for number in fields[key].split()) for key in ("Uid", "Gid", "Groups"))
    return Process(int(folder.name), fields["Name"].strip(), uids, gids, groups, int(fields["CapEff"], 16))


def reach(container: Container, paths: Sequence[str] = (), *, user: str | None = None) -> Reach:
    """What PID 1's user can write, or another `user` ("uid:gid") in its place. The tests have to run as root."""
    assert os.geteuid() == 0, "looking into a container takes root"
    first = next(one for one in processes(container) if one.pid == container.pid)
    uid, gid = (user or first.user).split(":")
    groups = ",".join(map(str, first.groups if user is None else ()))
    arguments = [sys.executable, "-I", str(_PROBE), str(first.pid), uid, gid, groups]
    done = subprocess.run(arguments, input=json.dumps(paths), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return Reach(answer["tries"], tuple(answer["writable"]))
