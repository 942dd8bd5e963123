"""How fast hardenfile is beside other tools, on the same files in one run: `make bench FILES=folder`.

Run by hand, never as a test. Numbers depend on the machine; the ratios should not, much.
"""

import argparse
import gc
import io
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import hardenfile
from hardenfile.dockerfile import Instruction
from hardenfile.evidence.context import BuildContext
from hardenfile.files import is_dockerfile

ROOT = Path(__file__).parents[1]
ROUNDS = 3  # of what is quick; the best one counts
SMALL, LARGE = 4_000, 40_000  # lines
BLOCK = """\
# block {0}
ENV VERSION_{0}=1.{0} \\
    # a comment between
    HOME_{0}="/srv/app {0}"
RUN apt-get update && \\
    apt-get install -y --no-install-recommends package-{0} && \\
    rm -rf /var/lib/apt/lists/*
COPY --chown=1000:1000 ["src {0}", "/srv/{0}/"]
ADD file-{0}.py /srv/{0}/

"""
FILES = 20_000  # of an application, beside one of a gigabyte
BUILD = """\
FROM golang:1.23
WORKDIR /src
COPY . .
RUN go build -o /usr/local/bin/app .
CMD ["app"]
"""
SOURCE = """\
package part{0}

import (
\t"net/http"
\t"os"
)

// Serve answers, and keeps what it is sent.
func Serve{0}(name string) error {{
\tif err := os.MkdirAll("/var/lib/app", 0o755); err != nil {{
\t\treturn err
\t}}
\thttp.HandleFunc("/part/{0}", func(answer http.ResponseWriter, asked *http.Request) {{ answer.WriteHeader(204) }})
\treturn http.ListenAndServe(":8080", nil)
}}
"""
LONG = 10  # seconds
LIMIT = 180  # seconds for one measurement of a large file


class Tool(NamedTuple):
    """Another tool, and how it is called; the files follow."""

    name: str
    command: tuple[str, ...]


TOOLS = (
    Tool("hadolint", ("hadolint",)),
    Tool("tally --fix", ("tally", "lint", "--fix", "--slow-checks", "off")),
    Tool("doctor --fix", ("dockerfile-doctor", "--fix")),
)
OWN = Tool("hardenfile diff", ("hardenfile", "diff"))


def parse(path: Path, data: bytes) -> None:
    hardenfile.parse(data)


def views(path: Path, data: bytes) -> None:
    """Parse, and read all that a document offers."""
    document = hardenfile.parse(data)
    document.to_bytes()
    _ = document.diagnostics, document.nodes
    for one in document.instructions:
        _read(one)
        if one.sub is not None:
            _read(one.sub)
    for stage in document.stages:
        for one in stage.instructions:
            stage.values(one)
            stage.before(one)


def _read(one: Instruction) -> None:
    _ = one.keyword, one.flags, one.args, one.words, one.json, one.heredocs, one.comments, one.value
    if one.keyword in ("RUN", "CMD", "ENTRYPOINT") and not one.json:
        _ = one.shell


def plan(path: Path, data: bytes) -> None:
    hardenfile.harden(data, context=path.parent)


def prefer_copy(path: Path, data: bytes) -> None:
    hardenfile.harden(data, select=["prefer-copy"])


def structure(path: Path, data: bytes) -> None:
    from dockerfile_parse import DockerfileParser

    with suppress(UnicodeDecodeError, IndexError, ValueError):  # it is not total
        _ = DockerfileParser(fileobj=io.BytesIO(data)).structure


WORK = {"parse": parse, "views": views, "prefer-copy": prefer_copy, "plan": plan}


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The best time of some rounds; what takes long is done once."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
        if best > LONG:
            break
    return best


def in_process(work: Callable[[Path, bytes], None], files: Sequence[tuple[Path, bytes]]) -> float:
    """Files a second."""
    work(*files[0])  # what is imported when first used

    def all_files() -> None:
        for path, data in files:
            work(path, data)

    return len(files) / seconds(all_files)


def find_tool(tool: Tool) -> Tool | None:
    """The tool with the path of its program, from this environment first."""
    name, *rest = tool.command
    beside = Path(sys.executable).parent / name
    program = str(beside) if beside.is_file() else shutil.which(name)
    return Tool(tool.name, (program, *rest)) if program else None


def one_by_one(tool: Tool, files: Sequence[tuple[Path, bytes]]) -> float:
    """Files a second, with a process for each."""
    with tempfile.TemporaryDirectory() as folder:
        copies = _copies(files, Path(folder))

        def each() -> None:
            for copy in copies:
                _call(tool, [copy], folder)

        return len(copies) / seconds(each, 1)


def at_once(tool: Tool, files: Sequence[tuple[Path, bytes]]) -> float:
    """Files a second, with one process for all."""
    with tempfile.TemporaryDirectory() as folder:
        copies = _copies(files, Path(folder))
        return len(copies) / seconds(lambda: _call(tool, copies, folder), 1)


def _copies(files: Iterable[tuple[Path, bytes]], folder: Path) -> list[Path]:
    copies: list[Path] = []
    for at, (_, data) in enumerate(files):
        copies.append(folder / f"{at}" / "Dockerfile")
        copies[-1].parent.mkdir()
        copies[-1].write_bytes(data)
    return copies


