"""Ports in the words of EXPOSE."""

import re

_PORTS = re.compile(r"(\d+)(?:-(\d+))?(?:/(\w+))?\Z")
SSH = 22
_HIGHEST = 65535


def includes_ssh(word: str) -> bool:
    """Whether a port or range holds TCP port 22."""
    found = _PORTS.match(word)
    if not found or (found[3] or "tcp").lower() != "tcp":
        return False
    first = int(found[1])
    return first <= SSH <= int(found[2] or first)


def out_of_range(word: str) -> bool:
    """Whether it names a number that no port has."""
    found = _PORTS.match(word)
    return found is not None and any(int(number) > _HIGHEST for number in found.group(1, 2) if number)
