"""BuildKit's own answers, recorded in fixtures/_grammar/golden."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from hardenfile.dockerfile import Instruction, parse

GOLDEN = Path(__file__).parents[1] / "fixtures/_grammar/golden/edge.jsonl"
CASES: list[dict[str, Any]] = [json.loads(line) for line in GOLDEN.read_text().split("\n") if line]


def goldens_view(instruction: Instruction) -> dict[str, Any]:
    view: dict[str, Any] = {
        "k": instruction.keyword,
        "f": [str(flag) for flag in instruction.flags],
        "a": ["".join("\ufffd" if "\udc80" <= c <= "\udcff" else c for c in arg) for arg in instruction.args],
        "j": instruction.json,
    }
    if instruction.sub is not None:
        view["sub"] = goldens_view(instruction.sub)
    return view


def expected_view(golden: dict[str, Any]) -> dict[str, Any]:
    view = {"k": golden["k"].upper(), "f": golden["f"], "a": golden["a"], "j": golden["j"]}
    if "sub" in golden:
        view["sub"] = expected_view(golden["sub"])
    return view


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_reads_as_buildkit_does(case: dict[str, Any]) -> None:
    data = base64.b64decode(case["in"])
    document = parse(data)
    assert document.to_bytes() == data
    refused = bool(case.get("err") or case.get("ierr"))
    assert bool(document.errors) == refused, document.diagnostics
    if case.get("err"):
        return
    assert document.escape == case["esc"]
    assert [goldens_view(one) for one in document.instructions] == [expected_view(one) for one in case["ins"]]
    for instruction, golden in zip(document.instructions, case["ins"], strict=True):
        assert [instruction.first_line, instruction.last_line] == golden["l"]
        assert instruction.logical.encode("utf-8", "surrogateescape") == base64.b64decode(golden["o"])
        heredocs = [[h.name, h.expand, h.chomp, h.fd, h.body.encode()] for h in instruction.heredocs]
        assert heredocs == [[*h[:4], base64.b64decode(h[4])] for h in golden.get("h", [])]
