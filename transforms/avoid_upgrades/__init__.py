"""Tell of a RUN that upgrades every package."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.dockerfile.commands import Ran, commands
from hardenfile.evidence import Evidence
from hardenfile.transform import Change, Refusal, Transform

UPGRADES = {
    "apt-get": ("upgrade", "dist-upgrade"),
    "apt": ("upgrade", "full-upgrade", "dist-upgrade"),
    "aptitude": ("safe-upgrade", "full-upgrade", "upgrade"),
    "apk": ("upgrade",),
    "yum": ("update", "upgrade"),
    "dnf": ("update", "upgrade", "distro-sync"),
    "microdnf": ("update", "upgrade"),
    "zypper": ("update", "up", "dist-upgrade", "dup"),
}
_UPGRADES_ALL_THE_SAME = ("apt-get", "apt")  # packages that are named come in addition
_APT = ("-o", "--option", "-c", "--config-file", "-t", "--target-release")
_YUM = (
    "-c",
    "--config",
    "-x",
    "--exclude",
    "-d",
    "-e",
    "--installroot",
    "--releasever",
    "--enablerepo",
    "--disablerepo",
)
_WITH_VALUE = {
    "apt-get": _APT,
    "apt": _APT,
    "aptitude": _APT,
    "apk": ("-X", "--repository", "-p", "--root"),
    "yum": _YUM,
    "dnf": _YUM,
    "microdnf": _YUM,
}


@dataclass(frozen=True)
class AvoidUpgrades(Transform):
    """Which versions that gives depends on the day, not on the file."""

    id = "avoid-upgrades"
    title = "Update the base image rather than upgrade in a RUN"
    safety = "advice"
    after = ("prefer-copy",)
    rules = (
        "Trivy DS-0024",
        "hadolint DL3035",
        "KICS 682fe378",
        "dockle DKL-DI-0003",
    )
    why = "the result depends on the day of the build, and the layer holds each package twice; take a newer base image"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for ran in commands(document):
            verb = _upgrade(ran)
            if verb is not None:
                yield self.advise(ran.at, f"{ran.name} {verb} upgrades whatever the base image holds")


def _upgrade(ran: Ran) -> str | None:
    """The word that asks for an upgrade of everything; None where packages are named, or nothing is upgraded."""
    words: list[str] = []
    rest = iter(ran.arguments)
    for word in rest:
        if word in _WITH_VALUE.get(ran.name, ()):
            next(rest, None)
        elif word is None:
            words.append("?")  # packages that only the build knows
        elif ran.name == "pacman" and re.match(r"-S\w*u", word):
            return word
        elif not word.startswith("-"):
            words.append(word)
    if not words or words[0] not in UPGRADES.get(ran.name, ()):
        return None
    return words[0] if len(words) == 1 or ran.name in _UPGRADES_ALL_THE_SAME else None
