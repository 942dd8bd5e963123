"""What the fake forge holds, and what people do to it by hand."""

import fnmatch
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .objects import FILE, Entry, Objects, Person, iso

START = 1_767_225_600  # 2026-01-01


@dataclass
class Comment:
    """One comment on a pull request."""

    id: int
    login: str
    body: str
    created_at: str


@dataclass
class Pull:
    """A pull request, and what GitHub keeps of one."""

    number: int
    title: str
    body: str
    login: str
    head_repository: "Repository | None"
    head_owner: str
    branch: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool
    created_at: str
    updated_at: str
    state: str = "open"
    closed_at: str | None = None
    closed_by: str | None = None
    merged_at: str | None = None
    merge_sha: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    maintainer_can_modify: bool = False


class Repository:
    """One repository of the forge. What a person does by hand are its methods."""

    def __init__(self, forge: "Truth", owner: str, name: str, number: int, default_branch: str = "main") -> None:
        self.forge, self.owner, self.name, self.number = forge, owner, name, number
        self.objects = Objects(forge.folder / owner / f"{name}.git")
        self.default_branch = default_branch
        self.objects.set_head(default_branch)
        self.archived = self.private = self.fork = self.disabled = False
        self.readers: set[str] = set()  # may read and not write
        self.outsiders: set[str] = set()  # do not see it where it is private
        self.collaborators = {"maintainer", "reviewer"}
        self.protected: list[str] = []  # patterns of branches that the rules let nobody make or move
        self.tree_limit = 100_000
        self.issues_from = 1
        self.pulls: list[Pull] = []
        self.labels: dict[str, str] = {"bug": "d73a4a"}
        self.verified: set[str] = set()  # commits that the forge signed
        self.names_before: set[str] = set()

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    def branch(self, name: str) -> str | None:
        """The commit of a branch."""
        return self.objects.ref(f"refs/heads/{name}")

    @property
    def branches(self) -> list[str]:
        return [name.removeprefix("refs/heads/") for name in self.objects.refs()]

    def rules_refuse(self, branch: str) -> bool:
        """Whether a rule of the repository keeps everybody from making or moving a branch."""
        return any(fnmatch.fnmatchcase(branch, pattern) for pattern in self.protected)

    def protect(self, *patterns: str) -> None:
        """Make rules for branches, for the API and for pushes."""
        self.protected += patterns
        hook = self.objects.folder / "hooks" / "pre-receive"
        cases = "|".join(f"refs/heads/{one.replace('**', '*')}" for one in self.protected)
        hook.write_text(
            f'#!/bin/sh\nwhile read old new ref; do case "$ref" in {cases})\n'
            'echo "error: GH013: Repository rule violations found for $ref." >&2; exit 1;; esac; done\n'
        )
        hook.chmod(0o755)

    def commit(
        self,
        files: Mapping[str, bytes | str | None],
        message: str = "Change things",
        *,
        branch: str = "",
        login: str = "maintainer",
        modes: Mapping[str, str] | None = None,
    ) -> str:
        """A person commits to a branch, the default one if none is named; None takes a file away."""
        with self.forge.lock:
            name = branch or self.default_branch
            parent = self.branch(name)
            held = self.objects.files(self.objects.read_commit(parent).tree) if parent else {}
            for path, content in files.items():
                if content is None:
                    del held[path]
                else:
                    data = content.encode() if isinstance(content, str) else content
                    held[path] = Entry((modes or {}).get(path, FILE), self.objects.put("blob", data))
            person = Person(login, f"{login}@example.org", self.forge.tick())
            sha = self.objects.commit(
                self.objects.tree(held), [parent] if parent else [], message + "\n", person, person
            )
            self.objects.set_ref(f"refs/heads/{name}", sha)
            self.sync()
            return sha

    def content(self, path: str, branch: str = "") -> bytes | None:
        """A file on a branch; None where it is not there."""
        sha = self.branch(branch or self.default_branch)
        entry = self.objects.files(self.objects.read_commit(sha).tree).get(path) if sha else None
        return self.objects.blob(entry.sha) if entry else None

    def rename_default_branch(self, name: str) -> None:
        """As GitHub does: the branch gets another name, and open pull requests go along."""
        with self.forge.lock:
            old, sha = self.default_branch, self.branch(self.default_branch)
            assert sha
            self.objects.set_ref(f"refs/heads/{name}", sha)
            self.objects.delete_ref(f"refs/heads/{old}")
            self.default_branch = name
            self.objects.set_head(name)
            for pull in self.pulls:
                if pull.base == old and pull.state == "open":
                    pull.base = name

    def close(self, pull: Pull, login: str = "maintainer", *, delete_branch: bool = False) -> None:
        """A person closes a pull request unmerged."""
        with self.forge.lock:
            self.sync()
            pull.state, pull.closed_by = "closed", login
            pull.closed_at = pull.updated_at = self.forge.tick()
            if delete_branch:
                self.objects.delete_ref(f"refs/heads/{pull.branch}")

    def merge(self, pull: Pull, *, squash: bool = False, delete_branch: bool = False) -> None:
        """A person merges a pull request, which has no conflicts."""
        with self.forge.lock:
            self.sync()
            head, base = self.objects.read_commit(pull.head_sha), self.branch(pull.base)
            assert base
            held = self.objects.files(self.objects.read_commit(base).tree)
            before = self.objects.files(self.objects.read_commit(self.merge_base(base, pull.head_sha)).tree)
            after = self.objects.files(head.tree)
            for path in before.keys() | after.keys():
                if before.get(path) != after.get(path):
                    assert held.get(path) == before.get(path), f"{path} conflicts"
                    if path in after:
                        held[path] = after[path]
                    else:
                        del held[path]
            person = Person("maintainer", "maintainer@example.org", self.forge.tick())
            parents = [base] if squash else [base, head.sha]
            message = f"{pull.title} (#{pull.number})" if squash else f"Merge pull request #{pull.number}"
            sha = self.objects.commit(self.objects.tree(held), parents, message, person, person)
            self.objects.set_ref(f"refs/heads/{pull.base}", sha)
            pull.state, pull.closed_by, pull.merge_sha = "closed", "maintainer", sha
            pull.merged_at = pull.closed_at = pull.updated_at = person.date
            if delete_branch:
                self.objects.delete_ref(f"refs/heads/{pull.branch}")

    def merge_base(self, one: str, other: str) -> str:
        """The newest commit that two have in common. Raises LookupError."""
        known = {commit.sha for commit in self.objects.history(one)}
        for commit in self.objects.history(other):
            if commit.sha in known:
                return commit.sha
        raise LookupError("no common ancestor")

    def sync(self) -> None:
        """Open pull requests follow their branches, however those moved; a deleted branch closes its pull request."""
        for pull in self.pulls:
            if pull.state == "open" and pull.head_repository is not None:
                sha = pull.head_repository.branch(pull.branch)
                if sha is None:
                    pull.state, pull.closed_at = "closed", self.forge.now
                    pull.updated_at = self.forge.now
                else:
                    pull.head_sha = sha


