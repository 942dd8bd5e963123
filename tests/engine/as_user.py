"""Run as root by path: `as_user.py PID UID GID GROUPS`, paths as JSON on standard input.

Goes into the container of a process, becomes its user, and tries the paths; then looks for all that it could write.
An image with no shell and a container that is read-only can be asked like any other.
"""

import json
import os
import stat
import sys
from contextlib import suppress

NOT_FILES = ("/proc", "/sys", "/dev")


def attempt(path: str) -> str:
    """Why a path cannot be written, or nothing: a folder by a new file in it."""
    try:
        folder = os.path.isdir(path)  # noqa: PTH112 - pathlib would import modules that are out of reach here
        name = f"{path}/.hardenfile-probe" if folder else path
        new = not os.path.lexists(name)
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        if new:
            os.unlink(name)  # noqa: PTH108
        return ""
    except OSError as error:
        return str(error.strerror)


def writable(top: str) -> list[str]:
    """The outermost folders that can be written, and the files in folders that cannot."""
    found: list[str] = []
    queue = [top]
    while queue:
        folder = queue.pop()
        if folder in NOT_FILES:
            continue
        if os.access(folder, os.W_OK | os.X_OK):
            found.append(folder)
            continue
        with suppress(OSError):
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    queue.append(entry.path)
                elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode) and os.access(entry.path, os.W_OK):
                    found.append(entry.path)
    return sorted(found)


def main() -> None:
    pid, uid, gid = (int(one) for one in sys.argv[1:4])
    groups = [int(one) for one in sys.argv[4].split(",") if one]
    paths = json.load(sys.stdin)
    os.chroot(f"/proc/{pid}/root")
    os.chdir("/")
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    answer = {"tries": {path: attempt(path) for path in paths}, "writable": writable("/")}
    sys.stdout.write(json.dumps(answer))


main()
