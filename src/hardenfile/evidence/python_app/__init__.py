"""Reads a Python application with LibCST: the paths it writes, the ports it binds, what it needs root for.

`read_application` imports LibCST when it is called, and not before.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from .model import Application, Finding, Tree

__all__ = ["Application", "Finding", "Tree", "read_application"]


def read_application(
    tree: Tree,
    argv: Sequence[str],
    *,
    workdir: str,
    env: Mapping[str, str],
    console_scripts: Mapping[str, str] | None = None,
    cache: MutableMapping[bytes, Any] | None = None,
) -> Application:
    """Read the application that a command line starts; see `app.read_application`, which this calls."""
    from .app import read_application as read

    return read(tree, argv, workdir=workdir, env=env, console_scripts=console_scripts, cache=cache)
