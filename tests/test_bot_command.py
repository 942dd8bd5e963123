"""`hardenfile bot` as its operator types it, against the fake GitHub, in this process."""

import base64
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from hardenfile.bot import report
from hardenfile.bot.fleet import Outcome
from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.files import harden_file
from hardenfile.transform import Change, Refusal
from hardenfile.transforms.prefer_copy import PreferCopy
from tests.support.cli import Cli
from tests.support.forge import faults
from tests.support.forge.calls import Answer, Call
from tests.support.forge.github import GitHub
from tests.support.forge.truth import Pull, Repository
from tests.support.web import Reply, Request, Web, reply

TOKEN = "ghs_bot"
BEFORE = 'FROM debian:12\nADD app.sh /app/\nUSER 10001:10001\nCMD ["/app/app.sh"]\n'
AFTER = BEFORE.replace("ADD", "COPY")
UNSEEN = 'FROM mycorp/base:1\nADD app.sh /b\nCMD ["/app.sh"]\n'
FILES = {"Dockerfile": BEFORE, "app.sh": "#!/bin/sh\nexec sleep 1\n"}


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    with GitHub(tmp_path / "forge") as one:
        for name in ("GITHUB_REPOSITORY", "GITLAB_TOKEN", "GITLAB_CI", "CI_PROJECT_PATH", "CI_API_V4_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_API_URL", one.address)
        yield one


@pytest.fixture
def cli(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Cli:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Cli(folder, capsysbinary, monkeypatch)


@pytest.fixture
def shop(forge: GitHub) -> Repository:
    return forge.repository("acme", "shop", FILES)


def bot(cli: Cli, *arguments: str, code: int = 0, stdin: bytes = b"") -> Any:
    """Run it and give the report's repositories."""
    ran = cli("bot", "--write-interval", "0", "--output-format", "json", *arguments, stdin=stdin)
    assert ran.code == code, ran
    return json.loads(ran.out)["repositories"] if ran.out else ran.err


def opened(shop: Repository) -> list[Pull]:
    shop.sync()
    return [one for one in shop.pulls if one.state == "open"]


def test_without_a_token_nothing_is_asked(cli: Cli, forge: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    ran = cli("bot", "acme/shop")
    assert (ran.code, ran.out, ran.lines) == (2, b"", ["error: no token: set GITHUB_TOKEN in the environment"])
    assert forge.calls == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shop"], "owner/name"),
        (["acme/shop", "--shard", "3/2"], "--shard"),
        (["acme/shop", "--forge", "gitea"], "github or gitlab"),
        (["acme/shop", "--forge-url", "http://forge.example"], "in the clear"),
        (["acme/shop", "--group", "all"], "file, repository"),
        (["acme/shop", "--resume"], "--log"),
        (["acme/shop", "--select", "add-usr"], "did you mean"),
        ([], "name a repository"),
        (["--repositories", "none.txt"], "cannot be read"),
    ],
)
def test_wrong_arguments(cli: Cli, forge: GitHub, arguments: list[str], message: str) -> None:
    ran = cli("bot", *arguments)
    assert ran.code == 2 and message in ran.err and ran.err.startswith("error: ") and len(ran.lines) == 1
    assert forge.calls == []


def test_what_a_person_reads(cli: Cli, shop: Repository) -> None:
    ran = cli("bot", "--write-interval", "0", "acme/shop")
    assert ran.code == 0 and ran.out == b""
    assert ran.lines[0].startswith("acme/shop: 1 Dockerfile (") and "opened http://" in ran.lines[1]


