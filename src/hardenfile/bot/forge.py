"""What the bot needs of a forge, in plain words; GitHub and GitLab say it each in their own way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository: `name` is `owner/name` as the forge spells it now; `closed` says why nothing can be done in it."""

    name: str
    branch: str
    closed: str = ""

    @property
    def owner(self) -> str:
        """What stands before the last slash."""
        return self.name.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file of a commit: its path, git's mode such as `100644`, and its blob id."""

    path: str
    mode: str
    blob: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a commit; `whole` is False where the forge cut the list short."""

    commit: str
    entries: tuple[TreeEntry, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as far as the bot looks at it; `tree` is empty where the forge does not tell it."""

    sha: str
    message: str
    tree: str = ""
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request whose branch is in the repository itself; forks' are never given out."""

    number: int
    branch: str
    head: str
    base: str
    title: str
    body: str
    open: bool
    merged: bool = False
    draft: bool = False
    labels: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class NewCommit:
    """What to put on a branch: files by path with their bytes, on top of a commit.

    `parent` is the base's commit; `expected` what the branch points to now, None where it must not exist; `modes` are
    git's, by path; `trailers` end the message.
    """

    branch: str
    parent: str
    expected: str | None
    files: Mapping[str, bytes]
    modes: Mapping[str, str]
    message: str
    trailers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A pull request as it should read."""

    title: str
    body: str
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Helpers:
    """Who and what is put onto a pull request once it is open; `teams` are without their organization."""

    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.labels or self.reviewers or self.teams or self.assignees)


class Forge(Protocol):
    """A forge. Every method raises ForgeError, and those that ask for one thing Missing where it is not there."""

    name: str

    def repository(self, name: str) -> Repository:
        """A repository by its `owner/name`."""

    def repositories(self, organization: str) -> Iterator[Repository]:
        """All repositories of an organization or group that the token may see."""

    def head(self, repository: Repository, branch: str) -> str | None:
        """The commit that a branch points to; None where there is none. Raises Skip for an empty repository."""

    def branches(self, repository: Repository, prefix: str) -> dict[str, str]:
        """The commits that all branches whose name begins so point to."""

    def listing(self, repository: Repository, commit: str) -> Listing:
        """The files of a commit."""

    def pulls(self, repository: Repository, prefix: str, branches: Sequence[str]) -> list[PullRequest]:
        """The pull requests, newest first: every open one on a branch with the prefix, every one on `branches`."""

    def pulls_of(self, repository: Repository, branch: str) -> list[PullRequest]:
        """The pull requests of one branch, open and closed, newest first."""

    def commits_of(self, repository: Repository, pull: PullRequest) -> list[Commit]:
        """The commits that a pull request brings."""

    def last_commits(self, repository: Repository, commit: str, count: int) -> list[Commit]:
        """A commit and those before it, newest first."""

    def blob(self, repository: Repository, blob: str) -> bytes:
        """A file by its blob id."""

    def archive(self, repository: Repository, commit: str, into: BinaryIO) -> None:
        """Write a commit's files into a file as tar.gz."""

    def commit(self, repository: Repository, new: NewCommit) -> str:
        """Make a commit and have the branch point to it; gives the commit's id. Raises Conflict, and Passing."""

    def open(self, repository: Repository, branch: str, draft: Draft) -> PullRequest:
        """Open a pull request against the default branch. Raises Conflict where there is one already."""

    def edit(
        self, repository: Repository, pull: PullRequest, *, body: str = "", open: bool | None = None, base: str = ""
    ) -> None:
        """Change a pull request's text, state or base; what is not given stays.

        Raises Conflict where a closed one cannot be opened again.
        """

    def comment(self, repository: Repository, pull: PullRequest, mark: str, text: str) -> None:
        """Comment once: not where a comment that holds `mark` is there already."""

    def help(self, repository: Repository, pull: PullRequest, helpers: Helpers) -> None:
        """Add labels, reviewers, assignees; saying it again changes nothing."""

    def remove_label(self, repository: Repository, pull: PullRequest, label: str) -> None:
        """Take a label off; one that is not there is no fault."""

    def delete_branch(self, repository: Repository, branch: str) -> None:
        """Delete a branch; one that is not there is no fault."""
