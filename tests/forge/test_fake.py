"""The fake forge itself: its ids are git's, its limits are GitHub's, and prism agrees with what it says."""

import json
import os
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.forge import faults
from tests.support.forge.description import cut_down
from tests.support.forge.github import BOT, GitHub, Limit
from tests.support.forge.witness import Witness, why_there_is_none

SHOP = "/repos/acme/shop"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class Client:
    """Asks as a careful program would."""

    def __init__(self, forge: GitHub, token: str = "ghs_bot") -> None:
        self.forge, self.token = forge, token

    def __call__(self, method: str, target: str, body: object = None, **headers: str) -> Answer:
        given = {"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"}
        given |= {"User-Agent": "test", "X-GitHub-Api-Version": "2022-11-28"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            given["Content-Type"] = "application/json"
        connection = HTTPConnection(self.forge.address.removeprefix("http://"), timeout=10)
        try:
            connection.request(method, target, None if body is None else json.dumps(body), given)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def branch(self, name: str, files: dict[str, str]) -> str:
        """A commit on a new branch, by the five calls that it takes."""
        base = self("GET", f"{SHOP}/git/ref/heads%2Fmain").json["object"]["sha"]
        rows = []
        for path, text in files.items():
            blob = self("POST", f"{SHOP}/git/blobs", {"content": text, "encoding": "utf-8"}).json["sha"]
            rows.append({"path": path, "mode": "100644", "type": "blob", "sha": blob})
        tree = self("POST", f"{SHOP}/git/trees", {"base_tree": base, "tree": rows}).json["sha"]
        made = self("POST", f"{SHOP}/git/commits", {"message": "Change", "tree": tree, "parents": [base]})
        assert self("POST", f"{SHOP}/git/refs", {"ref": f"refs/heads/{name}", "sha": made.json["sha"]}).status == 201
        return str(made.json["sha"])


@pytest.fixture
def ask(forge: GitHub) -> Client:
    """A client, and a repository `acme/shop`."""
    forge.repository("acme", "shop", {"Dockerfile": "FROM debian:12\n", "docs/a b.txt": "text\n"})
    return Client(forge)


def test_ids_and_refs_are_git_s_own(forge: GitHub, ask: Client) -> None:
    sha = ask.branch("topic/one", {"Dockerfile": "FROM debian:13\n", "docs.md": "x", "new/deep/file": "y"})
    folder = forge.repositories["acme/shop"].objects.folder

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True, text=True).stdout

    assert git("fsck", "--strict", "--no-dangling") == ""
    assert git("rev-parse", "topic/one").strip() == sha
    listed = ask("GET", f"{SHOP}/git/trees/topic%2Fone?recursive=1").json["tree"]
    assert [one["path"] for one in listed] == git("ls-tree", "-r", "-t", "--name-only", "topic/one").split("\n")[:-1]
    assert git("show", "topic/one:Dockerfile") == "FROM debian:13\n"
    assert ask("DELETE", f"{SHOP}/git/refs/heads%2Ftopic%2Fone").status == 204
    assert git("branch", "--format=%(refname:short)") == "main\n"


def test_git_clones_and_pushes_over_http(forge: GitHub, ask: Client, tmp_path: Path) -> None:
    place = f"{forge.web.replace('http://', 'http://x-access-token:ghs_bot@')}/acme/shop.git"
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "no_proxy": "127.0.0.1"}

    def git(*arguments: str, cwd: Path = tmp_path) -> int:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
        return subprocess.run(command, cwd=cwd, capture_output=True, env=environment).returncode

    assert git("clone", "--depth=1", place, "copy") == 0
    copy = tmp_path / "copy"
    (copy / "Dockerfile").write_text("FROM debian:13\n")
    assert git("commit", "-am", "Newer", cwd=copy) == 0
    assert git("push", "origin", "HEAD:refs/heads/hardenfile/x", cwd=copy) == 0
    shop = forge.repositories["acme/shop"]
    assert shop.content("Dockerfile", "hardenfile/x") == b"FROM debian:13\n"
    shop.protect("held/**")
    assert git("push", "origin", "HEAD:refs/heads/held/x", cwd=copy) != 0
    assert git("push", f"{forge.web}/acme/shop.git", "HEAD:refs/heads/y", cwd=copy) != 0
    assert shop.branches == ["hardenfile/x", "main"]


