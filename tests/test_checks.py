"""What is refused and what passes, as BuildKit's instruction check was seen to decide."""

import pytest

from hardenfile.dockerfile import parse
from hardenfile.dockerfile.checks import csv_fields

PASSES = [
    "HEALTHCHECK --interval=1h2m3.5s --timeout=1ms --start-period=.5s --start-interval=5.s --retries=007 CMD a",
    "HEALTHCHECK --interval=0 --timeout=-0 --start-period= --retries=+2147483647 CMD a",
    "HEALTHCHECK --interval=0.0000001ns CMD a",
    "HEALTHCHECK --interval=2562047h CMD a",
    "HEALTHCHECK --x --x none",
    "RUN",
    "CMD",
    "ENTRYPOINT []",
    "RUN --mount=type=cache,target=/a --mount=type=tmpfs,target=/b --network=none --security=insecure a",
    "RUN --mount=from=a$ a",
    "RUN --mount='\"target=a,b\",ro' a",
    "RUN --device=a --device=a=b,required --device=name=c,required=T a",
    "COPY --link --parents=FALSE --exclude=a --exclude=b c d",
    "ADD --keep-git-dir=true --unpack --checksum= a b",
    "ARG --x a",
    "STOPSIGNAL --x a",
    "VOLUME /a /b",
    "FROM a a\u017f b",
    "FROM --platform= a AS B.c-d_1",
    "EXPOSE 99999/x",
    'SHELL ["a"]',
]
REFUSED = [
    ("FOO", "unknown instruction: FOO"),
    ("FROM", "FROM requires either one or three arguments"),
    ("FROM a # b", "FROM requires either one or three arguments"),
    ("FROM a AS 1b", "invalid name for build stage"),
    ("FROM --platform a", "missing a value on flag: --platform"),
    ("COPY a", "COPY requires at least two arguments"),
    ('ADD ["a"]', "ADD requires at least two arguments"),
    ("COPY --link= a b", "missing a value on flag: --link"),
    ("COPY --link=1 a b", "expecting boolean value for flag --link, not: 1"),
    ("COPY --from=a --from=a b c", "duplicate flag specified: --from"),
    ("COPY --mount=a b c", "unknown flag: --mount"),
    ("COPY a <<E\nE", "COPY cannot accept a heredoc as a destination"),
    ('COPY ["a", "<<E"]', "COPY cannot accept a heredoc as a destination"),
    ("USER", "USER requires exactly one argument"),
    ("ENV", "ENV requires at least one argument"),
    ("ENV a", "ENV must have two arguments"),
    ("ENV a=b c", "can't find = in 'c'"),
    ("ENV =a", "ENV names can not be blank"),
    ("ARG a =b", "ARG names can not be blank"),
    ("EXPOSE", "EXPOSE requires at least one argument"),
    ("SHELL a", "SHELL requires the arguments to be in JSON form"),
    ("SHELL []", "SHELL requires at least one argument"),
    ('VOLUME ["\\u00a0"]', "VOLUME specified can not be an empty string"),
    ('RUN ["a", 1]', "arrays must be comprised of strings only"),
    ("RUN [[]]", "arrays must be comprised of strings only"),
    ('RUN [{"a": [true, null, -1.5e3]}]', "arrays must be comprised of strings only"),
    ('ONBUILD CMD ["a", 1]', "arrays must be comprised of strings only"),
    ("ONBUILD --a RUN b", "unknown flag: --a"),
    ("ONBUILD onbuild RUN a", "chaining ONBUILD"),
    ("ONBUILD FROM\u3000 a", "FROM isn't allowed as an ONBUILD trigger"),
    ("HEALTHCHECK", "HEALTHCHECK requires at least one argument"),
    ("HEALTHCHECK NONE a", "HEALTHCHECK NONE takes no arguments"),
    ("HEALTHCHECK CMD", "missing command after HEALTHCHECK CMD"),
    ("HEALTHCHECK CMD []", "missing command after HEALTHCHECK CMD"),
    ("HEALTHCHECK a b", "unknown type a in HEALTHCHECK"),
    ("HEALTHCHECK --interval=1 CMD a", "--interval is no duration: 1"),
    ("HEALTHCHECK --interval=1d CMD a", "--interval is no duration: 1d"),
    ("HEALTHCHECK --interval=.s CMD a", "--interval is no duration: .s"),
    ("HEALTHCHECK --interval=5µs CMD a", "--interval is no duration: 5Âµs"),
    ("HEALTHCHECK --interval=2562048h CMD a", "--interval is no duration: 2562048h"),
    ("HEALTHCHECK --timeout=999us CMD a", "--timeout cannot be less than 1ms"),
    ("HEALTHCHECK --timeout=-1s CMD a", "--timeout cannot be less than 1ms"),
    ("HEALTHCHECK --retries=2147483648 CMD a", "--retries must be a number"),
    ("HEALTHCHECK --retries=-1 CMD a", "--retries must be a number"),
    ("HEALTHCHECK --retries=1_0 CMD a", "--retries must be a number"),
    ("RUN --mount= a", "--mount is no valid CSV"),
    ("RUN --mount='a\"b' c", "--mount is no valid CSV"),
    ("RUN --mount=from=$a b", "'from' doesn't support variable expansion"),
    ("RUN --network=bridge a", "invalid network mode bridge"),
    ("RUN --security=none a", "security none is not valid"),
    ("RUN --device=a,name=b c", "device name already set to a"),
    ("RUN --device=a,b c", "unexpected b in --device"),
    ("RUN --device=a,required=yes c", "invalid value for required: yes"),
    ("RUN <<E", "unterminated heredoc"),
]


