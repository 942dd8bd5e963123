"""GitLab's REST API, version 4. **Experimental**: written from its documentation, and never run against a real one."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from .api import Api, text_of
from .errors import Conflict, ForgeError, Missing, Passing, Skip
from .forge import Commit, Draft, Helpers, Listing, NewCommit, PullRequest, Repository, TreeEntry
from .github_commit import with_trailers

ADDRESS = "https://gitlab.com/api/v4"
HEADERS = {"Accept": "application/json"}
_PAGE = 100
_UNKNOWN = "0" * 40


class GitLab:
    """The Forge protocol over GitLab's REST API; experimental."""

    name = "gitlab"

    def __init__(self, api: Api) -> None:
        """`api` carries the address, the token and the patience."""
        self._api = api
        self._ids: dict[str, int] = {}

    def repository(self, name: str) -> Repository:
        """A project by its full path."""
        return self._repository(self._api.get(_at(name), what=name))

    def repositories(self, organization: str) -> Iterator[Repository]:
        """The projects of a group and the groups below it."""
        query = urlencode({"include_subgroups": "true", "archived": "false", "per_page": _PAGE})
        target = f"/groups/{quote(organization, safe='')}/projects?{query}"
        for page in self._api.pages(target, what=organization):
            for one in page:
                if one.get("default_branch"):
                    yield self._repository(one)

    def head(self, repository: Repository, branch: str) -> str | None:
        """The commit that a branch points to."""
        target = f"{_at(repository)}/repository/branches/{quote(branch, safe='')}"
        try:
            return text_of(self._api.get(target, what=f"the branch {branch}"), "commit", "id")
        except Missing:
            return None

    def branches(self, repository: Repository, prefix: str) -> dict[str, str]:
        """The branches of a prefix; `^` is GitLab's sign for the beginning."""
        query = urlencode({"search": f"^{prefix}", "per_page": _PAGE})
        pages = self._api.pages(f"{_at(repository)}/repository/branches?{query}", what=f"the branches {prefix}…")
        heads = {text_of(one, "name"): text_of(one, "commit", "id") for page in pages for one in page}
        return {name: sha for name, sha in heads.items() if name.startswith(prefix)}

    def listing(self, repository: Repository, commit: str) -> Listing:
        """The files of a commit, a hundred at a time."""
        query = urlencode({"ref": commit, "recursive": "true", "per_page": _PAGE, "pagination": "keyset"})
        pages = self._api.pages(f"{_at(repository)}/repository/tree?{query}", what="the list of files")
        entries = (
            TreeEntry(str(one["path"]), str(one["mode"]), str(one["id"]))
            for page in pages
            for one in page
            if one.get("type") == "blob"
        )
        return Listing(commit, tuple(entries))

    def pulls(self, repository: Repository, prefix: str, branches: Sequence[str]) -> list[PullRequest]:
        """All merge requests whose branch has the prefix."""
        query = urlencode({"state": "all", "order_by": "created_at", "sort": "desc", "per_page": _PAGE})
        found = self._merge_requests(repository, query)
        return [one for one in found if one.branch.startswith(prefix)]

    def pulls_of(self, repository: Repository, branch: str) -> list[PullRequest]:
        """The merge requests of one branch."""
        query = urlencode({"state": "all", "source_branch": branch, "sort": "desc", "per_page": _PAGE})
        return self._merge_requests(repository, query)

    def _merge_requests(self, repository: Repository, query: str) -> list[PullRequest]:
        pages = self._api.pages(f"{_at(repository)}/merge_requests?{query}", what="the list of merge requests")
        return [pull for page in pages for one in page if (pull := _pull(one)) is not None]

    def commits_of(self, repository: Repository, pull: PullRequest) -> list[Commit]:
        """The commits of a merge request."""
        target = f"{_at(repository)}/merge_requests/{pull.number}/commits?per_page={_PAGE}"
        return [_commit(one) for page in self._api.pages(target, what=f"the commits of !{pull.number}") for one in page]

    def last_commits(self, repository: Repository, commit: str, count: int) -> list[Commit]:
        """The history of a commit."""
        query = urlencode({"ref_name": commit, "per_page": count})
        found = self._api.get(f"{_at(repository)}/repository/commits?{query}", what="the last commits")
        return [_commit(one) for one in found]

    def blob(self, repository: Repository, blob: str) -> bytes:
        """A file's bytes."""
        found = self._api.get(f"{_at(repository)}/repository/blobs/{blob}", what="a file")
        return base64.b64decode(text_of(found, "content"))

    def archive(self, repository: Repository, commit: str, into: BinaryIO) -> None:
        """The commit's archive."""
        query = urlencode({"sha": commit})
        self._api.download(f"{_at(repository)}/repository/archive.tar.gz?{query}", into, what="the archive")

    def commit(self, repository: Repository, new: NewCommit) -> str:
        """One call for files, commit and branch; `force` starts the branch anew from the base."""
        if new.expected is not None and not self._api.dry and self.head(repository, new.branch) != new.expected:
            raise Conflict(f"the branch {new.branch} was moved by somebody else meanwhile, so it was left alone", 409)
        body: dict[str, Any] = {
            "branch": new.branch,
            "start_sha": new.parent,
            "commit_message": with_trailers(new, ""),
            "force": new.expected is not None,
            "actions": [
                {
                    "action": "update",
                    "file_path": path,
                    "content": base64.b64encode(data).decode(),
                    "encoding": "base64",
                }
                for path, data in new.files.items()
            ],
        }
        if self._api.author is not None:
            body["author_name"], body["author_email"] = self._api.author
        target = f"{_at(repository)}/repository/commits"
        made = self._api.write("POST", target, body, pretend={"id": _UNKNOWN}, what="the commit")
        return text_of(made, "id")

    def open(self, repository: Repository, branch: str, draft: Draft) -> PullRequest:
        """Open a merge request; a draft is told by its title."""
        body = {
            "source_branch": branch,
            "target_branch": repository.branch,
            "title": f"Draft: {draft.title}" if draft.draft else draft.title,
            "description": draft.body,
        }
        pretend = {"iid": 0, "state": "opened", "sha": _UNKNOWN, "source_project_id": 0, "target_project_id": 0, **body}
        made = self._api.write("POST", f"{_at(repository)}/merge_requests", body, pretend=pretend, what="it")
        pull = _pull(made)
        if pull is None:
            raise ForgeError(f"{self._api.host} opened a merge request and did not say which")
        return pull

    def edit(
        self, repository: Repository, pull: PullRequest, *, body: str = "", open: bool | None = None, base: str = ""
    ) -> None:
        """Change a merge request."""
        change: dict[str, Any] = {"target_branch": base} if base else {}
        if body:
            change["description"] = body
        if open is not None and open != pull.open:
            change["state_event"] = "reopen" if open else "close"
        if change:
            self._put(repository, pull, change)

    def comment(self, repository: Repository, pull: PullRequest, mark: str, text: str) -> None:
        """Comment once; quick actions stand at the beginning of a line, and ours never begin with a slash."""
        target, what = f"{_at(repository)}/merge_requests/{pull.number}/notes", f"a comment on !{pull.number}"
        for attempt in range(self._api.tries):
            pages = self._api.pages(f"{target}?per_page={_PAGE}", what=what)
            if any(mark in str(one.get("body") or "") for page in pages for one in page):
                return
            try:
                self._api.write("POST", target, {"body": f"{mark}\n{text}"}, what=what, again=False)
                return
            except Passing as fault:
                self._api.lost(fault, attempt)

    def help(self, repository: Repository, pull: PullRequest, helpers: Helpers) -> None:
        """Labels, and people by the ids that their names stand for; GitLab knows no teams here."""
        change: dict[str, Any] = {"add_labels": ",".join(helpers.labels)} if helpers.labels else {}
        for key, names in (("assignee_ids", helpers.assignees), ("reviewer_ids", helpers.reviewers)):
            if ids := [number for name in names if (number := self._user(name))]:
                change[key] = ids
        if change:
            self._put(repository, pull, change)

    def remove_label(self, repository: Repository, pull: PullRequest, label: str) -> None:
        """Take a label off."""
        self._put(repository, pull, {"remove_labels": label})

    def delete_branch(self, repository: Repository, branch: str) -> None:
        """Delete a branch."""
        target = f"{_at(repository)}/repository/branches/{quote(branch, safe='')}"
        try:
            self._api.write("DELETE", target, what=f"the branch {branch}")
        except Missing:
            return

    def _put(self, repository: Repository, pull: PullRequest, change: dict[str, Any]) -> None:
        target = f"{_at(repository)}/merge_requests/{pull.number}"
        self._api.write("PUT", target, change, what=f"the merge request !{pull.number}")

    def _user(self, name: str) -> int:
        if name not in self._ids:
            found = self._api.get(f"/users?{urlencode({'username': name})}", what=f"the user {name}")
            self._ids[name] = int(found[0]["id"]) if found else 0
        return self._ids[name]

    def _repository(self, found: Any) -> Repository:
        if not found.get("default_branch"):
            raise Skip("the repository is empty")
        closed = "the repository is archived" if found.get("archived") else ""
        if found.get("merge_requests_access_level") == "disabled":
            closed = closed or "merge requests are disabled there"
        return Repository(text_of(found, "path_with_namespace"), text_of(found, "default_branch"), closed)


def _at(repository: Repository | str) -> str:
    name = repository if isinstance(repository, str) else repository.name
    return f"/projects/{quote(name, safe='')}"


def _commit(found: Any) -> Commit:
    parents = tuple(str(one) for one in found.get("parent_ids") or ())
    return Commit(text_of(found, "id"), str(found.get("message") or ""), "", parents)


def _pull(found: Any) -> PullRequest | None:
    if found.get("source_project_id") != found.get("target_project_id"):
        return None
    return PullRequest(
        number=int(found["iid"]),
        branch=text_of(found, "source_branch"),
        head=str(found.get("sha") or ""),
        base=text_of(found, "target_branch"),
        title=str(found.get("title") or ""),
        body=str(found.get("description") or "").replace("\r\n", "\n"),
        open=found.get("state") == "opened",
        merged=found.get("state") == "merged",
        draft=bool(found.get("draft")),
        labels=tuple(str(one) for one in found.get("labels") or ()),
        url=str(found.get("web_url") or ""),
    )
