"""GitHub's REST API, version 2022-11-28: github.com, and GitHub Enterprise under another address."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO
from urllib.parse import quote

from .api import Api, text_of
from .errors import Conflict, Forbidden, ForgeError, Missing, Passing, Skip
from .forge import Commit, Draft, Helpers, Listing, NewCommit, PullRequest, Repository, TreeEntry
from .github_commit import UNKNOWN, Commits

ADDRESS = "https://api.github.com"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PAGE = 100


class GitHub:
    """The Forge protocol over GitHub's REST API."""

    name = "github"

    def __init__(self, api: Api) -> None:
        """`api` carries the address, the token and the patience."""
        self._api = api
        self._commits = Commits(api, self._head)

    def repository(self, name: str) -> Repository:
        """A repository by its `owner/name`."""
        self._commits.forget()
        return _repository(self._api.get(_at(name), what=name))

    def repositories(self, organization: str) -> Iterator[Repository]:
        """The repositories of an organization, or of a user where there is no such organization."""
        owner = quote(organization, safe="")
        try:
            pages = self._api.pages(f"/orgs/{owner}/repos?per_page={_PAGE}&type=all", what=organization)
            first = next(pages, [])
        except Missing:
            pages = self._api.pages(f"/users/{owner}/repos?per_page={_PAGE}", what=organization)
            first = next(pages, [])
        for page in (first, *pages):
            yield from map(_repository, page)

    def head(self, repository: Repository, branch: str) -> str | None:
        """The commit that a branch points to."""
        return self._head(_at(repository), branch)

    def _head(self, here: str, branch: str) -> str | None:
        try:
            found = self._api.get(f"{here}/git/ref/{_ref(branch)}", what=f"the branch {branch}")
        except Missing:
            return None
        except Conflict:
            raise Skip("the repository is empty") from None
        return text_of(found, "object", "sha")

    def branches(self, repository: Repository, prefix: str) -> dict[str, str]:
        """The branches of a prefix; GitHub gives every ref that begins so, and asks for no slash at the end."""
        target = f"{_at(repository)}/git/matching-refs/{_ref(prefix.rstrip('/'))}"
        pages = self._api.pages(target, what=f"the branches {prefix}…")
        found = (one for page in pages for one in page)
        heads = {text_of(one, "ref").removeprefix("refs/heads/"): text_of(one, "object", "sha") for one in found}
        return {name: sha for name, sha in heads.items() if name.startswith(prefix)}

    def listing(self, repository: Repository, commit: str) -> Listing:
        """The files of a commit, by one request."""
        found = self._api.get(f"{_at(repository)}/git/trees/{commit}?recursive=1", what="the list of files")
        entries = (
            TreeEntry(str(one["path"]), str(one["mode"]), str(one["sha"]))
            for one in found.get("tree", ())
            if one.get("type") == "blob"
        )
        return Listing(commit, tuple(entries), not found.get("truncated", False))

    def pulls(self, repository: Repository, prefix: str, branches: Sequence[str]) -> list[PullRequest]:
        """One listing where it is short; else all open ones, and a look-up for each branch that none of them has."""
        # Up to here, listing everything costs less than looking each branch up.
        few = 1 + len(branches) // 50
        target = f"{_at(repository)}/pulls?state=all&sort=created&direction=desc&per_page={_PAGE}"
        try:
            pages = self._api.pages(target, what="the list of pull requests")
            found = [one for _, page in zip(range(few), pages, strict=False) for one in page]
        except Missing:
            raise Skip("pull requests are disabled there") from None
        if self._api.more:
            opened = f"{_at(repository)}/pulls?state=open&sort=created&direction=desc&per_page={_PAGE}"
            for page in self._api.pages(opened, what="the list of open pull requests"):
                found += page
            named = {text_of(one, "head", "ref") for one in found}
            for branch in branches:
                if branch not in named:
                    found += self._look_up(repository, branch)
        ours: dict[int, PullRequest] = {}
        for one in found:
            pull = _pull(one, repository)
            if pull is not None and pull.branch.startswith(prefix):
                ours[pull.number] = pull
        return [ours[number] for number in sorted(ours, reverse=True)]

    def pulls_of(self, repository: Repository, branch: str) -> list[PullRequest]:
        """The pull requests of one branch; without the owner in `head` the forge would ignore the filter."""
        found = [_pull(one, repository) for one in self._look_up(repository, branch)]
        ours = (one for one in found if one is not None and one.branch == branch)
        return sorted(ours, key=lambda one: -one.number)

    def _look_up(self, repository: Repository, branch: str) -> list[Any]:
        head = quote(f"{repository.owner}:{branch}", safe="")
        target = f"{_at(repository)}/pulls?state=all&head={head}&per_page={_PAGE}"
        return [one for page in self._api.pages(target, what=f"the pull requests of {branch}") for one in page]

    def commits_of(self, repository: Repository, pull: PullRequest) -> list[Commit]:
        """The commits of a pull request; GitHub gives 250 at most, and one of others is enough to know."""
        target = f"{_at(repository)}/pulls/{pull.number}/commits?per_page={_PAGE}"
        pages = self._api.pages(target, what=f"the commits of #{pull.number}")
        return [_commit(one) for page in pages for one in page]

    def last_commits(self, repository: Repository, commit: str, count: int) -> list[Commit]:
        """The history of a commit."""
        target = f"{_at(repository)}/commits?sha={quote(commit, safe='')}&per_page={count}"
        found = [_commit(one) for one in self._api.get(target, what="the last commits")]
        for one in found:
            self._commits.known(one.sha, one.tree)
        return found

    def blob(self, repository: Repository, blob: str) -> bytes:
        """A file's bytes."""
        found = self._api.get(f"{_at(repository)}/git/blobs/{blob}", what="a file")
        return base64.b64decode(text_of(found, "content"))

    def archive(self, repository: Repository, commit: str, into: BinaryIO) -> None:
        """The commit's archive; GitHub sends to another host for it, which gets no token."""
        self._api.download(f"{_at(repository)}/tarball/{commit}", into, what="the archive")

    def commit(self, repository: Repository, new: NewCommit) -> str:
        """Objects first, the branch last."""
        return self._commits.put(_at(repository), new, _ref(new.branch))

    def open(self, repository: Repository, branch: str, draft: Draft) -> PullRequest:
        """Open a pull request; where drafts are not to be had there, a plain one."""
        body = {"title": draft.title, "body": draft.body, "head": branch, "base": repository.branch}
        pretend = {"number": 0, "state": "open", "html_url": "", **body}
        pretend |= {"head": {"ref": branch, "sha": UNKNOWN, "repo": {"full_name": repository.name}}}
        pretend |= {"base": {"ref": repository.branch}}
        target, what = f"{_at(repository)}/pulls", "the pull request"
        try:
            made = self._api.write("POST", target, {**body, "draft": draft.draft}, pretend=pretend, what=what)
        except Conflict as refused:
            if not (draft.draft and "raft" in str(refused)):
                raise
            made = self._api.write("POST", target, body, pretend=pretend, what=what)
        pull = _pull(made, repository)
        if pull is None:
            raise ForgeError(f"{self._api.host} opened a pull request and did not say which")
        return pull

    def edit(
        self, repository: Repository, pull: PullRequest, *, body: str = "", open: bool | None = None, base: str = ""
    ) -> None:
        """Change a pull request."""
        change: dict[str, Any] = {"base": base} if base else {}
        if body:
            change["body"] = body
        if open is not None:
            change["state"] = "open" if open else "closed"
        target = f"{_at(repository)}/pulls/{pull.number}"
        self._api.write("PATCH", target, change, what=f"the pull request #{pull.number}")

    def comment(self, repository: Repository, pull: PullRequest, mark: str, text: str) -> None:
        """Comment once; a POST whose answer was lost is sent again only if the comment is not there.

        Of two runs at once each may find none: whoever comes second finds the other's then, and takes back its own.
        """
        target = f"{_at(repository)}/issues/{pull.number}/comments"
        what = f"a comment on #{pull.number}"
        for attempt in range(self._api.tries):
            if self._comments(target, mark, what):
                return
            try:
                made = self._api.write("POST", target, {"body": f"{mark}\n{text}"}, what=what, again=False)
            except Passing as fault:
                self._api.lost(fault, attempt)
                continue
            own = made.get("id", 0)
            if not self._api.dry and min(self._comments(target, mark, what), default=own) < own:
                with suppress(Missing):
                    self._api.write("DELETE", f"{_at(repository)}/issues/comments/{own}", what=what)
            return

    def _comments(self, target: str, mark: str, what: str) -> list[int]:
        """The numbers of the comments that hold a mark; they grow with time."""
        pages = self._api.pages(f"{target}?per_page={_PAGE}", what=what)
        return [int(one["id"]) for page in pages for one in page if mark in str(one.get("body") or "")]

    def help(self, repository: Repository, pull: PullRequest, helpers: Helpers) -> None:
        """Labels are made where there are none of that name; people whom GitHub does not take are left out."""
        issue, what = f"{_at(repository)}/issues/{pull.number}", f"#{pull.number}"
        if helpers.labels:
            self._api.write("POST", f"{issue}/labels", {"labels": [*helpers.labels]}, what=f"labels of {what}")
        if helpers.assignees:
            self._api.write("POST", f"{issue}/assignees", {"assignees": [*helpers.assignees]}, what=f"people of {what}")
        if helpers.reviewers or helpers.teams:
            self._ask_for_review(repository, pull, helpers.reviewers, helpers.teams)

    def _ask_for_review(
        self, repository: Repository, pull: PullRequest, people: Sequence[str], teams: Sequence[str]
    ) -> None:
        """All at once; where GitHub refuses that for one who has left or may not be seen, each alone."""
        asked = {"reviewers": [*people], "team_reviewers": [*teams]}
        target = f"{_at(repository)}/pulls/{pull.number}/requested_reviewers"
        try:
            self._api.write("POST", target, asked, what=f"reviewers of #{pull.number}")
        except (Conflict, Forbidden) as error:
            if len(people) + len(teams) == 1:
                self._api.note(f"{repository.name}#{pull.number}: {(*people, *teams)[0]} was not asked: {error}")
                return
            for one in people:
                self._ask_for_review(repository, pull, [one], [])
            for one in teams:
                self._ask_for_review(repository, pull, [], [one])

    def remove_label(self, repository: Repository, pull: PullRequest, label: str) -> None:
        """Take a label off."""
        target = f"{_at(repository)}/issues/{pull.number}/labels/{quote(label, safe='')}"
        with suppress(Missing):
            self._api.write("DELETE", target, what=f"the label {label}")

    def delete_branch(self, repository: Repository, branch: str) -> None:
        """Delete a branch; GitHub answers 422 where it is gone."""
        try:
            self._api.write("DELETE", f"{_at(repository)}/git/refs/{_ref(branch)}", what=f"the branch {branch}")
        except (Missing, Conflict):
            if self.head(repository, branch) is not None:
                raise


