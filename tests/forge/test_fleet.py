"""Many repositories: one that fails stops no other, shares come to the whole, a run goes on where it ended."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forge.world import BEFORE, FILES, state
from tests.support.forge import faults
from tests.support.forge.bot import Bot
from tests.support.forge.calls import Call
from tests.support.forge.github import BOT, GitHub, Token

COUNT = 7


@pytest.fixture
def fleet(forge: GitHub) -> Iterator[GitHub]:
    """An organization with seven repositories that have something to harden."""
    forge.organizations.add("acme")
    for number in range(COUNT):
        forge.repository("acme", f"r{number}", FILES)
    yield forge


def opened(forge: GitHub) -> list[str]:
    """The repositories with an open pull request, one name for each."""
    return [one.name for one in forge.repositories.values() for pull in one.pulls if pull.state == "open"]


def test_an_organization(fleet: GitHub, bot: Bot) -> None:
    for number in range(95):
        fleet.repository("acme", f"old{number}", {"README.md": "x"}).archived = True
    ran = bot("--organization", "acme")
    assert ran.code == 0 and opened(fleet) == [f"r{number}" for number in range(COUNT)]
    fleet.restart_count()
    bot("--organization", "acme")
    assert fleet.writes == [] and len(fleet.calls) <= 4 * COUNT + 2


def test_a_user_is_no_organization(forge: GitHub, bot: Bot) -> None:
    forge.repository("carla", "own", FILES)
    assert bot("--organization", "carla").code == 0
    assert opened(forge) == ["own"]


def test_shares_come_to_the_whole(fleet: GitHub, bot: Bot) -> None:
    seen: list[str] = []
    for index in (1, 2, 3):
        bot("--organization", "acme", "--shard", f"{index}/3")
        assert len(set(opened(fleet))) == len(opened(fleet))
        seen += sorted(set(opened(fleet)) - set(seen))
    assert sorted(seen) == [f"r{number}" for number in range(COUNT)]


def test_one_that_fails_stops_no_other(fleet: GitHub, bot: Bot, tmp_path: Path) -> None:
    repositories = list(fleet.repositories.values())
    repositories[0].readers.add(BOT)
    repositories[1].archived = True
    repositories[2].protect("hardenfile/**")
    repositories[3].commit({"Dockerfile": None})
    repositories[4].disabled = True
    names = ["r0", "gone", *(f"r{number}" for number in range(1, COUNT))]
    listed = tmp_path / "names"
    listed.write_text("".join(f"acme/{name} # a line\n\n" for name in names))
    ran = bot("--output-format", "json", "--repositories", str(listed))
    assert ran.code == 2 and opened(fleet) == ["r5", "r6"]
    told = {one["repository"]: one["status"] for one in ran.reports["repositories"]}
    wanted = ["failed", "failed", "skipped", "failed", "done", "failed", "done", "done"]
    assert told == {f"acme/{name}": status for name, status in zip(names, wanted, strict=True)}
    assert all(one["why"] for one in ran.reports["repositories"] if one["status"] != "done")


def test_a_killed_run_is_taken_up(fleet: GitHub, bot: Bot, tmp_path: Path) -> None:
    log = tmp_path / "log"
    options = ("--organization", "acme", "--log", str(log))
    place = faults.kill(40, lambda: bot.runner.pid)
    fleet.after.append(place)
    assert bot(*options).code < 0
    fleet.after.remove(place)
    finished = [json.loads(line)["repository"] for line in log.read_text().split("\n") if line]
    assert 0 < len(finished) < COUNT
    fleet.restart_count()
    assert bot(*options, "--resume").code == 0
    touched = {call.params["repo"] for call in fleet.calls if "repo" in call.params}
    assert touched == {f"r{number}" for number in range(COUNT)} - {name.partition("/")[2] for name in finished}
    assert sorted(opened(fleet)) == [f"r{number}" for number in range(COUNT)]


def test_a_refused_token_is_not_tried_again(fleet: GitHub, bot: Bot) -> None:
    bot.token = "ghs_unknown"
    fleet.tokens["ghs_unknown"] = Token(BOT, calls=0)
    assert bot(*(f"acme/r{number}" for number in range(COUNT))).code == 2
    assert len(fleet.calls) <= 2, "what refuses a token once would refuse it each time"


def test_a_token_command_is_asked_again(fleet: GitHub, bot: Bot, tmp_path: Path) -> None:
    """An App's installation tokens last an hour, and a fleet takes longer."""
    for number in range(4):
        fleet.tokens[f"ghs_made_{number}"] = Token(BOT, calls=30)
    ran = bot("--config", token_command(tmp_path), *(f"acme/r{number}" for number in range(COUNT)))
    assert ran.code == 0 and len(opened(fleet)) == COUNT
    assert len((tmp_path / "made").read_text().split()) == 3


