"""The life of a pull request, one test each: what the forge holds at the end, by the API alone and by a clone.

The first line of each docstring names the life in the table (`python -m tests.forge.table`).
"""

import re

import pytest

from tests.forge.world import AFTER, BEFORE, LABEL, OTHER, World, state
from tests.support.forge.github import BOT


def test_opened(world: World) -> None:
    """Opened."""
    base = world.shop.branch("main")
    world.run()
    pull = world.pull
    assert world.changed(pull) == {"Dockerfile": AFTER.encode()}
    assert (world.ahead(pull), pull.base, pull.login, pull.draft) == (1, "main", BOT, False)
    commit = world.shop.objects.read_commit(pull.head_sha)
    assert commit.parents == (base,) and world.shop.branch("main") == base
    assert re.search("<!-- hardenfile:v1 .*-->", pull.body) and "COPY" in pull.body
    if world.way == "api":
        assert pull.head_sha in world.shop.verified, "with no author given, the forge signs an App's commit"


def test_unchanged(world: World) -> None:
    """Unchanged: a second run."""
    world.run()
    before = state(world.forge)
    world.run()
    assert world.writes == [] and len(world.reads) <= 4 and not world.forge.archive_calls
    assert state(world.forge) == before


def test_base_moved_elsewhere(world: World) -> None:
    """Base moved in another file: the same output is no reason to push."""
    world.run()
    head = world.pull.head_sha
    world.shop.commit({"README.md": "New words.\n"})
    world.run()
    assert world.pull.head_sha == head and world.ahead(world.pull) == 1


def test_base_moved(world: World) -> None:
    """Base moved in the Dockerfile."""
    world.run()
    base = world.shop.commit({"Dockerfile": OTHER, "run.sh": "#!/bin/sh\n"})
    world.run()
    pull = world.pull
    assert (pull.number, world.ahead(pull)) == (1, 1), "one fresh commit, not one on top of another"
    assert world.shop.objects.read_commit(pull.head_sha).parents == (base,)
    assert world.changed(pull) == {"Dockerfile": OTHER.replace("ADD", "COPY").encode()}
    world.run()
    assert world.writes == []


def test_human_commit(world: World) -> None:
    """A person commits to the branch."""
    world.run()
    theirs = world.shop.commit({"Dockerfile": AFTER + "# theirs\n"}, branch=world.pull.branch)
    for number in range(3):
        world.shop.commit({"Dockerfile": OTHER + f"# {number}\n"})
        world.run()
        pull = world.pull
        assert pull.head_sha == theirs, "hands off what a person wrote"
        assert len(pull.comments) == 1, "and say so, once"
    assert LABEL in world.pull.comments[0].body


def test_human_commit_then_label(world: World) -> None:
    """A person commits, then asks by the label."""
    world.run()
    world.shop.commit({"Dockerfile": AFTER + "# theirs\n"}, branch=world.pull.branch)
    base = world.shop.commit({"Dockerfile": OTHER})
    world.run()
    world.pull.labels.append(LABEL)
    world.run()
    pull = world.pull
    assert world.ahead(pull) == 1 and world.shop.objects.read_commit(pull.head_sha).parents == (base,)
    assert LABEL not in pull.labels, "a label that stays would ask again and again"
    world.run()
    assert world.writes == []


def test_human_amends(world: World) -> None:
    """A person amends the bot's commit, keeping its message."""
    world.run()
    pull, objects = world.pull, world.shop.objects
    ours = objects.read_commit(pull.head_sha)
    files = objects.files(ours.tree)
    files["Dockerfile"] = files["README.md"]
    theirs = objects.commit(objects.tree(files), ours.parents, ours.message, ours.author, ours.committer)
    objects.set_ref(f"refs/heads/{pull.branch}", theirs)
    world.shop.commit({"Dockerfile": OTHER})
    world.run()
    assert world.pull.head_sha == theirs


