"""The user's registry credentials, from where `docker login` keeps them."""

import base64
import json
import os
import re
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from hardenfile.evidence.reference import HUB

from .endpoints import HUB_NAMES

_HELPER_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_HELPER_SECONDS = 30.0  # helpers may ask the system's keychain to be unlocked
_HUB_KEY = "https://index.docker.io/v1/"  # under which Docker has always filed the hub's


@dataclass(frozen=True, slots=True)
class Login:
    """What proves to a registry who asks. Prints as nothing but its kind."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    """An OAuth2 refresh token, in the place of a name and a password."""
    registry_token: str = field(default="", repr=False)
    """A bearer token to be sent as it is."""


class CredentialsProblem(Exception):  # noqa: N818 - caught by the authenticator, and worded into its error
    """Credentials are configured and cannot be had; the message holds none of them."""


class Credentials:
    """Looks logins up in Docker's configuration, once for each host. Safe to use from several threads."""

    def __init__(self, config: Path | None = None) -> None:
        """`config`: a config.json of Docker's; by default the one in $DOCKER_CONFIG, else in ~/.docker.

        Nothing is read before the first look-up, and a file that does not exist holds no logins.
        """
        self._path = config
        self._found: dict[str, Login | CredentialsProblem | None] = {}
        self._lock = threading.Lock()

    def login(self, host: str) -> Login | None:
        """The login for a registry by its name in references (`docker.io`, `host:5000`), or None.

        Raises CredentialsProblem where one is configured and cannot be read.
        """
        with self._lock:
            if host not in self._found:
                try:
                    self._found[host] = self._look_up(host)
                except CredentialsProblem as problem:
                    self._found[host] = problem
            found = self._found[host]
        if isinstance(found, CredentialsProblem):
            raise CredentialsProblem(str(found))
        return found

    def _look_up(self, host: str) -> Login | None:
        config = self._read()
        key = _HUB_KEY if host == HUB else host
        helpers = config.get("credHelpers")
        own = helpers.items() if isinstance(helpers, dict) else ()
        helper = next((value for name, value in own if _host_of(name) == host), None) or config.get("credsStore")
        if helper and (login := _ask_helper(helper, key)):
            return login
        entries = config.get("auths")
        if not isinstance(entries, dict):
            return None
        # The very name first, then the spellings that older versions of Docker wrote.
        for name in sorted(entries, key=lambda name: name != key):
            entry = entries[name]
            if isinstance(entry, dict) and _host_of(name) == host and (login := _read_entry(entry, name)):
                return login
        return None

    def _read(self) -> dict[str, object]:
        path = self._path or _default_path()
        try:
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            raise CredentialsProblem(f"{path} cannot be read") from None
        if not isinstance(found, dict):
            raise CredentialsProblem(f"{path} holds no JSON object")
        return found


def _default_path() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    try:
        return (Path(folder) if folder else Path.home() / ".docker") / "config.json"
    except RuntimeError:
        raise CredentialsProblem("the home folder cannot be found") from None


def _host_of(name: str) -> str:
    """The host that a key of `auths` is for: with or without a scheme and an API version, never with another path."""
    host, _, path = name.removeprefix("https://").removeprefix("http://").partition("/")
    if path.strip("/") not in {"", "v1", "v2"}:
        return ""
    return HUB if host in HUB_NAMES else host


def _read_entry(entry: dict[str, object], name: str) -> Login | None:
    texts = {key: value for key, value in entry.items() if isinstance(value, str)}
    username, password = texts.get("username", ""), texts.get("password", "")
    if packed := texts.get("auth"):
        try:
            username, separator, password = base64.b64decode(packed, validate=True).decode().partition(":")
        except ValueError:
            separator = ""
        if not separator:
            raise CredentialsProblem(f"the entry for {name} in Docker's config.json cannot be read")
        password = password.rstrip("\0")  # some tools pad it
    identity, registry = texts.get("identitytoken", ""), texts.get("registrytoken", "")
    return Login(username, password, identity, registry) if username or identity or registry else None


def _ask_helper(helper: object, server: str) -> Login | None:
    """Ask docker-credential-HELPER, by the protocol of docker-credential-helpers: the server in, JSON out."""
    if not isinstance(helper, str) or not _HELPER_NAME.fullmatch(helper):
        raise CredentialsProblem("Docker's config.json names a credential helper that is no plain name")
    program = f"docker-credential-{helper}"
    path = shutil.which(program)
    # A relative path comes from a "." in PATH: whatever lies in the folder under work is never run.
    if path is None or not Path(path).is_absolute():
        raise CredentialsProblem(f"{program} is not in PATH")
    try:
        done = subprocess.run(
            [path, "get"], input=server.encode(), capture_output=True, timeout=_HELPER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise CredentialsProblem(f"{program} does not run, or does not end") from None
    if done.returncode != 0:
        # The protocol has no other sign for "no such login" than this text.
        if b"credentials not found" in done.stdout + done.stderr:
            return None
        raise CredentialsProblem(f"{program} failed")
    try:
        found = json.loads(done.stdout)
        username, secret = found["Username"], found["Secret"]
    except (ValueError, RecursionError, LookupError, TypeError):
        username = secret = None
    if not isinstance(username, str) or not isinstance(secret, str):
        raise CredentialsProblem(f"{program} gave no login that can be read")
    if username == "<token>":
        return Login(identity_token=secret)
    return Login(username, secret) if username or secret else None
