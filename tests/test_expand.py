"""`${x:-y}` and its family against BuildKit's answers, and against plainer ways to say the same."""

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardenfile.dockerfile.expand import DEEPEST, MOST_WORK, Expansion, ExpansionError, expand, split_words

GOLDEN = Path(__file__).parent.parent / "fixtures" / "_grammar" / "golden" / "expand.jsonl.gz"
ENV = {"X": "a.b/a*c.d", "EMPTY": "", "A": "1", "LINES": "one\ntwo", "SPACED": " p  q ", "é": "accent"}


def outcome(word: str, env: dict[str, str], escape: str = "\\") -> str | None:
    try:
        return expand(word, env, escape).text
    except ExpansionError:
        return None


def test_every_golden_answer() -> None:
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as lines:
        env = json.loads(next(lines))["env"]
        cases = [json.loads(line) for line in lines]
    assert len(cases) == 6000
    wrong = [(case, got) for case in cases if (got := outcome(case["w"], env, case["esc"])) != case["r"]]
    assert not wrong


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("plain/word-1.2", "plain/word-1.2"),
        ("a b", "a b"),
        ("$A$A", "11"),
        ("${EMPTY:-d}${EMPTY-d}${NONE-d}", "dd"),
        ("${EMPTY:+d}${EMPTY+d}${NONE+d}", "d"),
        ("${A:?no}${EMPTY?no}", "1"),
        ("${X#*.}|${X##*.}|${X%.*}|${X%%.*}", "b/a*c.d|d|a.b/a*c|a"),
        (r"${X%\**}|${X#a\.}", None),  # a dot needs no escape, and so may have none
        (r"${X%\**}", "a.b/a"),
        ("${X/a/_}|${X//a/_}", "_.b/a*c.d|_.b/_*c.d"),
        (r"${X/\//_}", "a.b_a*c.d"),
        ("${X//?/$NONE}", ""),
        ("${X//[a-z]/_}", "a.b/a*c.d"),  # no brackets in these patterns
        ("${LINES//*/<$0>}", "<>\n<>"),  # the lexer has expanded $0 already
        (r"${LINES//*/<\$0>}", "<\\one>\n<\\two>"),  # not so here, and a Go template has a use for it
        (r"${A/1/\$0}|${A//1/'$$'}|${A//1/'${0}${00}${'}", "\\$0|$|1${"),
        ("${LINES#*e}|${LINES#one?}", "\ntwo|one\ntwo"),
        ("${EMPTY//*/z}|${A//*/z}|${A///-}", "z|z|-1-"),
        ("$é|$1a|${1}|$²", "accent|a||$²"),  # a superscript two is no decimal digit
        ("$", "$"),
        ("$$A$@x$-$?$#$!$*", "Ax"),
        ("'$A'\"$A\"", "$A1"),
        (r"\$A\a'\$A'\"", r'$Aa\$A"'),
        (r'"\a\"\$\\"', '\\a"$\\'),
        ("a\\", "a"),
        ("\ufeffa\ufeff", "a\ufeff"),
        ("a\0b\udcff", "a\0b\ufffd"),
        ("<<  a", "<<  a"),
        ("${A:-${B:-${C}}}", "1"),
        ("${NONE:-'}'}", "}"),
    ],
)
def test_words(word: str, text: str | None) -> None:
    assert outcome(word, ENV) == text


@pytest.mark.parametrize(
    "word",
    [
        *("${", "${}", "${:-a}", "${{a}", "${A", "${A:", "${A:}", "${A:x}", "${A:#x}", "${A:%x}", "${A=x}", "${A!x}"),
        *("${A-", "${A/", "${A/x", "${A//x/y", "${NONE?}", "${NONE:?x}", "${EMPTY:?}", "'", '"', '"\\"'),
        *("${A#\\x}", "${A%\\y}", "${A#'\\'}"),
    ],
)
def test_refused_words(word: str) -> None:
    with pytest.raises(ExpansionError):
        expand(word, ENV)


def test_the_message_of_a_question_mark_is_the_words_own() -> None:
    with pytest.raises(ExpansionError, match=r"^NONE: give 1$"):
        expand("${NONE:?give $A}", ENV)


def test_the_backtick_may_be_the_escape() -> None:
    assert expand("c:\\x`$A", ENV, "`").text == "c:\\x$A"


