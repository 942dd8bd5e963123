"""split-stages: whatever a file sets for its runner arrives in the stage that ships, and the validator would notice."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardenfile import Outcome, Safety, harden
from hardenfile.dockerfile import parse
from hardenfile.evidence import Evidence
from hardenfile.rewrite.verify import comments
from hardenfile.testing import Case, cases
from hardenfile.transforms.split_stages.contract import Contract, contract, unintended

ROOT = Path(__file__).parents[1]
CASES = tuple(case for case in cases(ROOT / "fixtures") if case.folder.parent.name == "split_stages")
CONVERSIONS = tuple(case for case in CASES if case.before != case.after)
GO = {"go.mod": "module example.test/app\n\ngo 1.21\n", "main.go": "package main\n\nfunc main() {}\n"}


def context(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def promised(text: bytes) -> Contract:
    """The contract of the last stage."""
    document = parse(text, "Dockerfile")
    stage = document.stages[-1]
    image = Evidence().base_image(stage)
    assert image is not None
    return contract(stage, image)


def keeps_contract() -> Case:
    return next(case for case in CONVERSIONS if case.folder.name == "keeps_contract")


# --- the validator ---------------------------------------------------------------------------------------------------


def _lines_that_matter() -> list[int]:
    document = parse(keeps_contract().after, "Dockerfile")
    stage = document.stages[-1]
    return [one.first_line for one in stage.instructions if one.keyword not in ("COPY", "ARG")]


@pytest.mark.parametrize("line", _lines_that_matter())
def test_the_validator_notices_each_line_that_is_missing(line: int) -> None:
    after = keeps_contract().after
    stage = parse(after, "Dockerfile").stages[-1]
    gone = next(one for one in stage.instructions if one.first_line == line)
    text = parse(after, "Dockerfile").text
    poorer = (text[: gone.span.start] + text[gone.span.end :]).encode()
    assert unintended(promised(after), promised(poorer), ())


def test_an_argument_that_is_not_declared_again_changes_what_is_promised() -> None:
    after = keeps_contract().after
    head, found, tail = after.rpartition(b"ARG REVISION\n")
    assert found
    assert unintended(promised(after), promised(head + tail), ()) == [
        "LABEL org.opencontainers.image.revision would be empty instead of ${REVISION}"
    ]


@pytest.mark.parametrize("case", CONVERSIONS, ids=lambda case: case.folder.name)
def test_every_conversion_is_one_change_with_its_evidence(case: Case) -> None:
    outcome = case.harden()
    assert [change.transform for change in outcome.changes] == ["split-stages"]
    change = outcome.changes[0]
    assert change.evidence
    assert len(outcome.after.stages) == 2


@pytest.mark.parametrize("case", CONVERSIONS, ids=lambda case: case.folder.name)
def test_the_other_transforms_settle_on_top_of_it(case: Case) -> None:
    outcome = harden(
        case.before, path="Dockerfile", context=case.context, unsafe=True, target=case.settings.get("target")
    )
    text = outcome.after.to_bytes()
    again = harden(text, path="Dockerfile", context=case.context, unsafe=True, target=case.settings.get("target"))
    assert not again.changed
    assert not Counter(comments(parse(case.before, "Dockerfile"))) - Counter(comments(outcome.after))


# --- whatever stands where -------------------------------------------------------------------------------------------

_SETTINGS = st.sampled_from(
    [
        "LABEL a=1",
        'LABEL b="two words" \\\n      c=3',
        "EXPOSE 8080",
        "EXPOSE 53/udp 53/tcp",
        "ENV A=1",
        "ENV B=$A C='x y'",
        "STOPSIGNAL SIGINT",
        "VOLUME /data",
        'VOLUME ["/srv/a b", "/srv/c"]',
        "HEALTHCHECK NONE",
        'ENTRYPOINT ["/app"]',
        "WORKDIR /src",
        "WORKDIR /src/inner",
        "MAINTAINER somebody",
        "ARG LATER=1",
        "USER 65532:65532",
    ]
)
_REMARKS = st.sampled_from(["", "# a remark\n", "\n", "\n# one\n# two\n\n# three\n"])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_contract_holds_wherever_the_settings_stand(data: st.DataObject) -> None:
    def some() -> str:
        picked = data.draw(st.lists(st.tuples(_REMARKS, _SETTINGS), max_size=4))
        return "".join(f"{remark}{line}\n" for remark, line in picked)

    text = "FROM golang:1.27-bookworm\n" + some() + "ENV CGO_ENABLED=0\n" + some() + "WORKDIR /src\nCOPY . .\n"
    text += some() + "WORKDIR /src\n" + "RUN go build -o /app .\n" + some() + 'CMD ["/app"]\n' + data.draw(_REMARKS)
    ending = data.draw(st.sampled_from(["\n", "\r\n"]))
    before = text.replace("\n", ending).encode()
    with tempfile.TemporaryDirectory() as folder:
        outcome: Outcome = harden(before, path="Dockerfile", context=context(GO, Path(folder)), select=["split-stages"])
        again = harden(outcome.after.to_bytes(), path="Dockerfile", context=Path(folder), select=["split-stages"])
    if not outcome.changed:
        assert [one.reason for one in outcome.refusals] in (["owners"], ["artefact"])
        return
    after = outcome.after.to_bytes()
    intended = {"ENV GOPATH", "ENV GOTOOLCHAIN", "ENV PATH", "ENV SSL_CERT_FILE", "CMD"}
    assert unintended(promised(before), promised(after), intended) == []
    assert Counter(comments(parse(before, "Dockerfile"))) == Counter(comments(outcome.after))
    assert after.count(b"\n") == after.count(ending.encode())
    assert not again.changed


# --- options ---------------------------------------------------------------------------------------------------------


def test_the_same_family_keeps_a_shell(tmp_path: Path) -> None:
    source = (
        b'FROM golang:1.27-bookworm\nENV CGO_ENABLED=0\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nCMD ["/app"]\n'
    )
    options = {"split-stages": {"runtime": "same-family"}}
    outcome = harden(source, context=context(GO, tmp_path), select=["split-stages"], options=options)
    assert outcome.after.stages[-1].base.text == "debian:bookworm-slim"
    assert outcome.changes[0].safety is Safety.SAFE


def test_what_pins_the_base_is_told_where_the_runtime_is_not_pinned(tmp_path: Path) -> None:
    digest = "sha256:" + "1" * 64
    source = f"FROM golang:1.27-bookworm@{digest}\nENV CGO_ENABLED=0\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\n"
    outcome = harden(
        (source + 'CMD ["/app"]\n').encode(), context=context(GO, tmp_path), select=["split-stages"], unsafe=False
    )
    assert not outcome.changed
    assert "pinned by digest" in outcome.held[0].why