def test_the_life_of_a_pull_request_by_hand(forge: GitHub, ask: Client) -> None:
    shop = forge.repositories["acme/shop"]
    sha = ask.branch("hardenfile/x", {"Dockerfile": "FROM debian:12\nUSER 1\n"})
    assert sha in shop.verified, "GitHub signs what an App commits when no author is given"
    new = {"title": "Harden", "head": "hardenfile/x", "base": "main", "body": "why"}
    assert ask("POST", f"{SHOP}/pulls", new).status == 201
    again = ask("POST", f"{SHOP}/pulls", new)
    assert again.status == 422 and "already exists" in again.json["errors"][0]["message"]
    # Without its owner, `head` filters nothing.
    assert len(ask("GET", f"{SHOP}/pulls?state=all&head=nothing").json) == 1
    assert ask("GET", f"{SHOP}/pulls?state=all&head=acme:nothing").json == []
    assert ask("GET", f"{SHOP}/pulls?state=all&head=acme:hardenfile%2Fx").json[0]["head"]["sha"] == sha
    assert [one["sha"] for one in ask("GET", f"{SHOP}/pulls/1/commits").json] == [sha]
    assert ask("POST", f"{SHOP}/issues/1/labels", {"labels": ["security"]}).json[0]["name"] == "security"
    assert ask("POST", f"{SHOP}/issues/1/assignees", {"assignees": ["reviewer", "stranger"]}).status == 201
    assert ask("POST", f"{SHOP}/pulls/1/requested_reviewers", {"reviewers": ["reviewer"]}).status == 201
    assert ask("POST", f"{SHOP}/pulls/1/requested_reviewers", {"reviewers": ["stranger"]}).status == 422
    assert ask("POST", f"{SHOP}/issues/1/comments", {"body": "hello"}).status == 201
    assert ask("PATCH", f"{SHOP}/pulls/1", {"body": "better"}).json["body"] == "better"
    pull = shop.pulls[0]
    assert (pull.labels, pull.assignees, pull.reviewers) == (["security"], ["reviewer"], ["reviewer"])
    assert (pull.login, [one.body for one in pull.comments]) == (BOT, ["hello"])
    shop.commit({"README.md": "x"})
    shop.merge(pull, delete_branch=True)
    assert shop.content("Dockerfile") == b"FROM debian:12\nUSER 1\n" and shop.content("README.md") == b"x"
    assert ask("GET", f"{SHOP}/pulls/1").json["merged"] is True
    reopened = ask("PATCH", f"{SHOP}/pulls/1", {"state": "open"})
    assert reopened.status == 422


def test_a_pull_request_ends_with_its_branch(forge: GitHub, ask: Client) -> None:
    ask.branch("hardenfile/x", {"Dockerfile": "FROM debian:13\n"})
    ask("POST", f"{SHOP}/pulls", {"title": "Harden", "head": "hardenfile/x", "base": "main"})
    assert ask("DELETE", f"{SHOP}/git/refs/heads%2Fhardenfile%2Fx").status == 204
    assert ask("GET", f"{SHOP}/pulls/1").json["state"] == "closed"
    assert ask("PATCH", f"{SHOP}/pulls/1", {"state": "open"}).status == 422


def test_refs_are_moved_with_care(forge: GitHub, ask: Client) -> None:
    shop = forge.repositories["acme/shop"]
    base = shop.branch("main")
    other = ask.branch("topic", {"Dockerfile": "FROM debian:13\n"})
    target = f"{SHOP}/git/refs/heads%2Ftopic"
    assert ask("PATCH", target, {"sha": base}).status == 422
    assert ask("PATCH", target, {"sha": base, "force": True}).status == 200
    assert ask("PATCH", target, {"sha": other}).status == 200
    assert ask("PATCH", target, {"sha": "0" * 40}).status == 422
    taken = ask("POST", f"{SHOP}/git/refs", {"ref": "refs/heads/topic", "sha": base})
    assert (taken.status, taken.json["message"]) == (422, "Reference already exists")
    assert ask("POST", f"{SHOP}/git/refs", {"ref": "refs/heads/topic/below", "sha": base}).status == 422
    shop.protect("held/**")
    assert ask("POST", f"{SHOP}/git/refs", {"ref": "refs/heads/held/x", "sha": base}).status == 422
    assert shop.branches == ["main", "topic"]


def test_who_may_not_is_told_as_github_tells(forge: GitHub, ask: Client) -> None:
    shop = forge.repositories["acme/shop"]
    blob = {"content": "x"}
    shop.readers.add(BOT)
    assert ask("GET", SHOP).json["permissions"]["push"] is False
    assert ask("POST", f"{SHOP}/git/blobs", blob).status == 403
    shop.readers.clear()
    shop.archived = True
    assert "archived" in ask("POST", f"{SHOP}/git/blobs", blob).json["message"]
    shop.archived, shop.private = False, True
    shop.outsiders.add(BOT)
    assert ask("GET", SHOP).status == 404
    forge.repository("acme", "empty")
    assert ask("GET", "/repos/acme/empty/git/ref/heads%2Fmain").status == 409
    ask.token = "wrong"
    assert ask("GET", SHOP).status == 401


