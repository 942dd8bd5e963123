"""What split-stages costs on a large build context: `python tests/bench_context.py [FILES]`.

Run by hand, never as a test. Each context is made in a temporary folder, and read in a process of its own, as the file
system's cache and the memory of a run before would help the next one.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROUNDS = 3  # the best one counts; the first one after the files are made is told as well
GO = """\
package p{0}

import (
	"fmt"
	"os"
)

// Read{0} reads a file.
func Read{0}(name string) error {{
	data, err := os.ReadFile("data/{0}.json")
	if err != nil {{
		return fmt.Errorf("cannot read %s: %w", name, err)
	}}
	fmt.Println(len(data), "bytes in", name)
	return nil
}}
"""
NODE = """\
import {{ join }} from "node:path";
import {{ readFile }} from "node:fs/promises";

export async function read{0}(name) {{
  const text = await readFile(join(import.meta.dirname, "data", "{0}.json"), "utf-8");
  console.log(text.length, "characters in", name);
  return JSON.parse(text);
}}
"""
PYTHON = """\
import json
from pathlib import Path

DATA = Path(__file__).parent / "data"


def read{0}(name):
    text = (DATA / "{0}.json").read_text()
    print(len(text), "characters in", name)
    return json.loads(text)
"""
DOCKERFILES = {
    "go": (
        "FROM golang:1.27\nENV CGO_ENABLED=0\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\n"
        'EXPOSE 8080\nCMD ["/app"]\n'
    ),
    "node": (
        "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n"
        'EXPOSE 8080\nCMD ["node", "dist/index.js"]\n'
    ),
    "python": (
        "FROM python:3.11\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n"
        'EXPOSE 8080\nCMD ["python", "main.py"]\n'
    ),
}
FIRST = {
    "go": {"go.mod": "module example.test/app\n\ngo 1.21\n", "main.go": "package main\n\nfunc main() {}\n"},
    "node": {
        "package.json": '{"name": "app", "type": "module", "scripts": {"build": "tsc"}, '
        '"dependencies": {"express": "^4"},'
        ' "devDependencies": {"typescript": "^5"}}\n',
        "package-lock.json": '{"name": "app", "lockfileVersion": 3, "packages": {}}\n',
        "index.js": 'console.log("hello");\n',
    },
    "python": {"requirements.txt": "flask==3.0.0\n", "main.py": "import flask\n\nflask.Flask(__name__).run()\n"},
}
SOURCES = {"go": (GO, "go"), "node": (NODE, "js"), "python": (PYTHON, "py")}


def files_of(stack: str, count: int) -> Iterator[tuple[str, str]]:
    """The paths and texts of a context: two thirds are sources, one third is data, twenty files a folder."""
    yield from FIRST[stack].items()
    yield "Dockerfile", DOCKERFILES[stack]
    template, ending = SOURCES[stack]
    for at in range(count - len(FIRST[stack]) - 1):
        folder = f"part{at // 400}/p{at // 20}"
        if at % 3:
            yield f"{folder}/p{at}.{ending}", template.format(at)
        else:
            yield f"{folder}/data/{at}.json", f'{{"number": {at}}}\n'


def write(stack: str, count: int, folder: Path) -> None:
    """Make the context."""
    made: set[Path] = set()
    for name, text in files_of(stack, count):
        path = folder / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_text(text)


def measure(folder: Path) -> None:
    """Print the seconds of one recognition, its outcome, and the peak memory of this process in KiB."""
    import hardenfile

    source = (folder / "Dockerfile").read_bytes()
    hardenfile.harden(b"FROM golang:1.27\nRUN go build\nCMD x\n", select=["split-stages"])  # what is imported at first
    begun = time.perf_counter()
    outcome = hardenfile.harden(source, context=folder, select=["split-stages"], unsafe=True)
    seconds = time.perf_counter() - begun
    (change,) = outcome.changes or (None,)
    told = change.safety.value if change is not None else ", ".join(one.reason for one in outcome.refusals)
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, told, sep="\t")


def _measured(folder: Path) -> tuple[float, int, str]:
    command = [sys.executable, __file__, "--only", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    seconds, memory, told = done.stdout.rstrip("\n").split("\t")
    return float(seconds), int(memory), told


def main(tell: Callable[[str], object] = print) -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="?", type=int, default=20_000, help="how many files a context has")
    parser.add_argument("--only", type=Path, help="one measurement of one context; used by this script itself")
    arguments = parser.parse_args()
    if arguments.only:
        measure(arguments.only)
        return
    tell(f"split-stages on a context of {arguments.files:,} files; Python {sys.version.split()[0]}")
    for stack in SOURCES:
        with tempfile.TemporaryDirectory() as folder:
            write(stack, arguments.files, Path(folder))
            rounds = [_measured(Path(folder)) for _ in range(ROUNDS)]
        best, memory, told = min(rounds)
        first = f"{rounds[0][0]:.2f} s at first"
        tell(f"{stack:<8}{best:.2f} s  ({first}, {memory / 1024:.0f} MiB): {told}")


if __name__ == "__main__":
    main()