def test_the_repository_it_runs_in(cli: Cli, shop: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shop")
    assert [one["repository"] for one in bot(cli)] == ["acme/shop"]
    assert len(opened(shop)) == 1


def test_one_for_all(cli: Cli, shop: Repository) -> None:
    shop.commit({"b/Dockerfile": BEFORE, "b/app.sh": "", "c/Dockerfile": AFTER, "c/app.sh": ""})
    bot(cli, "acme/shop", "--group", "repository")
    (pull,) = opened(shop)
    assert pull.title == "Harden 2 Dockerfiles" and "`b/Dockerfile`" in pull.body
    assert shop.content("b/Dockerfile", pull.branch) == AFTER.encode() == shop.content("Dockerfile", pull.branch)
    assert bot(cli, "acme/shop", "--group", "repository")[0]["writes"] == 0
    shop.merge(pull, delete_branch=True)
    (again,) = bot(cli, "acme/shop", "--group", "repository")
    assert (again["reads"], again["writes"], opened(shop)) == (4, 0, [])


def test_unsafe_changes_come_as_drafts(cli: Cli, shop: Repository) -> None:
    shop.commit({"Dockerfile": UNSEEN})
    bot(cli, "acme/shop")
    (pull,) = opened(shop)
    assert not pull.draft and "Left undone, since it may alter behaviour" in pull.body
    assert b"USER" not in (shop.content("Dockerfile", pull.branch) or b"")
    bot(cli, "acme/shop", "--unsafe")
    assert opened(shop)[0] is pull and b"USER" in (shop.content("Dockerfile", pull.branch) or b"")
    shop.close(pull, delete_branch=True)
    shop.commit({"Dockerfile": f"# new\n{UNSEEN}"})
    bot(cli, "acme/shop", "--unsafe")
    (pull,) = opened(shop)
    assert pull.draft and "*may alter behaviour*" in pull.body and "Volumes that exist" in pull.body


def test_drafts_where_they_are_asked_for(cli: Cli, shop: Repository) -> None:
    bot(cli, "acme/shop", "--draft")
    assert opened(shop)[0].draft


@pytest.mark.parametrize("wanted", ["auto", "plain"])
def test_commits_read_as_the_repositorys_own(cli: Cli, forge: GitHub, wanted: str) -> None:
    shop = forge.repository("acme", "conventional")
    for number, head in enumerate(("chore: start", "feat(api): more", "fix!: less")):
        shop.commit({**FILES, "n": str(number)}, head)
    config = cli.write("operator.toml", f'[bot]\ncommits = "{wanted}"\n')
    bot(cli, "acme/conventional", "--config", str(config))
    (pull,) = opened(shop)
    prefix = "fix: use" if wanted == "auto" else "Use"
    assert pull.title == f"{prefix} COPY instead of ADD in Dockerfile"
    assert shop.objects.read_commit(pull.head_sha).message.startswith(pull.title + "\n")


def test_an_author_of_the_operators(cli: Cli, shop: Repository) -> None:
    config = cli.write("operator.toml", '[bot]\nauthor = "Ann B <ann@example.org>"\n')
    bot(cli, "acme/shop", "--config", str(config))
    author = shop.objects.read_commit(opened(shop)[0].head_sha).author
    assert (author.name, author.email) == ("Ann B", "ann@example.org")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("[bot]\nenabled = false\n", 0),
        ('[bot]\nexclude = ["Dockerfile"]\n', 0),
        ('[bot]\nexclude = ["other"]\n', 1),
        ('ignore = ["prefer-copy"]\n', 0),
        ("[bot]\nlimit = 0\n", 0),
        ("[bot]\nlimit = 100\n", 1),
    ],
)
def test_what_a_repository_says_for_itself(cli: Cli, shop: Repository, text: str, count: int) -> None:
    shop.commit({".hardenfile.toml": text})
    bot(cli, "acme/shop")
    assert len(opened(shop)) == count


@pytest.mark.parametrize("text", ["[bot]\nenabled = false\n", '[bot]\nexclude = ["Dockerfile"]\n'])
def test_a_later_no_closes_what_is_open(cli: Cli, shop: Repository, text: str) -> None:
    bot(cli, "acme/shop")
    shop.commit({".hardenfile.toml": text})
    bot(cli, "acme/shop")
    assert opened(shop) == [] and shop.branches == ["main"]
    assert [len(one.comments) for one in shop.pulls] == [1]
    (again,) = bot(cli, "acme/shop")
    assert again["writes"] == 0 and again["reads"] == 4


