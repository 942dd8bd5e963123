"""When to ask again, and how long to wait before."""

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and how patiently, a request that failed for a passing reason is sent again."""

    times: int = 3
    """Further attempts after the first."""
    base: float = 0.5
    """Seconds before the first of them; doubled for each one after it."""
    longest: float = 60.0
    """Seconds that a server may ask us to wait; one that asks for more is given up at once."""
    sleep: Callable[[float], None] = time.sleep

    def pause(self, attempt: int, asked: float | None) -> float | None:
        """Seconds to wait after failed attempt number `attempt` (from 0), or None to give up.

        `asked` is what the server's Retry-After says, in seconds.
        """
        if attempt >= self.times or (asked is not None and asked > self.longest):
            return None
        if asked is not None:
            return asked
        # Spread, so that parallel requests that failed together do not come back together.
        return float(self.base * 2**attempt * random.uniform(1.0, 1.25))


def seconds_asked(retry_after: str | None, date: str | None) -> float | None:
    """A Retry-After header (seconds or an HTTP date, RFC 9110 10.2.3) as seconds from now, or None.

    A date is measured from the server's own `date` header where there is one: our clock may differ from its clock.
    """
    text = (retry_after or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = _timestamp(text)
    if until is None:
        return None
    now = _timestamp(date or "")
    return max(0.0, until - (time.time() if now is None else now))


def _timestamp(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError, OSError):
        return None
