"""A second opinion: e2b-dockerfile-utils, another port of BuildKit's parser, reads every text as the document does.

Where the two differ, BuildKit's own parser was asked, and it sided with the document; what e2b does otherwise has a
name in `EXPLANATIONS`. A difference that none of them explains fails the test; so does one that explains nothing.
"""

import base64
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast, parse_words
from hypothesis import given, settings

from hardenfile.dockerfile import Document, Instruction, parse
from tests.support.dockerfiles import GOLDEN, texts


class Difference(NamedTuple):
    """One point in which they differ; `instruction` is the document's, None where it is about the whole file."""

    document: Document
    field: str
    instruction: Instruction | None
    ours: Any
    theirs: Any


def differences(text: str) -> Iterator[Difference]:
    document = parse(text)
    try:
        tree = parse_dockerfile_ast(text)
    except DockerfileSyntaxError as error:
        if not any(one.line == error.line or error.line is None for one in document.errors):
            yield Difference(document, "refused", None, document.errors, str(error))
        return
    except (ValueError, RecursionError) as error:
        yield Difference(document, "crash", None, document.errors, repr(error))
        return
    if document.escape != tree.escape_token:
        yield Difference(document, "escape", None, document.escape, tree.escape_token)
        return
    for ours, theirs in zip(document.instructions, tree.instructions, strict=False):
        before = len(found := list(_instruction(document, ours, theirs)))
        yield from found
        if before and any(one.field in ("lines", "logical", "heredocs") for one in found):
            return  # from here on they read different lines
    if len(document.instructions) != len(tree.instructions):
        yield Difference(document, "count", None, len(document.instructions), len(tree.instructions))


def _instruction(document: Document, ours: Instruction, theirs: Any) -> Iterator[Difference]:
    heredocs = [(one.name, one.body, one.chomp, one.expand, one.fd) for one in ours.heredocs]
    their_heredocs = [(h.name, h.content, h.chomp, h.expand, h.file_descriptor) for h in theirs.heredocs]
    yield from (
        Difference(document, field, ours, mine, other)
        for field, mine, other in (
            ("lines", (ours.first_line, ours.last_line), (theirs.start_line, theirs.end_line)),
            ("logical", ours.logical, theirs.original),
            ("keyword", ours.keyword, theirs.name),
            ("flags", [str(flag) for flag in ours.flags], theirs.flags),
            ("args", list(ours.args), theirs.args),
            ("json", ours.json, theirs.json),
            ("heredocs", heredocs, their_heredocs),
        )
        if mine != other
    )


HEREDOC = ("heredocs", "lines", "count", "refused")
WORDS = ("keyword", "flags", "args", "json")


class Explanation(NamedTuple):
    """What e2b does otherwise, the fields that it touches, what a logical line that it happens in looks like, and one
    text in which it does."""

    name: str
    fields: tuple[str, ...]
    pattern: str
    example: str

    def explains(self, one: Difference) -> bool:
        """Whether the difference could come from this."""
        if one.field not in self.fields:
            return False
        if self.name == "quotes in COPY":
            at = one.instruction
            if at is None or at.keyword not in ("COPY", "ADD"):
                return False
            return bool(one.theirs == parse_words(at.value, one.document.escape))
        if self.name == "blanks in directives":
            return re.search(self.pattern, one.document.text) is not None
        lines = [one.instruction] if one.instruction else one.document.instructions
        return any(re.search(self.pattern, at.logical) for at in lines)


EXPLANATIONS = (
    # BuildKit splits the paths of COPY and ADD at ASCII white space and nowhere else.
    Explanation("quotes in COPY", ("args",), "", 'FROM a\nCOPY "a b" /c\n'),
    # What stands under ONBUILD is not read at all, so neither are its heredocs.
    Explanation("ONBUILD", HEREDOC, r"(?i)ONBUILD.*<<", "FROM a\nONBUILD RUN <<E\nx\nE\n"),
    # BuildKit reads flags, and the type of a HEALTHCHECK, byte by byte: é is read as Ã©, the last byte of à as a blank.
    Explanation(
        "bytes", WORDS[1:], r"^(?=.*(--|HEALTHCHECK|healthcheck)).*[^\0-\x7f]", "FROM a\nCOPY --a=\u00e9 b c\n"
    ),
    # Python strips these as white space; Go does not.
    Explanation("separators", (*WORDS, *HEREDOC), "[\x1c-\x1f]", "FROM a\nUSER a\x1f\n"),
    # \s in Python is every white space there is; in Go it is ASCII, and no vertical tab.
    Explanation(
        "blanks in directives",
        ("escape", "refused"),
        r"#.*[\v\x1c-\x1f\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
        "# escape=`\u00a0\nFROM a\n",
    ),
    # Python's json takes NaN and numbers that no float64 holds, and keeps half of a surrogate pair as it is.
    Explanation("JSON", ("args", "refused"), r"\[.*(NaN|Infinity|[eE][0-9]{3}|\\u[dD][89a-fA-F])", "FROM a\nRUN [NaN]"),
    # BuildKit's lexer forgets the word it is in when it reads the default of a variable.
    Explanation("defaults", HEREDOC, r"\$\{[^}]*[-+?#%/].*<<|<<.*\$\{[^}]*[-+?#%/]", "FROM a\nRUN <<${X:-E}\nE\n"),
    # Go's scanner skips a byte order mark at the start of what it lexes.
    Explanation("byte order mark", HEREDOC, "<<.*\ufeff", "FROM a\nRUN <<\ufeffE\nx\nE\n"),
    # To BuildKit this opens no heredoc.
    Explanation("nameless heredoc", HEREDOC, r"""<<-?\s*(""|'')""", 'FROM a\nRUN cat <<""\n\n'),
    # A file descriptor has 64 bits.
    Explanation("file descriptor", ("heredocs",), "[0-9]{20}<<", "FROM a\nRUN 99999999999999999999<<E\nE\n"),
    # A keyword is what its lower case says, letter by letter, in Go; e2b asks its upper case in Python.
    Explanation("letters", (*WORDS, "refused"), "[\u017f\u0131\u0130\u212a]", "FROM a\nU\u017fER a\n"),
)


def explanations(one: Difference) -> list[str]:
    """The names of all that explain it."""
    return [each.name for each in EXPLANATIONS if each.explains(one)]


@settings(max_examples=700, deadline=None, derandomize=True)
@given(texts)
def test_reads_as_e2b_does(text: str) -> None:
    assert not [one for one in differences(text) if not explanations(one)]


@pytest.mark.parametrize("each", EXPLANATIONS, ids=[each.name for each in EXPLANATIONS])
def test_every_explanation_is_needed(each: Explanation) -> None:
    found = list(differences(each.example))
    assert found
    assert all(explanations(one) == [each.name] for one in found)


@pytest.mark.parametrize("case", GOLDEN, ids=[case["name"] for case in GOLDEN])
def test_e2b_agrees_on_golden_inputs(case: dict[str, Any]) -> None:
    """The oracle is worth asking: of what BuildKit was recorded to say, e2b says the same, for the same reasons."""
    found = list(differences(base64.b64decode(case["in"]).decode("utf-8", "replace")))
    assert not [one for one in found if not explanations(one)]
