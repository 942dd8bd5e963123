"""The same while something goes wrong: limits, storms, lost answers, tokens that expire, and others at work."""

import threading
from pathlib import Path

import pytest

from tests.forge.world import AFTER, OTHER, World
from tests.support.forge import faults
from tests.support.forge.bot import Bot, Runner
from tests.support.forge.calls import Call, Dropped
from tests.support.forge.github import BOT, Limit, Token
from tests.support.forge.truth import Comment


def test_rate_limit(world: World) -> None:
    """The rate limit is reached in the middle."""
    world.forge.rate = Limit(limit=7, window=0)
    world.run()
    assert all(one.status != 403 for one in world.forge.calls), "whoever reads x-ratelimit-remaining never meets it"
    assert world.changed(world.pull) == {"Dockerfile": AFTER.encode()}


def test_rate_limit_used_up_by_others(world: World) -> None:
    """Another program uses the rate limit up in the middle."""
    world.forge.before.append(faults.once(faults.to("POST", "/pulls"), world.forge.rate.use_up))
    world.run()
    assert any(one.status == 403 for one in world.forge.calls), "the limit was met"
    assert world.changed(world.pull) == {"Dockerfile": AFTER.encode()}


def test_secondary_rate_limit(world: World) -> None:
    """A limit on bursts, with Retry-After."""
    world.forge.before += [
        faults.secondary_limit(faults.writing, times=1),
        faults.secondary_limit(faults.to("GET", "/pulls"), times=1, status=429),
    ]
    world.run()
    assert world.changed(world.pull) == {"Dockerfile": AFTER.encode()}


def test_storms(world: World) -> None:
    """502 for each kind of write and for the list of pull requests, twice for a new one."""
    seen: dict[str, int] = {}

    def first(call: Call) -> bool:
        seen[call.line] = seen.get(call.line, 0) + 1
        if call.line == "POST /repos/{owner}/{repo}/pulls":
            return seen[call.line] <= 2
        return seen[call.line] == 1 and (call.writes or call.template.endswith("/pulls"))

    world.forge.before.append(faults.storm(first, times=1000))
    world.run()
    assert sum(one.status == 502 for one in world.forge.calls) == (6 if world.way == "api" else 3)
    assert world.changed(world.pull) == {"Dockerfile": AFTER.encode()}
    assert len(world.shop.pulls) == 1


@pytest.mark.parametrize("end", ["/git/refs", "/pulls", "/labels"])
def test_lost_answers(world: World, end: str, operator: Path) -> None:
    """The forge does it, and its answer is lost."""
    world.forge.after.append(faults.cut(faults.to("POST", end)))
    world.forge.after_git.append(faults.cut_push())
    world.run("--config", str(operator))
    assert len(world.shop.pulls) == 1 and world.pull.labels == ["security"]
    assert world.changed(world.pull) == {"Dockerfile": AFTER.encode()}
    world.run("--config", str(operator))
    assert world.writes == [], "the first run had done all there was to do"


def test_pushed_before_an_answer_is_missed(world: World) -> None:
    """The branch is moved, its answer is lost, and a person pushes meanwhile."""
    world.run()
    branch = world.pull.branch
    world.shop.commit({"Dockerfile": OTHER})
    theirs: list[str] = []

    def push(call: Call) -> None:
        moves = call.target.endswith("/git-receive-pack") if world.way == "clone" else "/git/refs/" in call.target
        if moves and call.method != "GET" and not theirs:
            theirs.append(world.shop.commit({"Dockerfile": "FROM theirs\n"}, branch=branch))
            raise Dropped

    (world.forge.after_git if world.way == "clone" else world.forge.after).append(push)
    world.run(code=None)
    assert world.shop.branch(branch) == theirs[0]
    world.run()
    assert world.shop.branch(branch) == theirs[0] and len(world.pull.comments) == 1


def test_expired_token(world: World) -> None:
    """The token expires in the middle; a later run has a new one."""
    world.forge.tokens["ghs_short"] = Token(BOT, calls=10 if world.way == "api" else 4)
    world.bot.token = "ghs_short"
    ran = world.run(code=None)
    assert ran.code != 0 and "token" in ran.err and world.shop.pulls == []
    world.bot.token = "ghs_bot"
    world.run()
    assert len(world.shop.pulls) == 1 and world.changed(world.pull) == {"Dockerfile": AFTER.encode()}


def test_deleted_between_read_and_write(world: World) -> None:
    """The Dockerfile is deleted while the bot is at work."""
    gone = faults.once(faults.to("GET", "/pulls"), lambda: world.shop.commit({"Dockerfile": None}))
    world.forge.before.append(gone)
    world.run()
    world.run()
    assert world.open == [] and world.shop.branches == ["main"]
    assert world.shop.content("Dockerfile") is None


def test_pushed_between_read_and_write(world: World) -> None:
    """A person pushes to the branch while the bot is at work."""
    world.run()
    branch = world.pull.branch
    world.shop.commit({"Dockerfile": OTHER})
    theirs: list[str] = []
    end = "/git/trees" if world.way == "api" else "/pulls"
    world.forge.before.append(
        faults.once(
            faults.to("POST" if world.way == "api" else "GET", end),
            lambda: theirs.append(world.shop.commit({"Dockerfile": "FROM theirs\n"}, branch=branch)),
        )
    )
    world.run(code=None)
    assert world.shop.branch(branch) == theirs[0]


def test_pushed_while_it_closes(world: World) -> None:
    """A person pushes while the bot closes."""
    world.run()
    branch = world.pull.branch
    world.shop.commit({"Dockerfile": AFTER})
    theirs: list[str] = []
    push = faults.once(
        faults.to("PATCH", "/pulls/{pull_number}"),
        lambda: theirs.append(world.shop.commit({"Dockerfile": "FROM theirs\n"}, branch=branch)),
    )
    world.forge.before.append(push)
    for _ in range(2):
        world.run()
        assert world.shop.branch(branch) == theirs[0] and world.pull.number == 1


def test_two_close_at_once(world: World) -> None:
    """Two runs at once, where both close: the other's comment comes between our look and ours."""
    world.run()
    pull = world.pull
    world.shop.commit({"Dockerfile": AFTER})

    def other(call: Call) -> None:
        pull.comments.append(Comment(world.forge.next_id(), BOT, call.json["body"], world.forge.now))

    comments = faults.to("POST", "/comments")
    seen: list[Call] = []
    world.forge.before.append(lambda call: seen.append(call) if comments(call) and not seen else None)
    world.forge.before.append(faults.once(comments, lambda: other(seen[0])))
    world.run()
    assert (pull.state, len(pull.comments), world.shop.branches) == ("closed", 1, ["main"])
    world.run()
    assert world.writes == []


def test_two_at_once(world: World, tmp_path: Path) -> None:
    """Two runs at once."""
    world.forge.latency = 0.02
    way = ["--clone"] if world.way == "clone" else []
    with Runner(tmp_path / "other") as runner:
        other = Bot(runner, world.forge)
        threads = [threading.Thread(target=one, args=(*way, "acme/shop")) for one in (world.bot, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(world.shop.pulls) == 1 and world.ahead(world.pull) == 1
    world.run()
    assert len(world.shop.pulls) == 1 and world.changed(world.pull) == {"Dockerfile": AFTER.encode()}
    world.run()
    assert world.writes == []
