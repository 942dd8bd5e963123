"""The routes for pull requests, their issues' side, and lists of repositories."""

from typing import Any

from .calls import Answer, Call, Refused, page, pull, repository, route
from .github import GitHub
from .truth import Comment, Pull, Repository

_REPO = "/repos/{owner}/{repo}"
_PULLS, _ISSUE = _REPO + "/pulls", _REPO + "/issues/{issue_number}"


def _invalid(resource: str, field: str, message: str = "") -> Refused:
    error = {"resource": resource, "field": field, "code": "custom" if message else "invalid"}
    return Refused(422, "Validation Failed", [{**error, "message": message} if message else error])


@route("GET", _PULLS)
def list_pulls(forge: GitHub, call: Call) -> Answer:
    found, query = repository(forge, call), call.query
    rows = [one for one in found.pulls if query.get("state", "open") in ("all", one.state)]
    # GitHub ignores a head without its owner, and then lists everything: the trap of many a bot.
    if ":" in query.get("head", ""):
        owner, _, branch = query["head"].partition(":")
        rows = [one for one in rows if (one.head_owner.lower(), one.branch) == (owner.lower(), branch)]
    if "base" in query:
        rows = [one for one in rows if one.base == query["base"]]
    rows.sort(key=lambda one: one.updated_at if query.get("sort") == "updated" else "")
    if query.get("direction", "desc" if query.get("sort", "created") == "created" else "asc") == "desc":
        rows.reverse()
    return page(forge, call, [forge.shapes.pull(found, one, call.login, full=False) for one in rows])


@route("POST", _PULLS)
def create_pull(forge: GitHub, call: Call) -> Answer:
    # Who only reads may propose too, from a fork.
    found = repository(forge, call)
    if found.archived:
        raise Refused(403, "Repository was archived so is read-only.")
    head, base = call.wants("head", "base")
    title = call.json.get("title")
    if not title:
        raise Refused(422, "Validation Failed", [{"resource": "Issue", "code": "missing_field", "field": "title"}])
    owner, _, branch = head.rpartition(":")
    source = found if owner in ("", found.owner) else _fork_of(forge, found, owner)
    if source is found and call.login in found.readers:
        raise Refused(403, "Resource not accessible by integration")
    sha = source.branch(branch) if source else None
    target = found.branch(base)
    if source is None or sha is None:
        raise _invalid("PullRequest", "head")
    if target is None:
        raise _invalid("PullRequest", "base")
    for one in found.pulls:
        if one.state == "open" and (one.head_repository, one.branch, one.base) == (source, branch, base):
            label = f"{owner or found.owner}:{branch}"
            raise Refused(
                422,
                "Validation Failed",
                [
                    {
                        "resource": "PullRequest",
                        "code": "custom",
                        "message": f"A pull request already exists for {label}.",
                    }
                ],
            )
    if not source.objects.between(target, sha):
        raise Refused(
            422,
            "Validation Failed",
            [{"resource": "PullRequest", "code": "custom", "message": f"No commits between {base} and {branch}"}],
        )
    made = forge.tick()
    number = max((one.number for one in found.pulls), default=found.issues_from - 1) + 1
    one = Pull(
        number,
        title,
        call.json.get("body") or "",
        call.login,
        source,
        source.owner,
        branch,
        base,
        sha,
        target,
        bool(call.json.get("draft")),
        made,
        made,
        maintainer_can_modify=bool(call.json.get("maintainer_can_modify")),
    )
    found.pulls.append(one)
    url = f"{forge.address}/repos/{found.full_name}/pulls/{number}"
    return Answer(201, forge.shapes.pull(found, one, call.login, full=True), {"Location": url})


def _fork_of(forge: GitHub, found: Repository, owner: str) -> Repository | None:
    source = forge.find(owner, found.name)
    return source if source is not None and source.fork else None


