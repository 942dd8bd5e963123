"""What can go wrong between a bot and its forge; each is put into `forge.before` or `forge.after`."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress

from .calls import Answer, Call, Dropped, Refused

Which = Callable[[Call], bool]


def storm(which: Which, *, times: int, status: int = 502) -> Callable[[Call], Answer | None]:
    """The first calls of a kind end at a proxy that has lost its server: HTML, no JSON."""
    left = [times]

    def before(call: Call) -> Answer | None:
        if left[0] <= 0 or not which(call):
            return None
        left[0] -= 1
        return Answer(status, b"<html><title>Unicorn!</title></html>", {"Content-Type": "text/html; charset=utf-8"})

    return before


def secondary_limit(
    which: Which, *, times: int, seconds: int = 1, status: int = 403
) -> Callable[[Call], Answer | None]:
    """GitHub's limit on bursts: `Retry-After`, while the primary limit has plenty left."""
    left = [times]

    def before(call: Call) -> Answer | None:
        if left[0] <= 0 or not which(call):
            return None
        left[0] -= 1
        refused = Refused(
            status, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        )
        return Answer(status, refused.answer.body, {"Retry-After": str(seconds)})

    return before


def once(which: Which, does: Callable[[], object]) -> Callable[[Call], Answer | None]:
    """Somebody does something right before the first call of a kind."""
    done: list[Call] = []

    def before(call: Call) -> Answer | None:
        if not done and which(call):
            done.append(call)
            does()
        return None

    return before


def cut(which: Which, *, times: int = 1) -> Callable[[Call], None]:
    """The connection breaks: put into `before` the call is lost, put into `after` only its answer."""
    left = [times]

    def either(call: Call) -> None:
        if left[0] > 0 and which(call):
            left[0] -= 1
            raise Dropped

    return either


def lost() -> Callable[[Call], None]:
    """Put into `after`: the forge acts on each write and its first answer is lost, cut off or a proxy's 502 in turn."""
    seen: set[tuple[str, str, bytes]] = set()

    def after(call: Call) -> None:
        key = (call.method, call.target, call.content)
        if not call.writes or key in seen:
            return
        seen.add(key)
        if len(seen) % 2:
            raise Dropped
        call.status = 502
        call.answer = Answer(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html; charset=utf-8"})

    return after


def cut_push() -> Callable[[Call], None]:
    """Put into `after_git`: the first push is done, and the connection breaks before git hears of it."""
    return cut(lambda call: call.method == "POST" and call.target.endswith("/git-receive-pack"))


def kill(index: int, process: Callable[[], int | None]) -> Callable[[Call], None]:
    """The bot dies at its call number `index`: in `before` the forge has not acted on it, in `after` it has."""

    def either(call: Call) -> None:
        if call.index == index and (pid := process()) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise Dropped

    return either


def to(method: str, end: str = "") -> Which:
    """Calls of one method whose route ends like this."""
    return lambda call: call.method == method and call.template.endswith(end)


def anything(call: Call) -> bool:
    """Every call."""
    return True


def writing(call: Call) -> bool:
    """Every call that wants to change something."""
    return call.writes
