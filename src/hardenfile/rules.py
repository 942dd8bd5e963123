"""The ids of other tools' findings: how people spell them, and which transform answers one."""

import re
from collections.abc import Iterable, Iterator

from .transform import Transform

_TRIVY = re.compile(r"(?:AVD-)?DS-?0*(\d+)\Z", re.IGNORECASE)
# The last part of semgrep's rule ids for Dockerfiles, and the id of another tool for the same.
_SEMGREP = {
    "missing-user": "DL3002",
    "missing-user-entrypoint": "DL3002",
    "last-user-is-root": "DL3002",
    "maintainer-is-deprecated": "DL4000",
    "missing-apk-no-cache": "DL3019",
    "missing-pip-no-cache-dir": "DL3042",
    "remove-package-cache": "DL3009",
    "remove-package-lists": "DL3009",
    "prefer-json-notation": "DL3025",
    "use-absolute-workdir": "DL3000",
    "no-sudo-in-dockerfile": "DL3004",
    "missing-image-version": "DL3006",
    "avoid-latest-version": "DL3007",
    "set-pipefail": "DL4006",
    "missing-no-install-recommends": "DL3015",
    "prefer-copy-over-add": "DL3020",
    "add-instead-of-copy": "DL3020",
    "secret-in-build-arg": "SecretsUsedInArgOrEnv",
}


def spelled_alike(name: str) -> str:
    """One spelling for all that people use of an id: `DS002`, `AVD-DS-0002` and `ds-0002` are the same."""
    word = name.strip()
    trivy = _TRIVY.match(word)
    if trivy:
        return f"ds-{int(trivy[1])}"
    semgrep = _SEMGREP.get(word.rpartition(".")[2].lower())
    return (semgrep or word).lower()


def answers(transform: Transform | type[Transform], name: str) -> bool:
    """Whether a transform has this id, or answers the finding of another tool that has it."""
    return name == transform.id or spelled_alike(name) in set(foreign(transform.rules))


def foreign(rules: Iterable[str]) -> Iterator[str]:
    """The ids in a transform's `rules`, in the one spelling: of `hadolint DL3020` both the whole and `dl3020`."""
    for rule in rules:
        yield rule.lower()
        yield spelled_alike(rule.rpartition(" ")[2])
