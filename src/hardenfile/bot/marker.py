"""The hidden marker in a pull request's body: all the memory that the bot has.

It is believed only where the pull request's branch lies in the repository itself, so that whoever could forge it could
push as well.
"""

import re
from dataclasses import dataclass, fields, replace

_MARKER = re.compile(r"<!-- hardenfile:v1((?: [a-z-]{1,20}=[A-Za-z0-9._+-]{0,128}){1,20}) -->", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9._+-]{0,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Marker:
    """What was so when the pull request was last written.

    `key` names the Dockerfile; `input` is its git blob id and `result` the one it would have; `output` the SHA-256 of
    the rewritten file; `tree` digests the base's list of files; `config` what was asked for; `head` is our commit.
    """

    key: str
    input: str = ""
    version: str = ""
    config: str = ""
    output: str = ""
    result: str = ""
    tree: str = ""
    head: str = ""
    state: str = ""
    """`closing`: the diff vanished, and the bot is about to close or has closed the pull request itself."""
    pending: str = ""
    """`yes` until labels and people were added."""
    hands_off: str = ""
    """The head with others' commits that was commented on."""

    def __str__(self) -> str:
        parts = [f"{one.name.replace('_', '-')}={getattr(self, one.name)}" for one in fields(self)]
        return f"<!-- hardenfile:v1 {' '.join(part for part in parts if not part.endswith('='))} -->"

    def __post_init__(self) -> None:
        """Raises ValueError for a value that could end the comment or be read otherwise."""
        for one in fields(self):
            if not _VALUE.fullmatch(getattr(self, one.name)) or "--" in getattr(self, one.name):
                raise ValueError(f"{one.name} cannot be {getattr(self, one.name)!r}")

    @classmethod
    def find(cls, body: str) -> "Marker | None":
        """The first marker in a body; keys that this version does not know are passed over."""
        found = _MARKER.search(body)
        if found is None:
            return None
        values = dict(part.split("=", 1) for part in found[1].split())
        known = {one.name: values[name] for one in fields(cls) if (name := one.name.replace("_", "-")) in values}
        try:
            return cls(**known) if known.get("key") else None
        except ValueError:
            return None

    def put_into(self, body: str) -> str:
        """The body with this marker in place of the one it has, or in front."""
        text, count = _MARKER.subn(lambda _: str(self), body, count=1)
        return text if count else f"{self}\n{body}"

    def but(self, **changed: str) -> "Marker":
        """The same with other values."""
        return replace(self, **changed)
