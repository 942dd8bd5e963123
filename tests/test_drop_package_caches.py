"""drop-package-caches: flags and cleaning where they do no harm, and nothing where something counts on the cache."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hardenfile
from hardenfile.plan import Outcome

_FLAGS = {"--no-cache", "--no-cache-dir"}
_ADDED = ("npm cache clean --force", "yarn cache clean", "dnf clean all", "yum clean all")
_COMMANDS = (
    "apk add -U x", "apk update", "apk add \\\n  # note\n  x", "apk del x", "pip install 'x>=1'",
    "python3 -m pip install x",
    "pip install --no-cache-dir x", "npm ci", "npm run build", "dnf install -y x", "yum -y update", "yarn", "make",
    "apk add --no-cache x", "sudo pip install x",
)  # fmt: skip
_OPERATORS = (" && ", "; ", " || ", " | ", " \\\n    && ", " && \\\n  ", "; \\\n\t", " \\\n# between\n && ")


def run(text: str, unsafe: bool = False) -> Outcome:
    return hardenfile.harden(text, select=["drop-package-caches"], unsafe=unsafe)


def words(outcome: Outcome, *, after: bool) -> list[list[str]]:
    document = outcome.after if after else outcome.before
    commands = document.instructions[1].shell.commands
    return [[word.raw for word in one.words] for one in commands]


@given(
    st.lists(st.tuples(st.sampled_from(_OPERATORS), st.sampled_from(_COMMANDS)), max_size=5),
    st.sampled_from(["", "\n", " # why\n"]),
)
@settings(max_examples=250, deadline=None)
def test_nothing_but_flags_and_cleaning_comes_and_only_apk_update_goes(parts: list[tuple[str, str]], tail: str) -> None:
    outcome = run("FROM alpine:3.20\nRUN true" + "".join(a + b for a, b in parts) + tail, unsafe=True)
    before, after = words(outcome, after=False), words(outcome, after=True)
    kept = [[word for word in one if word not in _FLAGS] for one in after if " ".join(one) not in _ADDED]
    was = [[word for word in one if word not in _FLAGS] for one in before]
    assert [one for one in kept if one != ["apk", "update"]] == [one for one in was if one != ["apk", "update"]]
    if after.count(["apk", "update"]) < before.count(["apk", "update"]):
        assert all("--no-cache" in one for one in after if one[:2] == ["apk", "add"])
    assert outcome.before.text.count("#") == outcome.after.text.count("#")


@pytest.mark.parametrize(
    ("base", "line", "becomes"),
    [
        ("alpine:3.20", "apk add curl bash --repository U zsh", "apk add --no-cache curl bash --repository U zsh"),
        ("alpine:3.20", "apk -q add -t .d x", "apk -q add --no-cache -t .d x"),
        ("alpine:3.20", "apk add $X", "apk add --no-cache $X"),
        ("alpine:3.20", "if x; then apk add -U y; fi", "if x; then apk add --no-cache -U y; fi"),
        ("alpine:3.20", "apk update && apk add x", "apk add --no-cache x"),
        ("alpine:3.20", "apk update; apk add x", "apk add --no-cache x"),
        ("alpine:3.20", "set -e; apk update && apk add x", "set -e; apk add --no-cache x"),
        ("alpine:3.20", "apk update || true; apk add x", "apk update || true; apk add --no-cache x"),
        ("alpine:3.20", "apk update && make && apk add x", "apk update && make && apk add --no-cache x"),
        ("python:3.12", "pip install zope>=1.0 attrs>=2.0", "pip install --no-cache-dir zope>=1.0 attrs>=2.0"),
        ("python:3.12", "pip3.12 install x", "pip3.12 install --no-cache-dir x"),
        ("python:3.12", "python -m pip install x", "python -m pip install --no-cache-dir x"),
        ("python:3.12", "pip install install", "pip install --no-cache-dir install"),
        ("fedora:41", "dnf -y install x", "dnf -y install x && dnf clean all"),
        (
            "fedora:41",
            "yum install x\nRUN rm -rf /var/cache/yum",
            "yum install x && yum clean all\nRUN rm -rf /var/cache/yum",
        ),
        ("fedora:41", "sudo dnf -y install x", "sudo dnf -y install x && sudo dnf clean all"),
        ("fedora:41", "dnf install -y x; dnf install -y y", "dnf install -y x; dnf install -y y && dnf clean all"),
        ("node:20", "npm i -g x", "npm i -g x && npm cache clean --force"),
        ("node:20", "npm ci; npm test", "npm ci && npm cache clean --force; npm test"),
    ],
)
def test_one_line(base: str, line: str, becomes: str) -> None:
    assert run(f"FROM {base}\nRUN {line}\n").after.text == f"FROM {base}\nRUN {becomes}\n"


@pytest.mark.parametrize(
    ("base", "lines"),
    [
        ("alpine:3.20", "RUN apk add --no-cache x"),
        ("alpine:3.20", "RUN apk --no-cache add x"),
        ("alpine:3.20", "RUN apk add -U x && rm -rf /var/cache/apk/*"),
        ("alpine:3.20", "RUN apk add -U x\nRUN apk fetch y"),
        ("alpine:3.20", "RUN apk add -U x\nRUN <<E\napk add y\nE"),
        ("alpine:3.20", "RUN apk add -U x\nCOPY a /etc/apk/cache"),
        ("alpine:3.20", "RUN apk add -U x\nONBUILD RUN apk add y"),
        ("alpine:3.20", "RUN echo apk add x"),
        ("alpine:3.20", "RUN apk add --cache-dir=/c x"),
        ("alpine:3.1", "RUN apk add -U x"),
        ("acme/x", "RUN apk add -U x"),
        ("python:3.12", "RUN pip install --no-cache x"),
        ("python:3.12", "RUN PIP_NO_CACHE_DIR=1 pip install x"),
        ("python:3.12", "ARG PIP_NO_CACHE_DIR=1\nRUN pip install x"),
        ("python:3.12", "ENV PIP_CACHE_DIR=/c\nRUN pip install x"),
        ("python:3.12", "RUN pip install x\nRUN pip cache list"),
        ("python:3.12", "RUN pip install x\nRUN rm -r ~/.cache"),
        ("python:3.12", "RUN pip install --no-index -f /w x"),
        ("python:3.12", "RUN pip $X install y"),
        ("python:3.12", "RUN pip download x && pip wheel y && pip uninstall z"),
        ("ubuntu:14.04", "RUN pip install x"),
        ("debian:jessie", "RUN pip install x"),
        ("python:2.7.8", "RUN pip install x"),
        ("acme/x", "RUN pip install x"),
        ("fedora:41", "RUN dnf remove -y x && dnf list"),
        ("fedora:41", "RUN dnf install -y x && dnf clean packages"),
        ("fedora:41", "RUN dnf install -y x && rm -rf /var/cache/dnf"),
        ("fedora:41", "RUN dnf install -y x && rm -rf /var/cache/*"),
        ("fedora:41", "RUN dnf install -y x\nRUN dnf --cacheonly install y"),
        ("fedora:41", "RUN (dnf install -y x)"),
        ("fedora:41", "RUN dnf install -y x &"),
        ("node:20", "RUN npm ci && rm -rf ~/.npm"),
        ("node:20", "ENV npm_config_cache=/c\nRUN npm ci"),
        ("node:20", "RUN npm ci --prefer-offline"),
        ("node:20", "RUN npm run build && npm --version && npm install-test-x"),
        ("node:20", "RUN npm ci | tee x"),
        ("node:20", "RUN yarn build"),
        ("node:20", "RUN yarn"),
    ],
)
def test_what_stays(base: str, lines: str) -> None:
    text = f"FROM {base}\n{lines}\n"
    assert run(text).after.text == text