def _call(tool: Tool, files: Sequence[Path], folder: str) -> None:
    subprocess.run([*tool.command, *map(str, files)], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, the first to the left, the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        print("  ".join((first.ljust(widths[0]), *cells)).rstrip())
    print()


def ratios(files: Sequence[tuple[Path, bytes]], sample: Sequence[tuple[Path, bytes]]) -> None:
    """Every measurement of ours over every one of theirs."""
    found = [(tool.name, find_tool(tool)) for tool in TOOLS]
    for name, tool in found:
        if tool is None:
            print(f"{name} is not installed: skipped (make bench installs it)")
    tools = [tool for _, tool in found if tool is not None]
    own = find_tool(OWN) or Tool(OWN.name, (sys.executable, "-m", "hardenfile", "diff"))
    base = in_process(structure, files)
    alone = {tool.name: one_by_one(tool, sample) for tool in tools}
    together = {tool.name: at_once(tool, sample) for tool in tools}
    rows = [["files a second", "ours", "structure", *(tool.name for tool in tools)]]
    rows.append(
        ["theirs, all files in one process", "", f"{base:.0f}", *(f"{together[tool.name]:.0f}" for tool in tools)]
    )
    measured = [
        ("  parse", in_process(parse, files)),
        ("  parse, every view read", in_process(views, files)),
        ("  the whole plan", in_process(plan, files)),
        ("  hardenfile diff", at_once(own, sample)),
    ]
    for name, rate in measured:
        rows.append([name, f"{rate:.0f}", _ratio(rate, base), *(_ratio(rate, together[tool.name]) for tool in tools)])
    rows.append(["theirs, one process a file", "", "", *(f"{alone[tool.name]:.1f}" for tool in tools)])
    rate = one_by_one(own, sample)
    rows.append(["  hardenfile diff", f"{rate:.1f}", "", *(_ratio(rate, alone[tool.name]) for tool in tools)])
    table(rows)


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f}x"


def growth() -> None:
    """What a large file costs, in time and in memory; each in a process of its own, as memory is never given back."""
    rows = [["", f"{SMALL:,} lines", f"{LARGE:,} lines", "ratio", "peak memory"]]
    with tempfile.TemporaryDirectory() as folder:
        for name in WORK:
            measured = [_large(name, lines, Path(folder) / "Dockerfile") for lines in (SMALL, LARGE)]
            times = [f"{one[0]:.3f} s" if one else f"over {LIMIT} s" for one in measured]
            small, large = measured
            ratio = f"{large[0] / small[0]:.1f}x" if small and large else ""
            rows.append([name, *times, ratio, f"{large[1] / 1024:.0f} MiB" if large else ""])
    table(rows)


def applications() -> None:
    """What a context of many files costs: listing it, recognising what it builds, reading all of its sources."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "go.mod").write_text("module test/app\n\ngo 1.23\n")
        (root / "main.go").write_text("package main\n\nfunc main() {}\n")
        for at in range(FILES):
            part = root / f"part{at // 100}" / f"part{at}.go"
            part.parent.mkdir(exist_ok=True)
            part.write_text(SOURCE.format(at))
        with (root / "data.bin").open("wb") as file:
            file.truncate(1 << 30)
        dockerfile = root / "Dockerfile"
        dockerfile.write_text(BUILD)
        rows = [[f"a context of {FILES:,} files", "seconds"]]
        rows.append(["  listed", f"{seconds(lambda: sum(1 for _ in BuildContext(root).walk())):.2f}"])
        for one in ("split-stages", "add-user"):
            work = partial(hardenfile.harden, dockerfile, context=root, select=[one], unsafe=True)
            rows.append([f"  {one}", f"{seconds(work, 1):.2f}"])
    table(rows)


def _large(name: str, lines: int, path: Path) -> tuple[float, int] | None:
    """Seconds and KiB; None when it takes too long."""
    blocks = "".join(BLOCK.format(at) for at in range(lines // BLOCK.count("\n")))
    path.write_text(f"FROM debian:12\n{blocks}CMD x\n")
    try:
        done = subprocess.run(
            [sys.executable, __file__, str(path), "--only", name], check=True, capture_output=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return None
    time_, memory = done.stdout.split()
    return float(time_), int(memory)


def measure(name: str, path: Path) -> None:
    """Print the seconds that one piece of work takes on one file, and the peak memory of this process in KiB."""
    data = path.read_bytes()
    work = WORK[name]
    work(path, b"FROM debian:12\nRUN x\nCMD x\n")  # what is imported when first used
    best = seconds(lambda: work(path, data), 1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if best < LONG:
        best = min(best, seconds(lambda: work(path, data), 5))
    print(best, memory)


def main() -> None:
    """Read the files, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="the before.Dockerfile of every fixture by default")
    parser.add_argument("--only", choices=WORK, help="one piece of work on one file; used by this script itself")
    parser.add_argument("--sample", type=int, default=300, help="how many files the command lines are run on")
    arguments = parser.parse_args()
    if arguments.only:
        measure(arguments.only, arguments.folder)
        return
    if arguments.folder is None:
        found = sorted((ROOT / "fixtures").glob("*/*/before.Dockerfile"))
    else:
        found = sorted(path for path in arguments.folder.rglob("*") if is_dockerfile(path.name) and path.is_file())
    if not found:
        parser.error(f"there is no Dockerfile in {arguments.folder}")
    files = [(path, path.read_bytes()) for path in found]
    sample = files[:: max(1, -(-len(files) // arguments.sample))]
    size = sum(len(data) for _, data in files)
    print(
        f"{len(files)} files, {size:,} bytes; command lines on {len(sample)} of them; Python {sys.version.split()[0]}\n"
    )
    ratios(files, sample)
    growth()
    applications()


if __name__ == "__main__":
    main()