def test_from_one_each_to_one_for_all_and_back(cli: Cli, shop: Repository) -> None:
    bot(cli, "acme/shop")
    bot(cli, "acme/shop", "--group", "repository")
    assert [(one.number, one.state) for one in shop.pulls] == [(1, "closed"), (2, "open")]
    bot(cli, "acme/shop")
    assert [one.number for one in opened(shop)] == [3]


@pytest.mark.parametrize(
    "text",
    [
        '[bot]\ntoken-command = ["sh", "-c", "touch /tmp/pwned"]\n',
        '[bot]\nauthor = "A <a@b>"\n',
        '[bot]\nbranch-prefix = "release/"\n',
        "[bot]\nlimit = 'many'\n",
        "selct = []\n",
        "no toml",
    ],
)
def test_what_a_repository_may_not_say(cli: Cli, shop: Repository, forge: GitHub, text: str) -> None:
    other = forge.repository("acme", "other", FILES)
    shop.commit({".hardenfile.toml": text})
    failed, fine = bot(cli, "acme/shop", "acme/other", code=2)
    told = json.dumps(failed)
    assert ".hardenfile.toml" in told or "bot." in told
    assert "/tmp" not in told.replace("touch /tmp/pwned", "") and not Path("/tmp/pwned").exists()
    assert opened(shop) == [] and fine["status"] == "done" and len(opened(other)) == 1


def test_a_file_that_is_no_dockerfile_stops_no_other(cli: Cli, shop: Repository) -> None:
    shop.commit({"bad/Dockerfile": "FROM debian:12\nNONSENSE here\n"})
    (one,) = bot(cli, "acme/shop")
    assert [file["path"] for file in one["files"]] == ["Dockerfile", "bad/Dockerfile"]
    assert len(opened(shop)) == 1 and one["files"][1]["problems"]


