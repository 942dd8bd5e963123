"""Families of transforms under a name that `--profile`, `--select` and `--ignore` take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Profile:
    """`members` are ids; empty for all there are but those in `without`. `options` are for transforms, by id."""

    about: str
    members: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def ids(self, known: Iterable[str]) -> tuple[str, ...]:
        """The ids of the family among those that there are."""
        if self.members:
            return tuple(name for name in known if name in self.members)
        return tuple(name for name in known if name not in self.without)


# What never is safe, and changes what is installed or how the image is looked after.
_OPINIONS = ("skip-recommends", "strip-setuid", "tighten-chmod", "add-healthcheck", "pin-packages")
_USERS = ("prefer-copy", "chown-copies", "add-user", "numeric-user")

DEFAULT = "recommended"

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "recommended": Profile("what nearly every file gains from; the default", without=_OPINIONS),
        "strict": Profile("everything there is"),
        "cis": Profile(
            "what the CIS Docker Benchmark asks of images (section 4)",
            (
                *("prefer-copy", "add-user", "add-checksum", "split-stages", "join-apt-update", "skip-recommends"),
                *("strip-setuid", "tighten-chmod", "add-healthcheck", "move-secrets", "avoid-pipe-to-shell"),
                *("download-by-https", "verify-tls", "verify-packages", "rotate-secrets", "extend-dockerignore"),
                "avoid-chpasswd",
            ),
        ),
        "openshift": Profile(
            "images that run under any user number, in the group of root",
            (*_USERS, "drop-sudo", "avoid-chpasswd"),
            options={"add-user": {"ownership": "openshift"}},
        ),
        "pods": Profile(
            "what a namespace with the restricted Pod Security standard needs: a numeric user that is not root, and "
            "nothing that gains privileges",
            (*_USERS, "drop-sudo", "strip-setuid", "avoid-insecure-runs"),
        ),
    }
)
