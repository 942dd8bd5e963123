import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardenfile.evidence.reference import ImageReference

DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER_HEX = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("python", "docker.io", "library/python", None, None),
        ("python:3.12", "docker.io", "library/python", "3.12", None),
        ("library/python:3.12", "docker.io", "library/python", "3.12", None),
        ("docker.io/python:3.12", "docker.io", "library/python", "3.12", None),
        ("docker.io/library/python", "docker.io", "library/python", None, None),
        ("index.docker.io/python", "docker.io", "library/python", None, None),
        ("registry-1.docker.io/library/python:3", "docker.io", "library/python", "3", None),
        ("registry.hub.docker.com/library/python", "docker.io", "library/python", None, None),
        ("registry.hub.docker.com/grafana/grafana", "docker.io", "grafana/grafana", None, None),
        ("grafana/grafana:11.0.0", "docker.io", "grafana/grafana", "11.0.0", None),
        ("gcr.io/distroless/static-debian12:nonroot", "gcr.io", "distroless/static-debian12", "nonroot", None),
        ("localhost/x", "localhost", "x", None, None),
        ("localhost:5000/x", "localhost:5000", "x", None, None),
        (f"reg:5000/x/y:tag@{DIGEST}", "reg:5000", "x/y", "tag", DIGEST),
        (f"alpine@{DIGEST}", "docker.io", "library/alpine", None, DIGEST),
        ("[2001:db8::1]:5000/x", "[2001:db8::1]:5000", "x", None, None),
        ("Registry/team/app", "Registry", "team/app", None, None),
        ("localhost", "docker.io", "library/localhost", None, None),
        ("a__b/c-----d.e_f:_T.g-1", "docker.io", "a__b/c-----d.e_f", "_T.g-1", None),
        ("x:" + "t" * 128, "docker.io", "library/x", "t" * 128, None),
        (f"x@oddalgo+b64:{OTHER_HEX}", "docker.io", "library/x", None, f"oddalgo+b64:{OTHER_HEX}"),
    ],
)
def test_a_reference_is_read_in_full(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    assert ImageReference.parse(text) == ImageReference(registry, repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "python:",
        "python@",
        ":3.12",
        "Python:3.12",
        "team/App",
        "python:3.12 ",
        "python:3.12\n",
        "$BASE",
        "python:${VERSION}",
        "py/",
        "/python",
        "a//b",
        "-a",
        "a-",
        "a._b",
        "a___b",
        "python:-x",
        "x:" + "t" * 129,
        "x/" + "y" * 254 + "/z",
        "python:é",
        "python:٣",
        "0123456789abcdef" * 4,
        "python@sha256:abc",
        "python@sha256:" + "0" * 63,
        "python@sha256:" + "A" * 64,
        "python@sha512:" + "0" * 64,
        "reg:port/x",
        "reg_istry.example/x",
        f"python@{DIGEST}:tag",
    ],
)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert ImageReference.parse(text) is None


@pytest.mark.parametrize(
    ("text", "familiar", "name"),
    [
        ("docker.io/library/python:3.12", "python:3.12", "docker.io/library/python"),
        ("docker.io/grafana/grafana", "grafana/grafana", "docker.io/grafana/grafana"),
        ("docker.io/library/a/b", "library/a/b", "docker.io/library/a/b"),
        ("docker.io/localhost/app:1", "docker.io/localhost/app:1", "docker.io/localhost/app"),
        (f"alpine:3.20@{DIGEST}", f"alpine:3.20@{DIGEST}", "docker.io/library/alpine"),
        ("gcr.io/distroless/cc", "gcr.io/distroless/cc", "gcr.io/distroless/cc"),
    ],
)
def test_short_and_full_names(text: str, familiar: str, name: str) -> None:
    reference = ImageReference.parse(text)
    assert reference is not None
    assert (reference.familiar, reference.name) == (familiar, name)


_words = st.text("ab0", min_size=1, max_size=4)
_component = st.lists(_words, min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from([".", "_", "__", "-", "--"]).map(lambda sign: sign.join(words))
)
_registry = st.sampled_from(
    ["", "docker.io/", "index.docker.io/", "registry-1.docker.io/", "localhost/", "localhost:5000/", "gcr.io/", "Up/"]
)
_tag = st.none() | st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}\Z")
_digest = st.none() | st.just(DIGEST)


@given(_registry, st.lists(_component, min_size=1, max_size=3), _tag, _digest)
def test_a_reference_reads_back_as_it_is_written(
    registry: str, path: list[str], tag: str | None, digest: str | None
) -> None:
    text = registry + "/".join(path) + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    reference = ImageReference.parse(text)
    assert reference is not None
    assert (reference.tag, reference.digest) == (tag, digest)
    assert ImageReference.parse(str(reference)) == reference
    assert ImageReference.parse(reference.familiar) == reference


@given(st.text("aA0.:/@-_[]$ \n٣", max_size=30))
def test_any_text_is_a_stable_reference_or_none(text: str) -> None:
    reference = ImageReference.parse(text)
    if reference is not None:
        assert ImageReference.parse(str(reference)) == reference
        assert ImageReference.parse(reference.familiar) == reference
