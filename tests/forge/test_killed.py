"""Nothing lost, nothing doubled: the bot is killed at each of its calls in turn, and run again.

It dies when the forge has acted on the call and the answer is not yet there; to die before a call is to die after the
one before it, since all that a run knows dies with it. What the forge holds in the end is what it holds when nobody is
killed. The same for answers that are lost, where one run has to come to that by itself.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.forge.world import AFTER, BEFORE, FILES, LABEL, World, state
from tests.support.forge import faults
from tests.support.forge.bot import Bot, Runner
from tests.support.forge.github import GitHub
from tests.support.forge.witness import Witness

OTHER = FILES["Dockerfile"].replace("debian:12", "debian:13")
MOST = 60  # calls; a run that never ends would be killed for ever


def opens(world: World, options: list[str]) -> None:
    """Two Dockerfiles, two pull requests, with labels and people."""
    world.shop.commit({"api/Dockerfile": BEFORE})


def updates(world: World, options: list[str]) -> None:
    """One stands; the Dockerfile has changed."""
    world.run(*options)
    world.shop.commit({"Dockerfile": OTHER})


def closes(world: World, options: list[str]) -> None:
    """One stands; there is nothing left to change."""
    world.run(*options)
    world.shop.commit({"Dockerfile": AFTER})


def yields(world: World, options: list[str]) -> None:
    """One stands; a person has committed to it, and the Dockerfile changed."""
    world.run(*options)
    world.shop.commit({"Dockerfile": "FROM theirs\n"}, branch=world.pull.branch)
    world.shop.commit({"Dockerfile": OTHER})


def reopens(world: World, options: list[str]) -> None:
    """One was closed, and has the label now."""
    world.run(*options)
    world.shop.close(world.pull)
    world.shop.pulls[0].labels.append(LABEL)


LIVES = [opens, updates, closes, yields, reopens]
CONFIG = '[bot]\nlabels = ["security"]\nassignees = ["maintainer"]\nreviewers = ["reviewer"]\n'


@pytest.mark.parametrize("prepare", LIVES)
def test_killed_at_every_call(
    prepare: Callable[[World, list[str]], None],
    runner: Runner,
    prism: Witness | None,
    tmp_path: Path,
) -> None:
    config = tmp_path / "operator.toml"
    config.write_text(CONFIG)
    options = ["--config", str(config)]

    def life(index: int | None) -> tuple[object, bool]:
        """A whole life, in which the bot is killed at one call; what the forge holds, and whether that call came."""
        folder = tmp_path / f"forge-{index}"
        killed = wrote = False
        with GitHub(folder) as forge:
            if prism is not None:
                forge.after.append(prism)
            shop = forge.repository("acme", "shop", FILES)
            world = World(Bot(runner, forge), forge, shop, "api")
            prepare(world, options)
            if index is not None:
                fault = faults.kill(index, lambda: runner.pid)
                forge.after.append(fault)
                killed = world.run(*options, code=None).code < 0
                forge.after.remove(fault)
                wrote = killed and forge.calls[-1].writes
            world.run(*options)
            if wrote:
                world.run(*options)
                assert world.writes == [], f"killed at call {index}: there was something left to do twice"
            held = state(forge)
        shutil.rmtree(folder)
        return held, killed

    wanted, _ = life(None)
    for index in range(MOST):
        held, killed = life(index)
        if not killed:
            assert index > 4, "there was nothing to kill"
            return
        assert held == wanted, f"killed at call {index}"
    pytest.fail(f"more than {MOST} calls")


@pytest.mark.parametrize("way", ["api", "clone"])
@pytest.mark.parametrize("prepare", LIVES)
def test_every_answer_is_lost(
    prepare: Callable[[World, list[str]], None], way: str, runner: Runner, prism: Witness | None, tmp_path: Path
) -> None:
    config = tmp_path / "operator.toml"
    config.write_text(CONFIG)
    options = ["--config", str(config)]
    held = []
    for spoiled in (False, True):
        with GitHub(tmp_path / f"forge-{spoiled}") as forge:
            if prism is not None:
                forge.after.append(prism)
            world = World(Bot(runner, forge), forge, forge.repository("acme", "shop", FILES), way)
            prepare(world, options)
            if spoiled:
                forge.after.append(faults.lost())
                forge.after_git.append(faults.cut_push())
            world.run(*options)
            if spoiled:
                assert any(one.status in (0, 502) for one in forge.calls), "no answer was lost"
            held.append(state(forge))
            world.run(*options)
            assert world.writes == [], "the first run left something to do"
    assert held[0] == held[1]
