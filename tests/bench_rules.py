"""What the linters find before, after `fix` and after `fix --unsafe`, rule by rule, and beside other fixers.

    make bench-rules FILES=folder [CHECKOV=path/to/checkov]

Run by hand, never as a test. FILES holds repositories with their contexts. hadolint comes with the `bench` group of
pyproject.toml; Checkov needs an environment of its own (`python -m venv x && x/bin/pip install checkov`). What BuildKit
checks itself is counted by the engine where docker can be had, and else left out.
"""

import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from e2b_dockerfile_utils import parse_dockerfile_ast

from hardenfile.config import Config
from hardenfile.dockerfile import parse
from hardenfile.errors import HardenfileError
from hardenfile.files import Request, find, harden_file
from hardenfile.rewrite.verify import comments

BATCH = 400  # files for one call of a tool


class Fixed(NamedTuple):
    """What a fixer did to one file: the text, and how it is judged."""

    text: bytes
    changed: bool = False
    broken: bool = False
    again: bool = False
    lost: bool = False
    lines: int = 0


def parses(data: bytes) -> bool:
    """Whether a parser that is not ours takes it."""
    try:
        parse_dockerfile_ast(data.decode("utf-8", "replace"))
    except Exception:
        return False
    return True


def judge(before: bytes, after: bytes, again: bytes) -> Fixed:
    """Hold a fixer's result against what no fixer may do."""
    if before == after:
        return Fixed(after)
    lost = Counter(comments(parse(before, "a"))) - Counter(comments(parse(after, "b")))
    return Fixed(
        after, True, parses(before) and not parses(after), after != again, bool(lost), diff_lines(before, after)
    )


def diff_lines(before: bytes, after: bytes) -> int:
    """How many lines `diff` takes away or adds."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in "ab"]
        paths[0].write_bytes(before)
        paths[1].write_bytes(after)
        told = subprocess.run(["diff", *paths], capture_output=True, check=False).stdout
    return sum(line[:2] in (b"< ", b"> ") for line in told.split(b"\n"))


def own(path: Path, profile: str | None, unsafe: bool) -> Fixed:
    """hardenfile on one file, in its place, so that its context is there."""
    data = path.read_bytes()
    request = Request(profile=profile, unsafe=unsafe)
    result = harden_file(str(path), data, request, Config())
    if result.error is not None or result.outcome is None:
        return Fixed(data)
    after = result.outcome.after.to_bytes()
    second = harden_file(str(path), after, request, Config())
    again = second.outcome.after.to_bytes() if second.outcome is not None else b""
    return judge(data, after, again)


def _own(task: tuple[Path, str | None, bool]) -> Fixed:
    try:
        return own(*task)
    except HardenfileError as error:
        print(f"{task[0]}: {error}", file=sys.stderr)
        return Fixed(task[0].read_bytes(), broken=True)


def other(paths: Sequence[Path], command: Sequence[str]) -> list[Fixed]:
    """Another fixer, each file in a folder of its own, in place; run twice."""
    fixed = []
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            copy = Path(folder, "Dockerfile")
            data = path.read_bytes()
            texts: list[bytes] = []
            for _ in range(2):
                copy.write_bytes(texts[-1] if texts else data)
                subprocess.run([*command, copy], capture_output=True, check=False, timeout=120, cwd=folder)
                texts.append(copy.read_bytes())
            fixed.append(judge(data, *texts))
    return fixed


def lay_out(fixed: Sequence[Fixed], root: Path) -> list[Path]:
    """The texts as files that a linter can be given."""
    paths = []
    for at, one in enumerate(fixed):
        folder = root / f"{at:05}"
        folder.mkdir(parents=True)
        paths.append(folder / "Dockerfile")
        paths[-1].write_bytes(one.text)
    return paths


def hadolint(paths: Sequence[Path]) -> Counter[str]:
    """Findings by rule."""
    found: Counter[str] = collections.Counter()
    for start in range(0, len(paths), BATCH):
        batch = [str(path) for path in paths[start : start + BATCH]]
        told = subprocess.run(["hadolint", "-f", "json", "--no-fail", *batch], capture_output=True, check=False).stdout
        found.update(one["code"] for one in json.loads(told))
    return found


def checkov(program: str, root: Path) -> Counter[str]:
    """Failed checks by id."""
    environment = {
        **os.environ,
        "BC_SKIP_MAPPING": "TRUE",
        "PYTHONWARNINGS": "ignore",
        "CHECKOV_RUN_SCA_PACKAGE_SCAN": "",
    }
    command = [program, "-d", str(root), "--framework", "dockerfile", "-o", "json", "--quiet", "--compact"]
    told = json.loads(subprocess.run(command, capture_output=True, check=False, env=environment).stdout)
    reports = told if isinstance(told, list) else [told]
    return collections.Counter(
        one["check_id"] for report in reports for one in report.get("results", {}).get("failed_checks", ())
    )


def buildkit_style(texts: Sequence[Fixed]) -> Counter[str]:
    """Warnings of our own reader, which words them as BuildKit's checks do; errors count as one."""
    found: Counter[str] = collections.Counter()
    for one in texts:
        for problem in parse(one.text, "Dockerfile").diagnostics:
            found[f"BuildKit {problem.severity}: {problem.message.split(':')[0][:50]}"] += 1
    return found


