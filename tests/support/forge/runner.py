"""Runs the command line in children of one process that has loaded everything: a run starts in a tenth of a second.

Each child is a process of its own, with its own environment, that SIGKILL ends like any other. It speaks JSON, a line
each way: `{"arguments": […], "environment": {…}, "folder": "…", "out": "…", "err": "…"}` is answered by `{"pid": …}`
and, when it has ended, by `{"code": …, "memory": …}`: negative for a signal, and the most MiB.
"""

import gc
import importlib
import json
import os
import pkgutil
import sys
from contextlib import suppress
from typing import Any


def load() -> None:
    """Import what a run needs."""
    import dockerfile_parse  # noqa: F401
    import jinja2  # noqa: F401
    import libcst  # noqa: F401

    import hardenfile

    for module in pkgutil.walk_packages(hardenfile.__path__, "hardenfile.", onerror=lambda name: None):
        if not module.name.endswith(("__main__", "testing")):
            with suppress(Exception):  # what cannot be imported is for the run to tell
                importlib.import_module(module.name)
    # The arguments are read once too, and refused: what Typer imports for that costs more than a whole run.
    told = os.dup(2)
    _lead(os.devnull, 2, os.O_WRONLY)
    from hardenfile.cli import run

    run(["bot", "--dry-run", "--write-interval", "0", "--config", "/nonexistent", "no-name"])
    os.dup2(told, 2)


def _lead(path: str, number: int, flags: int) -> None:
    opened = os.open(path, flags, 0o644)
    os.dup2(opened, number)
    os.close(opened)


def child(task: dict[str, Any]) -> int:
    """Become a run of the command line; gives its exit code."""
    os.chdir(task["folder"])
    os.environ.clear()
    os.environ.update(task["environment"])
    _lead(os.devnull, 0, os.O_RDONLY)
    _lead(task["out"], 1, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    _lead(task["err"], 2, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    from hardenfile.cli import run

    sys.argv = ["hardenfile", *task["arguments"]]
    code = run(task["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def main() -> None:
    """Serve until standard input ends."""
    load()
    gc.collect()
    gc.freeze()  # else each child copies what its collector looks at
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = child(json.loads(line))
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(code)
        print(json.dumps({"pid": pid}), file=answers, flush=True)
        _, status, used = os.wait4(pid, 0)
        ended = {"code": os.waitstatus_to_exitcode(status), "memory": used.ru_maxrss // 1024}
        print(json.dumps(ended), file=answers, flush=True)


if __name__ == "__main__":
    main()
