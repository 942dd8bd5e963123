"""Places in an image: what belongs to the system, and what lies where."""

import re

_SYSTEM = tuple(
    "/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /proc /root /sbin /sys /usr/bin /usr/games /usr/include /usr/lib "
    "/usr/lib32 /usr/lib64 /usr/libexec /usr/sbin /usr/share /usr/local/bin /usr/local/etc /usr/local/include "
    "/usr/local/lib /usr/local/sbin /usr/local/share /usr/local/go /usr/local/cargo /usr/local/rustup /var/lib/apt "
    "/var/lib/dpkg /var/cache/apt /opt/java /run/secrets".split()
)
_SHARED = frozenset(
    "/ /usr /usr/local /usr/src /var /var/lib /var/log /var/cache /var/run /var/spool /var/tmp /var/www /opt /srv "
    "/home /mnt /media /run /tmp".split()
)
_FOLDERS = frozenset(
    "/bin /boot /dev /etc /lib /proc /root /sbin /sys /usr/bin /usr/lib /usr/sbin /usr/share /usr/local/bin "
    "/usr/local/etc /usr/local/lib /usr/local/sbin /usr/local/share".split()
)
_PROGRAMS = re.compile(r"/opt/[^/]+/(?:s?bin|lib|lib64)(?:/|\Z)")


def is_system(path: str) -> bool:
    """Whether a path belongs to the system, or is shared by more than one application."""
    return (
        path in _SHARED
        or any(path == one or path.startswith(one + "/") for one in _SYSTEM)
        or bool(_PROGRAMS.match(path))
    )


def within(path: str, folder: str) -> bool:
    """Whether an absolute, normal path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def is_known_folder(path: str) -> bool:
    """Whether every image of a distribution has a folder there."""
    return path in _SHARED or path in _FOLDERS
