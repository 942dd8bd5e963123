"""Whether the end of an image's life has come."""

import re
from datetime import UTC, date, datetime

from hardenfile.errors import UsageError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def ended(eol: str, on: str) -> bool:
    """`eol` is a day in ISO form, a word for one that is past, or empty where none is known.

    `on` is the day to judge by, today if empty. Raises UsageError for an `on` that is no day.
    """
    return bool(eol) and (not is_day(eol) or date.fromisoformat(eol) < day(on))


def is_day(eol: str) -> bool:
    """Whether it is a day, and no word such as `ended`, `deprecated` or `moved to … in 2025`."""
    return _DAY.match(eol) is not None


def day(text: str) -> date:
    """A day in ISO form; today where the text is empty. Raises UsageError."""
    if not text:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"replace-eol-bases: on takes a day such as 2026-11-22, not {text!r}") from None
