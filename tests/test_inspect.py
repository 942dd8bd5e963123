"""dockerfile-parse reads the flat view as the document does."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from hardenfile.dockerfile import parse
from hardenfile.dockerfile.inspect import PAD, disagreement, flat_view, inspect
from tests.support.dockerfiles import sources

SOURCE = """# escape=`
# a comment
ARG TAG=1
FROM --platform=$BUILDPLATFORM alpine:3 AS build
RUN echo a `
  # inside

  && echo b
LABEL stage=build
FROM debian:${TAG}
ENV A="b c" D=e
ENV OLD with blanks
LABEL maintainer="x y"
RUN <<EOF
FROM not-an-instruction
EOF
CMD ["first"]
CMD ["a", "b"] `
"""


def test_one_line_an_instruction() -> None:
    assert flat_view(parse(SOURCE)).split("\n") == [
        "# escape=`",
        "ARG TAG=1",
        "FROM --platform=$BUILDPLATFORM alpine:3 AS build",
        "RUN echo a   && echo b",
        "LABEL stage=build",
        "FROM debian:${TAG}",
        'ENV A="b c" D=e',
        "ENV OLD with blanks",
        'LABEL maintainer="x y"',
        "RUN <<EOF",
        'CMD ["first"]',
        'CMD ["a", "b"] ',
        "",
    ]


def test_answers() -> None:
    found = inspect(parse(SOURCE))
    assert found.instructions[1] == ("FROM", "--platform=$BUILDPLATFORM alpine:3 AS build")
    assert len(found.instructions) == 11
    assert found.base_images == ("alpine:3", "debian:1")
    assert found.envs == {"A": "b c", "D": "e", "OLD": "with blanks"}
    assert found.labels == {"maintainer": "x y"}
    assert found.cmd == '["a", "b"]'


def test_answers_are_plain() -> None:
    """Its own mappings write to the file when they are changed."""
    found = inspect(parse(SOURCE))
    assert type(found.envs) is dict
    assert type(found.labels) is dict


@pytest.mark.parametrize("text", ["", "# only a comment\n", "FROM a\nENV\nCMD b\n", "FROM a\nENV a=b c\nCMD b\n"])
def test_an_answer_it_has_not_is_empty(text: str) -> None:
    found = inspect(parse(text))
    assert found.envs == {}
    assert found.cmd == ("b" if "CMD" in text else None)
    assert disagreement(parse(text)) is None


@pytest.mark.parametrize("end", ["\\\\", "\\\\ ", "\\\v"])
def test_a_line_that_ends_in_the_escape_token_is_padded(end: str) -> None:
    document = parse(f"FROM a\nENV A=b{end}\nCMD c{end}\nUSER d")
    assert flat_view(document).count(PAD) == 2
    assert disagreement(document) is None
    found = inspect(document)
    assert [keyword for keyword, _ in found.instructions] == ["FROM", "ENV", "CMD", "USER"]
    assert PAD not in (found.cmd or "")
    assert PAD not in found.envs["A"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM\u00a0a\nUSER b", "line 1: dockerfile-parse reads 'FROM' for 'FROM\\xa0A'"),
        ("FROM a\n\x1c# b", "line 2: dockerfile-parse reads no '\\x1c#'"),
        ("FROM a\nU\u017fER b", "line 2: dockerfile-parse reads 'USER' for 'U\u017fER'"),
        ("FROM a\nUSER\nCOMMENT b", None),
        ("FROM a\n\\\n", None),
        (b"FROM a\nUSER \xff", None),
        ("\ufeffFROM a\r\nRUN b \\\r\n\r\n# c\r\n  d", None),
    ],
)
def test_disagreement(text: str | bytes, said: str | None) -> None:
    assert disagreement(parse(text)) == said


@settings(max_examples=300, deadline=None)
@given(sources)
def test_never_fails(data: bytes) -> None:
    document = parse(data)
    said = disagreement(document)
    assert said is None or ("\n" not in said and "dockerfile-parse reads" in said)
    found = inspect(document)
    if said is None:
        assert len(found.instructions) == len([one for one in document.instructions if one.keyword])


def test_agrees_on_fixtures() -> None:
    paths = [path for path in (Path(__file__).parents[1] / "fixtures").rglob("*.Dockerfile") if path.is_file()]
    assert paths
    assert [said for path in paths if (said := disagreement(parse(path.read_bytes())))] == []


def test_is_loaded_only_when_asked() -> None:
    code = "import sys, hardenfile.dockerfile.inspect; sys.exit('dockerfile_parse' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
