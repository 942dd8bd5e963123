"""One forge's REST API: the token, the patience, the pages, and what an error comes to."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

from hardenfile.evidence.registry.origin import Url

from .cache import Cache
from .errors import Conflict, Forbidden, ForgeError, Missing, Passing, TokenRefused
from .http import Answer, Http
from .pacing import Pacing
from .secrets import Secrets, Token

_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*?\brel="?next"?', re.ASCII)
_MOST_MOVES = 5
_TEXTS = frozenset({"title", "body", "message", "description", "commit_message"})
_SAID = 300  # characters of a server's own words


class Api:
    """Reads and writes JSON. With `dry`, writes are told to `plan` and not sent."""

    def __init__(
        self,
        http: Http,
        base: Url,
        token: Token,
        secrets: Secrets,
        pacing: Pacing,
        headers: Mapping[str, str],
        *,
        scheme: str = "Bearer",
        dry: bool = False,
        author: tuple[str, str] | None = None,
        cache: Cache | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`scheme`: how the token is sent; `author`: a name and an address, None leaves it to the forge."""
        self._http, self._base, self._token, self._secrets, self._pacing = http, base, token, secrets, pacing
        self._headers = {"User-Agent": "hardenfile-bot", **headers}
        self._scheme = scheme
        self._cache = cache or Cache(None)
        self.dry, self.author, self._say = dry, author, say
        self.host, self.tries = base.origin.name, pacing.tries
        self.planned: list[str] = []
        self.more = False
        """Whether the listing that was read last had further pages that nobody asked for."""

    @property
    def calls(self) -> tuple[int, int]:
        """Reads and writes so far."""
        return self._http.reads, self._http.writes

    def get(self, target: str, *, what: str) -> Any:
        """The JSON at a path."""
        return self._json(self._read(self._url(target), what))

    def pages(self, target: str, *, what: str) -> Iterator[list[Any]]:
        """The pages of a listing, each asked for when it is wanted."""
        url: Url | None = self._url(target)
        while url is not None:
            answer = self._read(url, what)
            found = self._json(answer)
            if not isinstance(found, list):
                raise ForgeError(f"{self.host} sent no list for {what}")
            url = self._next(answer)
            self.more = url is not None
            yield found

    def write(
        self,
        method: str,
        target: str,
        body: Mapping[str, Any] | None = None,
        *,
        what: str,
        pretend: Mapping[str, Any] | None = None,
        again: bool = True,
    ) -> Any:
        """Send a change; `pretend` is a dry run's answer.

        With `again=False` it is sent once: raises Passing, after the pause that the forge asks for, where the answer
        was lost or the forge would be asked again, so that the caller looks first what became of it.
        """
        if body is not None:  # a Dockerfile may hold the token that its operator uses: no text of ours repeats it
            body = {key: self._secrets.clean(value) if key in _TEXTS else value for key, value in body.items()}
        if self.dry:
            self._plan(method, target, body)
            return dict(pretend or {})
        return self._json(self._send(method, self._url(target), body, what, again=again))

    def download(self, target: str, into: BinaryIO, *, what: str) -> None:
        """A file, from wherever the forge sends us for it."""
        self._send("GET", self._url(target), None, what, into=into)

    def lost(self, fault: Passing, attempt: int) -> None:
        """Wait after a lost answer, or raise the fault when there were enough."""
        self._pacing.lost(fault, attempt)

    def _short(self, value: Any) -> Any:
        match value:
            case str():
                text = self._secrets.clean(value)  # before it is cut: half a token would not be known as one
                return text if len(text) <= 100 else f"{text[:80]}… ({len(text)} characters)"
            case list():
                return [self._short(one) for one in value]
            case Mapping():
                return {key: self._short(one) for key, one in value.items()}
            case _:
                return value

    def plan(self, line: str) -> None:
        """Tell a write that a dry run leaves undone."""
        line = self._secrets.clean(line)
        self.planned.append(line)
        self._say(line)

    def take_turn(self) -> None:
        """Wait until a write that goes another way (a push) may be done, and count it."""
        self._pacing.before(True)
        self._pacing.after(None, True)
        self._http.writes += 1

    def note(self, line: str) -> None:
        """Say something that is no failure."""
        self._say(self._secrets.clean(line))

    def _read(self, url: Url, what: str) -> Answer:
        """An answer, or the one that was kept if the forge says that it still holds."""
        kept = self._cache.find(url)
        answer = self._send("GET", url, None, what, tag=kept.tag if kept is not None else "")
        if kept is not None and answer.status == 304:
            return kept.answer
        if not self._secrets.inside(answer.body):
            self._cache.keep(answer)
        return answer

    def _url(self, target: str) -> Url:
        return Url(self._base.origin, self._base.target + target)

    def _plan(self, method: str, target: str, body: Mapping[str, Any] | None) -> None:
        shown = "" if body is None else " " + json.dumps(self._short(body))
        self.plan(f"would {method} {self._base.target}{target}{shown}")

    def _send(
        self,
        method: str,
        url: Url,
        body: Mapping[str, Any] | None,
        what: str,
        *,
        again: bool = True,
        into: BinaryIO | None = None,
        tag: str = "",
    ) -> Answer:
        """Send, wait, send again, follow. Raises what `_failed` makes of the last answer."""
        data = None if body is None else json.dumps(body).encode()
        write, renewed, attempt, moves = method != "GET", False, 0, 0
        while True:
            own = url.origin == self._base.origin
            try:
                self._pacing.before(write)
                headers = self._all_headers(own, data) | ({"If-None-Match": tag} if tag else {})
                answer = self._http.send(method, url, headers, data, into)
            except Passing as fault:
                self._pacing.after(None, write)
                if not again:
                    raise
                self._pacing.lost(fault, attempt)
                _rewind(into)
                attempt += 1
                continue
            self._pacing.after(answer, write)
            if answer.status < 300 or answer.status == 304:
                return answer
            if answer.moved and (not write or answer.status in (307, 308)) and moves < _MOST_MOVES:
                url = answer.there()
                if write and url.origin != self._base.origin:
                    raise ForgeError(f"{self.host} sends a write to another host", answer.status)
                moves += 1
                continue
            if answer.status == 401 and own and self._token.renewable and not renewed:
                self._token.renew()
                renewed = True
                continue
            pause = self._pacing.pause(answer, attempt)
            if pause is None:
                raise self._failed(answer, what)
            if again or answer.status < 500 or answer.header("Retry-After"):
                self._pacing.rest(pause)
            if not again:
                raise Passing(f"{self.host} answered {answer.status} for {what}", answer.status)
            _rewind(into)
            attempt += 1

    def _all_headers(self, own: bool, data: bytes | None) -> dict[str, str]:
        headers = dict(self._headers)
        if own:  # the token goes to the forge itself, never to where it redirects
            token = self._token.value()
            headers |= {"Authorization": f"{self._scheme} {token}"} if self._scheme else {"PRIVATE-TOKEN": token}
        else:
            headers.pop("Accept", None)
        if data is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _json(self, answer: Answer) -> Any:
        if not answer.body:
            return {}
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise ForgeError(f"{self.host} sent an answer that is no JSON", answer.status) from None

    def _next(self, answer: Answer) -> Url | None:
        for link in answer.headers.get_all("Link") or ():
            if found := _NEXT.search(link):
                parts = urlsplit(found[1])
                # Only the path is taken: a proxy in between may name the forge otherwise than we do.
                return Url(self._base.origin, f"{parts.path}?{parts.query}")
        if page := answer.header("x-next-page"):
            path, _, query = answer.url.target.partition("?")
            kept = [part for part in query.split("&") if not part.startswith("page=")]
            return Url(self._base.origin, f"{path}?{'&'.join([*kept, urlencode({'page': page})])}")
        return None

    def _failed(self, answer: Answer, what: str) -> ForgeError:
        # Cleaned before it is cut: half a token would not be known as one.
        said = self._secrets.clean(_said(answer.body))[:_SAID]
        words = f" ({said})" if said else ""
        status = answer.status
        match status:
            case 401:
                return TokenRefused(f"{self.host} refuses the token: it is wrong, or has expired", status)
            case 403:
                return Forbidden(f"{self.host}: the token has no right to {what}{words}", status)
            case 404 | 410:
                return Missing(f"{self.host}: {what} is not there, or the token may not see it", status)
            case 409 | 422:
                return Conflict(f"{self.host} does not take {what}{words}", status)
            case _ if status >= 500:
                return Passing(f"{self.host} answered {status} for {what}, {self.tries} times", status)
            case _:
                return ForgeError(f"{self.host} answered {status} for {what}{words}", status)


def text_of(found: Any, *keys: str) -> str:
    """A text inside a JSON answer. Raises ForgeError where it is not there."""
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, str):
        raise ForgeError(f"the forge's answer has no {'.'.join(keys)}")
    return found


def _said(body: bytes) -> str:
    """A server's own words about an error, on one line and without what a terminal acts on."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    errors = found.get("errors")
    parts = [found.get("message")]
    listed = errors if isinstance(errors, list) else []
    parts += [one.get("message") if isinstance(one, dict) else one for one in listed]
    text = "; ".join(part for part in parts if isinstance(part, str) and part)
    return "".join(char if char.isprintable() else " " for char in text).strip()


def _rewind(into: BinaryIO | None) -> None:
    if into is not None and into.seekable():
        into.seek(os.SEEK_SET)
        into.truncate()
