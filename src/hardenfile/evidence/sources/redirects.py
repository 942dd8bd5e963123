"""Shell command lines inside string literals: what they redirect to."""

import re
from collections.abc import Iterator

from hardenfile.evidence.python_app.model import Finding

_REDIRECT = re.compile(r"""["'`][^"'`\n]*>>?\s*(/(?!dev/|tmp/|proc/)[A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+)""")


def redirects(text: str, file: str) -> Iterator[Finding]:
    """Absolute paths behind a `>` in a literal of a source."""
    for match in _REDIRECT.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Finding("write", match[1], False, None, f"redirects to {match[1]}", file, line)
