"""What can go wrong between the bot and a forge, each in one line that a person can act on."""

from hardenfile.errors import HardenfileError


class ForgeError(HardenfileError):
    """The forge did not do what was asked. `status` is HTTP's, 0 where none came."""

    def __init__(self, message: str, status: int = 0) -> None:
        """Word the error: one line, whatever the server wrote."""
        super().__init__(" ".join(message.split()))
        self.status = status


class Missing(ForgeError):  # noqa: N818 - the names say what happened
    """404 or 410: it is not there, or the token may not see it."""


class Conflict(ForgeError):  # noqa: N818
    """409 or 422: the forge understands, and will not; often it is there already."""


class Forbidden(ForgeError):  # noqa: N818
    """403 that no waiting helps against."""


class TokenRefused(ForgeError):  # noqa: N818
    """401: the token is wrong or has expired; no other repository would fare better."""


class RateLimited(ForgeError):  # noqa: N818
    """The forge asks for a longer pause than the run may take."""


class Passing(ForgeError):  # noqa: N818
    """A fault that may be gone at the next attempt, and after which nobody knows whether a write was done."""


class Skip(HardenfileError):  # noqa: N818
    """A repository that there is nothing to do in, and why: archived, empty, switched off. No failure."""
