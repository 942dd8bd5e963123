"""The same in repositories that are not as one would wish: taken branches, rules, other names, many files."""

from dataclasses import replace

from tests.forge.world import BEFORE, FILES, OTHER, World, state
from tests.support.forge.github import BOT


def test_branch_exists(world: World) -> None:
    """The branch exists already, with a person's work."""
    world.run()
    branch = world.pull.branch
    theirs = world.shop.commit({"README.md": "theirs\n"}, branch="elsewhere")
    world.shop.pulls.clear()
    world.shop.objects.delete_ref("refs/heads/elsewhere")
    world.shop.objects.set_ref(f"refs/heads/{branch}", theirs)
    ran = world.run(code=None)
    assert world.shop.branch(branch) == theirs and world.open == []
    assert branch in ran.out + ran.err, "it says which branch is in its way"


def test_branch_below(world: World) -> None:
    """A branch `hardenfile` leaves no room for `hardenfile/…`."""
    sha = world.shop.branch("main") or ""
    world.shop.objects.set_ref("refs/heads/hardenfile", sha)
    world.run(code=2)
    assert world.open == [] and world.shop.branch("hardenfile") == sha


def test_protected_branch(world: World) -> None:
    """Rules let nobody make such branches; the next repository fares well."""
    world.shop.protect("hardenfile/**")
    other = world.forge.repository("acme", "other", FILES)
    ran = world.run("acme/other", code=None)
    assert ran.code != 0 and "acme/shop" in ran.err + ran.out
    assert world.shop.branches == ["main"] and world.shop.pulls == []
    assert len(other.pulls) == 1, "one repository that fails never stops the rest"


def test_archived(world: World) -> None:
    """Archived: nothing is tried."""
    world.shop.archived = True
    ran = world.run()
    assert world.writes == [] and "archived" in ran.err + ran.out


def test_no_rights(world: World) -> None:
    """A repository that the token may only read; the next fares well."""
    world.shop.readers.add(BOT)
    other = world.forge.repository("acme", "other", FILES)
    ran = world.run("acme/other", code=None)
    assert ran.code != 0 and "acme/shop" in ran.err + ran.out
    assert world.shop.pulls == [] and world.shop.branches == ["main"] and len(other.pulls) == 1


def test_fork_in_disguise(world: World) -> None:
    """A stranger's fork proposes from a branch of the same name, with a copied marker."""
    world.run()
    mine = world.pull
    fork = world.forge.fork(world.shop, "mallory")
    sha = fork.commit({"Dockerfile": "FROM mallory\n"}, branch=mine.branch)
    theirs = replace(
        mine,
        number=2,
        login="mallory",
        head_repository=fork,
        head_owner="mallory",
        head_sha=sha,
        comments=[],
        labels=[],
    )
    world.shop.pulls.append(theirs)
    before = state(world.forge)
    world.run()
    assert world.writes == [] and state(world.forge) == before
    world.shop.close(mine)
    world.shop.commit({"Dockerfile": OTHER})
    world.run()
    assert theirs.state == "open" and [one.login for one in world.shop.pulls if one.number == 3] == [BOT]


def test_renamed_default_branch(world: World) -> None:
    """The default branch is renamed."""
    world.run()
    world.shop.rename_default_branch("trunk")
    world.run()
    assert world.pull.number == 1 and world.pull.base == "trunk"
    world.run()
    assert world.writes == []


def test_another_default_branch(world: World) -> None:
    """Another branch becomes the default one."""
    world.run()
    world.shop.commit({"README.md": "next\n"}, branch="trunk")
    sha = world.shop.branch("main") or ""
    world.shop.objects.set_ref("refs/heads/trunk", sha)
    world.shop.commit({"README.md": "next\n"}, branch="trunk")
    world.shop.default_branch = "trunk"
    world.shop.objects.set_head("trunk")
    world.run()
    assert world.pull.number == 1 and world.pull.base == "trunk" and world.ahead(world.pull) == 1
    world.run()
    assert world.writes == []


def test_renamed_repository(world: World) -> None:
    """The repository is renamed; the operator's list has the old name."""
    world.run()
    world.forge.rename(world.shop, "store")
    world.shop.commit({"Dockerfile": OTHER})
    world.run()
    assert world.pull.number == 1 and world.changed(world.pull) == {"Dockerfile": OTHER.replace("ADD", "COPY").encode()}


def test_empty_repository(world: World) -> None:
    """An empty repository."""
    world.forge.repository("acme", "empty")
    world.run(name="acme/empty")
    assert world.writes == []


def test_busy_repository(world: World) -> None:
    """350 newer pull requests of others stand before the one that was closed."""
    world.run()
    closed = world.pull
    world.shop.close(closed)
    for number in range(2, 352):
        world.shop.pulls.append(replace(closed, number=number, body="", branch=f"feature-{number}", login="carla"))
    world.run()
    assert world.open == [] and world.writes == []
    assert len(world.reads) <= 8, "three pages, those that are open, and one look-up by owner and branch"
    world.shop.commit({"Dockerfile": OTHER})
    world.run()
    assert world.pull.number == 352
    world.run()
    assert world.writes == []


def test_three_hundred_dockerfiles(world: World) -> None:
    """300 Dockerfiles: no more pull requests than the limit."""
    world.shop.commit({f"services/s{number:03}/Dockerfile": BEFORE for number in range(299)})
    world.run()
    assert len(world.open) == 5
    assert len(world.reads) < 40, "what cannot be opened is not looked up one by one"
    assert len(world.forge.archive_calls) == (world.way == "api")
    first = {one.branch for one in world.open}
    world.run()
    assert world.writes == [] and {one.branch for one in world.open} == first
    world.shop.merge(world.open[0], delete_branch=True)
    world.run()
    assert len(world.open) == 5


def test_three_hundred_in_one(world: World) -> None:
    """300 Dockerfiles with `--group repository`."""
    world.shop.commit({f"services/s{number:03}/Dockerfile": BEFORE for number in range(299)})
    world.run("--group", "repository")
    assert len(world.changed(world.pull)) == 300 and world.ahead(world.pull) == 1
    assert len(world.pull.body) <= 65536, "what GitHub takes at most"
    world.run("--group", "repository")
    assert world.writes == []
