"""How a forge is asked: patience by a clock of our own, pages, redirects, tokens; over real HTTP where there is any."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPMessage
from pathlib import Path

import pytest

from hardenfile.bot.api import Api
from hardenfile.bot.cache import Cache
from hardenfile.bot.errors import Conflict, Forbidden, ForgeError, Missing, Passing, RateLimited, TokenRefused
from hardenfile.bot.http import Answer, Http, base_url
from hardenfile.bot.pacing import Pacing
from hardenfile.bot.secrets import Secrets, Token
from hardenfile.errors import UsageError
from tests.support.web import Reply, Request, Web, hang_up, reply

TOKEN = "ghp_0123456789secret"
START = 1_800_000_000.0


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = START
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def pacing(clock: Clock, **options: float) -> Pacing:
    return Pacing(clock=clock, sleep=clock.sleep, **options)  # type: ignore[arg-type]


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    message = HTTPMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Answer(status, message, body, base_url("https://forge.example"))


def test_writes_are_a_second_apart_and_reads_are_not() -> None:
    clock = Clock()
    pace = pacing(clock)
    for write in (True, False, False, True, True):
        pace.before(write)
        pace.after(answer(200), write)
    assert clock.slept == [1.0, 1.0]


def test_no_pause_where_none_is_asked_for() -> None:
    clock = Clock()
    pace = pacing(clock, between_writes=0.0)
    for _ in range(3):
        pace.before(True)
        pace.after(answer(200), True)
    assert clock.slept == []


def test_the_limit_is_waited_for_before_it_is_met() -> None:
    clock = Clock()
    pace = pacing(clock)
    pace.after(answer(200, x_ratelimit_remaining="0", x_ratelimit_reset=f"{START + 90:.0f}"), False)
    pace.before(False)
    assert clock.slept == [91.0]


def test_the_limit_goes_by_the_servers_own_clock() -> None:
    pace = pacing(Clock())
    ahead = answer(403, x_ratelimit_remaining="0", x_ratelimit_reset="784111837", Date="Sun, 06 Nov 1994 08:49:37 GMT")
    assert pace.pause(ahead, 0) == 61.0


@pytest.mark.parametrize(
    ("one", "pause"),
    [
        (answer(403, Retry_After="17"), 17.0),
        (answer(429, Retry_After="5"), 5.0),
        (answer(429), 60.0),
        (answer(403, b'{"message": "You have exceeded a secondary rate limit."}'), 60.0),
        (answer(503, Retry_After="9"), 9.0),
        (answer(403, b'{"message": "Resource not accessible"}'), None),
        (answer(403, x_ratelimit_remaining="4000"), None),
        (answer(404), None),
        (answer(422), None),
        (answer(501), None),
    ],
)
def test_when_to_send_again(one: Answer, pause: float | None) -> None:
    assert pacing(Clock()).pause(one, 0) == pause


def test_passing_faults_are_tried_a_few_times_at_growing_pauses() -> None:
    pace = pacing(Clock())
    pauses = [pace.pause(answer(502), attempt) for attempt in range(5)]
    assert pauses[4] is None
    assert all(2**at <= (pauses[at] or 0) <= 1.25 * 2**at for at in range(4))


@pytest.mark.parametrize(("interval", "first"), [(0.0, 0.1), (0.3, 0.3), (1.0, 1.0), (4.0, 4.0)])
def test_the_first_retry_follows_the_pause_between_writes(interval: float, first: float) -> None:
    assert first <= pacing(Clock(), between_writes=interval).backoff(0) <= 1.25 * first


def test_a_secondary_limit_doubles_and_ends() -> None:
    pace = pacing(Clock())
    assert [pace.pause(answer(429), attempt) for attempt in range(4)] == [60.0, 120.0, 240.0, 480.0]
    with pytest.raises(RateLimited):
        pace.pause(answer(429), 4)


def test_who_asks_for_too_long_a_pause_ends_the_run() -> None:
    clock = Clock()
    pace = pacing(clock, longest=60.0)
    with pytest.raises(RateLimited, match="300 seconds"):
        pace.rest(300.0)
    with pytest.raises(RateLimited):
        pace.before(False)
    assert clock.slept == []


@pytest.mark.parametrize(
    "text",
    ["forge.example", "ftp://x", "http://forge.example", "https://t:k@forge.example", "https://", "https://x/?a"],
)
def test_addresses_that_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        base_url(text)
    assert "t:k" not in str(raised.value)


def test_addresses() -> None:
    assert base_url("https://ghe.example/api/v3/").target == "/api/v3"
    assert base_url("http://127.0.0.1:80").origin.host == "127.0.0.1"


OPEN: list[Http] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """No test leaves a connection open."""
    yield
    for one in OPEN:
        one.close()
    OPEN.clear()


def api(web: Web, clock: Clock | None = None, cache: Path | None = None, **options: object) -> Api:
    secrets = Secrets()
    token = Token("T", secrets, environment={"T": TOKEN})
    pace = pacing(clock or Clock())
    base = base_url(f"http://{web.host}")
    http = Http(timeout=5)
    OPEN.append(http)
    return Api(http, base, token, secrets, pace, {}, cache=Cache(cache), **options)  # type: ignore[arg-type]


def test_pages_are_followed_by_their_links() -> None:
    def serve(request: Request) -> Reply:
        page = int(request.target.rpartition("=")[2]) if "page" in request.target else 1
        link = {} if page == 3 else {"Link": f'<http://else.where/list?page={page + 1}>; rel="next", <x>; rel="last"'}
        return reply(200, json.dumps([page]), **link)

    with Web(serve) as web:
        one = api(web)
        assert list(one.pages("/list", what="it")) == [[1], [2], [3]]
        assert not one.more
        next(one.pages("/list", what="it"))
        assert one.more
        assert web.asked()[1] == "/list?page=2" and all("authorization" in each.headers for each in web.requests)


def test_the_token_goes_to_the_forge_alone() -> None:
    with Web(lambda request: reply(200, b"archive")) as other:

        def away(request: Request) -> Reply:
            return reply(302, Location=f"http://{other.host}/file?signature=s")

        with Web(away) as web:
            into = io.BytesIO()
            api(web).download("/tarball", into, what="it")
        assert into.getvalue() == b"archive"
        assert "authorization" in web.requests[0].headers and "authorization" not in other.requests[0].headers


def test_a_renamed_repository_is_followed_with_the_token() -> None:
    def serve(request: Request) -> Reply:
        return reply(301, Location="/new") if request.target == "/old" else reply(200, {"a": 1})

    with Web(serve) as web:
        assert api(web).get("/old", what="it") == {"a": 1}
        assert "authorization" in web.requests[1].headers


def test_a_write_is_not_sent_to_another_host() -> None:
    with Web(lambda request: reply(307, Location="http://127.0.0.1:1/x")) as web:
        with pytest.raises(ForgeError, match="another host"):
            api(web).write("POST", "/x", {"a": 1}, what="it")
        assert len(web.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, TokenRefused), (403, Forbidden), (404, Missing), (410, Missing), (409, Conflict), (422, Conflict)],
)
def test_errors_are_one_line_without_the_token(status: int, kind: type[ForgeError]) -> None:
    def serve(request: Request) -> Reply:
        return reply(status, {"message": f"No\n{request.headers['authorization']}", "errors": [{"message": TOKEN}]})

    with Web(serve) as web, pytest.raises(kind) as raised:
        api(web).get("/x", what="it")
    assert TOKEN not in str(raised.value) and "\n" not in str(raised.value)
    assert raised.value.status == status


def test_storms_pass() -> None:
    left = [3]

    def serve(request: Request) -> Reply:
        left[0] -= 1
        return reply(200, {"a": 1}) if left[0] < 0 else hang_up if left[0] == 1 else reply(502, "<html>")

    clock = Clock()
    with Web(serve) as web:
        assert api(web, clock).write("POST", "/x", {}, what="it") == {"a": 1}
    assert len(clock.slept) >= 3


def test_what_may_not_be_doubled_is_sent_once() -> None:
    with Web(lambda request: reply(502)) as web:
        with pytest.raises(Passing):
            api(web).write("POST", "/x", {}, what="it", again=False)
        assert len(web.requests) == 1
    with Web(lambda request: hang_up) as web:
        with pytest.raises(Passing):
            api(web).write("POST", "/x", {}, what="it", again=False)
        assert len(web.requests) == 1


def test_a_dry_run_writes_nothing() -> None:
    said: list[str] = []
    with Web(lambda request: reply(200, {})) as web:
        one = api(web, dry=True, say=said.append)
        assert one.write("POST", "/x", {"body": f"{TOKEN} " + "y" * 500}, what="it", pretend={"id": 5}) == {"id": 5}
        assert web.requests == []
    assert said == one.planned and said[0].startswith("would POST /x {") and TOKEN not in said[0]
    assert len(said[0]) < 200


def test_an_answer_that_still_holds_is_not_fetched_again(tmp_path: Path) -> None:
    def serve(request: Request) -> Reply:
        if request.headers.get("if-none-match") == '"one"':
            return reply(304)
        return reply(200, "[1]", ETag='"one"', Link='</x?page=2>; rel="next"' if request.target == "/x" else "")

    folder = tmp_path / "kept"
    with Web(serve) as web:
        first = list(api(web, cache=folder).pages("/x", what="it"))
        again = list(api(web, cache=folder).pages("/x", what="it"))
        assert first == again == [[1], [1]]
        tags = [one.headers.get("if-none-match") for one in web.requests]
        assert tags == [None, None, '"one"', '"one"']
        files = list(folder.iterdir())
        assert len(files) == 2 and folder.stat().st_mode & 0o77 == 0
        assert all(one.stat().st_mode & 0o77 == 0 and TOKEN.encode() not in one.read_bytes() for one in files)
        for one in files:
            one.write_bytes(one.read_bytes()[:-2])
        assert list(api(web, cache=folder).pages("/x", what="it")) == first, "half a file is no answer"


def test_a_token_command_is_asked_again_when_its_token_has_expired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "mint"
    program.write_text(f'#!/bin/sh\necho x >> "{tmp_path}/count"\necho "tok-$(wc -l < "{tmp_path}/count")-$#"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def serve(request: Request) -> Reply:
        return reply(200, {}) if request.headers["authorization"].startswith("Bearer tok-2") else reply(401)

    secrets = Secrets()
    with Web(serve) as web:
        token = Token("T", secrets, ["mint", "a b; echo"])
        OPEN.append(Http())
        one = Api(OPEN[-1], base_url(f"http://{web.host}"), token, secrets, pacing(Clock()), {})
        assert one.get("/x", what="it") == {}
    assert len(web.requests) == 2, "asked once more, and no oftener"
    assert "tok-2" not in secrets.clean(f"x {token.value()} y")


@pytest.mark.parametrize(
    "environment", [{}, {"T": ""}, {"T": "two words"}, {"T": "line\nfeed"}, {"T": "ümlaut"}, {"T": "\x1b[31m"}]
)
def test_what_is_no_token(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError) as raised:
        Token("T", Secrets(), environment=environment).value()
    assert not environment.get("T") or environment["T"] not in str(raised.value)


def test_every_spelling_of_a_secret_is_hidden(caplog: pytest.LogCaptureFixture) -> None:
    import base64
    from urllib.parse import quote

    secret = "s3cret/+=~x"
    secrets = Secrets()
    secrets.add(secret)
    basic = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
    for text in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode(), basic, basic.rstrip("=")):
        assert text not in secrets.clean(f"a {text} b") and secrets.clean(f"a {text} b").startswith("a [hidden]")
    assert secrets.clean("nothing here") == "nothing here"
    assert secret not in repr(secrets) and secret not in repr(Token("T", secrets, environment={"T": secret}))
    caplog.set_level(logging.DEBUG)
    with Web(lambda request: reply(200, {})) as web:
        api(web).get("/x?signature=abc", what="it")
    assert TOKEN not in caplog.text and "signature" not in caplog.text
