"""What can go wrong between hardenfile and a registry, each in one line that a person can act on.

Nothing that a server wrote is ever quoted: a hostile one could send our own credentials back to be printed.
"""

from typing import Self

from hardenfile.errors import HardenfileError


class RegistryError(HardenfileError):
    """A registry did not give what was asked: the reference, the host, what happened, what to do."""

    def __init__(self, what: str, *, host: str = "", advice: str = "", reference: str = "") -> None:
        """Word the error; `what` continues the host's name ("has no tag 1.2"), `advice` is an order to the reader."""
        self.what, self.host, self.advice, self.reference = what, host, advice, reference
        sentence = " ".join(part for part in (host, what) if part)
        line = ": ".join(part for part in (reference, sentence) if part)
        super().__init__(_one_line("; ".join(part for part in (line, advice) if part)))

    def about(self, reference: str) -> Self:
        """The same error, naming the reference that it befell; a new object, so that threads share no traceback."""
        return type(self)(self.what, host=self.host, advice=self.advice, reference=reference)


class NotFound(RegistryError):  # noqa: N818 - the name says what happened
    """The registry answers, and knows no such repository, tag, digest or platform."""


class Unauthorized(RegistryError):  # noqa: N818
    """The registry wants credentials, or refuses those it was given."""


class Untrusted(RegistryError):  # noqa: N818
    """The answer contradicts itself, its digest, its certificate or the protocol; it must not be used."""


class Unavailable(RegistryError):  # noqa: N818
    """No usable answer: no connection, a time-out, a limit on requests, or a fault of the server."""


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
