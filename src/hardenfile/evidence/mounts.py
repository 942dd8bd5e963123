"""Which folders a RUN has mounted, so that what lies there is in no layer."""

from collections.abc import Iterator

from hardenfile.dockerfile import Instruction

from .paths import within

_TARGET = ("target", "dst", "destination")


def mounted(run: Instruction) -> Iterator[str]:
    """The targets of its cache and tmpfs mounts, as written."""
    for flag in run.flags:
        if flag.name != "mount" or flag.value is None:
            continue
        keys = dict(part.strip().partition("=")[::2] for part in flag.value.split(","))
        if keys.get("type", "bind") in ("cache", "tmpfs"):
            yield next((keys[key] for key in _TARGET if key in keys), "")


def covers(run: Instruction, folder: str) -> str | None:
    """The mount that holds a folder, or may hold it, in words for a report."""
    for target in mounted(run):
        if "$" in target or not target.startswith("/"):
            return f"the mount on {target or 'an unknown folder'} may be what"
        if within(folder, target.rstrip("/") or "/"):
            return f"the mount on {target}"
    return None