@pytest.mark.parametrize("delete_branch", [False, True])
def test_closed(world: World, delete_branch: bool) -> None:
    """Closed unmerged: never again until the input changes."""
    world.run()
    world.shop.close(world.pull, delete_branch=delete_branch)
    for _ in range(2):
        world.shop.commit({"README.md": world.forge.now})
        world.run()
        assert world.open == [] and len(world.shop.pulls) == 1
        assert world.writes == []
    world.shop.commit({"Dockerfile": OTHER})
    world.run()
    assert [one.number for one in world.shop.pulls] == [1, 2] and world.pull.number == 2
    assert world.changed(world.pull) == {"Dockerfile": OTHER.replace("ADD", "COPY").encode()}


@pytest.mark.parametrize("delete_branch", [False, True])
def test_reopened_by_label(world: World, delete_branch: bool) -> None:
    """Closed, then reopened by the label."""
    world.run()
    world.shop.close(world.pull, delete_branch=delete_branch)
    world.shop.pulls[0].labels.append(LABEL)
    world.run()
    pull = world.pull
    assert pull.number == (2 if delete_branch else 1)
    assert world.changed(pull) == {"Dockerfile": AFTER.encode()}
    assert all(LABEL not in one.labels for one in world.shop.pulls)
    world.run()
    assert world.writes == [] and world.pull is pull


@pytest.mark.parametrize("squash", [False, True])
@pytest.mark.parametrize("delete_branch", [False, True])
def test_merged(world: World, squash: bool, delete_branch: bool) -> None:
    """Merged."""
    world.run()
    world.shop.merge(world.pull, squash=squash, delete_branch=delete_branch)
    world.run()
    assert world.open == [] and len(world.shop.pulls) == 1
    assert world.shop.content("Dockerfile") == AFTER.encode()
    world.run()
    assert world.writes == []
    world.shop.commit({"Dockerfile": OTHER})
    world.run()
    assert world.pull.number == 2 and world.ahead(world.pull) == 1


def test_merged_and_reverted(world: World) -> None:
    """Merged, then taken back: that is a no too."""
    world.run()
    world.shop.merge(world.pull, delete_branch=True)
    world.shop.commit({"Dockerfile": BEFORE}, "Revert")
    world.run()
    assert world.open == []


def test_diff_vanished(world: World) -> None:
    """The diff vanished: a person did it by hand."""
    world.run()
    branch = world.pull.branch
    world.shop.commit({"Dockerfile": AFTER})
    world.run()
    pull = world.shop.pulls[0]
    assert pull.state == "closed" and len(pull.comments) == 1
    assert world.shop.branch(branch) is None
    world.run()
    assert world.writes == [] and len(pull.comments) == 1
    world.shop.commit({"Dockerfile": OTHER})
    world.run()
    assert world.pull.number == 2, "what the bot closed itself was no person's no"


def test_dockerfile_removed(world: World) -> None:
    """The Dockerfile is removed."""
    world.run()
    branch = world.pull.branch
    world.shop.commit({"Dockerfile": None})
    world.run()
    assert world.shop.pulls[0].state == "closed" and world.shop.branch(branch) is None
    world.run()
    assert world.writes == []


def test_unsafe_changes(world: World) -> None:
    """Changes that may alter behaviour, asked for by `--unsafe`."""
    world.shop.commit({"Dockerfile": BEFORE.replace("USER 10001:10001\n", "").replace("app.sh", "gone.sh")})
    world.run()
    assert not world.pull.draft and b"USER" not in (world.changed(world.pull)["Dockerfile"] or b"")
    world.run("--unsafe")
    assert world.pull.number == 1 and b"USER" in (world.changed(world.pull)["Dockerfile"] or b"")
    world.run("--unsafe")
    assert world.writes == []


def test_unsafe_from_the_start(world: World) -> None:
    """The same, opened: a draft."""
    world.shop.commit({"Dockerfile": BEFORE.replace("USER 10001:10001\n", "").replace("app.sh", "gone.sh")})
    world.run("--unsafe")
    assert world.pull.draft


def test_dry_run(world: World) -> None:
    """A dry run."""
    ran = world.run("--dry-run")
    assert world.writes == [] and world.shop.branches == ["main"] and world.shop.pulls == []
    assert "POST" in ran.out + ran.err or world.way == "clone"
