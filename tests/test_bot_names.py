"""Markers, branches, the convention of commits, code owners, shards, settings: the small pure parts."""

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardenfile.bot.branches import WHOLE, branch_of, key_of, sound_prefix
from hardenfile.bot.codeowners import owners, owners_of, read_codeowners
from hardenfile.bot.convention import is_conventional
from hardenfile.bot.fleet import Log, Outcome, Shard, checked
from hardenfile.bot.marker import Marker
from hardenfile.bot.settings import REPOSITORY_MAY, Settings, author_of, read_settings
from hardenfile.config import Config, read_config
from hardenfile.errors import UsageError

VALUES = st.text(string.ascii_letters + string.digits + "._+", max_size=64)
PATHS = st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=12), min_size=1, max_size=5).map(
    "/".join
)


@given(VALUES.filter(bool), VALUES, VALUES, VALUES, st.text(), st.text())
def test_a_marker_is_found_as_it_was_written(key: str, one: str, two: str, three: str, before: str, after: str) -> None:
    marker = Marker(key, input=one, output=two, hands_off=three)
    assert Marker.find(f"{marker}\n{after}") == marker
    if "<!-- hardenfile" not in before:
        assert Marker.find(f"{before}\n{marker}\r\n{after}") == marker


@given(st.text())
def test_no_body_breaks_the_reader(body: str) -> None:
    Marker.find(body)
    Marker.find(f"<!-- hardenfile:v1 {body} -->")


@pytest.mark.parametrize("value", ["a b", "-->", "a--b", "x=y", "a\nb", "é", "x" * 200])
def test_a_marker_takes_nothing_that_could_end_it(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        Marker(value)


def test_keys_of_later_versions_are_passed_over() -> None:
    assert Marker.find("<!-- hardenfile:v1 key=k new-thing=1 input=i -->") == Marker("k", "i")
    assert Marker.find("<!-- hardenfile:v2 key=k -->") is None
    assert Marker.find("<!-- hardenfile:v1 input=i -->") is None


def test_a_marker_is_put_in_the_place_of_the_old_one() -> None:
    body = f"Mine.\n{Marker('k', 'a')}\nWords \\1."
    assert Marker("k", "b").put_into(body) == f"Mine.\n{Marker('k', 'b')}\nWords \\1."
    assert Marker("k").put_into("Words.") == f"{Marker('k')}\nWords."


@given(PATHS, PATHS)
def test_no_two_paths_share_a_branch(one: str, other: str) -> None:
    assert (branch_of(one) == branch_of(other)) == (one == other)


@given(PATHS)
def test_git_takes_every_branch(path: str) -> None:
    branch = branch_of(path)
    assert branch.startswith("hardenfile/") and branch.count("/") == 1 and len(branch) < 90
    name = branch.removeprefix("hardenfile/")
    assert set(name) <= {*string.ascii_lowercase, *string.digits, "-"}
    assert not name.startswith("-") and name.endswith(key_of(path))


def test_paths_that_look_alike() -> None:
    alike = [
        "a/b/Dockerfile",
        "a-b/Dockerfile",
        "a/b-Dockerfile",
        "A/B/Dockerfile",
        "a/b/dockerfile",
        "*",
        "repository",
    ]
    assert len({branch_of(path) for path in alike}) == len(alike)
    assert branch_of(WHOLE, "bots/x/") == "bots/x/repository"


@pytest.mark.parametrize(
    ("prefix", "sound"),
    [("hardenfile/", True), ("bots/docker/", True), ("", False), ("x", False), ("-x/", False), ("a..b/", False)],
)
def test_prefixes(prefix: str, sound: bool) -> None:
    assert sound_prefix(prefix) == sound


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (["fix: a", "feat(api)!: b", "chore(deps-dev): c\n\nBody"], True),
        (["fix: a", "feat: b", "chore: c", "Merge pull request #1 from x", 'Revert "feat: b"'], True),
        (["fix: a", "feat: b", "Fix the thing"], False),
        (["fix: a", "feat: b", "WIP: c"], False),
        (["fix: a", "fix:b", "feat: c"], False),
        (["fix: a", "feat: b"], False),
        ([], False),
    ],
)
def test_the_convention_of_commits(messages: list[str], expected: bool) -> None:
    assert is_conventional(messages) == expected


