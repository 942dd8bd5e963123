"""How patiently a forge is asked: its own limits first, then retries, and never two writes in one second."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from hardenfile.evidence.registry.retry import seconds_asked

from .errors import Passing, RateLimited
from .http import Answer

_PASSING = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_LEAST = 0.1  # seconds


@dataclass
class Pacing:
    """When the next request may go out. Times are in seconds; `clock` counts from 1970, `sleep` waits.

    GitHub asks for requests one at a time and a second between two writes ("Best practices for using the REST API"), to
    honour Retry-After and x-ratelimit-reset, and to wait a minute where a secondary limit names no time.
    """

    between_writes: float = 1.0
    tries: int = 5
    longest: float = 3700.0
    """The longest pause that a forge may ask for; above it the run ends, to be taken up again."""
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    _next_write: float = field(default=0.0, init=False)
    _open_again: float = field(default=0.0, init=False)

    def before(self, write: bool) -> None:
        """Wait until a request may be sent. Raises RateLimited."""
        until = max(self._open_again, self._next_write if write else 0.0)
        self._wait(until - self.clock())

    def after(self, answer: Answer | None, write: bool) -> None:
        """Take note of what an answer says of the limits."""
        now = self.clock()
        if write:
            self._next_write = now + self.between_writes
        if answer is not None and answer.header("x-ratelimit-remaining") == "0":
            self._open_again = max(self._open_again, now + (_until_reset(answer, now) or 0.0))

    def pause(self, answer: Answer, attempt: int) -> float | None:
        """Seconds after which to send the request again, or None where the answer stands. Raises RateLimited."""
        asked = seconds_asked(answer.header("Retry-After") or None, answer.header("Date") or None)
        if answer.status in _PASSING:
            return None if attempt + 1 >= self.tries else (self.backoff(attempt) if asked is None else asked)
        if answer.status not in (403, 429):
            return None
        if asked is None and answer.header("x-ratelimit-remaining") == "0":
            asked = _until_reset(answer, self.clock())
        if asked is None and not (answer.status == 429 or b"secondary rate limit" in answer.body.lower()):
            return None
        if attempt + 1 >= self.tries:
            raise RateLimited("the forge's rate limit is still reached after waiting for it")
        return 60.0 * 2**attempt if asked is None else asked

    def backoff(self, attempt: int) -> float:
        """Seconds before a passing fault is tried again, spread so that parallel runs do not come back together.

        The first is as long as the pause between writes: whose own forge needs none has no need to wait here either.
        """
        return float(max(_LEAST, self.between_writes) * 2**attempt * random.uniform(1.0, 1.25))

    def rest(self, seconds: float) -> None:
        """Wait before a request is sent again. Raises RateLimited."""
        self._open_again = max(self._open_again, self.clock() + seconds)
        self._wait(seconds)

    def lost(self, fault: Passing, attempt: int) -> None:
        """Wait after a connection that broke, or raise the fault when there were enough."""
        if attempt + 1 >= self.tries:
            raise fault
        self._wait(self.backoff(attempt))

    def _wait(self, seconds: float) -> None:
        if seconds > self.longest:
            raise RateLimited(f"the forge asks to wait {seconds:.0f} seconds, more than the {self.longest:.0f} allowed")
        if seconds > 0:
            self.sleep(seconds)


def _until_reset(answer: Answer, now: float) -> float | None:
    """Seconds until the limit is lifted, by the server's own clock where it tells the time; one more for rounding."""
    text = answer.header("x-ratelimit-reset")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        return None
    with suppress(TypeError, ValueError, OverflowError):
        now = parsedate_to_datetime(answer.header("Date")).timestamp()
    return max(0.0, float(text) - now) + 1.0