def table(title: str, columns: Sequence[str], counts: Sequence[Counter[str]]) -> None:
    """A table in Markdown of the rules whose count is not the same everywhere."""
    print(f"\n| {title} | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for rule in sorted(set().union(*counts)):
        numbers = [count[rule] for count in counts]
        if len(set(numbers)) > 1:
            marks = ["" if number <= numbers[0] else " **rises**" for number in numbers]
            print(f"| {rule} | {' | '.join(f'{number}{mark}' for number, mark in zip(numbers, marks, strict=True))} |")
    print(f"| all | {' | '.join(str(count.total()) for count in counts)} |")


def main() -> None:
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkov", default=shutil.which("checkov"))
    parser.add_argument("--profile")
    parser.add_argument("--fixers", action="store_true", help="run the other fixers too")
    parser.add_argument("--every", type=int, default=1, help="take every nth file")
    arguments = parser.parse_args()
    files = [Path(one.path) for one in find([str(arguments.folder)]) if one.error is None]
    files = [path for path in files if parses(path.read_bytes())][:: arguments.every]
    sides: dict[str, list[Fixed]] = {"before": [Fixed(path.read_bytes()) for path in files]}
    with ProcessPoolExecutor() as pool:
        for name, unsafe in (("fix", False), ("fix --unsafe", True)):
            tasks = [(path, arguments.profile, unsafe) for path in files]
            sides[f"hardenfile {name}"] = list(pool.map(_own, tasks, chunksize=20))
    if arguments.fixers:
        calls: dict[str, tuple[str, ...]] = {
            "tally --fix": ("tally", "lint", "--fix", "--slow-checks", "off"),
            "doctor --fix": ("dockerfile-doctor", "--fix"),
        }
        for name, command in calls.items():
            if shutil.which(command[0]):
                sides[name] = other(files, command)
    print(f"{len(files)} files of {arguments.folder}, profile {arguments.profile or 'recommended'}\n")
    report(sides, arguments.checkov)


def report(sides: dict[str, list[Fixed]], program: str | None) -> None:
    print("| fixer | files changed | broken | not idempotent | files that lose comments | diff lines |")
    print("|---|---|---|---|---|---|")
    for name, fixed in sides.items():
        if name != "before":
            counts: list[Callable[[Fixed], int]] = [
                lambda one: one.changed,
                lambda one: one.broken,
                lambda one: one.again,
                lambda one: one.lost,
                lambda one: one.lines,
            ]
            print(f"| {name} | {' | '.join(str(sum(map(count, fixed))) for count in counts)} |")
    with tempfile.TemporaryDirectory() as folder:
        laid = {name: lay_out(fixed, Path(folder, str(at))) for at, (name, fixed) in enumerate(sides.items())}
        table("hadolint", tuple(sides), [hadolint(paths) for paths in laid.values()])
        table("our reader", tuple(sides), [buildkit_style(fixed) for fixed in sides.values()])
        if program:
            found = [checkov(program, Path(folder, str(at))) for at in range(len(sides))]
            table("Checkov", tuple(sides), found)
        else:
            print("\nCheckov: not there (--checkov PATH)")


if __name__ == "__main__":
    main()
