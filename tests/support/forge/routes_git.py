"""The routes for repositories, refs, objects and history."""

import base64
import binascii
import io
import re
import tarfile
from typing import Any

from .calls import Answer, Call, Refused, page, repository, route
from .github import GitHub
from .objects import EXECUTABLE, FILE, FOLDER, LINK, SUBMODULE, Entry, Person
from .truth import Repository

_REPO = "/repos/{owner}/{repo}"


@route("GET", _REPO)
def get_repository(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    return Answer(200, forge.shapes.repository(found, call.login))


def _resolve(found: Repository, text: str) -> str:
    """The commit that a branch, a full ref or an id names. Raises Refused."""
    if not found.branches:
        raise Refused(409, "Git Repository is empty.")
    for name in (f"refs/heads/{text}", text if text.startswith("refs/") else f"refs/{text}"):
        if sha := found.objects.ref(name):
            return sha
    if text == "HEAD":
        return _resolve(found, found.default_branch)
    if found.objects.is_a("commit", text):
        return text
    raise Refused(404, "Not Found")


# --- refs


@route("GET", _REPO + "/git/ref/{ref}")
def get_ref(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    if not found.branches:
        raise Refused(409, "Git Repository is empty.")
    name = "refs/" + call.params["ref"]
    sha = found.objects.ref(name)
    if sha is None:
        raise Refused(404, "Not Found")
    return Answer(200, forge.shapes.ref(found, name, sha))


@route("GET", _REPO + "/git/matching-refs/{ref}")
def matching_refs(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    prefix = "refs/" + call.params["ref"]
    refs = {name: sha for name, sha in found.objects.refs("refs").items() if name.startswith(prefix)}
    return page(forge, call, [forge.shapes.ref(found, name, sha) for name, sha in refs.items()])


@route("POST", _REPO + "/git/refs")
def create_ref(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    name, sha = call.wants("ref", "sha")
    if not name.startswith("refs/") or name.count("/") < 2 or re.search(r"[ ~^:?*\[\\]|\.\.|//|\.lock$|/$|@\{", name):
        raise Refused(422, f"{name} is not a valid ref name.")
    if not found.branches:
        raise Refused(409, "Git Repository is empty.")
    if not found.objects.is_a("commit", sha):
        raise Refused(422, "Object does not exist")
    if found.objects.ref(name):
        raise Refused(422, "Reference already exists")
    # A file and a folder of one name cannot be: `a` and `a/b`.
    if any(one.startswith(name + "/") or name.startswith(one + "/") for one in found.objects.refs()):
        raise Refused(422, "Reference update failed")
    _rules(found, name, "creations")
    found.objects.set_ref(name, sha)
    forge.tick()
    return Answer(201, forge.shapes.ref(found, name, sha))


@route("PATCH", _REPO + "/git/refs/{ref}")
def update_ref(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    (sha,) = call.wants("sha")
    name = "refs/" + call.params["ref"]
    old = found.objects.ref(name)
    if old is None:
        raise Refused(422, "Reference does not exist")
    if not found.objects.is_a("commit", sha):
        raise Refused(422, "Object does not exist")
    _rules(found, name, "updates")
    if not call.json.get("force") and old not in {one.sha for one in found.objects.history(sha)}:
        raise Refused(422, "Update is not a fast forward")
    found.objects.set_ref(name, sha)
    forge.tick()
    found.sync()
    return Answer(200, forge.shapes.ref(found, name, sha))


@route("DELETE", _REPO + "/git/refs/{ref}")
def delete_ref(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    name = "refs/" + call.params["ref"]
    if found.objects.ref(name) is None:
        raise Refused(422, "Reference does not exist")
    if name == f"refs/heads/{found.default_branch}":
        raise Refused(422, "Cannot delete the default branch")
    _rules(found, name, "deletions")
    found.objects.delete_ref(name)
    forge.tick()
    found.sync()
    return Answer(204)


def _rules(found: Repository, name: str, what: str) -> None:
    if found.rules_refuse(name.removeprefix("refs/heads/")):
        raise Refused(
            422, f"Repository rule violations found\n\nCannot {what[:-1]} ref due to {what} being restricted.\n\n"
        )


@route("GET", _REPO + "/branches")
def branches(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    return page(forge, call, [_branch(forge, found, name) for name in found.branches])


def _branch(forge: GitHub, found: Repository, name: str) -> dict[str, Any]:
    sha = found.branch(name)
    url = f"{forge.address}/repos/{found.full_name}/commits/{sha}"
    return {"name": name, "commit": {"sha": sha, "url": url}, "protected": found.rules_refuse(name)}


@route("GET", _REPO + "/branches/{branch}")
def branch(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    name = call.params["branch"]
    sha = found.branch(name)
    if sha is None:
        raise Refused(404, "Branch not found")
    url = f"{forge.address}/repos/{found.full_name}/branches/{name}"
    return Answer(
        200,
        {
            **_branch(forge, found, name),
            "commit": forge.shapes.commit(found, found.objects.read_commit(sha)),
            "_links": {"self": url, "html": f"{forge.web}/{found.full_name}/tree/{name}"},
            "protection": {"enabled": found.rules_refuse(name)},
            "protection_url": f"{url}/protection",
        },
    )


# --- objects


@route("GET", _REPO + "/git/trees/{tree_sha}")
def get_tree(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    asked = call.params["tree_sha"]
    if found.objects.is_a("tree", asked):
        sha = asked
    else:
        # For a commit or a branch the answer's `sha` is the commit's, so nobody learns the tree's own id from it.
        asked = _resolve(found, asked)
        sha = found.objects.read_commit(asked).tree
    # GitHub takes `recursive=0` for yes too.
    rows = found.objects.listing(sha) if "recursive" in call.query else found.objects.entries(sha).items()
    listed = list(rows)
    shown = listed[: found.tree_limit]
    return Answer(200, forge.shapes.tree(found, asked, shown, len(shown) < len(listed)))


@route("POST", _REPO + "/git/trees")
def create_tree(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    (rows,) = call.wants("tree")
    base = call.json.get("base_tree")
    files: dict[str, Entry] = {}
    if base is not None:
        if found.objects.is_a("commit", base):
            base = found.objects.read_commit(base).tree
        if not found.objects.is_a("tree", base):
            raise Refused(422, "base_tree is not a valid tree oid")
        files = found.objects.files(base)
    for row in rows:
        path, mode = row.get("path"), row.get("mode")
        if not path or path.startswith("/") or ".." in path.split("/"):
            raise Refused(422, "tree.path contains a malformed path component")
        if mode not in (FILE, EXECUTABLE, FOLDER, LINK, SUBMODULE):
            raise Refused(422, "Must supply a valid tree.mode")
        if row.get("content") is not None:
            files[path] = Entry(mode, found.objects.put("blob", row["content"].encode()))
        elif row.get("sha") is None:
            if files.pop(path, None) is None:
                raise Refused(422, "GitRPC::BadObjectState")
        elif mode == FOLDER or not found.objects.is_a("blob", row["sha"]):
            raise Refused(422, f"tree.sha {row['sha']} is not a valid blob")
        else:
            files[path] = Entry(mode, row["sha"])
    sha = found.objects.tree(files)
    return Answer(201, forge.shapes.tree(found, sha, list(found.objects.entries(sha).items()), False))


@route("GET", _REPO + "/git/blobs/{file_sha}")
def get_blob(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    if not found.objects.is_a("blob", call.params["file_sha"]):
        raise Refused(404, "Not Found")
    if "raw" in call.headers.get("accept", ""):
        data = found.objects.blob(call.params["file_sha"])
        return Answer(200, data, {"Content-Type": "application/vnd.github.raw; charset=utf-8"})
    return Answer(200, forge.shapes.blob(found, call.params["file_sha"]))


@route("POST", _REPO + "/git/blobs")
def create_blob(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    (content,) = call.wants("content")
    if call.json.get("encoding", "utf-8") == "base64":
        try:
            data = base64.b64decode(content)
        except binascii.Error:
            raise Refused(422, "content is not valid Base64") from None
    else:
        data = content.encode()
    sha = found.objects.put("blob", data)
    return Answer(201, {"sha": sha, "url": f"{forge.address}/repos/{found.full_name}/git/blobs/{sha}"})


@route("GET", _REPO + "/git/commits/{commit_sha}")
def get_git_commit(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    if not found.objects.is_a("commit", call.params["commit_sha"]):
        raise Refused(404, "Not Found")
    return Answer(200, forge.shapes.git_commit(found, found.objects.read_commit(call.params["commit_sha"])))


@route("POST", _REPO + "/git/commits")
def create_commit(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call, write=True)
    message, tree = call.wants("message", "tree")
    parents = call.json.get("parents", [])
    if not found.objects.is_a("tree", tree):
        raise Refused(422, "Tree SHA does not exist")
    if not all(found.objects.is_a("commit", one) for one in parents):
        raise Refused(422, "Parent SHA does not exist or is not a commit object")
    # The clock stands still, so that a call made twice makes the same commit, as within one second on GitHub.
    own = Person(call.login, f"{call.login}@users.noreply.example.org", forge.now)
    author = _person(call.json.get("author"), own)
    committer = _person(call.json.get("committer"), author if "author" in call.json else own)
    signs = call.login.endswith("[bot]") and not {"author", "committer"} & call.json.keys()
    if signs:
        committer = Person("GitHub", "noreply@github.com", forge.now)
    sha = found.objects.commit(tree, parents, message, author, committer)
    if signs or call.json.get("signature"):
        found.verified.add(sha)
    return Answer(201, forge.shapes.git_commit(found, found.objects.read_commit(sha)))


def _person(given: dict[str, str] | None, own: Person) -> Person:
    return own if given is None else Person(given["name"], given["email"], given.get("date", own.date))


# --- history and files


@route("GET", _REPO + "/commits")
def commits(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    history = found.objects.history(_resolve(found, call.query.get("sha", found.default_branch)))
    if path := call.query.get("path"):
        history = [
            one
            for one in history
            if found.objects.files(one.tree).get(path)
            != (found.objects.files(found.objects.read_commit(one.parents[0]).tree).get(path) if one.parents else None)
        ]
    return page(forge, call, [forge.shapes.commit(found, one) for one in history])


@route("GET", _REPO + "/commits/{ref}")
def commit(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    try:
        sha = _resolve(found, call.params["ref"])
    except Refused as refused:
        if refused.answer.status == 404:
            raise Refused(422, f"No commit found for SHA: {call.params['ref']}") from None
        raise
    return Answer(200, {**forge.shapes.commit(found, found.objects.read_commit(sha)), "files": []})


@route("GET", _REPO + "/compare/{basehead}")
def compare(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    base, head = (_resolve(found, one) for one in call.params["basehead"].split("...", 1))
    try:
        common = found.merge_base(base, head)
    except LookupError:
        raise Refused(404, "No common ancestor between") from None
    ahead, behind = found.objects.between(base, head), found.objects.between(head, base)
    url = f"{forge.address}/repos/{found.full_name}/compare/{base}...{head}"
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}.get(
        (bool(ahead), bool(behind)), "identical"
    )
    shapes = forge.shapes
    return Answer(
        200,
        {
            **dict.fromkeys(("url", "html_url", "permalink_url", "diff_url", "patch_url"), url),
            "base_commit": shapes.commit(found, found.objects.read_commit(base)),
            "merge_base_commit": shapes.commit(found, found.objects.read_commit(common)),
            "status": status,
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [shapes.commit(found, one) for one in ahead],
            "files": [],
        },
    )


@route("GET", _REPO + "/contents/{path}")
def contents(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    tree = found.objects.read_commit(_resolve(found, call.query.get("ref", found.default_branch))).tree
    path = call.params["path"]
    entry = found.objects.files(tree).get(path)
    if entry is None:
        raise Refused(404, "Not Found")
    if "raw" in call.headers.get("accept", ""):
        return Answer(200, found.objects.blob(entry.sha), {"Content-Type": "application/vnd.github.raw; charset=utf-8"})
    url = f"{forge.address}/repos/{found.full_name}/contents/{path}"
    blob = forge.shapes.blob(found, entry.sha)
    links = {"self": url, "git": blob["url"], "html": url}
    return Answer(
        200,
        {
            "type": "file",
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": entry.sha,
            "size": blob["size"],
            "url": url,
            "html_url": url,
            "git_url": blob["url"],
            "download_url": url,
            "content": blob["content"],
            "encoding": "base64",
            "_links": links,
        },
    )


@route("GET", _REPO + "/tarball/{ref}")
def tarball(forge: GitHub, call: Call) -> Answer:
    found = repository(forge, call)
    sha = _resolve(found, call.params["ref"])
    place = f"{forge.archives}/{found.full_name}/legacy.tar.gz/{sha}"
    return Answer(302, None, {"Location": place + ("?token=signed" if found.private else "")})


def archive(found: Repository, sha: str) -> bytes:
    """The files of a commit below one folder, as GitHub packs them."""
    top = f"{found.owner}-{found.name}-{sha[:7]}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1, pax_headers={"comment": sha}) as tar:
        for path, entry in [("", Entry(FOLDER, "")), *found.objects.listing(found.objects.read_commit(sha).tree)]:
            info = tarfile.TarInfo(f"{top}/{path}" if path else top)
            info.mode = 0o775 if entry.mode in (EXECUTABLE, FOLDER) else 0o664
            data = b""
            if entry.mode in (FOLDER, SUBMODULE):
                info.type = tarfile.DIRTYPE
            elif entry.mode == LINK:
                info.type, info.linkname = tarfile.SYMTYPE, found.objects.blob(entry.sha).decode()
            else:
                data = found.objects.blob(entry.sha)
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()