def test_names_found_and_not_found() -> None:
    assert expand("$A${NONE:-$EMPTY}${A:+$GONE}", ENV) == Expansion(
        "1", frozenset({"A", "EMPTY"}), frozenset({"NONE", "GONE"})
    )
    assert expand("a", ENV) == Expansion("a", frozenset(), frozenset())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        (" a  b\tc\n", ("a", "b", "c")),
        ("'a b'c \"d e\" f\\ g", ("a bc", "d e", "f g")),
        ('"" a', ("a",)),
        ("x$SPACED'y z'", ("x", "p", "q", "y z")),
        ('"$SPACED"', (" p  q ",)),
        ("a\u00a0b\u2003c\x1cd\x85e", ("a", "b", "c\x1cd", "e")),  # Go's white space, not Python's
        ("cat << \t EOF < x", ("cat", "<< \t EOF", "<", "x")),
        ("ab${A:-x}c d", ("1c", "d")),  # BuildKit loses what stands before a `${…}` with a word in it
    ],
)
def test_split_words(text: str, words: tuple[str, ...]) -> None:
    assert split_words(text, env=ENV) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cat <<'E O' <<-\"F\"", ("cat", "<<'E O'", '<<-"F"')),
        ("a\\ b '' $x ${y} ${z:-\\w}", ("a\\ b", "''", "$x", "${y}", "${z:-w}")),
        ('"\\a\\""', ('"\\\\a\\""',)),  # before what needs no escape, the escape is doubled
        ("${x:0:5}", ("${x:0:5}",)),  # unknown to BuildKit, and yet no error where the name is unset
        ("${x/a/b}${x#y}", ("${x#y}",)),
    ],
)
def test_split_words_for_heredocs(text: str, words: tuple[str, ...]) -> None:
    assert split_words(text, raw_quotes=True, raw_escapes=True, skip_unset=True) == words


def test_split_words_raises() -> None:
    with pytest.raises(ExpansionError, match="single quote"):
        split_words("it's")


def test_nesting_is_capped() -> None:
    assert expand("${a:-" * DEEPEST + "}" * DEEPEST, {}).text == ""
    for word in ("${a:-" * (DEEPEST + 1) + "}" * (DEEPEST + 1), '"${a:-' * 100_000):
        with pytest.raises(ExpansionError, match="inside one another"):
            expand(word, {})


@pytest.mark.parametrize("word", ["$L" * 100, "${L//?/$L}", "${L//?/'$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0'}"])
def test_growth_is_capped(word: str) -> None:
    with pytest.raises(ExpansionError, match="grows"):
        expand(word, {"L": "x" * (MOST_WORK // 16)})


@pytest.mark.parametrize("pattern", ["*a*a*a*a*a*a*a*a*b", "*" * 500 + "b", "a*" * 100 + "\n"])
def test_no_pattern_is_slow(pattern: str) -> None:
    env = {"L": "a" * 20_000}
    for word in ("${L#%s}", "${L##%s}", "${L%%%s}", "${L/%s/x}", "${L//%s/x}"):
        assert expand(word % pattern, env).text == env["L"]


PATTERNS = st.text("ab.*?\n", max_size=7)
VALUES = st.text("ab.\n", max_size=9)


def as_regex(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern))


@settings(max_examples=300, deadline=None)
@given(PATTERNS, VALUES)
def test_trims_agree_with_trying_every_end(pattern: str, value: str) -> None:
    regex, env = as_regex(pattern), {"V": value, "P": pattern}
    rests = [value[at:] for at in range(len(value) + 1) if regex.fullmatch(value, 0, at)] or [value]
    assert [outcome(word, env) for word in ("${V#$P}", "${V##$P}")] == [rests[0], rests[-1]]
    heads = [value[:at] for at in range(len(value) + 1) if regex.fullmatch(value, at)] or [value]
    assert [outcome(word, env) for word in ("${V%$P}", "${V%%$P}")] == [heads[-1], heads[0]]


@settings(max_examples=300, deadline=None)
@given(PATTERNS, VALUES)
def test_the_first_and_every_match_are_replaced(pattern: str, value: str) -> None:
    regex, env = as_regex(pattern), {"V": value, "P": pattern}
    assert outcome("${V/$P/<>}", env) == regex.sub("<>", value, count=1)
    assert outcome("${V//$P/<>}", env) == every_match_replaced(regex, value)


def every_match_replaced(regex: re.Pattern[str], value: str) -> str:
    """Go leaves out an empty match that touches the one before; Python does not."""
    text, done = "", 0
    for match in regex.finditer(value):
        text += value[done : match.start()]
        text += "<>" if match.end() > done or match.start() == 0 else ""
        done = match.end()
    return text + value[done:]


@settings(max_examples=300, deadline=None)
@given(st.text("$${}:-+?#%/\\`'\"<ab \n*A\ufeff\udcff\0é", max_size=20), st.sampled_from("\\`"))
def test_any_text_gets_words_or_one_kind_of_error(text: str, escape: str) -> None:
    outcome(text, ENV, escape)
    for raw in (False, True):
        try:
            words = split_words(text, raw_quotes=raw, raw_escapes=raw, env=ENV, skip_unset=raw, escape=escape)
        except ExpansionError:
            assert "$" in text or "'" in text or '"' in text
        else:
            assert all(words)
