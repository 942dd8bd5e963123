"""What is in it: the bytes, the words, labels and people, and no secret."""

import re
from pathlib import Path

from tests.forge.world import BEFORE, World, state


def test_secrets_stay_home(world: World) -> None:
    """No token leaves for another host, or gets into what the forge holds."""
    world.shop.private = True
    world.run()
    for call in world.forge.archive_calls:
        assert "authorization" not in call.headers and "ghs_bot" not in repr(call)
    assert "ghs_bot" not in repr(state(world.forge))
    if world.way == "api":
        assert world.forge.archive_calls


def test_labels_and_people(world: World, operator: Path) -> None:
    """Labels, reviewers from CODEOWNERS, assignees; one has left."""
    world.shop.commit({".github/CODEOWNERS": "* @reviewer\n"})
    world.run("--config", str(operator))
    pull = world.pull
    assert (pull.labels, pull.reviewers, pull.assignees) == (["security"], ["reviewer"], ["maintainer"])
    world.run("--config", str(operator))
    assert world.writes == []


def test_odd_paths(world: World) -> None:
    """Paths that markdown, a shell or a ref would read otherwise."""
    paths = ["a`b/Dockerfile", "<!-- x -->/Dockerfile", "@carla [x](y)/Dockerfile", "ü b/Dockerfile", "-rf/Dockerfile"]
    world.shop.commit({"Dockerfile": None, **dict.fromkeys(paths, BEFORE)})
    world.run("--limit", "10")
    assert sorted(path for one in world.open for path in world.changed(one)) == sorted(paths)
    for one in world.open:
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", one.body, flags=re.DOTALL)
        assert not re.search(r"(?<![\\\w])@carla", one.title + outside), "nobody is mentioned by a path"
        assert outside.count("<!--") == 1
    world.run("--limit", "10")
    assert world.writes == []


def test_kept_bytes(world: World) -> None:
    """CRLF, no final newline, bytes that are no UTF-8, an executable Dockerfile."""
    odd = b"# caf\xe9\r\n" + BEFORE.replace("\n", "\r\n").encode().removesuffix(b"\r\n")
    world.shop.commit({"Dockerfile": odd}, modes={"Dockerfile": "100755"})
    world.run()
    assert world.changed(world.pull) == {"Dockerfile": odd.replace(b"ADD", b"COPY")}
    objects = world.shop.objects
    files = objects.files(objects.read_commit(world.pull.head_sha).tree)
    assert files["Dockerfile"].mode == "100755"


def test_conventional_commits(world: World) -> None:
    """A repository that writes conventional commits."""
    for number in range(20):
        world.shop.commit({"README.md": str(number)}, f"feat(shop): step {number}")
    world.run()
    assert re.match(r"[a-z]+(\([^)]+\))?: ", world.pull.title)
    assert world.shop.objects.read_commit(world.pull.head_sha).message.startswith(world.pull.title)
