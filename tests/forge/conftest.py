"""A forge for each test, prism behind all of them, and the bot."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.forge.world import FILES, World, write_row
from tests.support.forge.bot import Bot, Runner
from tests.support.forge.github import GitHub
from tests.support.forge.witness import Witness, why_there_is_none, witness

PASSED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness | None]:
    """What holds each exchange against GitHub's description; None where npm's packages are not there.

    With CI=true they must be.
    """
    if (reason := why_there_is_none()) is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        yield None
        return
    with witness(tmp_path_factory.mktemp("prism")) as one:
        yield one


@pytest.fixture
def forge(tmp_path: Path, prism: Witness | None) -> Iterator[GitHub]:
    """An empty forge; the test fails for any request and any answer that GitHub's description does not allow."""
    with GitHub(tmp_path / "forge") as one:
        if prism is not None:
            one.after.append(prism)
        yield one
    if prism is not None:
        assert prism.settle() == []


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Starts the command line."""
    with Runner(tmp_path_factory.mktemp("runs")) as one:
        yield one


@pytest.fixture
def bot(runner: Runner, forge: GitHub) -> Bot:
    """The bot, with the token of a GitHub App's installation that may write everywhere."""
    return Bot(runner, forge)


@pytest.fixture(params=["api", "clone"])
def world(request: pytest.FixtureRequest, bot: Bot, forge: GitHub) -> Iterator[World]:
    """The bot and `acme/shop`, by the API alone and by a clone; a test with a docstring is a row of the table."""
    shop = forge.repository("acme", "shop", FILES)
    one = World(bot, forge, shop, request.param)
    yield one
    if request.node.stash.get(PASSED, False) and (life := request.function.__doc__):
        write_row(one.row(life.partition("\n")[0].rstrip(".")))


@pytest.fixture
def operator(tmp_path: Path) -> Path:
    """The configuration of whoever runs the bot."""
    path = tmp_path / "operator.toml"
    path.write_text(
        '[bot]\nlabels = ["security"]\nreviewers = ["codeowners"]\nassignees = ["maintainer", "somebody-who-left"]\n'
    )
    return path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember for the fixtures whether a test passed."""
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report
