"""One repository and the bot, what the forge holds of it, and the table of all lives."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hardenfile.report.text import count
from tests.support.forge.bot import Bot, Ran
from tests.support.forge.github import GitHub
from tests.support.forge.truth import Pull, Repository

BEFORE = 'FROM debian:12\nADD app.sh /app/\nUSER 10001:10001\nCMD ["/app/app.sh"]\n'
AFTER = BEFORE.replace("ADD", "COPY")
OTHER = BEFORE.replace("app.sh", "run.sh")
LABEL = "hardenfile-rebuild"
FILES = {"Dockerfile": BEFORE, "app.sh": "#!/bin/sh\nexec sleep 1\n", "README.md": "A shop.\n"}
HEAD = "| life | way | forge ends up holding | last run |\n|---|---|---|---|\n"


@dataclass
class World:
    """`shop` is the repository `acme/shop`; `way` is how the bot reads it."""

    bot: Bot
    forge: GitHub
    shop: Repository
    way: str
    last: Ran | None = field(default=None)

    def run(self, *options: str, code: int | None = 0, name: str = "acme/shop") -> Ran:
        """Run the bot on the repository; the calls of earlier runs are forgotten."""
        self.forge.restart_count()
        way = ["--clone"] if self.way == "clone" else []
        names = [name] if name else []
        self.last = self.bot(*way, *options, *names)
        assert code is None or self.last.code == code, self.last
        return self.last

    @property
    def open(self) -> list[Pull]:
        """The pull requests that are open now."""
        self.shop.sync()
        return [one for one in self.shop.pulls if one.state == "open"]

    @property
    def pull(self) -> Pull:
        """The only one that is open."""
        (one,) = self.open
        return one

    @property
    def reads(self) -> list[str]:
        return [one.line for one in self.forge.calls if not one.writes]

    @property
    def writes(self) -> list[str]:
        """What changed something, by the API or by a push."""
        pushes = ["git push" for one in self.forge.git_calls if one.target.endswith("/git-receive-pack")]
        return [*self.forge.writes, *pushes]

    def ahead(self, pull: Pull) -> int:
        """How many commits a pull request brings."""
        return len(self.shop.objects.between(self.shop.branch(pull.base) or pull.base_sha, pull.head_sha))

    def changed(self, pull: Pull) -> dict[str, bytes | None]:
        """The files that a pull request changes against its own base commit, with what they become."""
        objects = self.shop.objects
        base = self.shop.merge_base(self.shop.branch(pull.base) or pull.base_sha, pull.head_sha)
        before, after = (objects.files(objects.read_commit(one).tree) for one in (base, pull.head_sha))
        paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        return {path: objects.blob(after[path].sha) if path in after else None for path in paths}

    def holds(self) -> str:
        """What the forge holds, in a line."""
        self.shop.sync()
        said = []
        for one in self.shop.pulls:
            words = ["merged" if one.merged_at else one.state]
            if one.draft:
                words.append("draft")
            if one.state == "open":
                words.append(f"{count(self.ahead(one), 'commit')} on {one.base}")
            words += [f"label {name}" for name in one.labels]
            if one.comments:
                words.append(count(len(one.comments), "comment"))
            said.append(f"#{one.number} {', '.join(words)}")
        if len(said) > 6:
            said = [*said[:2], f"… {len(said)} in all"]
        others = len(self.shop.branches) - (self.shop.default_branch in self.shop.branches)
        told = f"{others} branch{'es' * (others != 1)} besides {self.shop.default_branch}"
        return f"{'; '.join(said) or 'no pull request'}; {told}"

    def row(self, life: str) -> str:
        """One line of the table of lives."""
        code = "" if self.last is None else f", exit code {self.last.code}"
        reads, writes = len(self.reads), len(self.writes)
        archives = len(self.forge.archive_calls)
        told = [count(reads, "read"), count(writes, "write"), *([count(archives, "archive")] if archives else [])]
        last = f"{', '.join(told)}{code}"
        return f"| {life} | {self.way} | {self.holds()} | {last} |\n"


def write_row(text: str) -> None:
    """Add a line to the file that the environment names, if it does; the first brings the head."""
    if not (name := os.environ.get("LIVES_TABLE")):
        return
    path = Path(name)
    if not path.exists():
        path.write_text(HEAD, "utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def state(forge: GitHub) -> dict[str, Any]:
    """All that a forge holds, without ids and moments: two forges with one state hold the same."""
    return {name: _state(one) for name, one in sorted(forge.repositories.items())}


def _state(shop: Repository) -> dict[str, Any]:
    shop.sync()
    objects = shop.objects
    names = {sha: f"<{ref}>" for ref, sha in objects.refs().items()}

    def told(text: str) -> str:
        """Ids of commits depend on the moment; they are told by the branch that they are on."""
        return re.sub(
            r"\b[0-9a-f]{40}\b",
            lambda sha: names.get(sha[0], "<commit>") if objects.is_a("commit", sha[0]) else sha[0],
            text,
        )

    branches = {}
    for ref, sha in objects.refs().items():
        commits = objects.history(sha)
        branches[ref] = [(one.tree, told(one.message), one.author.name, len(one.parents)) for one in commits]
    pulls = [
        {
            "number": one.number,
            "state": one.state,
            "merged": one.merged_at is not None,
            "title": one.title,
            "body": told(one.body),
            "branch": one.branch,
            "base": one.base,
            "head": names.get(one.head_sha, "<gone>"),
            "draft": one.draft,
            "labels": sorted(one.labels),
            "assignees": sorted(one.assignees),
            "reviewers": sorted(one.reviewers),
            "comments": [told(comment.body) for comment in one.comments],
        }
        for one in shop.pulls
    ]
    return {"branches": branches, "pulls": pulls, "labels": sorted(shop.labels), "default": shop.default_branch}
