"""Go's patterns and .dockerignore. The tables were checked against moby/patternmatcher and fsutil's walk."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hardenfile.evidence.globs import Glob, below_root, clean, is_glob
from hardenfile.evidence.ignore import Ignore


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.txt", "a.txt", True),
        ("*.txt", "a/b.txt", False),
        ("a*", "a", True),
        ("a?b", "a/b", False),
        ("a?b", "aéb", True),
        ("*/b", "a/b", True),
        ("a*b*c", "aXbYbZc", True),
        ("[a-c]x", "bx", True),
        ("[a-c]x", "dx", False),
        ("[^a-c]x", "dx", True),
        ("[!a]x", "!x", True),
        ("[!a]x", "bx", False),
        ("[^a]", "/", True),
        (r"\*.txt", "*.txt", True),
        (r"\*.txt", "a.txt", False),
        (r"a[\]\-]", "a]", True),
        ("a[[]0]", "a[0]", True),
        ("**", "a/b", False),
        ("", "", True),
        ("A", "a", False),
    ],
)
def test_a_source_pattern_is_gos_filepath_match(pattern: str, path: str, matches: bool) -> None:
    assert Glob(pattern).matches(path) is matches


@pytest.mark.parametrize("pattern", ["[", "[]", "[]a]", "[^]", "[a", "[a-", "[a-]", "[-a]", "a\\", "[\\", "a[b-\\"])
def test_a_bad_pattern_is_said_to_be_one(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\[|range|backslash"):
        Glob(pattern)


@pytest.mark.parametrize(
    ("source", "glob"),
    [
        ("a", False),
        ("a*", True),
        ("a?", True),
        ("[", True),
        (r"\*", False),
        (r"\\*", True),
        ("]", False),
        ("\\", False),
    ],
)
def test_an_escaped_star_makes_no_pattern(source: str, glob: bool) -> None:
    assert is_glob(source) is glob


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("", "."),
        ("./a//b/.", "a/b"),
        ("a/../..", ".."),
        ("../a", "../a"),
        ("/../a/", "/a"),
        ("//a", "/a"),
        ("/", "/"),
        ("a/..", "."),
        ("..a/...", "..a/..."),
    ],
)
def test_paths_are_cleaned_as_go_does(path: str, cleaned: str) -> None:
    assert clean(path) == cleaned


def test_no_source_leaves_the_root() -> None:
    assert [below_root(path) for path in ("", ".", "/", "../../a", "/a/../../b/", "./a")] == ["", "", "", "a", "b", "a"]


CASES = [
    # One pattern.
    ("a", "a", True),
    ("a", "a/b/c", True),
    ("a", "b/a", False),
    ("/a", "a", True),
    ("a/", "a/b", True),
    ("./a/../b", "b", True),
    ("*.log", "x.log", True),
    ("*.log", "d/x.log", False),
    ("*/*.log", "d/x.log", True),
    ("**/*.log", "x.log", True),
    ("**/*.log", "d/e/x.log", True),
    ("**/a", "x/a/y", True),
    ("**/a", "x/ba", False),
    ("**a", "x/ba", True),
    ("**a*", "x/bac", False),
    ("a/**", "a", False),
    ("a/**", "a/b/c", True),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/x/y/b", True),
    ("a**b", "a/x/b", True),
    ("a**b", "axb", False),
    ("**", "x/y", True),
    ("*", "x/y", True),
    ("a.b", "axb", False),
    ("a+(b)|{c}$^", "a+(b)|{c}$^", True),
    ("a*+(b)", "axx+(b)", True),
    (r"a\*", "a*", True),
    (r"a\*", "ab", False),
    ("a[b-d]", "ac", True),
    ("a*[-_]", "ax-", True),
    ("a*[]x]", "ay]", True),
    (".", "a", False),
    ("..", "a", False),
    ("../a", "a", False),
    ("/", "a", False),
    # How lines are read.
    ("# a\n#b", "#b", False),
    (" #b", "#b", True),
    ("\\#b", "#b", True),
    ("a # no comment", "a", False),
    ("a  \t", "a", True),
    ("  a", "a", True),
    ("a\r\nb\r\n", "b", True),
    ("\ufeffa", "a", True),
    ("\ufeff# c\na", "a", True),
    ("\n\n \na", "a", True),
    ("a\u2028b", "b", False),
    ("a b", "a b", True),
    ("\xa0a\u3000", "a", True),
    ("a\x1c", "a", False),
    # Exceptions: the last word counts.
    ("*\n!a", "a", False),
    ("*\n!a", "b", True),
    ("!a\n*", "a", True),
    ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
    ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", False),
    ("docs\n!docs/a", "docs/a", False),
    ("docs\n!docs/a", "docs/b", True),
    ("docs\n! docs/a", "docs/a", False),
    ("docs\n!/docs/a/", "docs/a/b", False),
    ("docs\n!docs/a\ndocs/a/b", "docs/a/b", True),
    ("docs\n!docs/a\ndocs/a/b", "docs/a/c", False),
    ("**\n!src/**", "src/a/b", False),
    ("**\n!src/*.py", "src/a.py", False),
    ("**\n!src/*.py", "src/a.txt", True),
    ("*\n!**/*.py", "a/b/c.py", False),
    ("./!a\nb", "a", False),
    ("!!a\n*", "a", True),
    ("*\n!!a", "!a", False),
    # What a look at each path by itself would not tell.
    ("*/*.log\n!keep", "keep/a.log", True),
    ("keep\n*/*.log\n!keep", "keep/a.log", False),
    ("a\n!a/*/**", "a/b/c", True),
    ("a/*\n!a/*/**", "a/b/c", True),
    ("a\n!a/*/*", "a/b/c", False),
    ("*\n!a/*/**\n!zz*", "a/b/c", False),
]


@pytest.mark.parametrize(("text", "path", "excluded"), CASES)
def test_dockerignore(text: str, path: str, excluded: bool) -> None:
    ignore = Ignore(text)
    assert ignore.excludes(path) is excluded
    assert ignore.problems == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("!", "line 2: an exception (!) from nothing"),
        ("! ", "line 2: an exception (!) from nothing"),
        ("!/", "line 2: an exception (!) from nothing"),
        ("[", "line 2: `[` is no pattern: a [ that is not well closed"),
        ("a/[]", "line 2: `a/[]` is no pattern: a [ that is not well closed"),
        ("![b-a]", "line 2: `[b-a]` is no pattern: a range that runs backwards"),
        ("a\\", "line 2: `a\\` is no pattern: a backslash at the end"),
        ("x" * 70_000, "line 2: the line is longer than builders can read"),
    ],
)
def test_a_line_that_stops_a_build_is_a_problem_and_the_others_hold(line: str, problem: str) -> None:
    ignore = Ignore(f"a\n{line}\nb")
    assert ignore.problems == [problem]
    assert (ignore.excludes("a"), ignore.excludes("b"), ignore.excludes("c")) == (True, True, False)


def test_a_hostile_pattern_is_no_slower_than_another() -> None:
    ignore = Ignore("**/" * 40 + "x*y\n" + "*a" * 60 + "b")
    assert not ignore.excludes("/".join(["a" * 60] * 30))
    assert ignore.excludes("a" * 200 + "b")


# Pairs of a Go pattern and what it means as a regular expression, put together at random.
PIECES = st.lists(
    st.sampled_from(
        [
            ("a", "a"),
            ("b", "b"),
            ("/", "/"),
            (".", r"\."),
            ("?", "[^/]"),
            ("*", "[^/]*"),
            ("[ab]", "[ab]"),
            ("[^a]", "[^a]"),
            ("[b-c]", "[b-c]"),
            (r"\*", r"\*"),
        ]
    ),
    max_size=6,
)
PATHS = st.text("abc/.*\n", max_size=8)


@given(PIECES, PATHS)
@example([("*", "[^/]*"), ("a", "a"), ("*", "[^/]*"), ("b", "b")], "caab")
def test_globs_agree_with_a_regular_expression(pieces: list[tuple[str, str]], path: str) -> None:
    pattern, meaning = ("".join(column) for column in zip(*pieces, strict=True)) if pieces else ("", "")
    glob = Glob(pattern)
    assert glob.matches(path) is (re.fullmatch(meaning, path) is not None)
    assert not glob.matches(path) or path.count("/") <= glob.slashes


WORDS = st.sampled_from(["a", "b", "ab", "*", "a*", "?", "**"])
PATTERNS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
CLEAN_PATHS = st.lists(st.sampled_from(["a", "b", "ab", "ba"]), min_size=1, max_size=4).map("/".join)
MEANING = {"*": "[^/]*", "?": "[^/]", "a*": "a[^/]*"}


def slowly(pattern: str, path: str) -> bool:
    """`**/` is any folders, a last `**` is everything, the rest goes part by part."""
    words = pattern.split("/")
    head = "".join("(.*/)?" if word == "**" else MEANING.get(word, word) + "/" for word in words[:-1])
    last = ".*" if words[-1] == "**" else MEANING.get(words[-1], words[-1])
    return re.fullmatch(head + last, path) is not None


@given(st.lists(PATTERNS, max_size=3), CLEAN_PATHS)
def test_without_exceptions_a_path_is_out_when_it_or_a_parent_matches(patterns: list[str], path: str) -> None:
    parts = path.split("/")
    chain = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    expected = any(slowly(pattern, one) for pattern in patterns for one in chain)
    assert Ignore("\n".join(patterns)).excludes(path) is expected


@given(st.lists(st.tuples(st.booleans(), PATTERNS), max_size=4), st.sampled_from(["a", "b", "ab", "ba"]))
def test_at_the_root_the_last_match_wins(rules: list[tuple[bool, str]], name: str) -> None:
    text = "\n".join("!" * exception + pattern for exception, pattern in rules)
    verdicts = [not exception for exception, pattern in rules if slowly(pattern, name)]
    assert Ignore(text).excludes(name) is (verdicts[-1] if verdicts else False)


@given(st.text(), st.text(), st.lists(st.text("!*?[]\\^-/.# a\r\n\ufeff"), max_size=4))
def test_nothing_raises(text: str, path: str, odd: list[str]) -> None:
    for one in (text, "\n".join(odd)):
        assert Ignore(one).excludes(below_root(path)) in (True, False)