@route("GET", _PULLS + "/{pull_number}")
def get_pull(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    return Answer(200, forge.shapes.pull(found, pull(found, call), call.login, full=True))


@route("PATCH", _PULLS + "/{pull_number}")
def update_pull(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    one, given = pull(found, call), call.json
    _state(found, one, given.get("state"), call.login)
    if given.get("base"):
        if found.branch(given["base"]) is None:
            raise _invalid("PullRequest", "base")
        if one.state == "closed":
            raise Refused(422, "Cannot change the base branch of a closed pull request.")
        one.base = given["base"]
    _words(forge, one, given)
    return Answer(200, forge.shapes.pull(found, one, call.login, full=True))


def _state(found: Repository, one: Pull, wanted: str | None, login: str) -> None:
    if wanted is None or wanted == one.state:
        return
    if wanted == "closed":
        one.state, one.closed_at, one.closed_by = "closed", found.forge.now, login
        return
    if one.merged_at:
        raise _invalid("PullRequest", "state", "state cannot be changed. The pull request is already merged.")
    head = one.head_repository.branch(one.branch) if one.head_repository else None
    if head is None:
        raise _invalid("PullRequest", "state", f"state cannot be changed. The {one.branch} branch has been deleted.")
    if head != one.head_sha:
        raise _invalid(
            "PullRequest", "state", f"state cannot be changed. The {one.branch} branch was force-pushed or recreated."
        )
    one.state, one.closed_at, one.closed_by = "open", None, None


def _words(forge: GitHub, one: Pull, given: dict[str, Any]) -> None:
    if given.get("title"):
        one.title = given["title"]
    if given.get("body") is not None:
        one.body = given["body"]
    one.updated_at = forge.tick()


@route("GET", _PULLS + "/{pull_number}/commits")
def pull_commits(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    one = pull(found, call)
    listed = found.objects.between(found.branch(one.base) or one.base_sha, one.head_sha)
    return page(forge, call, [forge.shapes.commit(found, commit) for commit in listed])


@route("POST", _PULLS + "/{pull_number}/requested_reviewers")
def request_reviewers(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    one = pull(found, call)
    for name in call.json.get("reviewers", []):
        if name == one.login:
            raise Refused(422, "Review cannot be requested from pull request author.")
        if name not in found.collaborators:
            raise Refused(
                422,
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified "
                f"is not a collaborator of the {found.full_name} repository.",
            )
        if name not in one.reviewers:
            one.reviewers.append(name)
    if call.json.get("team_reviewers") and found.owner not in forge.organizations:
        raise Refused(422, "Could not resolve to a node with the global id of 'T_'.")
    one.teams += [name for name in call.json.get("team_reviewers", []) if name not in one.teams]
    forge.tick()
    return Answer(201, forge.shapes.pull(found, one, call.login, full=False))


# --- the issues' side


@route("GET", _REPO + "/issues")
def list_issues(forge: GitHub, call: Call) -> Answer:
    found, query = repository(forge, call), call.query
    rows = [one for one in reversed(found.pulls) if query.get("state", "open") in ("all", one.state)]
    wanted = set(filter(None, query.get("labels", "").split(",")))
    return page(forge, call, [forge.shapes.issue(found, one) for one in rows if wanted <= set(one.labels)])


@route("GET", _ISSUE)
def get_issue(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    return Answer(200, {**forge.shapes.issue(found, pull(found, call)), "closed_by": None})


@route("PATCH", _ISSUE)
def update_issue(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    one, given = pull(found, call), call.json
    _state(found, one, given.get("state"), call.login)
    if "labels" in given:
        one.labels = [_label(found, name) for name in given["labels"]]
    if "assignees" in given:
        one.assignees = [name for name in given["assignees"] if name in found.collaborators]
    _words(forge, one, given)
    return Answer(200, {**forge.shapes.issue(found, one), "closed_by": None})


def _label(found: Repository, given: str | dict[str, str]) -> str:
    """A label by its name; GitHub makes those that are not there."""
    name = given if isinstance(given, str) else given["name"]
    known = {one.lower(): one for one in found.labels}
    if name.lower() not in known:
        found.labels[name] = "ededed"
        return name
    return known[name.lower()]


def _labels(forge: GitHub, found: Repository, one: Pull, call: Call) -> Answer:
    return page(forge, call, [forge.shapes.label(found, name) for name in one.labels])


@route("GET", _ISSUE + "/labels")
def list_labels(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    return _labels(forge, found, pull(found, call), call)


@route("POST", _ISSUE + "/labels")
def add_labels(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    one = pull(found, call)
    for given in call.json.get("labels", call.json.get("", [])):
        if (name := _label(found, given)) not in one.labels:
            one.labels.append(name)
    one.updated_at = forge.tick()
    return _labels(forge, found, one, call)


@route("PUT", _ISSUE + "/labels")
def set_labels(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    one = pull(found, call)
    one.labels = list(dict.fromkeys(_label(found, given) for given in call.json.get("labels", call.json.get("", []))))
    one.updated_at = forge.tick()
    return _labels(forge, found, one, call)


@route("DELETE", _ISSUE + "/labels/{name}")
def remove_label(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    one = pull(found, call)
    if call.params["name"] not in one.labels:
        raise Refused(404, "Label does not exist")
    one.labels.remove(call.params["name"])
    one.updated_at = forge.tick()
    return _labels(forge, found, one, call)


@route("GET", _REPO + "/labels/{name}")
def get_label(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    if call.params["name"] not in found.labels:
        raise Refused(404, "Not Found")
    return Answer(200, forge.shapes.label(found, call.params["name"]))


@route("POST", _REPO + "/labels")
def create_label(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    (name,) = call.wants("name")
    if name.lower() in {one.lower() for one in found.labels}:
        raise Refused(422, "Validation Failed", [{"resource": "Label", "code": "already_exists", "field": "name"}])
    found.labels[name] = call.json.get("color", "ededed")
    return Answer(201, forge.shapes.label(found, name))


@route("POST", _ISSUE + "/assignees")
def add_assignees(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    one = pull(found, call)
    for name in call.json.get("assignees", []):
        # GitHub silently leaves out whoever cannot be assigned.
        if name in found.collaborators and name not in one.assignees:
            one.assignees.append(name)
    one.updated_at = forge.tick()
    return Answer(201, forge.shapes.issue(found, one))


@route("GET", _ISSUE + "/comments")
def list_comments(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    one = pull(found, call)
    return page(forge, call, [forge.shapes.comment(found, one, comment) for comment in one.comments])


@route("POST", _ISSUE + "/comments")
def add_comment(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    if found.archived:
        raise Refused(403, "Repository was archived so is read-only.")
    one = pull(found, call)
    (body,) = call.wants("body")
    comment = Comment(forge.next_id(), call.login, body, forge.tick())
    one.comments.append(comment)
    one.updated_at = comment.created_at
    return Answer(201, forge.shapes.comment(found, one, comment))


@route("PATCH", _REPO + "/issues/comments/{comment_id}")
def edit_comment(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    (body,) = call.wants("body")
    for one in found.pulls:
        for comment in one.comments:
            if str(comment.id) == call.params["comment_id"]:
                comment.body = body
                return Answer(200, forge.shapes.comment(found, one, comment))
    raise Refused(404, "Not Found")


@route("DELETE", _REPO + "/issues/comments/{comment_id}")
def delete_comment(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    for one in found.pulls:
        for comment in one.comments:
            if str(comment.id) == call.params["comment_id"]:
                one.comments.remove(comment)
                return Answer(204)
    raise Refused(404, "Not Found")


# --- many repositories


def _listed(forge: GitHub, call: Call, owner: str = "") -> list[dict[str, Any]]:
    return [
        forge.shapes.repository(one, call.login)
        for one in forge.repositories.values()
        if (not owner or one.owner.lower() == owner.lower()) and not (one.private and call.login in one.outsiders)
    ]


@route("GET", "/orgs/{org}/repos")
def organization(forge: GitHub, call: Call) -> Answer:
    if call.params["org"] not in forge.organizations:
        raise Refused(404, "Not Found")
    return page(forge, call, _listed(forge, call, call.params["org"]))


@route("GET", "/users/{username}/repos")
def of_user(forge: GitHub, call: Call) -> Answer:
    return page(forge, call, _listed(forge, call, call.params["username"]))


@route("GET", "/user/repos")
def own(forge: GitHub, call: Call) -> Answer:
    if call.login.endswith("[bot]"):
        raise Refused(403, "Resource not accessible by integration")
    return page(forge, call, _listed(forge, call))


@route("GET", "/installation/repositories")
def of_installation(forge: GitHub, call: Call) -> Answer:
    if not call.login.endswith("[bot]"):
        raise Refused(403, "You must authenticate with an installation access token in order to list repositories.")
    return page(forge, call, _listed(forge, call), wrap="repositories")


@route("GET", "/user")
def user(forge: GitHub, call: Call) -> Answer:
    if call.login.endswith("[bot]"):
        raise Refused(403, "Resource not accessible by integration")
    return Answer(
        200,
        {
            **forge.shapes.user(call.login),
            **dict.fromkeys("bio blog company email hireable location name".split(), None),
            "blog": "",
            **dict.fromkeys("followers following public_gists public_repos".split(), 0),
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        },
    )
