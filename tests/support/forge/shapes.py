"""Repositories, pull requests and the rest as GitHub's answers show them; prism holds them against its description."""

import base64
from typing import Any
from urllib.parse import quote

from .objects import Commit, Entry
from .truth import Comment, Pull, Repository

Json = dict[str, Any]
_USER = (
    "followers following{/other_user} gists{/gist_id} starred{/owner}{/repo} subscriptions orgs repos events{/privacy} "
    "received_events"
).split()
_REPOSITORY = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "statuses_url": "statuses/{sha}",
    "trees_url": "git/trees{/sha}",
    **{
        f"{one}_url": one
        for one in (
            "contributors deployments downloads events forks hooks languages merges stargazers subscribers "
            "subscription tags teams"
        ).split()
    },
}


class Shapes:
    """Makes answers; `api` and `web` are the addresses of the forge, without a slash at the end."""

    def __init__(self, api: str, web: str) -> None:
        self.api, self.web = api, web

    def user(self, login: str) -> Json:
        name = quote(login)  # that of a bot has brackets
        url = f"{self.api}/users/{name}"
        found: Json = {"login": login, "id": 1 + sum(login.encode()), "node_id": f"U_{login}", "url": url}
        for one in _USER:
            key = "organizations" if one == "orgs" else one.partition("{")[0]
            found[f"{key}_url"] = f"{url}/{one}"
        kind = "Bot" if login.endswith("[bot]") else "User"
        return {
            **found,
            "avatar_url": f"{self.web}/avatars/{name}",
            "gravatar_id": "",
            "html_url": f"{self.web}/{name}",
            "type": kind,
            "site_admin": False,
        }

    def repository(self, one: Repository, login: str) -> Json:
        """As `full-repository` and everything that holds less."""
        url = f"{self.api}/repos/{one.full_name}"
        html = f"{self.web}/{one.full_name}"
        may_write = login not in one.readers
        return {
            "id": one.number,
            "node_id": f"R_{one.number}",
            "name": one.name,
            "full_name": one.full_name,
            "private": one.private,
            "owner": self.user(one.owner),
            "html_url": html,
            "description": None,
            "fork": one.fork,
            "url": url,
            **{name: f"{url}/{rest}" for name, rest in _REPOSITORY.items()},
            "git_url": f"git://{html.partition('://')[2]}.git",
            "ssh_url": f"git@{html.partition('://')[2]}.git",
            "clone_url": f"{html}.git",
            "svn_url": html,
            "homepage": None,
            "size": 10,
            "language": "Dockerfile",
            "license": None,
            "default_branch": one.default_branch,
            "mirror_url": None,
            "archived": one.archived,
            "disabled": one.disabled,
            "visibility": "private" if one.private else "public",
            "permissions": {
                "admin": False,
                "maintain": False,
                "push": may_write,
                "triage": may_write,
                "pull": True,
            },
            **{f"has_{name}": name != "pages" for name in "issues projects wiki downloads pages discussions".split()},
            **dict.fromkeys(
                "forks forks_count stargazers_count watchers watchers_count network_count subscribers_count".split(), 0
            ),
            "open_issues": sum(pull.state == "open" for pull in one.pulls),
            "open_issues_count": sum(pull.state == "open" for pull in one.pulls),
            "allow_forking": True,
            "is_template": False,
            "topics": [],
            "pushed_at": one.forge.now,
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": one.forge.now,
        }

    # --- git

    def ref(self, one: Repository, name: str, sha: str) -> Json:
        url = f"{self.api}/repos/{one.full_name}/git"
        target = {"sha": sha, "type": "commit", "url": f"{url}/commits/{sha}"}
        return {"ref": name, "node_id": f"REF_{name}", "url": f"{url}/{name}", "object": target}

    def tree(self, one: Repository, sha: str, listed: list[tuple[str, Entry]], truncated: bool) -> Json:
        url = f"{self.api}/repos/{one.full_name}/git"
        rows = []
        for path, entry in listed:
            row: Json = {"path": path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
            if entry.kind == "blob":
                row["size"] = len(one.objects.blob(entry.sha))
            if entry.kind != "commit":
                row["url"] = f"{url}/{entry.kind}s/{entry.sha}"
            rows.append(row)
        return {"sha": sha, "url": f"{url}/trees/{sha}", "tree": rows, "truncated": truncated}

    def blob(self, one: Repository, sha: str) -> Json:
        data = one.objects.blob(sha)
        return {
            "sha": sha,
            "node_id": f"B_{sha}",
            "size": len(data),
            "url": f"{self.api}/repos/{one.full_name}/git/blobs/{sha}",
            "content": base64.encodebytes(data).decode(),  # with a line end after each 60 or 76, as GitHub's
            "encoding": "base64",
        }

    def git_commit(self, one: Repository, commit: Commit) -> Json:
        url = f"{self.api}/repos/{one.full_name}/git"
        html = f"{self.web}/{one.full_name}/commit"
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": f"{url}/commits/{commit.sha}",
            "html_url": f"{html}/{commit.sha}",
            **self._written(one, commit),
            "parents": [
                {"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{html}/{sha}"} for sha in commit.parents
            ],
        }

    def commit(self, one: Repository, commit: Commit) -> Json:
        """A commit of the repository's history, with the accounts that wrote it."""
        url = f"{self.api}/repos/{one.full_name}/commits"
        html = f"{self.web}/{one.full_name}/commit"
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": f"{url}/{commit.sha}",
            "html_url": f"{html}/{commit.sha}",
            "comments_url": f"{url}/{commit.sha}/comments",
            "commit": {
                **self._written(one, commit),
                "url": f"{self.api}/repos/{one.full_name}/git/commits/{commit.sha}",
                "comment_count": 0,
            },
            "author": self.user(commit.author.name) if "@" in commit.author.email else None,
            "committer": self.user(commit.committer.name if commit.committer.name != "GitHub" else "web-flow"),
            "parents": [{"sha": sha, "url": f"{url}/{sha}", "html_url": f"{html}/{sha}"} for sha in commit.parents],
        }

    def _written(self, one: Repository, commit: Commit) -> Json:
        signed = commit.sha in one.verified
        tree = f"{self.api}/repos/{one.full_name}/git/trees/{commit.tree}"
        return {
            "author": {"name": commit.author.name, "email": commit.author.email, "date": commit.author.date},
            "committer": {
                "name": commit.committer.name,
                "email": commit.committer.email,
                "date": commit.committer.date,
            },
            "tree": {"sha": commit.tree, "url": tree},
            "message": commit.message,
            "verification": {
                "verified": signed,
                "reason": "valid" if signed else "unsigned",
                "signature": "-----BEGIN PGP SIGNATURE-----" if signed else None,
                "payload": "tree" if signed else None,
                "verified_at": commit.committer.date if signed else None,
            },
        }

    # --- pull requests

    def label(self, one: Repository, name: str) -> Json:
        return {
            "id": 1 + sum(name.encode()),
            "node_id": f"LA_{name}",
            "url": f"{self.api}/repos/{one.full_name}/labels/{name}",
            "name": name,
            "description": "",
            "color": one.labels.get(name, "ededed"),
            "default": name == "bug",
        }

    def comment(self, one: Repository, pull: Pull, comment: Comment) -> Json:
        url = f"{self.api}/repos/{one.full_name}/issues"
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{url}/comments/{comment.id}",
            "html_url": f"{self.web}/{one.full_name}/pull/{pull.number}#issuecomment-{comment.id}",
            "issue_url": f"{url}/{pull.number}",
            "body": comment.body,
            "user": self.user(comment.login),
            "author_association": "CONTRIBUTOR",
            "created_at": comment.created_at,
            "updated_at": comment.created_at,
        }

    def pull(self, one: Repository, pull: Pull, login: str, *, full: bool) -> Json:
        """A pull request as lists show it, or in full."""
        url = f"{self.api}/repos/{one.full_name}"
        html = f"{self.web}/{one.full_name}/pull/{pull.number}"
        links = {
            "self": f"{url}/pulls/{pull.number}",
            "html": html,
            "issue": f"{url}/issues/{pull.number}",
            "comments": f"{url}/issues/{pull.number}/comments",
            "review_comments": f"{url}/pulls/{pull.number}/comments",
            "review_comment": f"{url}/pulls/comments{{/number}}",
            "commits": f"{url}/pulls/{pull.number}/commits",
            "statuses": f"{url}/statuses/{pull.head_sha}",
        }
        people = [self.user(name) for name in pull.assignees]
        found: Json = {
            "id": 5000 + pull.number,
            "node_id": f"PR_{pull.number}",
            "url": links["self"],
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "issue_url": links["issue"],
            "commits_url": links["commits"],
            "review_comments_url": links["review_comments"],
            "review_comment_url": links["review_comment"],
            "comments_url": links["comments"],
            "statuses_url": links["statuses"],
            "number": pull.number,
            "state": pull.state,
            "locked": False,
            "title": pull.title,
            "user": self.user(pull.login),
            "body": pull.body or None,
            "labels": [self.label(one, name) for name in pull.labels],
            "milestone": None,
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
            "closed_at": pull.closed_at,
            "merged_at": pull.merged_at,
            "merge_commit_sha": pull.merge_sha,
            "assignee": people[0] if people else None,
            "assignees": people,
            "requested_reviewers": [self.user(name) for name in pull.reviewers],
            "requested_teams": [],
            "head": self._side(pull.head_repository, pull.head_owner, pull.branch, pull.head_sha, login),
            "base": self._side(one, one.owner, pull.base, one.branch(pull.base) or pull.base_sha, login),
            "_links": {name: {"href": link} for name, link in links.items()},
            "author_association": "CONTRIBUTOR",
            "auto_merge": None,
            "draft": pull.draft,
        }
        if full:
            base = one.branch(pull.base)
            commits = len(one.objects.between(base, pull.head_sha)) if base else 0
            found |= {
                "merged": pull.merged_at is not None,
                "mergeable": None,
                "rebaseable": None,
                "mergeable_state": "unknown",
                "merged_by": self.user("maintainer") if pull.merged_at else None,
                "comments": len(pull.comments),
                "review_comments": 0,
                "maintainer_can_modify": pull.maintainer_can_modify,
                "commits": commits,
                "additions": 1,
                "deletions": 1,
                "changed_files": 1,
            }
        return found

    def _side(self, one: Repository | None, owner: str, branch: str, sha: str, login: str) -> Json:
        return {
            "label": f"{owner}:{branch}",
            "ref": branch,
            "sha": sha,
            "user": self.user(owner),
            "repo": self.repository(one, login) if one else None,
        }

    def issue(self, one: Repository, pull: Pull) -> Json:
        """A pull request as the issues' side of the API shows it."""
        url = f"{self.api}/repos/{one.full_name}/issues/{pull.number}"
        html = f"{self.web}/{one.full_name}/pull/{pull.number}"
        people = [self.user(name) for name in pull.assignees]
        return {
            "id": 5000 + pull.number,
            "node_id": f"PR_{pull.number}",
            "url": url,
            "repository_url": f"{self.api}/repos/{one.full_name}",
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": html,
            "number": pull.number,
            "state": pull.state,
            "title": pull.title,
            "body": pull.body or None,
            "user": self.user(pull.login),
            "labels": [self.label(one, name) for name in pull.labels],
            "assignee": people[0] if people else None,
            "assignees": people,
            "milestone": None,
            "locked": False,
            "comments": len(pull.comments),
            "author_association": "CONTRIBUTOR",
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
            "closed_at": pull.closed_at,
            "draft": pull.draft,
            "pull_request": {
                "url": f"{self.api}/repos/{one.full_name}/pulls/{pull.number}",
                "html_url": html,
                "diff_url": f"{html}.diff",
                "patch_url": f"{html}.patch",
                "merged_at": pull.merged_at,
            },
        }
