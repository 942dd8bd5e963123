"""Prints the table of lives: what the forge ends up holding after each, by what the tests saw.

`python -m tests.forge.table` runs tests/forge/test_lives*.py, which check each life, and exits as pytest does.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Run the lives one after the other, and print their rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.md"
        lives = sorted(Path(__file__).parent.glob("test_lives*.py"))
        command: list[str | Path] = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *lives]
        done = subprocess.run(command, env={**os.environ, "LIVES_TABLE": str(path)}, stdout=sys.stderr)
        if path.exists():
            print(sorted_table(path.read_text("utf-8")), end="")
    return done.returncode


def sorted_table(text: str) -> str:
    """One row a life: what a clone and the API agree on is said once."""
    head, rows = text.split("\n")[:2], [line for line in text.split("\n")[2:] if line]
    told: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        life, way, holds, last = (cell.strip() for cell in row.strip("|").split("|"))
        told.setdefault((life, holds), {})[way] = last
    lines = []
    for (life, holds), ways in told.items():
        alike = len(set(ways.values())) == 1
        last = next(iter(ways.values())) if alike else "; ".join(f"{way}: {text}" for way, text in ways.items())
        lines.append(f"| {life} | {' and '.join(ways)} | {holds} | {last} |")
    return "\n".join([*head, *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
