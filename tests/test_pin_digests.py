"""Pins beyond the fixtures: who may know them, the directive's value, and no image left or pinned that must not be."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile import RewriteRejected, UsageError
from hardenfile.dockerfile import Span, parse
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.lock import Lock
from hardenfile.evidence.pins import Images, Pin, Unresolved
from hardenfile.evidence.reference import ImageReference
from hardenfile.evidence.registry import ImageConfig
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.verify import rewrite

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
PYTHON = ImageReference("docker.io", "library/python", "3.12")


def pinned(text: str, images: Images) -> str:
    return hardenfile.harden(text, select=["pin-digests"], images=images).after.text


@pytest.mark.parametrize(
    "images",
    [
        {"python:3.12": A},
        {"docker.io/library/python:3.12": Pin(A)},
        {f"python:3.12@{B}": A},
        Lock({PYTHON: Pin(A)}),
        lambda reference: A if reference == PYTHON else None,
        lambda reference: Pin(A) if reference == PYTHON else None,
    ],
)
def test_a_lock_a_mapping_or_a_resolver(images: Images) -> None:
    assert pinned("FROM python:3.12\nFROM alpine\n", images) == f"FROM python:3.12@{A}\nFROM alpine\n"


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ({"Python:3": A}, "'Python:3' names no image"),
        ({"python:3": "latest"}, "what python:3 is mapped to is no digest: 'latest'"),
        ({"python:3": 7}, "is no digest: 7"),
        ("hardenfile.lock", "images takes a lock, a mapping or a function"),
        (lambda reference: "sha256:12", "what python:3.12 is mapped to is no digest"),
    ],
)
def test_what_is_no_digest_is_refused(images: Images, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        pinned("FROM python:3.12\n", images)


def test_a_resolver_that_cannot_say_is_a_refusal() -> None:
    def resolve(reference: ImageReference) -> str:
        raise Unresolved(f"{reference.familiar}: the registry is away")

    outcome = hardenfile.harden("FROM python:3.12\n", select=["pin-digests"], images=resolve)
    assert [(one.reason, one.message) for one in outcome.refusals] == [("unknown", "python:3.12: the registry is away")]


def test_a_change_names_the_lock_and_what_it_says() -> None:
    pin = Pin(A, "application/vnd.oci.image.index.v1+json", (), "2026-11-22T01:00:00Z")
    (change,) = hardenfile.harden("FROM python:3.12\n", select=["pin-digests"], images=Lock({PYTHON: pin})).changes
    assert change.title == "Pin python:3.12 in FROM"
    assert change.evidence == (f"hardenfile.lock has it as {A}, an index, resolved 2026-11-22T01:00:00Z",)


def test_pins_come_after_what_other_transforms_write() -> None:
    outcome = hardenfile.harden(
        "FROM python:3.12\nADD a.py /a/\n", select=["pin-digests", "prefer-copy"], images={"python:3.12": A}
    )
    assert [step.transform for step in outcome.steps] == ["prefer-copy", "pin-digests"]


# --- the directive ----------------------------------------------------------------------------------------------------


def edited(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    start = text.index(old)
    return rewrite(parse(text), [Edit(Span(start, start + len(old)), new)]).text


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("# syntax=a/b:1\nFROM c\n", "b:1", "b:1@x"),
        ("# syntax=a/b:1\nFROM c\n", "a/b:1", "d"),
        ("#syntax = a/b:1  \r\n# check=skip=all\r\nFROM c\r\n", "b:1", "b:2"),
        ("\ufeff# check=skip=all\n# syntax=a\nFROM c\n", "skip=all", "error=true"),
    ],
)
def test_the_value_of_a_directive_may_change(text: str, old: str, new: str) -> None:
    assert edited(text, old, new) == text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("# syntax=v/w\nFROM c\n", "v/w", ""),  # no directive any more
        ("# syntax=v/w\nFROM c\n", "v/w", "b "),
        ("# syntax=v/w\nFROM c\n", "v/w", "v/w\n# check=skip=all"),  # a directive more
        ("# syntax=v/w\nFROM c\n", "v/w", "v/w\nARG x"),
        ("# syntax=v/w\nFROM c\n", "=v/w", "=b"),  # not inside of the value
        ("# syntax=v/w\nFROM c\n", "syntax", "check"),
        ("# syntax=v/w\n# check=b\nFROM c\n", "v/w\n# check=b", "v/w"),
        ("# escape=`\nFROM c\n", "`", "\\"),
        ("# syntax=v/w\nFROM c\n", "# syntax", "#\n# syntax"),
        ("FROM c\n", "FROM", "# syntax=v/w\nFROM"),
        ("# a\n# syntax=b\nFROM c\n", "# a\n", ""),  # a comment becomes one
    ],
)
def test_nothing_else_about_directives_may_change(text: str, old: str, new: str) -> None:
    with pytest.raises(RewriteRejected):
        edited(text, old, new)


# --- what the image says of itself ---------------------------------------------------------------------------------


def base(text: str, configs: Callable[[ImageReference, str | None], ImageConfig | None] | None) -> object:
    document = parse(text)
    stage: Stage = document.stages[-1]
    found = Evidence(configs=configs).base_image(stage)
    return found and (found.default_user, found.entrypoint, found.cmd, found.workdir, found.volumes, found.confidence)


def test_the_config_of_an_image_beats_the_table() -> None:
    config = ImageConfig(A, user="app", entrypoint=("/run",), cmd=("x",), working_dir="/w", volumes=("/v",))
    asked: list[tuple[str, str | None]] = []

    def configs(reference: ImageReference, platform: str | None) -> ImageConfig | None:
        asked.append((reference.familiar, platform))
        return None if reference.repository == "library/alpine" else config

    assert base("FROM acme/unlisted:1\n", configs) == ("app", ("/run",), ("x",), "/w", ("/v",), "L")
    assert base("FROM acme/unlisted:1\n", None) is None
    listed = base("FROM --platform=linux/arm64 python:3.12\n", configs)
    assert listed == ("app", ("/run",), ("x",), "/w", ("/v",), "H")
    assert base("FROM --platform=$BUILDPLATFORM alpine:3\n", configs) == base("FROM alpine:3\n", None)
    before = len(asked)
    assert base("FROM scratch\n", configs) == base("FROM scratch\n", None)
    assert base("FROM $UNKNOWN\n", configs) is None
    assert len(asked) == before
    assert asked[:3] == [("acme/unlisted:1", None), ("python:3.12", "linux/arm64"), ("alpine:3", None)]


def test_root_has_many_names() -> None:
    for user in ("", "0", "root", "0:0", "root:root"):
        config = ImageConfig(A, user=user)
        found = base("FROM acme/unlisted:1\n", _always(config))
        assert isinstance(found, tuple) and found[0] == "root"


def _always(config: ImageConfig) -> Callable[[ImageReference, str | None], ImageConfig | None]:
    return lambda reference, platform: config


# --- any file ------------------------------------------------------------------------------------------------------

names = st.sampled_from(
    ["alpine", "python:3.12", "scratch", "one", "two", "localhost:5000/a", "a/b:1", f"a/b:1@{B}", f"x@{B}", "0", "Bad"]
)
words = names | st.sampled_from(["$V", "${V}", "a:$V", "a:${V}", "$W/a:$V", "${X:-b:1}", "b:${X:-1}", '"a:1"', "$I"])
lines = st.one_of(
    st.builds("FROM {}".format, words),
    st.builds("FROM --platform=$P {} AS {}".format, words, st.sampled_from(["one", "two"])),
    st.builds("FROM \\\n  # note\n {} \\\n AS one".format, words),
    st.builds("COPY --from={} a b".format, names),
    st.builds('COPY --from="{}" ["a", "b"]'.format, names),
    st.builds("RUN --mount=type=bind,from={},target=/x --mount=type=tmpfs,target=/y ls".format, names),
    st.builds("ONBUILD COPY --from={} a b".format, names),
    st.builds("ARG V={}".format, names),
    st.sampled_from(
        ["ARG V", "ARG W=w", "ARG I=img:2", 'ARG V="1"', "ARG P=linux", "RUN <<E\nFROM alpine\nE", "# note"]
    ),
)
files = st.builds(
    lambda head, args, body: "\n".join([*head, *args, "FROM base:1", *body, ""]),
    st.lists(st.builds("# syntax={}".format, names), max_size=1),
    st.lists(st.sampled_from(["ARG V=1", "ARG V='2'", "ARG W=w", "ARG I=img:2", "ARG J=$I", "ARG P"]), max_size=4),
    st.lists(lines, max_size=8),
)


@settings(max_examples=150, deadline=None)
@given(files)
def test_only_digests_are_added_and_only_to_images(text: str) -> None:
    """Take the pins away again and the file is the same; the same stages feed the same stages; and it settles."""

    outcome = hardenfile.harden(text, select=["pin-digests"], images=lambda reference: A)
    after = outcome.after.text
    assert re.sub(f"(:latest)?@{A}", "", after) == text
    assert not hardenfile.harden(after, select=["pin-digests"], images=lambda reference: A).changed
    assert _frame(outcome.before.stages) == _frame(outcome.after.stages)
    assert not [one for one in outcome.refusals if one.reason == "verify"]
    assert not re.search("scratch[:@]", after)
    for stage in outcome.after.stages:
        # A stage's own name; FROM knows the stages above it only, the others know all.
        assert stage.name is None or not re.search(rf"from={stage.name}[:@]", after.replace("ONBUILD COPY", ""))


def _frame(stages: tuple[Stage, ...]) -> list[tuple[str | None, int | None]]:
    return [(one.name, one.parent.index if one.parent else None) for one in stages]