def _at(repository: Repository | str) -> str:
    name = repository if isinstance(repository, str) else repository.name
    owner, _, own = name.partition("/")
    return f"/repos/{quote(owner, safe='')}/{quote(own, safe='')}"


def _ref(branch: str) -> str:
    return quote(f"heads/{branch}", safe="")


def _repository(found: Any) -> Repository:
    closed = "the repository is archived" if found.get("archived") else ""
    closed = closed or ("the repository is disabled" if found.get("disabled") else "")
    closed = closed or ("pull requests are disabled there" if found.get("has_pull_requests") is False else "")
    return Repository(text_of(found, "full_name"), text_of(found, "default_branch"), closed)


def _commit(found: Any) -> Commit:
    parents = tuple(str(one.get("sha")) for one in found.get("parents") or ())
    message = text_of(found, "commit", "message")
    return Commit(text_of(found, "sha"), message, text_of(found, "commit", "tree", "sha"), parents)


def _pull(found: Any, repository: Repository) -> PullRequest | None:
    """A pull request; None where its branch is in a fork: anybody may open one, under any name and with any text."""
    head = found.get("head") or {}
    home = str((head.get("repo") or {}).get("full_name") or "")
    if home.lower() != repository.name.lower():
        return None
    return PullRequest(
        number=int(found["number"]),
        branch=str(head.get("ref") or ""),
        head=str(head.get("sha") or ""),
        base=text_of(found, "base", "ref"),
        title=str(found.get("title") or ""),
        body=str(found.get("body") or "").replace("\r\n", "\n"),
        open=found.get("state") == "open",
        merged=bool(found.get("merged_at") or found.get("merged")),
        draft=bool(found.get("draft")),
        labels=tuple(str(one.get("name")) for one in found.get("labels") or ()),
        url=str(found.get("html_url") or ""),
    )