class Truth:
    """Every repository of the forge, and its clock, which moves only when something is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.repositories: dict[str, Repository] = {}
        self.organizations: set[str] = set()
        self._clock = START
        self._ids = 1000

    def repository(self, owner: str, name: str, files: Mapping[str, bytes | str] | None = None) -> Repository:
        """A new repository with a first commit; empty where no files are given."""
        found = Repository(self, owner, name, self.next_id())
        self.repositories[found.full_name] = found
        if files:
            found.commit(files, "Start")
        return found

    def fork(self, found: Repository, owner: str) -> Repository:
        """Somebody forks a repository; as on GitHub, the objects are shared."""
        with self.lock:
            folder = self.folder / owner / f"{found.name}.git"
            folder.mkdir(parents=True)
            (folder / "objects").symlink_to(found.objects.folder / "objects")
            fork = self.repository(owner, found.name)
            fork.fork, fork.default_branch = True, found.default_branch
            for name, sha in found.objects.refs().items():
                fork.objects.set_ref(name, sha)
            return fork

    def find(self, owner: str, name: str) -> Repository | None:
        """By its full name, in whatever case."""
        wanted = f"{owner}/{name}".lower()
        return next((one for key, one in self.repositories.items() if key.lower() == wanted), None)

    def rename(self, found: Repository, name: str) -> None:
        """A person gives a repository another name; the old one leads to it."""
        with self.lock:
            del self.repositories[found.full_name]
            found.names_before.add(found.full_name)
            folder = found.objects.folder
            found.objects.folder = folder.rename(folder.with_name(f"{name}.git"))
            found.name = name
            self.repositories[found.full_name] = found

    def moved(self, owner: str, name: str) -> Repository | None:
        """The repository that had a name before."""
        return next((one for one in self.repositories.values() if f"{owner}/{name}" in one.names_before), None)

    @property
    def now(self) -> str:
        return iso(self._clock)

    def tick(self) -> str:
        """Move the clock by a second and read it."""
        with self.lock:
            self._clock += 1
            return self.now

    def next_id(self) -> int:
        with self.lock:
            self._ids += 1
            return self._ids
