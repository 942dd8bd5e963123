"""Dockerfiles for property tests: put together from parts that matter to the grammar, and golden inputs gone wrong."""

import base64
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

GOLDEN: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "fixtures/_grammar/golden/edge.jsonl").read_text().split("\n")
    if line
]

_HEADS = ["", "", "", "\ufeff", "# escape=`\n", "# escape=\\\r\n", "# syntax=docker/dockerfile:1\n#escape=`\n"]
_HEADS += ["# c\n", "\n", "#escape = ` \n", "  # escape=`\n", "# check=skip=all\n", "#!x\n", "#escape=x\n"]
_KEYWORDS = "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN RUN SHELL".split(" ")
_KEYWORDS += ["STOPSIGNAL", "USER", "VOLUME", "WORKDIR", "run", "Copy", "FOO", "ONBUILD RUN", "ONBUILD COPY"]
_BLANKS = [*"     \t\v\f\r\u00a0\u0085\u2003\u3000\x1c\ufeff", "  ", ""]
_WORDS = r"""a|b=c|alpine|as|AS|base|/app|80/tcp|x:y|é|é=ü|&&|;|#|#x|'|"|'x y'|"x y"|x\|\|`|\\|``|NONE|CMD
--link|--|--x=1|--from=a|--chown=1:2|--from='a b'|--mount=type=bind|--mount=type=cache,target=/x|--chown=é|--chown=à:à
--from="|--a\ b|--a` b|<<EOF|<<-EOF|<<'EOF'|<<"E F"|3<<EOF|<<$X|<< EOF|<<${X:-EOF}|cat<<EOF|<<<x|<<E\ F|<<EOF>out
$((1 << 2))|<<\EOF|$|${a}|${a|${a:-b}|=|a=|=b|"a"="b c"|a=b\ c|[|]|[]|["a"]|["a","b"]|["a", 1]|["a"] x|['a']|["a",]
[["a"]]|["é"]|["\ud800"]|[NaN]|[1e999]|["a\u0000"]""".replace("\n", "|").split("|")
_ENDS = ["\n", "\n", "\n", "\n", "\r\n", "\\\n", "\\\n", "\\ \n", "\\\t\r\n", "`\n", "\\\\\n", "\n\n", "\\\n\n"]
_ENDS += ["\\\n# c\n", "\\\n  # c \\\n", "\r\r\n", "\\\v\n", "\\\u00a0\n", ""]
_BODIES = ["EOF\n", "\tEOF\n", "EOF\r\n", "EOF", "EOF \n", "E F\n", "body\n", "<<EOF\n", "# x\n", "\n", "$X\n", "2))\n"]
_STRAYS = [b"\xff", b"\x85", b"\xa0", b"\xc3", b"\xe2\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe"]

_instructions = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(_KEYWORDS),
    st.sampled_from(_BLANKS),
    st.lists(st.builds("{}{}".format, st.sampled_from(_WORDS), st.sampled_from(_BLANKS)), max_size=5).map("".join),
    st.sampled_from(_ENDS),
)
_between = st.sampled_from([*_BODIES, "# c\n", "  # c\\\n", "\t\n"])
_made = st.builds(
    "{}{}".format,
    st.sampled_from(_HEADS),
    st.lists(st.one_of(_instructions, _instructions, _between), max_size=6).map("".join),
)
_golden = st.sampled_from([base64.b64decode(case["in"]).decode("utf-8", "replace") for case in GOLDEN])


def _edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    for place, length, added in edits:
        at = int(place * len(text))
        text = text[:at] + added + text[at + length :]
    return text


def _with_bytes(text: str, place: float, stray: bytes) -> bytes:
    data = text.encode()
    at = int(place * len(data))
    return data[:at] + stray + data[at:]


_edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 3), st.sampled_from(["", *_WORDS, *_ENDS, *_BLANKS, *_BODIES])),
    max_size=4,
)

texts: st.SearchStrategy[str] = st.one_of(_made, st.builds(_edited, _golden, _edits), st.builds(_edited, _made, _edits))
"""From the grammar's parts and from golden inputs, whole or broken somewhere."""

sources: st.SearchStrategy[bytes] = st.one_of(
    texts.map(str.encode),
    st.builds(_with_bytes, texts, st.floats(0, 1), st.sampled_from(_STRAYS)),
    st.binary(max_size=200),
)
"""The same as bytes, with stray bytes in them, and anything at all."""