def breaks(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """A transform of ours that stumbles over what lies in one folder."""
    sound = PreferCopy.propose

    def propose(self: PreferCopy, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        if f"/{folder}/" in document.path:
            raise TypeError("a fault of ours")
        return sound(self, document, evidence)

    monkeypatch.setattr(PreferCopy, "propose", propose)


def test_a_fault_of_ours_fails_the_repository_and_stops_no_other_file(
    cli: Cli, shop: Repository, forge: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch, "bad")
    shop.commit({"bad/Dockerfile": BEFORE, "bad/app.sh": "", "z/Dockerfile": BEFORE, "z/app.sh": ""})
    other = forge.repository("acme", "other", FILES)
    for _ in range(2):
        failed, fine = bot(cli, "acme/shop", "acme/other", code=2)
        assert (failed["status"], fine["status"]) == ("failed", "done")
        told = failed["files"][[file["path"] for file in failed["files"]].index("bad/Dockerfile")]
        assert told["error"].startswith("bad/Dockerfile: prefer-copy failed on this file (TypeError"), told
        assert failed["why"] == told["error"] and told["action"] == "nothing"
    assert len(opened(shop)) == 2 and len(opened(other)) == 1


def test_a_fault_outside_of_any_transform(cli: Cli, shop: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(path: str, *rest: Any) -> Any:
        if path.endswith("bad/Dockerfile"):
            raise RecursionError("too deep")
        return harden_file(path, *rest)

    monkeypatch.setattr("hardenfile.bot.hardening.harden_file", fails)
    shop.commit({"bad/Dockerfile": BEFORE, "bad/app.sh": ""})
    ran = cli("bot", "--write-interval", "0", "acme/shop")
    assert ran.code == 2 and len(opened(shop)) == 1
    wrong = "bad/Dockerfile: hardenfile itself failed (RecursionError: too deep); please report it"
    assert (
        ran.lines[0].startswith(f"error: acme/shop: failed: {wrong} (")
        and f"  bad/Dockerfile: error: {wrong}" in ran.lines
    )


def test_a_fault_of_ours_in_one_for_all(cli: Cli, shop: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.commit({"bad/Dockerfile": BEFORE, "bad/app.sh": ""})
    with monkeypatch.context() as patched:
        breaks(patched, "bad")
        ran = cli("bot", "--write-interval", "0", "--group", "repository", "acme/shop")
        assert ran.code == 2 and ran.lines[1].startswith("  all Dockerfiles: opened http")
        assert ran.lines[2].startswith("    error: bad/Dockerfile: prefer-copy failed")
        (again,) = bot(cli, "acme/shop", "--group", "repository", code=2)
        assert again["writes"] == 0 and "bad/Dockerfile" in again["why"], "it is no secret the second time"
        shop.commit({"Dockerfile": AFTER})
        bot(cli, "acme/shop", "--group", "repository", code=2)
        (pull,) = opened(shop)
        assert shop.content("bad/Dockerfile", pull.branch) == BEFORE.encode()
    bot(cli, "acme/shop", "--group", "repository")
    assert opened(shop)[0] is pull and shop.content("bad/Dockerfile", pull.branch) == AFTER.encode()


def test_a_wrong_configuration_below_fails_and_stops_no_other_file(cli: Cli, shop: Repository) -> None:
    shop.commit({"a/.hardenfile.toml": 'select = ["no-such-thing"]\n', "a/Dockerfile": BEFORE})
    (one,) = bot(cli, "acme/shop", code=2)
    assert one["status"] == "failed" and one["why"].startswith("a/.hardenfile.toml: ") and len(opened(shop)) == 1


def test_a_first_run_asks_for_little(cli: Cli, shop: Repository, forge: GitHub) -> None:
    shop.commit({f"{name}/{file}": text for name in ("a", "b") for file, text in FILES.items()})
    for number in range(40):  # more than a page of others, named as ours are
        shop.commit({"x": str(number)}, branch=f"hardenfile/a-{number}")
    (found,) = bot(cli, "acme/shop")
    assert len(opened(shop)) == 3
    assert (found["reads"], found["writes"]) == (9, 12), "an archive is two reads, since it is elsewhere"
    asked = [call.line.rpartition("/repos/{owner}/{repo}")[2] for call in forge.calls]
    assert asked.count("/git/matching-refs/{ref}") == 2, "both pages, once"
    assert not {"/git/blobs", "/git/commits/{commit_sha}"} & {*asked}


@pytest.mark.parametrize(("commits", "asked"), [("plain", 1), ("auto", 0)])
def test_the_base_s_tree_is_asked_for_once(cli: Cli, shop: Repository, forge: GitHub, commits: str, asked: int) -> None:
    config = cli.write("operator.toml", f'[bot]\ncommits = "{commits}"\n')
    shop.commit({"a/Dockerfile": BEFORE, "a/app.sh": ""})
    bot(cli, "acme/shop", "--config", str(config))
    assert len(opened(shop)) == 2
    assert sum(call.line.endswith("/git/commits/{commit_sha}") for call in forge.calls) == asked


def test_a_branch_that_a_killed_run_left_is_found_on_a_later_page(cli: Cli, shop: Repository, forge: GitHub) -> None:
    bot(cli, "acme/shop")
    (pull,) = opened(shop)
    shop.pulls.clear()
    for number in range(40):
        shop.objects.set_ref(f"refs/heads/hardenfile/a-{number}", pull.head_sha)
    forge.restart_count()
    bot(cli, "acme/shop")
    assert forge.writes == ["POST /repos/{owner}/{repo}/pulls"] and opened(shop)[0].head_sha == pull.head_sha


@pytest.mark.parametrize(
    ("head", "blobs"),
    [
        (b"# plain\n", 0),
        ("# käse ☃ 𝄞 \x7f\u2028\n".encode(), 0),
        (b"# caf\xe9\n", 1),
        (b"\xef\xbb\xbf# mark\n", 1),
        (b"# return\r\n", 1),
    ],
)
def test_bytes_arrive_as_they_are(cli: Cli, shop: Repository, forge: GitHub, head: bytes, blobs: int) -> None:
    shop.commit({"sub/Dockerfile": head + BEFORE.encode(), "sub/app.sh": "", "Dockerfile": None})
    bot(cli, "acme/shop")
    (pull,) = opened(shop)
    assert shop.content("sub/Dockerfile", pull.branch) == head + AFTER.encode()
    assert sum(call.line.endswith("/git/blobs") for call in forge.calls) == blobs


def test_a_forge_that_writes_other_bytes_is_caught(cli: Cli, shop: Repository, forge: GitHub) -> None:
    def changes(call: Call) -> Answer | None:
        if not call.target.endswith("/git/trees"):
            return None
        return Answer(201, {"sha": "1" * 40, "tree": [{"path": "Dockerfile", "type": "blob", "sha": "2" * 40}]})

    forge.before.append(changes)
    (found,) = bot(cli, "acme/shop", code=2)
    assert "other bytes" in found["why"] and shop.branches == ["main"]


def test_a_dry_run_shows_no_whole_file(cli: Cli, shop: Repository) -> None:
    shop.commit({"Dockerfile": BEFORE + "# a long comment\n" * 50})
    (found,) = bot(cli, "acme/shop", "--dry-run")
    assert max(len(line) for line in found["planned"]) < 1000 and "characters)" in found["planned"][0]


def test_a_limit_that_names_a_pause_is_kept_by_what_is_sent_once(cli: Cli, shop: Repository, forge: GitHub) -> None:
    """After a pause the branch is looked at again: a person may have pushed meanwhile."""
    bot(cli, "acme/shop")
    (pull,) = opened(shop)
    shop.commit({"Dockerfile": f"# new\n{BEFORE}"})
    moves = faults.to("PATCH", "/git/refs/{ref}")
    forge.before.append(faults.secondary_limit(moves, times=1))
    theirs: list[str] = []
    forge.after.append(lambda call: _push(shop, pull, theirs) if moves(call) and not theirs else None)
    bot(cli, "acme/shop")
    assert shop.branch(pull.branch) == theirs[0]


def _push(shop: Repository, pull: Pull, theirs: list[str]) -> None:
    theirs.append(shop.commit({"Dockerfile": "FROM theirs\n"}, branch=pull.branch))


def test_a_label_that_was_answered_comes_off_in_an_update_too(cli: Cli, shop: Repository) -> None:
    """Else a killed run could leave it, and a later no to the new one would be taken for a yes."""
    bot(cli, "acme/shop")
    shop.close(shop.pulls[0], delete_branch=True)
    shop.pulls[0].labels.append("hardenfile-rebuild")
    bot(cli, "acme/shop")
    shop.pulls[0].labels.append("hardenfile-rebuild")
    shop.commit({"Dockerfile": f"# new\n{BEFORE}"})
    bot(cli, "acme/shop")
    assert [(one.number, one.state, one.labels) for one in shop.pulls] == [(1, "closed", []), (2, "open", [])]


def test_one_of_a_thing_is_no_things() -> None:
    (line,) = report.lines(Outcome("acme/shop", "done", reads=1, writes=1))
    assert line == "acme/shop: 0 Dockerfiles (1 read, 1 write)"


def test_a_fleet(cli: Cli, forge: GitHub) -> None:
    forge.organizations.add("acme")
    shops = [forge.repository("acme", f"shop-{number}", FILES) for number in range(6)]
    shops[5].archived = True
    parts = [bot(cli, "--organization", "acme", "--shard", f"{index}/3") for index in (1, 2, 3)]
    names = [one["repository"] for part in parts for one in part]
    assert sorted(names) == [f"acme/shop-{number}" for number in range(5)]
    assert [len(one.pulls) for one in shops] == [1] * 5 + [0]


def test_repositories_from_standard_input(cli: Cli, forge: GitHub) -> None:
    for name in ("a", "b"):
        forge.repository("acme", name, FILES)
    found = bot(cli, "--repositories", "-", stdin=b"acme/a # first\n\n# none\nACME/A\nacme/b\n")
    assert [one["repository"] for one in found] == ["acme/a", "acme/b"]


def test_a_run_is_taken_up_where_it_ended(cli: Cli, forge: GitHub) -> None:
    one, two = (forge.repository("acme", name, FILES) for name in ("one", "two"))
    two.readers.add("hardenfile[bot]")
    options = ("acme/one", "acme/two", "--log", "run.jsonl")
    assert [each["status"] for each in bot(cli, *options, code=2)] == ["done", "failed"]
    two.readers.clear()
    forge.restart_count()
    assert [each["repository"] for each in bot(cli, *options, "--resume")] == ["acme/two"]
    assert not any("/acme/one" in call.target for call in forge.calls)
    lines = [json.loads(line) for line in (cli.folder / "run.jsonl").read_text().split("\n") if line]
    assert [(line["repository"], line["status"]) for line in lines] == [
        ("acme/one", "done"),
        ("acme/two", "failed"),
        ("acme/two", "done"),
    ]
    assert len(one.pulls) == len(two.pulls) == 1


def test_a_token_that_nobody_takes_ends_the_run(cli: Cli, forge: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        forge.repository("acme", name, FILES)
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_of_nobody")
    found = bot(cli, "acme/a", "acme/b", code=2)
    assert "refuses the token" in found[0]["why"] and found[1]["why"].startswith("not tried")
    assert len(forge.calls) == 1


def test_a_repository_with_a_long_history(cli: Cli, shop: Repository) -> None:
    """Ours is on no first page any more; it is found, and not opened a second time."""
    bot(cli, "acme/shop")
    (ours,) = opened(shop)
    for number in range(2, 330):
        branch = f"feature-{number}"
        state = "open" if number % 5 == 0 else "closed"
        shop.pulls.append(replace(ours, number=number, branch=branch, state=state, body="x", labels=[], comments=[]))
        if state == "open":
            shop.objects.set_ref(f"refs/heads/{branch}", ours.head_sha)
    (found,) = bot(cli, "acme/shop")
    assert found["writes"] == 0 and found["files"][0]["pull"] == 1 and found["reads"] <= 6
    shop.close(ours)
    (found,) = bot(cli, "acme/shop")
    assert found["writes"] == 0 and "was closed" in found["files"][0]["why"]


def test_a_list_of_files_that_was_cut_short(cli: Cli, shop: Repository) -> None:
    shop.tree_limit = 1
    (found,) = bot(cli, "acme/shop", code=2)
    assert "--clone" in found["why"] and shop.pulls == []
    bot(cli, "acme/shop", "--clone")
    assert len(opened(shop)) == 1


def test_answers_that_are_kept_cost_no_limit(cli: Cli, shop: Repository, forge: GitHub) -> None:
    bot(cli, "acme/shop", "--cache", "kept")
    bot(cli, "acme/shop", "--cache", "kept")
    used = forge.rate.used
    (found,) = bot(cli, "acme/shop", "--cache", "kept")
    assert found["reads"] == 4 and found["writes"] == 0
    assert forge.rate.used == used
    assert not any(TOKEN.encode() in path.read_bytes() for path in (cli.folder / "kept").iterdir())


def test_a_dry_run_tells_each_write(cli: Cli, shop: Repository, forge: GitHub) -> None:
    (found,) = bot(cli, "acme/shop", "--dry-run")
    planned = [line.split()[1:3] for line in found["planned"]]
    here = "/repos/acme/shop"
    assert planned == [["POST", f"{here}/git/{what}"] for what in ("trees", "commits", "refs")] + [
        ["POST", f"{here}/pulls"]
    ]
    forge.restart_count()
    bot(cli, "acme/shop")
    assert [[call.method, call.target] for call in forge.calls if call.writes] == planned


SPELLED = [
    TOKEN,
    base64.b64encode(TOKEN.encode()).decode(),
    base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode(),
]


@pytest.mark.parametrize("way", [[], ["--clone"], ["--dry-run"], ["--dry-run", "--clone"]], ids="-".join)
@pytest.mark.parametrize("fault", [None, 403, 500])
def test_no_token_is_ever_told(
    cli: Cli,
    shop: Repository,
    forge: GitHub,
    way: list[str],
    fault: int | None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hostile forge sends back what it was told; what we say, log, keep and write holds none of it."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("hardenfile.bot.pacing.Pacing.backoff", lambda self, attempt: 0.0)

    def echo(call: Call) -> Answer | None:
        if fault is None or (call.method == "GET" and fault != 500 and "/pulls" not in call.target):
            return None
        return Answer(fault, {"message": f"{dict(call.headers)} {call.target}", "errors": [{"message": TOKEN}]})

    shop.commit({"sub/Dockerfile": f"FROM debian:12\n# {TOKEN}\nADD {TOKEN}.sh /\nUSER 1:1\n", f"sub/{TOKEN}.sh": ""})
    forge.before.append(echo)
    told = ""
    for arguments in (("--log", "log", "--cache", "kept"), ("--output-format", "json"), ("--log", "log", "--resume")):
        ran = cli("bot", "--write-interval", "0", "acme/shop", *way, *arguments)
        told += ran.err + ran.out.decode()
    kept = [path for path in cli.folder.rglob("*") if path.is_file()]
    told += "".join(path.read_text("utf-8", "replace") for path in kept) + caplog.text
    told += "".join(f"{one.title}{one.body}" for one in shop.pulls)
    told += "".join(one.message for sha in shop.branches for one in shop.objects.history(shop.branch(sha) or ""))
    assert "acme/shop" in told
    assert not [one for one in SPELLED if one in told or one in unquote(told)]


def test_gitlab_is_asked_as_its_documentation_says(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Experimental: a loopback server that knows the calls of one new merge request."""
    import io
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in FILES.items():
            info = tarfile.TarInfo(f"shop-abc/{name}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    blobs = [{"path": name, "mode": "100644", "type": "blob", "id": f"{at}" * 40} for at, name in enumerate(FILES)]
    project = "/projects/acme%2Fsub%2Fshop"
    held: dict[str, dict[str, object]] = {}

    def serve(request: Request) -> Reply:
        target = request.target.removeprefix("/api/v4").partition("?")[0]
        sent = json.loads(request.body) if request.body else {}
        match request.method, target.removeprefix(project):
            case "GET", "":
                return reply(200, {"path_with_namespace": "acme/sub/shop", "default_branch": "main"})
            case "GET", "/repository/branches":
                return reply(200, "[]")
            case "GET", "/repository/branches/main":
                return reply(200, {"commit": {"id": "c" * 40}})
            case "GET", "/repository/tree":
                return reply(200, json.dumps(blobs))
            case "GET", "/merge_requests":
                return reply(200, json.dumps(list(held.values())))
            case "GET", "/repository/archive.tar.gz":
                return reply(200, out.getvalue())
            case "GET", "/repository/commits":
                return reply(200, "[]")
            case "GET", path if path.startswith("/repository/blobs/"):
                text = list(FILES.values())[int(path[-1])]
                return reply(200, {"content": base64.b64encode(text.encode()).decode()})
            case "POST", "/repository/commits":
                return reply(201, {"id": "d" * 40})
            case "POST", "/merge_requests":
                made = {"iid": 3, "state": "opened", "sha": "d" * 40, "web_url": "https://gitlab.example/3"}
                held["3"] = {**sent, **made, "source_project_id": 1, "target_project_id": 1}
                return reply(201, held["3"])
            case _:
                return reply(404, {"message": f"404 {request.method} {target}"})

    with Web(serve) as web:
        monkeypatch.setenv("GITLAB_TOKEN", "glpat-secret")
        monkeypatch.delenv("GITHUB_TOKEN", raising=False)
        monkeypatch.setenv("CI_API_V4_URL", f"http://{web.host}/api/v4")
        ran = cli("bot", "--write-interval", "0", "acme/sub/shop")
        assert ran.code == 0 and "experimental" in ran.err and "https://gitlab.example/3" in ran.err, ran
        again = cli("bot", "--write-interval", "0", "acme/sub/shop")
        assert "!3" in again.err or "#3 is up to date" in again.err, again
        posts = [json.loads(one.body) for one in web.requests if one.method == "POST"]
        (action,) = posts[0]["actions"]
        assert base64.b64decode(action["content"]).decode() == AFTER and posts[0]["start_sha"] == "c" * 40
        assert posts[1]["target_branch"] == "main" and posts[1]["source_branch"] == posts[0]["branch"]
        assert all(one.headers["private-token"] == "glpat-secret" for one in web.requests)
    assert "glpat-secret" not in ran.err
