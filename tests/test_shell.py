"""The commands inside a RUN: where they are, what they say, and what is not certain enough to be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardenfile.dockerfile.shell import Command, Script, Word, read_shell, simple_words
from hardenfile.dockerfile.shell_words import DEEPEST


def only_command(text: str) -> Command:
    script = read_shell(text)
    assert script.refusal is None
    (command,) = script.commands
    return command


def outline(text: str) -> list[tuple[int, str, str, str]]:
    """Depth, operator before, command as written, operator after."""
    script = read_shell(text)
    assert script.refusal is None
    return [(one.depth, one.before, text[slice(*one.span)], one.after) for one in script.commands]


def test_a_command_and_its_parts() -> None:
    text = '  A=1 B="$x" apt-get  install -y \'a b\' 2>/dev/null >> log <"$in" && true'
    command = read_shell(text).commands[0]
    assert command.name == "apt-get"
    assert [word.raw for word in command.words] == ["apt-get", "install", "-y", "'a b'"]
    assert [word.value for word in command.arguments] == ["install", "-y", "a b"]
    assert [(word.raw, word.value) for word in command.assignments] == [("A=1", "A=1"), ('B="$x"', None)]
    assert [(one.operator, one.target.value) for one in command.redirects] == [
        ("2>", "/dev/null"),
        (">>", "log"),
        ("<", None),
    ]
    assert text[slice(*command.span)] == text[2:].removesuffix(" && true")
    assert [text[slice(*one.span)] for one in command.redirects] == ["2>/dev/null", ">> log", '<"$in"']
    assert all(text[slice(*word.span)] == word.raw for word in command.words)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("plain-1.2/x:y@z", "plain-1.2/x:y@z"),
        ("'a $b \\'", "a $b \\"),
        ('"a \'b\' \\$ \\" \\\\ \\a"', "a 'b' $ \" \\ \\a"),
        ("a\\ b\\$c\\'", "a b$c'"),
        ("a''\"b\"'c'", "abc"),
        ("''", ""),
        ("$", "$"),
        ("a$.b", "a$.b"),
        ('"5$"', "5$"),
        ("a\\\nb", "ab"),
        ('"a\\\nb"', "ab"),
        ("'a\\\nb'", "a\\\nb"),
        ("{}", "{}"),
        ("{a}", "{a}"),
        ("a#b", "a#b"),
        ("a~b", "a~b"),
        ("[", "["),
        ("]a[", "]a["),
        ("'*'\"?\"\\[a]", "*?[a]"),
        ("'~'/x", "~/x"),
        ("é\udcff", "é\udcff"),
        *(
            (raw, None)
            for raw in ("$x", '"a$x"', "${x}", "$1", "$?", "$(a)", '"$(a "b")"', "`a`", '"`a`"', "$((1 + (2)))")
        ),
        *(
            (raw, None)
            for raw in ("*.deb", "a?", "[ab]", "['a'b]", "{a,b}", "{1..3}", "{'a',b}", "~", "~/x", "--x=~/y", "a:~")
        ),
        *(
            (raw, None)
            for raw in ("$'a\\n'", '$"a"', "<(a)", ">(a b)", "${x:-'}'}", '"${x:-"a b"}"', "${#x}", "${x:$((1+2))}")
        ),
    ],
)
def test_values(raw: str, value: str | None) -> None:
    text = f"cmd {raw} end"
    name, word, end = only_command(text).words
    assert (name.value, word.raw, word.value, end.value) == ("cmd", raw, value, "end")
    assert word.literal == (value is not None)


def test_an_assignment_with_a_home_directory_is_dynamic() -> None:
    assert [word.value for word in only_command("A=~/x B=a:~ C=a~b make").assignments] == [None, None, "C=a~b"]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("a && b||c", [(0, "", "a", "&&"), (0, "&&", "b", "||"), (0, "||", "c", "")]),
        ("a | b |& c", [(0, "", "a", "|"), (0, "|", "b", "|&"), (0, "|&", "c", "")]),
        ("a; b & c;", [(0, "", "a", ";"), (0, ";", "b", "&"), (0, "&", "c", ";")]),
        ("\na \n\n b &&\n c\n", [(0, "", "a", "\n"), (0, "\n", "b", "&&"), (0, "&&", "c", "\n")]),
        ("a \\\n  b \\\n&& c", [(0, "", "a \\\n  b", "&&"), (0, "&&", "c", "")]),
        ("a # b; c\nd", [(0, "", "a", "\n"), (0, "\n", "d", "")]),
        ("> f", [(0, "", "> f", "")]),
        ("x=1; y=$x", [(0, "", "x=1", ";"), (0, ";", "y=$x", "")]),
        ("[[ -f a ]] || b", [(0, "", "[[ -f a ]]", "||"), (0, "||", "b", "")]),
        ("echo if then { } ! [[ done", [(0, "", "echo if then { } ! [[ done", "")]),
        ("cat <<< 'a b' 2>&1 >&-", [(0, "", "cat <<< 'a b' 2>&1 >&-", "")]),
        ("a 2 >f 3>g", [(0, "", "a 2 >f 3>g", "")]),
        ("", []),
        (" \t", []),
    ],
)
def test_flat_lists(text: str, commands: list[tuple[int, str, str, str]]) -> None:
    assert outline(text) == commands
    assert read_shell(text).flat


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("(a; b) > f && c", [(1, "", "a", ";"), (1, ";", "b", ""), (0, "&&", "c", "")]),
        ("a && { b; }", [(0, "", "a", "&&"), (1, "", "b", ";")]),
        (
            "if a; then b; elif c; then d; else e; fi; f",
            [*((1, "", one, ";") for one in "abcde"), (0, ";", "f", "")],
        ),
        ("while a && b; do c; done", [(1, "", "a", "&&"), (1, "&&", "b", ";"), (1, "", "c", ";")]),
        ("until a\ndo (b)\ndone", [(1, "", "a", "\n"), (2, "", "b", "")]),
        ("for x in $y 'do'; do a $x; done", [(1, "", "a $x", ";")]),
        ("for x\nin a b\ndo c; done", [(1, "", "c", ";")]),
        ("for x do a; done", [(1, "", "a", ";")]),
        ("for x; do a; done", [(1, "", "a", ";")]),
        ("case $x in a|'b c') d;; (*) e ;; f) esac", [(1, "", "d", ""), (1, "", "e", "")]),
        ("case x in a) b;& c) d;;& esac | e", [(1, "", "b", ""), (1, "", "d", ""), (0, "|", "e", "")]),
        ("f() { a; } ; function g { b; }; h ( )\n(c)", [(1, "", "a", ";"), (1, "", "b", ";"), (1, "", "c", "")]),
        ("! a && time b", [(0, "", "a", "&&"), (0, "&&", "b", "")]),
        ("{ a; b $(c; d) `e`; }", [(1, "", "a", ";"), (1, ";", "b $(c; d) `e`", ";")]),
    ],
)
def test_compound_commands(text: str, commands: list[tuple[int, str, str, str]]) -> None:
    assert outline(text) == commands
    assert not read_shell(text).flat


@pytest.mark.parametrize(
    "text",
    [
        *("a 'b", 'a "b', "a `b", "a $(b", "a ${b", "a $((1", "(a", "{ a", "a \\", "if a; then b", "case x in a) b"),
        *("a)", "a }; }", "fi", "then a", "a; done", "a ;; b", "esac", "]]", "in", "a (b)", "a=(b c)", "a b(c)"),
        *("&& a", "a &&", "a | ; b", "a ; ; b", "; a", "a & && b", "()", "{ }", "if ; then a; fi", "(a) b", "a | ! b"),
        *("cat <<EOF", "cat <<-EOF", "a << 'b'", "cat > <f", "a >", "a > # b\n", "a > &b"),
        *("((x = 1))", "((a); b)", "for ((;;)); do a; done", "for $x in a; do b; done", "for x\n; do a; done"),
        *("select x in a; do b; done", "coproc a", "function", "f() a", "f() { a; } b", "time -v a", "!(a)", "a !(b)"),
        *("a &> f", "a &>> f", "a {fd}>f", "a 2\\\n>f", "a &\\\n> f", "a |\\\n| b", "d\\\no a", "i\\\nf a; then b; fi"),
        *("a+=b", "a[0]=b", "a[", "$[1+2]", "a $\\\n(b)", "$'a\\'b'", "a<(b)", "2<(a)", "elif>(a)"),
        *("[[ a && b ]]", "[[ a", "[[ a < b ]]", "[[ a ]] b", "[[ ]]", "[[ -f ]]", "[[ a b ]]", "[[ (a) ]]"),
        *("$((a) b)", "$(( 'a' ))", "${}", "${ a;}", "${x y}", "\"${x:-'}'}\"", '"${x:-"}"}"', "${x:y(}", "${x[}]}"),
        *("a\rb", "a\r\nb", "a\0b", "`a (b)`", "$(a &&)", "a $(b # c)"),
    ],
)
def test_refusals(text: str) -> None:
    script = read_shell(text)
    assert script.refusal
    assert (script.commands, script.flat) == ((), False)


def test_a_comment_must_not_run_over_a_join() -> None:
    text = "apt-get update # first && make"
    assert read_shell(text).refusal  # for all that is known, `&& make` was on a line of its own
    assert read_shell(text, [text.index("&&")]).refusal
    assert read_shell(text, [8]).refusal is None
    assert [one.words[-1].raw for one in read_shell(text, []).commands] == ["update"]
    assert read_shell("a # b\nc").refusal is None
    assert read_shell("a # b \\\nc").refusal
    assert read_shell("a `# b` c").refusal is None


@pytest.mark.parametrize(
    "text",
    [
        *("(" * 50_000, "$(" * 50_000, '"$(' * 50_000, "${x:-" * 50_000, "{ " * 50_000, "if " * 50_000, "`\\`" * 9_000),
        *(
            "f() " * 50_000,
            "! " * 50_000,
            "$((" * 50_000,
            "case x in (a) " * 20_000,
            "(" * DEEPEST + "a" + ")" * DEEPEST,
        ),
    ],
)
def test_hostile_nesting_is_refused(text: str) -> None:
    assert read_shell(text).refusal


@pytest.mark.parametrize("text", ["a " * 30_000, "a;" * 20_000, "{" * 50_000, "[a=~" * 20_000, "a\\\n" * 30_000])
def test_long_texts_are_read(text: str) -> None:
    script = read_shell(text)
    assert script.refusal is None
    assert script.commands[-1].words


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("nginx -g 'daemon off;'", ("nginx", "-g", "daemon off;")),
        ("  /app/run  --port=80 ", ("/app/run", "--port=80")),
        ("java -jar \"a b.jar\" ''", ("java", "-jar", "a b.jar", "")),
        *(
            (text, None)
            for text in (
                *("", "a $x", "a *", "a && b", "a;", "a &", "a > f", "X=1 a", "(a)", "! a", "time a", "'' a", "a `b`"),
                *("cd /x", "exec a", ". a", "echo a", "source a", "[[ a ]]", "set -e", "a # b", "a 'b", "> f"),
            )
        ),
    ],
)
def test_simple_words(text: str, argv: tuple[str, ...] | None) -> None:
    assert simple_words(text) == argv


def check_offsets(text: str, script: Script) -> None:
    done = 0
    for command in script.commands:
        assert command.span.start >= done
        done = command.span.end
        parts: list[Word] = [*command.words, *command.assignments, *(one.target for one in command.redirects)]
        assert parts
        assert done == max(word.span.end for word in parts)
        for word in parts:
            assert word.raw == text[slice(*word.span)]
            assert command.span.start <= word.span.start < word.span.end


PIECES = st.sampled_from(
    [
        *"ab=1 '\"\\$`(){}[];&|<>#!~*?,-:\n\t\r\0é",
        " ",
        "if ",
        "then ",
        "fi",
        "do ",
        "done",
        "case ",
        "in ",
        "esac",
        "${x",
        "$((",
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    for joins in (None, (), (3, 9)):
        script = read_shell(text, joins)
        check_offsets(text, script)
        assert not (script.refusal and script.commands)
    simple_words(text)
