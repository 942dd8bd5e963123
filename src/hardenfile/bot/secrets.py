"""Tokens: where they come from, and how they are kept out of everything that is told."""

import base64
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from hardenfile.errors import UsageError

from .errors import TokenRefused

_SECONDS = 60.0  # a token command may talk to a key store and to the forge
_SHORTEST = 4  # characters; a shorter "secret" would black out ordinary words
HIDDEN = "[hidden]"


@dataclass
class Secrets:
    """What must never be told, in each spelling that a header, a URL or a log may carry. Prints as nothing."""

    _known: set[str] = field(default_factory=set, repr=False)

    def add(self, secret: str) -> None:
        """Remember a secret for as long as the run lasts."""
        if len(secret) < _SHORTEST:
            return
        for text in (secret, *(f"{user}:{secret}" for user in ("x-access-token", "oauth2"))):
            packed = base64.b64encode(text.encode()).decode()
            self._known |= {packed, packed.rstrip("="), quote(text, safe="")}
        self._known.add(secret)

    def clean(self, text: str) -> str:
        """The text with every secret blacked out."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text

    def inside(self, data: bytes) -> bool:
        """Whether some bytes hold a secret."""
        return any(secret.encode() in data for secret in self._known)


class Token:
    """The token of a run: from the environment, or from a command of the operator's that makes short-lived ones."""

    def __init__(
        self,
        variable: str,
        secrets: Secrets,
        command: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`command` is run without a shell and prints the token; it wins over the environment's `variable`."""
        self.variable, self._secrets, self._command = variable, secrets, tuple(command)
        self._environment = os.environ if environment is None else environment
        self._value = ""
        if not self._command:  # hidden from the start, and not from the first use on
            secrets.add(self._environment.get(variable, "").strip())

    def __repr__(self) -> str:
        return f"Token({self.variable})"

    @property
    def renewable(self) -> bool:
        """Whether asking again may give another one."""
        return bool(self._command)

    def value(self) -> str:
        """The token. Raises UsageError where there is none."""
        if not self._value:
            self._value = self._ask() if self._command else self._environment.get(self.variable, "").strip()
            if not self._value:
                raise UsageError(f"no token: set {self.variable} in the environment")
            if not (self._value.isascii() and self._value.isprintable()) or " " in self._value:
                raise UsageError(f"the token in {self.variable or 'use'} is not one printable word")
            self._secrets.add(self._value)
        return self._value

    def renew(self) -> None:
        """Have the next `value` ask again."""
        if self._command:
            self._value = ""

    def _ask(self) -> str:
        program, *arguments = self._command
        path = shutil.which(program)
        # A name found through "." in PATH would be whatever lies in the folder under work.
        if path is None or not Path(path).is_absolute():
            raise UsageError(f"token-command: {program} is not in PATH")
        try:
            done = subprocess.run([path, *arguments], capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            raise TokenRefused(f"token-command: {program} does not run, or does not end") from None
        if done.returncode != 0:
            raise TokenRefused(f"token-command: {program} failed with exit code {done.returncode}")
        return done.stdout.decode("utf-8", "replace").strip()