def test_a_token_that_ends_right_before_a_push(forge: GitHub, bot: Bot, tmp_path: Path) -> None:
    """The repository, its pull requests, branches and last commits are read; git is the next to need a token."""
    shop = forge.repository("acme", "shop", FILES)
    forge.tokens |= {"ghs_made_0": Token(BOT, calls=4), "ghs_made_1": Token(BOT)}
    ran = bot("--clone", "--config", token_command(tmp_path), "acme/shop")
    assert ran.code == 0 and len(shop.pulls) == 1, ran.err
    assert any(call.target.endswith("/git-receive-pack") for call in forge.git_calls)
    assert (tmp_path / "made").read_text() == "x\nx\n"


def token_command(folder: Path) -> str:
    """The configuration of an operator whose program mints `ghs_made_0`, then `ghs_made_1`, and so on."""
    command = folder / "make-token"
    command.write_text(f'#!/bin/sh\ncd "{folder}"\necho x >> made\necho "ghs_made_$(($(wc -l < made) - 1))"\n')
    command.chmod(0o755)
    config = folder / "operator.toml"
    config.write_text(f'[bot]\ntoken-command = ["{command}"]\n')
    return str(config)


def test_the_settings_of_a_repository(forge: GitHub, bot: Bot) -> None:
    """A repository may ask for less, and never for what would harm its operator."""
    off = forge.repository("acme", "off", {**FILES, ".hardenfile.toml": "[bot]\nenabled = false\n"})
    less = forge.repository(
        "acme", "less", {**FILES, "a/Dockerfile": BEFORE, ".hardenfile.toml": '[bot]\nexclude = ["a/Dockerfile"]\n'}
    )
    evil = forge.repository(
        "acme", "evil", {**FILES, ".hardenfile.toml": '[bot]\ntoken-command = ["touch", "/tmp/x"]\n'}
    )
    ran = bot("acme/off", "acme/less", "acme/evil")
    assert off.pulls == [] and len(less.pulls) == 1 and evil.pulls == []
    assert ran.code == 2 and "token-command" in ran.err


@pytest.mark.parametrize("way", ["api", "clone"])
def test_an_enterprise_server_s_address(forge: GitHub, bot: Bot, way: str) -> None:
    """Its API is below /api/v3."""
    forge.repository("acme", "shop", FILES)
    options = ["--clone"] if way == "clone" else []
    assert bot(*options, "--forge-url", f"{forge.address}/api/v3/", "acme/shop").code == 0
    assert opened(forge) == ["shop"]


def test_no_names(fleet: GitHub, bot: Bot, tmp_path: Path) -> None:
    """In a repository's own CI the one that it runs in is meant."""
    environment = {**bot.environment, "GITHUB_REPOSITORY": "acme/r3"}
    assert bot.runner.run("bot", *bot.options, environment=environment).code == 0
    assert opened(fleet) == ["r3"]
    empty = tmp_path / "names"
    empty.write_text("# nobody\n")
    before = state(fleet)
    assert bot.runner.run("bot", *bot.options, "--repositories", str(empty), environment=environment).code == 0
    assert state(fleet) == before, "an empty list means no repository, and not this one"


def test_calls_come_one_at_a_time(fleet: GitHub, bot: Bot) -> None:
    """GitHub asks for requests in a row, not side by side."""
    at_once: list[int] = []

    def watch(call: Call) -> None:
        at_once.append(fleet.at_once)

    fleet.before.append(watch)
    bot("--organization", "acme")
    assert max(at_once) == 1