def test_an_unchanged_answer_costs_nothing(forge: GitHub, ask: Client) -> None:
    first = ask("GET", SHOP)
    again = ask("GET", SHOP, If_None_Match=first.headers["etag"])
    assert (again.status, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    forge.repositories["acme/shop"].archived = True
    assert ask("GET", SHOP, If_None_Match=first.headers["etag"]).status == 200


def test_lists_come_in_pages(forge: GitHub, ask: Client) -> None:
    forge.organizations.add("acme")
    for number in range(4):
        forge.repository("acme", f"r{number}", {"a": "b"})
    names, target = [], "/orgs/acme/repos?per_page=2"
    while target:
        answer = ask("GET", target)
        names += [one["name"] for one in answer.json]
        links = [one.split("; rel=") for one in answer.headers.get("link", "").split(", ")]
        target = next((one[0].strip("<>") for one in links if one[-1] == '"next"'), "").removeprefix(forge.address)
    assert names == ["shop", "r0", "r1", "r2", "r3"]


def test_the_rate_limit_ends_and_begins_anew(forge: GitHub, ask: Client) -> None:
    forge.rate = Limit(limit=2, window=0)
    assert [ask("GET", SHOP).status for _ in range(3)] == [200, 200, 403]
    refused = ask("GET", SHOP)
    assert refused.headers["x-ratelimit-remaining"] == "0" and "API rate limit exceeded" in refused.json["message"]
    reset = int(refused.headers["x-ratelimit-reset"])
    while time.time() < reset:
        time.sleep(0.05)
    assert ask("GET", SHOP).status == 200


def test_faults_come_before_or_after_the_deed(forge: GitHub, ask: Client) -> None:
    shop, base = forge.repositories["acme/shop"], forge.repositories["acme/shop"].branch("main")
    forge.before += [faults.storm(faults.to("GET"), times=1), faults.secondary_limit(faults.writing, times=1)]
    assert [ask("GET", SHOP).status for _ in range(2)] == [502, 200]
    limited = ask("POST", f"{SHOP}/git/refs", {"ref": "refs/heads/a", "sha": base})
    assert (limited.status, limited.headers["retry-after"]) == (403, "1")
    for place, name, there in ((forge.before, "lost", False), (forge.after, "made", True)):
        place.append(faults.cut(faults.writing))
        with pytest.raises(ConnectionError):
            ask("POST", f"{SHOP}/git/refs", {"ref": f"refs/heads/{name}", "sha": base})
        assert (name in shop.branches) is there
    assert forge.calls[-1].status == 0


def test_a_renamed_repository_leads_on(forge: GitHub, ask: Client) -> None:
    forge.rename(forge.repositories["acme/shop"], "store")
    moved = ask("GET", f"{SHOP}/git/ref/heads%2Fmain")
    assert moved.status == 301
    led = ask("GET", moved.headers["location"].removeprefix(forge.address))
    assert led.json["ref"] == "refs/heads/main"


def test_an_archive_comes_from_another_host(forge: GitHub, ask: Client) -> None:
    answer = ask("GET", f"{SHOP}/tarball/main")
    assert answer.status == 302
    place = answer.headers["location"]
    assert not place.startswith(forge.address)
    host, _, path = place.removeprefix("http://").partition("/")
    connection = HTTPConnection(host, timeout=10)
    connection.request("GET", f"/{path}")
    packed = connection.getresponse().read()
    connection.close()
    listed = subprocess.run(["tar", "-tzf", "-"], input=packed, capture_output=True, check=True).stdout.decode()
    sha = forge.repositories["acme/shop"].branch("main") or ""
    assert f"acme-shop-{sha[:7]}/docs/a b.txt\n" in listed


def test_prism_speaks_up(forge: GitHub, ask: Client, prism: Witness | None) -> None:
    """A witness that never objects would prove nothing."""
    if prism is None:
        pytest.skip(why_there_is_none() or "")
    ask("GET", SHOP)
    assert prism.settle() == []
    ask("POST", f"{SHOP}/pulls", {"title": 7, "head": "x", "base": "main"})
    assert any("title must be string" in one for one in prism.settle())
    ask("GET", "/repos/acme/shop/nowhere")
    assert prism.settle() == ["GET /repos/acme/shop/nowhere: request: Selected route not found"]
    forge.shapes.ref = lambda *_: {"ref": 7}  # type: ignore[method-assign]
    ask("GET", f"{SHOP}/git/ref/heads%2Fmain")
    told = prism.settle()
    assert any("ref must be string" in one for one in told) and any("'object'" in one for one in told)


def test_only_github_s_own_routes_are_cut_out() -> None:
    with pytest.raises(KeyError):
        cut_down({"paths": {}, "components": {"schemas": {"basic-error": {}}}}, {("GET", "/made/up")})
