"""Answering a registry's challenge: bearer tokens (distribution's token specification) and basic authentication."""

import base64
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from .challenges import read_challenges
from .credentials import Credentials, CredentialsProblem, Login
from .errors import RegistryError, Unauthorized, Unavailable, Untrusted
from .manifest import read_object
from .origin import Origin, Url, read_url
from .transport import Answer, Transport

_TOKEN_LIMIT = 1 << 20  # bytes of a token server's answer
_TOKEN_TEXT = re.compile(r"[!-~]+", re.ASCII)
_SHORTEST_LIFE = 60.0  # seconds; the specification's default and minimum
_EARLY = 5.0  # seconds before its end at which a token is no longer sent
_KEPT = 256  # tokens: memory stays flat over any number of repositories
_CLIENT = "hardenfile"


@dataclass(slots=True)
class _Slot:
    """The token for one scope. Its lock makes the first request fetch it while the others wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    value: str = field(default="", repr=False)
    expires: float = 0.0


@dataclass(frozen=True, slots=True)
class _Realm:
    """Where a registry's tokens come from."""

    url: str
    service: str


class Authenticator:
    """Finds the Authorization header for a request. Safe to use from several threads."""

    def __init__(
        self, transport: Transport, credentials: Credentials, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock`: seconds, for the life of tokens."""
        self._transport, self._credentials, self._clock = transport, credentials, clock
        self._slots: OrderedDict[tuple[Origin, _Realm, str], _Slot] = OrderedDict()
        self._realms: dict[Origin, _Realm] = {}
        self._basic: set[Origin] = set()
        self._lock = threading.Lock()

    def foreseen(self, origin: Origin, account: str, repository: str) -> str | None:
        """The header that the registry will ask for, as far as an earlier challenge of its tells: saves a refusal."""
        if origin in self._basic:
            return self._basic_header(account)
        realm = self._realms.get(origin)
        return None if realm is None else self._bearer(origin, realm, _pull(repository), account, refused=None)

    def answer(self, origin: Origin, account: str, repository: str, refusal: Answer, refused: str | None) -> str:
        """The header that answers a 401; `refused` is the one that was sent with the request.

        Raises Unauthorized where nothing better can be sent, Unavailable and Untrusted for a token server's faults.
        """
        if refusal.origin != origin:  # a redirect led there, and that host gets no credentials of this one
            raise Unauthorized("refuses the request that was redirected to it", host=refusal.origin.name)
        offered = read_challenges(refusal.all("WWW-Authenticate"))
        bearer = next((challenge for challenge in offered if challenge.scheme == "bearer"), None)
        if bearer is not None:
            realm = _Realm(bearer.parameters.get("realm", ""), bearer.parameters.get("service", ""))
            scope = bearer.parameters.get("scope", "")
            if scope in {"", _pull(repository)}:
                self._realms[origin] = realm
            header = self._bearer(origin, realm, scope or _pull(repository), account, refused)
        elif any(challenge.scheme == "basic" for challenge in offered):
            found = self._basic_header(account)
            if found is None:
                raise self.refusal(origin, account)
            self._basic.add(origin)
            header = found
        else:
            raise Unauthorized("asks for a kind of authentication that is not known here", host=origin.name)
        if header == refused:
            raise self.refusal(origin, account)
        return header

    def refusal(self, origin: Origin, account: str) -> RegistryError:
        """The error for a request that stays refused."""
        login, problem = self._login(account)
        if problem:
            return Unauthorized("wants credentials", host=origin.name, advice=f"they could not be had: {problem}")
        if login is None:
            what = "wants credentials, or has no such repository"
            return Unauthorized(what, host=origin.name, advice=f"check the name, or run: docker login {account}")
        what = f"refuses the credentials that are stored for {account}, or has no such repository for them"
        return Unauthorized(what, host=origin.name, advice=f"check the name, or run: docker login {account}")

    def _login(self, account: str) -> tuple[Login | None, str]:
        """The login, or none and why: public images can be had without, so a broken helper is no error yet."""
        try:
            return self._credentials.login(account), ""
        except CredentialsProblem as problem:
            return None, str(problem)

    def _basic_header(self, account: str) -> str | None:
        login, _ = self._login(account)
        return _basic(login) if login and login.username else None

    def _bearer(self, origin: Origin, realm: _Realm, scope: str, account: str, refused: str | None) -> str:
        login, _ = self._login(account)
        if login and login.registry_token:
            return f"Bearer {_checked(login.registry_token, account)}"
        key = (origin, realm, scope)
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            if len(self._slots) > _KEPT:
                self._slots.popitem(last=False)
        with slot.lock:
            # Another thread may have replaced the refused token already.
            stale = self._clock() >= slot.expires or f"Bearer {slot.value}" == refused
            if stale:
                slot.value, life = self._fetch(origin, realm, scope, account, login)
                slot.expires = self._clock() + max(life, _SHORTEST_LIFE) - _EARLY
            return f"Bearer {slot.value}"

    def _fetch(self, origin: Origin, realm: _Realm, scope: str, account: str, login: Login | None) -> tuple[str, float]:
        """A new token and its life in seconds."""
        url = self._place(origin, realm)
        asked = [("service", realm.service)] if realm.service else []
        asked += [("scope", part) for part in scope.split()]
        headers = {"Accept": "application/json", "User-Agent": _CLIENT}
        if login and login.identity_token:
            grant = [("grant_type", "refresh_token"), ("refresh_token", login.identity_token), ("client_id", _CLIENT)]
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode([*grant, *asked], errors="replace").encode()
            answer = self._transport.send("POST", url, headers=headers, limit=_TOKEN_LIMIT, body=body)
        else:
            target = (
                f"{url.target}{'&' if '?' in url.target else '?'}{urlencode(asked, errors='replace')}"
                if asked
                else url.target
            )
            header = _basic(login) if login and login.username else None
            place = Url(url.origin, target)
            answer = self._transport.send("GET", place, headers=headers, limit=_TOKEN_LIMIT, authorization=header)
        if answer.status in {400, 401, 403}:
            raise self.refusal(origin, account)
        host = answer.origin.name
        if answer.status == 429:
            raise Unavailable("limits how many tokens may be asked for", host=host, advice="try again later")
        if answer.status != 200:
            raise Unavailable(f"gave no token (status {answer.status})", host=host, advice="try again later")
        found = read_object(answer.body, host=host, what="token")
        token, life = found.get("token") or found.get("access_token"), found.get("expires_in")
        return _checked(token, host), float(life) if isinstance(life, int) and abs(life) < 1 << 31 else 0.0

    def _place(self, origin: Origin, realm: _Realm) -> Url:
        url = read_url(realm.url, said_by=origin.name)
        plain = url.origin.scheme == "http"
        if plain and (origin.scheme == "https" or not self._transport.allows_plain(url.origin.host, url.origin.port)):
            raise Untrusted("wants its tokens fetched over plain http", host=origin.name)
        return url


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode(errors="replace")).decode()


def _checked(token: object, host: str) -> str:
    """A token that can stand in a header."""
    if not isinstance(token, str) or not _TOKEN_TEXT.fullmatch(token):
        raise Untrusted("gave no token that can be used", host=host)
    return token
