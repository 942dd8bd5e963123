"""What the bot costs: 200 repositories with three Dockerfiles each, on a fake GitHub that takes 50 ms for each answer.

Run by hand: `python -m tests.bench_bot [REPOSITORIES] [MILLISECONDS] [OPTION…]`, where the options go to the bot. It
prints for a first and a second run the wall time, how much of it was waiting for answers, the calls for each
repository, and the most memory that the run took. The second run may take 4 reads for each repository, and no write.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.support.forge.bot import Bot, Runner
from tests.support.forge.github import GitHub

FOLDERS = ("", "api/", "worker/")
DOCKERFILE = (
    "FROM python:3.12-slim\nWORKDIR /app\nADD {}requirements.txt .\n"
    "RUN pip install --no-cache-dir -r requirements.txt\n"
    'COPY . .\nUSER 10001:10001\nCMD ["python", "app.py"]\n'
)
FILES = {
    **{f"{folder}Dockerfile": DOCKERFILE.format(folder) for folder in FOLDERS},
    **{f"{folder}requirements.txt": "flask==3.0.3\n" for folder in FOLDERS},
    "app.py": "import flask\n\napp = flask.Flask(__name__)\n",
}


def main(count: int, milliseconds: float, options: list[str]) -> int:
    """Measure, tell, and give 1 where a bound is passed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with GitHub(folder / "forge", latency=milliseconds / 1000) as forge, Runner(folder / "runs") as runner:
            forge.organizations.add("acme")
            forge.rate.limit = 10**9
            for number in range(count):
                forge.repository("acme", f"service-{number:04}", FILES)
            bot = Bot(runner, forge)
            print(f"{count} repositories, {len(FILES)} files and 3 Dockerfiles each, {milliseconds:g} ms a call")
            told = [run(name, bot, count, options) for name in ("first", "second")]
            held = sum(one.state == "open" for shop in forge.repositories.values() for one in shop.pulls)
    print(f"{held} pull requests stand")
    reads, writes = told[1]
    return int(held != 3 * count or writes > 0 or reads > 4 * count + 1 + count // 100)


def run(name: str, bot: Bot, count: int, options: list[str]) -> tuple[int, int]:
    """One run over all repositories; how many reads and writes it took."""
    forge = bot.forge
    forge.restart_count()
    forge.most_at_once = 0
    start = time.perf_counter()
    ran = bot("--organization", "acme", *options)
    took = time.perf_counter() - start
    assert ran.code == 0, ran.err[-2000:]
    writes = sum(one.writes for one in forge.calls)
    reads = len(forge.calls) - writes
    waited = len(forge.calls) * forge.latency
    print(
        f"{name} run: {took:.1f} s, of which {waited:.1f} s are answers waited for ({forge.most_at_once} at a time); "
        f"{reads / count:.2f} reads, {writes / count:.2f} writes and {len(forge.archive_calls) / count:.2f} archives "
        f"a repository; {bot.runner.memory} MiB at most"
    )
    for line, number in Counter(one.line for one in forge.calls).most_common():
        print(f"  {number / count:6.2f} {line}")
    return reads, writes


if __name__ == "__main__":
    numbers = [float(one) for one in sys.argv[1:3]]
    sys.exit(main(int(numbers[0]) if numbers else 200, numbers[1] if len(numbers) > 1 else 50.0, sys.argv[3:]))