OWNERS = """# comment
*                 @all # trailing
*.js              @js
/build/logs/      @doctocat
docs/*            docs@example.com
apps/             @octocat
/scripts/         @doctocat @org/team-name
**/logs           @logs
/apps/github
Docker\\ files/    @space
[Section] @gitlab
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Dockerfile", ("all",)),
        ("a/b/x.js", ("js",)),
        ("build/logs/Dockerfile", ("logs",)),
        ("deep/build/logs/Dockerfile", ("logs",)),
        ("docs/Dockerfile", ()),
        ("docs/more/Dockerfile", ("all",)),
        ("x/apps/Dockerfile", ("octocat",)),
        ("scripts/a/Dockerfile", ("doctocat", "org/team-name")),
        ("x/scripts/Dockerfile", ("all",)),
        ("apps/github", ()),
        ("apps/github/Dockerfile", ()),
        ("Docker files/Dockerfile", ("space",)),
    ],
)
def test_code_owners(path: str, expected: tuple[str, ...]) -> None:
    assert owners(OWNERS, path) == expected


def test_owners_of_several_come_once() -> None:
    assert owners_of("* @a\n/x/ @b @a\n", ["Dockerfile", "x/Dockerfile"]) == ("a", "b")


@given(st.text(max_size=200), PATHS)
def test_no_codeowners_file_breaks_the_reader(text: str, path: str) -> None:
    for owner in owners(text, path):
        assert "@" not in owner and " " not in owner


def test_a_pattern_that_would_take_forever_is_passed_over() -> None:
    assert owners("*a" * 40 + "b @x\n", "a" * 3000) == ()


def test_codeowners_is_not_read_through_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("* @secret\n")
    root = tmp_path / "root"
    (root / ".github").mkdir(parents=True)
    (root / ".github/CODEOWNERS").symlink_to(tmp_path / "secret")
    assert read_codeowners(root) == ""
    (root / "CODEOWNERS").write_text("* @second\n")
    assert read_codeowners(root) == "* @second\n"


@given(st.lists(st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}", fullmatch=True), max_size=30), st.integers(1, 7))
def test_each_repository_is_in_one_shard(names: list[str], count: int) -> None:
    for name in names:
        assert [Shard(index, count).has(name) for index in range(1, count + 1)].count(True) == 1
        assert Shard(1, count).has(name) == Shard(1, count).has(name.upper())


def test_shards_stay_the_same_and_are_even() -> None:
    names = [f"acme/service-{number}" for number in range(1000)]
    sizes = [sum(Shard(index, 4).has(name) for name in names) for index in range(1, 5)]
    assert sum(sizes) == 1000 and min(sizes) > 200
    assert Shard.read("2/5") == Shard(2, 5)
    assert [name for name in names[:12] if Shard(1, 4).has(name)] == SHARD


SHARD = ["acme/service-1", "acme/service-4", "acme/service-11"]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3", ""])
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(UsageError, match="--shard takes I/N"):
        Shard.read(text)


@pytest.mark.parametrize("name", ["acme", "acme/", "/x", "a/../b", "a b/c", "https://x/y/z:1", "acme/x?y"])
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(UsageError, match="owner/name"):
        checked([name])


def test_each_repository_comes_once() -> None:
    assert checked(["a/b", "A/B", "c/d"]) == ["a/b", "c/d"]


def test_a_log_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Log(path)
    log.add(Outcome("a/one", "done"))
    log.add(Outcome("a/two", "failed", "why"))
    log.add(Outcome("a/Three", "skipped", "archived"))
    with path.open("a") as file:
        file.write('{"repository": "a/four", "stat')
    assert Log(path, resume=True).finished == {"a/one", "a/three"}
    Log(path).add(Outcome("a/five", "done"))
    assert Log(path, resume=True).finished == {"a/one", "a/three", "a/five"}
    assert Log(path).finished == frozenset()
    assert Log(tmp_path / "none", resume=True).finished == frozenset()
    with pytest.raises(UsageError, match="--log"):
        Log(None, resume=True)


def test_settings() -> None:
    settings = read_settings({"limit": 2, "labels": ["a"], "branch-prefix": "x/"})
    assert (settings.limit, settings.labels, settings.branch_prefix) == (2, ("a",), "x/")
    assert read_settings({}) == Settings()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"limt": 1}, "did you mean 'limit'"),
        ({"limit": "1"}, "whole number"),
        ({"limit": True}, "whole number"),
        ({"limit": -1}, "0 or more"),
        ({"labels": "a"}, "list of texts"),
        ({"group": "all"}, "file, repository"),
        ({"branch-prefix": "x"}, "slash"),
        ({"author": "nobody"}, "Name <address@host>"),
        ({"enabled": 1}, "true or false"),
    ],
)
def test_wrong_settings(table: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_settings(table)


@pytest.mark.parametrize("name", sorted({"token-command", "author", "branch-prefix", "group", "rebuild-label"}))
def test_what_a_repository_may_not_set(name: str) -> None:
    assert name not in REPOSITORY_MAY
    values: dict[str, Any] = {"token-command": ["x"], "author": "A <a@b>", "branch-prefix": "x/", "group": "file"}
    with pytest.raises(UsageError, match="not for a repository to set"):
        read_settings({name: values.get(name, "x")}, Settings(), repository=True)


def test_a_repository_may_ask_for_less_and_not_for_more() -> None:
    base = Settings(limit=3, draft=True)
    assert read_settings({"limit": 9, "draft": False}, base, repository=True) == base
    assert read_settings({"limit": 1}, base, repository=True).limit == 1


def test_authors() -> None:
    assert author_of("A B <a@b.c>") == ("A B", "a@b.c")
    assert author_of("") is None


def test_the_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / ".hardenfile.toml"
    path.write_text("[bot]\nlimit = 2\n")
    assert read_config(path).bot == {"limit": 2}
    assert Config().bot == {}
    path.write_text("bot = 1\n")
    with pytest.raises(UsageError, match="bot takes a table"):
        read_config(path)