@pytest.mark.parametrize("line", PASSES)
def test_passes(line: str) -> None:
    assert parse(f"FROM a\n{line}\n").errors == ()


@pytest.mark.parametrize(("line", "message"), REFUSED)
def test_refuses(line: str, message: str) -> None:
    (error,) = parse(f"FROM a\n{line}\n").errors
    assert (error.line, error.severity) == (2, "error")
    assert message in error.message


@pytest.mark.parametrize(("depth", "refused"), [(10_000, True), (10_001, False)])
def test_json_nests_so_deep(depth: int, refused: bool) -> None:
    """Deeper than Go reads it is no JSON, and so the shell form."""
    assert bool(parse(f"FROM a\nRUN {'[' * depth}{']' * depth}").errors) is refused


def test_a_file_starts_with_from() -> None:
    assert [one.line for one in parse("ARG a\nRUN b\nFROM c\nRUN d").errors] == [2]
    assert [one.message for one in parse("# a\n\n").errors] == ["the file holds no instructions"]
    (warning,) = parse("ARG a\nARG b").diagnostics
    assert (warning.line, warning.severity) == (2, "warning")


@pytest.mark.parametrize(
    ("text", "encoding"), [("FROM a\n", "utf-16"), ("FROM a\n", "utf-16-be"), ("FROM a", "utf-32")]
)
def test_says_so_of_a_wide_encoding(text: str, encoding: str) -> None:
    data = ("\ufeff" if encoding == "utf-16-be" else "").encode(encoding) + text.encode(encoding)
    assert "save it as UTF-8" in parse(data).errors[0].message


def test_warns_of_what_is_let_pass() -> None:
    found = parse("FROM a\nRUN b \\\n\n  c\nRUN d \\\n").diagnostics
    assert [(one.line, one.severity) for one in found] == [(4, "warning"), (5, "warning")]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a,b=c", ["a", "b=c"]),
        ("a,", ["a", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"a""b"', ['a"b']),
        ('""', [""]),
        ("", None),
        ('a"b', None),
        ('"a"b', None),
        ('"a', None),
    ],
)
def test_reads_csv(text: str, fields: list[str] | None) -> None:
    assert csv_fields(text) == fields
