"""Reading WWW-Authenticate (RFC 9110, 11.6.1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# A token, and where "=" follows it a value: then it is a parameter, else the name of a scheme.
_ITEM = re.compile(
    r"""(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]*)))?""",
    re.ASCII | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in: the scheme and its parameters, names in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def read_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Every challenge of all WWW-Authenticate headers, in order; what is no challenge is left out."""
    found: list[tuple[str, dict[str, str]]] = []
    for header in headers:
        for item in _ITEM.finditer(header):
            name = item["name"].lower()
            quoted, plain = item["quoted"], item["plain"]
            if quoted is None and plain is None:
                found.append((name, {}))
            elif found:
                value = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
                found[-1][1].setdefault(name, value)
    return [Challenge(scheme, parameters) for scheme, parameters in found]
