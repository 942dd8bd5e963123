"""How a repository words its commits."""

import re
from collections.abc import Iterable

COUNT = 20  # commits that are looked at
_HEAD = re.compile(r"[a-z][a-z0-9-]{0,20}(?:\([^()\n]{1,60}\))?!?: \S", re.ASCII)
_MADE_BY_FORGES = ("Merge ", 'Revert "')


def is_conventional(messages: Iterable[str]) -> bool:
    """Whether all of the last messages follow Conventional Commits (`fix(scope): …`); merges do not count."""
    heads = [text.lstrip().split("\n", 1)[0] for text in messages]
    heads = [head for head in heads if head and not head.startswith(_MADE_BY_FORGES)]
    # One or two prove no habit.
    return len(heads) >= 3 and all(_HEAD.match(head) for head in heads)
