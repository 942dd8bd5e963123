"""Which packages of a build the final stage installs: commands read, headers mapped, what is unknown refused."""

import pytest

from hardenfile.dockerfile import parse
from hardenfile.evidence.layout import Layout
from hardenfile.evidence.reference import ImageReference
from hardenfile.transforms.split_stages.packages_read import Installed, read_installed
from hardenfile.transforms.split_stages.packages_table import (
    interpreter_of,
    is_header,
    is_tool,
    left_by,
    libraries,
    may_stay,
    release_of,
)
from hardenfile.transforms.split_stages.split import Unfit
from hardenfile.transforms.split_stages.steps import Role, read_steps, role


def installed(*runs: str) -> Installed:
    text = "FROM debian:bookworm\n" + "".join(f"RUN {run}\n" for run in runs)
    stage = parse(text.encode()).stages[0]
    steps = read_steps(stage, Layout(stage, None))
    return read_installed([step for step in steps if role(step) is Role.PACKAGES])


@pytest.mark.parametrize(
    ("runs", "left"),
    [
        (["apt-get update && apt-get install -y curl git"], "curl git"),
        (["apt-get install -y --no-install-recommends curl=7.* 'git=1:2.39'"], "curl git"),
        (["apt-get install -y gcc curl", "apt-get purge -y --auto-remove gcc"], "curl"),
        (["apt-get install -y gcc curl", "apt-get remove -y gcc && apt-get autoremove -y"], "curl"),
        (["apt-get install -y libpq-dev g++ && apt-get clean"], "libpq-dev g++"),
        (["apk add --no-cache a && apk add -t .b c d && apk del .b"], "a"),
        (["apk add c && apk add --virtual .b c d && apk del .b"], "c"),
        (["apk add --virtual=.b c d", "apk add d", "apk del .b"], "d"),
        (["apk --update add 'a<2' b~=1.2"], "a b"),
        (["dnf -y install a b && dnf remove -y b && dnf clean all"], "a"),
        (["yum install -y --setopt=install_weak_deps=0 a"], "a"),
        (["zypper --non-interactive in a && zypper rm b"], "a"),
        (["dnf groupinstall -y 'Development Tools'"], ""),
    ],
)
def test_what_is_installed_in_the_end(runs: list[str], left: str) -> None:
    assert " ".join(sorted(installed(*runs).packages)) == " ".join(sorted(left.split()))


def test_what_removed_headers_brought_along_is_still_there() -> None:
    packages = installed("apt-get install -y libpq-dev", "apt-get remove -y libpq-dev").packages
    assert packages["libpq-dev"].removed


@pytest.mark.parametrize(
    "run",
    [
        "apt-get install -y $PACKAGES",
        "apt-get install -y curl || true && apt-get install -y $(cat list)",
        "apt-get install -y -t sid curl",
        "apt-get install -y curl/sid",
        "apt-get install -y ./a.deb",
        "apt-get install -y git-",
        "apt-get build-dep -y curl",
        "apt-key add key",
        "add-apt-repository ppa:a/b",
        "dpkg -i a.deb",
        "if true; then apt-get install -y gcc; fi",
        "apt-get install -y gcc & wait",
        "apt-get install -y maybe || true",
        "apk add -X https://example.test/edge a",
        "apk add a@edge",
        "apk add --allow-untrusted a.apk",
        "dnf install -y epel-release",
        "dnf install -y https://example.test/a.rpm",
        "dnf module enable -y nodejs:20",
        "dnf groupinstall -y Server",
        "yum install -y --enablerepo=extra a",
        "zypper addrepo https://example.test/a a",
        "apt-get install -y a && apk add b",
    ],
)
def test_what_cannot_be_followed_is_refused(run: str) -> None:
    with pytest.raises(Unfit) as caught:
        installed(run)
    assert caught.value.reason == "packages"


@pytest.mark.parametrize(
    ("headers", "family", "release", "expected"),
    [
        ("libssl-dev", "debian", "bullseye", ("libssl1.1",)),
        ("libssl-dev", "debian", "bookworm", ("libssl3",)),
        ("libssl-dev", "debian", "trixie", ("libssl3t64",)),
        ("libssl-dev", "debian", "", None),
        ("libssl-dev", "debian", "sid", None),
        ("libssl-dev", "ubuntu", "noble", None),
        ("libpq-dev", "debian", "", ("libpq5",)),
        ("default-libmysqlclient-dev", "debian", "trixie", ("libmariadb3",)),
        ("libjpeg-dev", "debian", "bookworm", ("libjpeg62-turbo",)),
        ("libxml2-dev", "debian", "bookworm", ("libxml2",)),
        ("openssl-dev", "alpine", "3.20", ("libssl3", "libcrypto3")),
        ("openssl-dev", "alpine", "3.9", None),
        ("openssl-dev", "alpine", "", None),
        ("acme-dev", "debian", "bookworm", None),
    ],
)
def test_the_library_of_headers(headers: str, family: str, release: str, expected: tuple[str, ...] | None) -> None:
    assert libraries(headers, family, release) == expected


@pytest.mark.parametrize(
    ("image", "family", "release"),
    [
        ("python:3.11-slim-bookworm", "debian", "bookworm"),
        ("python:3.11-slim", "debian", ""),
        ("debian:12-slim", "debian", "bookworm"),
        ("debian:11.9", "debian", "bullseye"),
        ("python:3.12-alpine3.20", "alpine", "3.20"),
        ("python:3.12-alpine", "alpine", ""),
        ("alpine:3.19.1", "alpine", "3.19"),
        ("alpine:edge", "alpine", ""),
        ("node:20", "debian", ""),
    ],
)
def test_the_release_that_a_tag_names(image: str, family: str, release: str) -> None:
    reference = ImageReference.parse(image)
    assert reference is not None
    assert release_of(reference, family) == release


def test_what_is_for_the_build_alone() -> None:
    for name in (
        "gcc",
        "g++",
        "gcc-12",
        "build-essential",
        "build-base",
        "linux-headers",
        "cmake",
        "pkg-config",
        "rustc",
    ):
        assert is_tool(name), name
    for name in (
        "git",
        "curl",
        "libgomp1",
        "gcc-12-base",
        "make-guile-doc",
        "clang-format",
        "gettext",
        "openjdk-17-jre",
    ):
        assert not is_tool(name) or name in ("gcc-12-base",), name
    assert is_header("libacme-dev")
    assert is_header("acme-devel")
    assert not is_header("libpq5")
    assert left_by("g++", "apk") == ("libgcc", "libstdc++")
    assert left_by("g++", "apt") == ()


def test_headers_that_bring_a_compiler_cannot_stay() -> None:
    assert may_stay("libssl-dev", "debian")
    assert not may_stay("libcups2-dev", "debian")
    assert not may_stay("libacme-dev", "debian")


def test_headers_of_interpreters() -> None:
    assert interpreter_of("python3-dev") == "python"
    assert interpreter_of("python3.11-dev") == "python"
    assert interpreter_of("libpq-dev") == ""
