"""The registry client against servers that answer anything, well-formed or not."""

import base64
import hashlib
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardenfile.errors import UsageError
from hardenfile.evidence.reference import ImageReference
from hardenfile.evidence.registry import (
    Credentials,
    NotFound,
    Registry,
    RegistryError,
    Resolved,
    Retry,
    Unauthorized,
    Unavailable,
    Untrusted,
)
from hardenfile.evidence.registry.challenges import read_challenges
from hardenfile.evidence.registry.retry import seconds_asked
from tests.support.docker_config import SECRET, docker_config, login
from tests.support.docker_registry import require
from tests.support.images import DOCKER, DOCKER_LIST, OCI_INDEX, Stored, image, index, sha256
from tests.support.web import Authority, Reply, Request, Web, hang_up, reply, reset

DIGEST = sha256(b"some index")
HEAD_REPLY = reply(Content_Type=OCI_INDEX, Docker_Content_Digest=DIGEST, Content_Length=321)


class Patience:
    """A Retry that notes how long it was to sleep, and does not."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.retry = Retry(sleep=self.slept.append)


@pytest.fixture
def patience() -> Patience:
    return Patience()


@pytest.fixture
def client(tmp_path: Path, patience: Patience) -> Iterator[Registry]:
    """Without credentials, and without waiting."""
    with Registry(credentials=Credentials(tmp_path / "none.json"), retry=patience.retry, timeout=5) as registry:
        yield registry


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    require("openssl")
    return Authority(tmp_path_factory.mktemp("authority"))


def named(web: Web, tag: str | None = "1", digest: str | None = None, repository: str = "team/app") -> ImageReference:
    return ImageReference(registry=web.host, repository=repository, tag=tag, digest=digest)


def in_turn(*replies: Reply) -> Callable[[Request], Reply]:
    """Each reply once, the last one for ever."""
    left = list(replies)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def serve(*stored: Stored) -> Callable[[Request], Reply]:
    """A well-behaved registry in which `stored[0]` is tagged 1."""
    known: dict[str, tuple[str, bytes]] = {}

    def keep(one: Stored) -> None:
        known[f"manifests/{one.digest}"] = (one.media_type, one.content)
        known.update({f"blobs/{sha256(blob)}": ("application/octet-stream", blob) for blob in one.blobs})
        for part in one.parts:
            keep(part)

    for one in stored:
        keep(one)
    known["manifests/1"] = known[f"manifests/{stored[0].digest}"]

    def answer(request: Request) -> Reply:
        found = known.get(request.target.removeprefix("/v2/team/app/"))
        if found is None:
            return reply(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "no"}]})
        return reply(200, found[1], Content_Type=found[0], Docker_Content_Digest=sha256(found[1]))

    return answer


# --- resolving ---


def test_a_tag_costs_one_head_that_names_all_four_types(client: Registry) -> None:
    with Web(lambda request: HEAD_REPLY) as web:
        resolved = client.resolve(named(web))
        again = client.resolve(named(web))
    assert resolved == again == Resolved(named(web), DIGEST, OCI_INDEX, (), 321, None)
    (request,) = web.requests
    assert (request.method, request.target) == ("HEAD", "/v2/team/app/manifests/1")
    accepted = {part.strip() for part in request.headers["accept"].split(",")}
    assert accepted == {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }


def test_no_tag_asks_for_latest_and_a_digest_goes_before_a_tag(client: Registry) -> None:
    with Web(lambda request: HEAD_REPLY) as web:
        client.resolve(named(web, None))
        client.resolve(named(web, "2", DIGEST))
        assert web.asked() == ["/v2/team/app/manifests/latest", f"/v2/team/app/manifests/{DIGEST}"]


@pytest.mark.parametrize("status", [200, 400, 405, 501])
def test_where_a_head_does_not_tell_the_body_is_fetched_and_hashed(client: Registry, status: int) -> None:
    stored = index({"linux/amd64": image(), "linux/arm64/v8": image("arm64")}, oci=True, created="2024-05-06T07:08:09Z")

    def answer(request: Request) -> Reply:
        if request.method == "HEAD":
            return reply(status, Content_Type=stored.media_type)
        return reply(200, stored.content, Content_Type=f"{stored.media_type}; charset=utf-8")

    with Web(answer) as web:
        resolved = client.resolve(named(web))
    platforms = ("linux/amd64", "linux/arm64/v8")
    expected = Resolved(named(web), stored.digest, OCI_INDEX, platforms, len(stored.content), "2024-05-06T07:08:09Z")
    assert resolved == expected
    assert [request.method for request in web.requests] == ["HEAD", "GET"]


def test_verify_fetches_and_believes_no_header(tmp_path: Path) -> None:
    stored = image()
    with Web(serve(stored)) as honest, Registry(credentials=Credentials(tmp_path / "no"), verify=True) as client:
        resolved = client.resolve(named(honest))
        assert (resolved.digest, resolved.media_type, resolved.platforms) == (stored.digest, DOCKER, ())
        assert [request.method for request in honest.requests] == ["GET"]
        liar = reply(200, stored.content, Content_Type=DOCKER, Docker_Content_Digest=DIGEST)
        with Web(lambda request: liar) as web, pytest.raises(Untrusted, match="another digest"):
            client.resolve(named(web))
        with Web(lambda request: liar) as web, pytest.raises(Untrusted, match="another digest"):
            client.resolve(named(web, digest=DIGEST))


def test_a_sha512_digest_is_checked_by_its_own_algorithm(tmp_path: Path) -> None:
    content = image().content
    digest = f"sha512:{hashlib.sha512(content).hexdigest()}"
    with (
        Web(lambda request: reply(200, content, Content_Type=DOCKER, Docker_Content_Digest=digest)) as web,
        Registry(credentials=Credentials(tmp_path / "no"), verify=True) as client,
    ):
        assert client.resolve(named(web)).digest == digest


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(Content_Type="text/html; charset=utf-8", Docker_Content_Digest=DIGEST), "web page"),
        (reply(Content_Type="application/vnd.docker.distribution.manifest.v1+prettyjws"), "v1.prettyjws. that"),
        (reply(Content_Type="application/x-other", Docker_Content_Digest=DIGEST), "not asked for"),
        (reply(Content_Type=OCI_INDEX, Docker_Content_Digest="sha256:abc"), "no digest"),
        (reply(Content_Type=OCI_INDEX, Docker_Content_Digest=DIGEST, Content_Length=5 << 20), "larger than 4 MiB"),
        (reply(Content_Type=OCI_INDEX, Docker_Content_Digest=DIGEST, Content_Encoding="gzip"), "compressed"),
        (
            reply(Content_Type=OCI_INDEX, Docker_Content_Digest=DIGEST, docker_content_digest=sha256(b"another")),
            "two different",
        ),
    ],
)
def test_a_head_that_cannot_be_right_is_an_error(client: Registry, answer: bytes, said: str) -> None:
    with Web(lambda request: answer) as web, pytest.raises(Untrusted, match=said) as caught:
        client.resolve(named(web))
    assert str(caught.value).startswith(f"{web.host}/team/app:1: {web.host} ")
    assert "\n" not in str(caught.value)


def test_a_digest_that_is_answered_with_another_is_an_error(client: Registry) -> None:
    asked = sha256(b"what I meant")
    with Web(lambda request: HEAD_REPLY) as web, pytest.raises(Untrusted, match="another digest") as caught:
        client.resolve(named(web, "1", asked))
    assert f"team/app:1@{asked}" in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "<html>please log in</html>",
        "",
        "[]",
        "[" * 100_000,
        '{"mediaType": "application/vnd.oci.image.manifest.v1+json", "manifests": []}',
        '{"manifests": [], "layers": []}',
        '{"manifests": {}}',
        '{"manifests": [{"mediaType": "x", "digest": "md5:1", "size": 1}]}',
        '{"manifests": [{"mediaType": "x", "digest": "' + DIGEST + '", "size": -1}]}',
        b"\xff\xfe{}",
    ],
)
def test_a_body_that_is_no_index_is_an_error(client: Registry, body: str | bytes) -> None:
    answer = in_turn(reply(405), reply(200, body, Content_Type=DOCKER_LIST))
    with Web(answer) as web, pytest.raises(Untrusted, match=r"JSON|type|specification"):
        client.resolve(named(web))


def test_what_is_missing_is_named(client: Registry) -> None:
    errors = in_turn(reply(404), reply(405), reply(404, {"errors": [{"code": "NAME_UNKNOWN", "message": "?"}]}))
    with Web(errors) as web:
        with pytest.raises(NotFound, match=r"has no tag 9\.9 of team/app; check") as caught:
            client.resolve(named(web, "9.9"))
        assert str(caught.value).startswith(f"{web.host}/team/app:9.9: ")
        with pytest.raises(NotFound, match="has no repository team/app"):
            client.resolve(named(web, "8"))
        with pytest.raises(NotFound, match="tag 9"):  # an answer too: not asked again
            client.resolve(named(web, "9.9"))
        assert len(web.requests) == 3


def test_an_error_is_one_line_whatever_the_reference_holds(client: Registry) -> None:
    with Web(lambda request: reply(404)) as web, pytest.raises(NotFound) as caught:
        client.resolve(named(web, "1\n::error::\x1b[31m\udc80"))
    assert "app:1?::error::?[31m?: " in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_reference_that_names_no_host_asks_nobody(client: Registry) -> None:
    with pytest.raises(RegistryError, match="names no registry's host"):
        client.resolve(ImageReference(registry="user:secret@host", repository="app", tag="1", digest=None))


def test_a_digest_that_could_not_be_checked_is_not_asked_for(client: Registry) -> None:
    with Web(lambda request: HEAD_REPLY) as web:
        with pytest.raises(RegistryError, match="cannot be checked here"):
            client.resolve(named(web, "1", "md5:" + "a" * 32))
        assert web.requests == []


# --- in parallel ---


def test_all_at_once_one_request_each_and_errors_in_their_place(client: Registry) -> None:
    def answer(request: Request) -> Reply:
        return reply(404) if request.target.endswith("/missing") else HEAD_REPLY

    with Web(answer) as web:
        many = [named(web, f"v{number}") for number in range(60)]
        wanted = [named(web, "missing"), *many, *many, named(web, None), named(web, "latest")]
        found = client.resolve_all(iter(wanted))
        assert list(found) == list(dict.fromkeys(wanted))
        assert isinstance(found[named(web, "missing")], NotFound)
        for reference in (*many, named(web, None), named(web, "latest")):
            resolved = found[reference]
            assert isinstance(resolved, Resolved) and resolved.reference == reference and resolved.digest == DIGEST
        assert sorted(web.asked()) == sorted(
            {f"/v2/team/app/manifests/{reference.tag or 'latest'}" for reference in wanted}
        )
        assert client.resolve_all(many) == {reference: found[reference] for reference in many}
        assert len(web.requests) == 62


def test_as_many_requests_as_allowed_are_under_way_and_no_more(tmp_path: Path) -> None:
    together, under_way, most = threading.Barrier(4), set[str](), 0

    def answer(request: Request) -> Reply:
        nonlocal most
        under_way.add(request.target)
        most = max(most, len(under_way))
        together.wait(20)  # nobody goes on before there are four
        under_way.discard(request.target)
        return HEAD_REPLY

    with Web(answer) as web, Registry(credentials=Credentials(tmp_path / "none.json"), parallel=4) as client:
        found = client.resolve_all([named(web, str(number)) for number in range(20)])
    assert all(isinstance(one, Resolved) for one in found.values())
    assert (most, len(web.requests)) == (4, 20)


# --- passing faults ---


def test_three_retries_each_later_than_the_one_before(client: Registry, patience: Patience) -> None:
    with Web(in_turn(reset, reply(503), reply(500), HEAD_REPLY)) as web:
        assert client.resolve(named(web)).digest == DIGEST
    assert len(web.requests) == 4
    assert len(patience.slept) == 3
    assert 0.5 <= patience.slept[0] < patience.slept[1] < patience.slept[2] <= 2.5


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(429), "limits requests"),
        (reply(502, "<html>" + "x" * 200_000), "status 502"),
        (reset, "closed the connection"),
        (hang_up, "closed the connection"),
    ],
)
def test_after_three_retries_it_is_an_error(client: Registry, patience: Patience, answer: Reply, said: str) -> None:
    with Web(lambda request: answer) as web, pytest.raises(Unavailable, match=said):
        client.resolve(named(web))
    assert len(web.requests) == 4
    assert len(patience.slept) == 3


def test_retry_after_is_honoured_in_seconds_and_as_a_date(client: Registry, patience: Patience) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)  # of the server, whatever the time is here
    then = format_datetime(now + timedelta(seconds=11), usegmt=True)
    dated = reply(503, Retry_After=then, Date=format_datetime(now, usegmt=True))
    with Web(in_turn(reply(429, Retry_After=7), dated, HEAD_REPLY)) as web:
        assert client.resolve(named(web)).digest == DIGEST
    assert patience.slept == [7.0, 11.0]


def test_a_server_that_wants_an_hour_is_not_waited_for(client: Registry, patience: Patience) -> None:
    with Web(lambda request: reply(429, Retry_After=3600)) as web, pytest.raises(Unavailable, match="limits requests"):
        client.resolve(named(web))
    assert len(web.requests) == 1
    assert patience.slept == []


@given(st.text(), st.none() | st.text())
def test_any_retry_after_is_a_time_to_come_or_nothing(value: str, date: str | None) -> None:
    seconds = seconds_asked(value, date)
    assert seconds is None or seconds >= 0


def test_a_kept_connection_that_was_closed_meanwhile_is_no_fault(client: Registry, patience: Patience) -> None:
    served: list[int] = []

    def answer(request: Request) -> Reply:
        served.append(1)
        if len(served) == 2:  # the second request on the connection
            return hang_up
        return HEAD_REPLY

    with Web(answer) as web:
        client.resolve(named(web, "1"))
        client.resolve(named(web, "2"))
    assert web.asked() == [f"/v2/team/app/manifests/{tag}" for tag in "122"]
    assert patience.slept == []


def test_who_is_not_there_is_named(client: Registry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unavailable, match=f"app:1: {host} refuses the connection; check"):
        client.resolve(ImageReference(registry=host, repository="app", tag="1", digest=None))


# --- broken answers ---


def whole_and_more(size: int) -> Callable[[socket.socket], None]:
    """A manifest of `size` bytes that says its length nowhere; stops when the client has had enough."""

    def send(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.0 200 OK\r\nContent-Type: {DOCKER}\r\n\r\n".encode())
        for _ in range(size >> 16):
            connection.sendall(b"a" * (1 << 16))
        pytest.fail("it was read to the end")

    return send


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, b"{", Content_Type=DOCKER, Content_Length=200 << 20),
        whole_and_more(200 << 20),
        reply(200, b"40000000\r\n" + b"a" * (5 << 20), Content_Type=DOCKER, Transfer_Encoding="chunked"),
    ],
    ids=["by its length", "without a length", "in one chunk"],
)
def test_a_manifest_of_200_mb_is_refused_early(client: Registry, answer: Reply) -> None:
    with Web(in_turn(reply(405), answer)) as web, pytest.raises(Untrusted, match="larger than the 4096 KiB"):
        client.resolve(named(web))


@pytest.mark.parametrize(
    "cut",
    [
        reply(200, image().content[:-9], Content_Type=DOCKER, Content_Length=len(image().content)),
        reply(200, b"99\r\n{", Content_Type=DOCKER, Transfer_Encoding="chunked"),
        b"HTTP/1.1 200 OK\r\nContent-Ty\r\n",
    ],
    ids=["a body", "a chunk", "a header"],
)
def test_an_answer_that_is_cut_short_is_asked_for_again_and_then_an_error(
    client: Registry, patience: Patience, cut: bytes
) -> None:
    def send(connection: socket.socket) -> None:
        connection.sendall(cut)

    with Web(lambda request: reply(405) if request.method == "HEAD" else send) as web:
        with pytest.raises((Unavailable, Untrusted)):
            client.resolve(named(web))
        assert len(patience.slept) == (3 if b"\r\n\r\n" in cut else 0)


@pytest.mark.parametrize("length", ["12", "-1", "1e3", "١٢", "99999999999999999999", "5, 5"])
def test_a_content_length_that_lies_is_an_error(client: Registry, length: str) -> None:
    body = image().content

    def send(connection: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {DOCKER}\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode() + body)

    with (
        Web(lambda request: reply(405) if request.method == "HEAD" else send) as web,
        pytest.raises((Unavailable, Untrusted), match=r"JSON|Content-Length|larger"),
    ):
        client.resolve(named(web))


def test_two_lengths_are_one_too_many(client: Registry) -> None:
    body = image().content
    lengths = f"Content-Length: {len(body)}\r\nContent-Length: {len(body) + 1}"
    answer = f"HTTP/1.1 200 OK\r\nContent-Type: {DOCKER}\r\n{lengths}\r\n\r\n".encode() + body
    with (
        Web(lambda request: reply(405) if request.method == "HEAD" else answer) as web,
        pytest.raises(Untrusted, match="Content-Length that is not one number"),
    ):
        client.resolve(named(web))


@pytest.mark.parametrize("noise", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 70_000])
def test_what_is_not_http_is_an_error(client: Registry, noise: bytes) -> None:
    with (
        Web(lambda request: lambda connection: connection.sendall(noise)) as web,
        pytest.raises((Untrusted, Unavailable), match=r"not HTTP|closed the connection"),
    ):
        client.resolve(named(web))


def drip(connection: socket.socket) -> None:
    """A header that never ends, a byte at a time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_continue(connection: socket.socket) -> None:
    """Interim answers for ever."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


def silence(connection: socket.socket) -> None:
    connection.recv(1)


@pytest.mark.parametrize("slow", [drip, drip_continue, silence])
def test_who_is_slow_is_given_up_however_it_is_slow(
    tmp_path: Path, patience: Patience, slow: Callable[[socket.socket], None]
) -> None:
    none = Credentials(tmp_path / "none.json")
    with (
        Web(lambda request: slow) as web,
        Registry(timeout=0.2, credentials=none, retry=patience.retry) as client,
        pytest.raises(Unavailable, match=r"did not answer in time"),
    ):
        client.resolve(named(web))
    assert patience.slept == []


# --- redirects ---


def test_a_redirect_is_followed_and_takes_no_credentials_along(tmp_path: Path, patience: Patience) -> None:
    with Web(lambda request: HEAD_REPLY) as storage:

        def answer(request: Request) -> Reply:
            if "authorization" not in request.headers:
                return reply(401, WWW_Authenticate='Basic realm="x"')
            if request.target.startswith("/v2/team/app/"):
                return reply(307, Location="/v2/moved/manifests/1")
            return reply(307, Location=f"http://{storage.host}/signed?signature=abc")

        with Web(answer) as web, Registry(credentials=login(web.host, tmp_path), retry=patience.retry) as client:
            assert client.resolve(named(web)).digest == DIGEST
        assert [request.target for request in web.requests if "authorization" in request.headers] == [
            "/v2/team/app/manifests/1",
            "/v2/moved/manifests/1",
        ]
        (moved,) = storage.requests
        assert moved.target == "/signed?signature=abc"
        assert "authorization" not in moved.headers


def test_credentials_do_not_come_back_with_a_redirect_that_does(tmp_path: Path) -> None:
    def answer(request: Request) -> Reply:
        if request.target == "/back":
            return HEAD_REPLY
        if "authorization" not in request.headers:
            return reply(401, WWW_Authenticate="Basic")
        return reply(302, Location=f"http://{elsewhere.host}/")

    def send_back(request: Request) -> Reply:
        return reply(302, Location=f"http://{web.host}/back")

    with Web(answer) as web, Web(send_back) as elsewhere, Registry(credentials=login(web.host, tmp_path)) as client:
        client.resolve(named(web))
        assert "authorization" not in web.requests[-1].headers


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("", "nowhere"),
        ("/v2/again", "more than 5 times"),
        ("http://registry.example/x", "over plain http"),
        ("http://user:pw@127.0.0.1/x", "not a plain http"),
        ("file:///etc/passwd", "not a plain http"),
        ("gopher://127.0.0.1/", "not a plain http"),
        ("http://[::1/", "not a plain http"),
        ("http://127.0.0.1:99999/", "not a plain http"),
        ("/a b", "not a plain http"),
    ],
)
def test_a_redirect_that_must_not_be_followed_is_an_error(client: Registry, location: str, said: str) -> None:
    with Web(lambda request: reply(302, Location=location)) as web, pytest.raises(Untrusted, match=said) as caught:
        client.resolve(named(web))
    assert "pw" not in str(caught.value)


def test_https_is_never_left_for_http(authority: Authority, tmp_path: Path) -> None:
    none = Credentials(tmp_path / "none.json")
    with Web(lambda request: HEAD_REPLY) as plain:

        def answer(request: Request) -> Reply:
            if request.target.startswith("/v2/team/app/"):
                return reply(302, Location=f"http://{plain.host}/")
            return reply(401, WWW_Authenticate=f'Bearer realm="http://{plain.host}/token"')

        with Web(answer, authority.context()) as web, Registry(ca=authority.certificate, credentials=none) as client:
            with pytest.raises(Untrusted, match="from https to plain http"):
                client.resolve(named(web))
            with pytest.raises(Untrusted, match="tokens fetched over plain http"):
                client.resolve(named(web, repository="other"))
        assert plain.requests == []


# --- trust ---


def test_a_private_authority_is_trusted_only_when_it_is_named(authority: Authority, tmp_path: Path) -> None:
    none = Credentials(tmp_path / "none.json")
    with Web(lambda request: HEAD_REPLY, authority.context()) as web:
        with Registry(ca=authority.certificate, credentials=none) as client:
            assert client.resolve(named(web)).digest == DIGEST
        asked = len(web.requests)
        with Registry(credentials=none) as client, pytest.raises(Untrusted, match=r"certificate.*CA option"):
            client.resolve(named(web))
        assert len(web.requests) == asked
        with Registry(credentials=none, insecure=[web.host]) as client:
            assert client.resolve(named(web)).digest == DIGEST


def test_a_certificate_for_another_name_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    none = Credentials(tmp_path / "none.json")
    with Web(lambda request: HEAD_REPLY, authority.context(), "127.0.0.2") as web:
        with (
            Registry(ca=authority.certificate, credentials=none) as client,
            pytest.raises(Untrusted, match=f"{web.host} shows a certificate that is not trusted"),
        ):
            client.resolve(named(web))
        assert web.requests == []


def test_a_file_that_is_no_authority_is_the_users_error(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    for content in (None, "not a certificate"):
        if content is not None:
            wrong.write_text(content)
        with (
            Web(lambda request: HEAD_REPLY) as web,
            Registry(ca=wrong) as client,
            pytest.raises(UsageError, match=r"ca\.pem holds no certificates"),
        ):
            client.resolve(named(web))


@pytest.mark.parametrize("arguments", [{"parallel": 0}, {"timeout": 0}, {"timeout": float("nan")}])
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Registry(**arguments)  # type: ignore[arg-type]


# --- mirrors ---


def test_mirrors_are_asked_first_in_their_order(tmp_path: Path, patience: Patience) -> None:
    with Web(lambda request: reply(404)) as empty, Web(lambda request: HEAD_REPLY) as full:
        mirrors = {"docker.io": [f"http://{empty.host}", f"{full.host}/hub-proxy/"]}
        hub = ImageReference(registry="docker.io", repository="library/alpine", tag="3.20", digest=None)
        with Registry(mirrors=mirrors, credentials=Credentials(tmp_path / "no"), retry=patience.retry) as client:
            assert client.resolve(hub).digest == DIGEST
        assert empty.asked() == ["/v2/library/alpine/manifests/3.20"]
        assert full.asked() == ["/v2/hub-proxy/library/alpine/manifests/3.20"]


def test_a_mirror_that_fails_is_passed_over_and_one_that_lies_is_not(tmp_path: Path, patience: Patience) -> None:
    none = Credentials(tmp_path / "none.json")
    with Web(lambda request: HEAD_REPLY) as itself:
        for broken in (reply(503), reply(403), reply(401), hang_up):
            with Web(in_turn(broken)) as mirror:
                mirrors = {itself.host: [mirror.host]}
                with Registry(mirrors=mirrors, credentials=none, retry=patience.retry) as client:
                    assert client.resolve(named(itself)).digest == DIGEST
        asked = len(itself.requests)
        with (
            Web(lambda request: reply(Content_Type="text/html")) as mirror,
            Registry(mirrors={itself.host: [mirror.host]}, credentials=none) as client,
            pytest.raises(Untrusted, match=f"{mirror.host} sent a web page"),
        ):
            client.resolve(named(itself))
        assert len(itself.requests) == asked


def test_a_mirror_gets_its_own_credentials_not_the_registrys(tmp_path: Path, patience: Patience) -> None:
    with Web(lambda request: reply(401, WWW_Authenticate="Basic")) as mirror, Web(lambda request: HEAD_REPLY) as itself:
        arguments = {itself.host: [mirror.host]}
        with Registry(mirrors=arguments, credentials=login(itself.host, tmp_path), retry=patience.retry) as client:
            client.resolve(named(itself))
        assert mirror.requests and all("authorization" not in request.headers for request in mirror.requests)


@pytest.mark.parametrize(
    "mirror",
    ["", "ftp://mirror", "https://user:hunter2@mirror", "mirror/a?hunter2", "mirror:port", "http://mirror.example"],
)
def test_a_mirror_that_cannot_be_is_refused_without_repeating_it(mirror: str) -> None:
    with pytest.raises(UsageError, match="mirror") as caught:
        Registry(mirrors={"docker.io": [mirror]})
    assert "hunter2" not in str(caught.value)


def test_a_plain_mirror_is_allowed_where_it_is_named_insecure() -> None:
    Registry(mirrors={"docker.io": ["http://mirror.example:5000"]}, insecure=["mirror.example:5000"]).close()


# --- the image's config ---


SAYS: dict[str, Any] = {
    "created": "2024-05-06T07:08:09.123456789Z",
    "config": {
        "User": "65532:65532",
        "Env": ["PATH=/usr/bin:/bin", "EMPTY=", "BARE"],
        "WorkingDir": "/srv",
        "Entrypoint": ["/app"],
        "Cmd": ["--port", "80"],
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "Volumes": {"/data": {}},
        "Labels": {"maintainer": "someone"},
        "Shell": ["/bin/ash", "-c"],
        "OnBuild": ["RUN true"],
        "StopSignal": "SIGQUIT",
    },
}


def test_the_config_of_one_platform_is_read_through_the_index(client: Registry) -> None:
    amd64, arm64 = image(oci=True, **SAYS), image("arm64", oci=True)
    stored = index({"unknown/unknown": image("s390x"), "linux/arm64/v8": arm64, "linux/amd64": amd64}, oci=True)
    with Web(serve(stored)) as web:
        config = client.config(named(web))
        assert client.config(named(web)) is config
        asked = [f"manifests/{name}" for name in ("1", amd64.digest)] + [f"blobs/{sha256(amd64.blobs[0])}"]
        assert web.asked() == [f"/v2/team/app/{target}" for target in asked]
        assert config.digest == sha256(amd64.blobs[0])
        assert (config.platform, config.created) == ("linux/amd64", "2024-05-06T07:08:09.123456789Z")
        assert (config.user, config.working_dir, config.stop_signal) == ("65532:65532", "/srv", "SIGQUIT")
        assert config.env == {"PATH": "/usr/bin:/bin", "EMPTY": "", "BARE": ""}
        assert (config.entrypoint, config.cmd) == (("/app",), ("--port", "80"))
        assert (config.exposed_ports, config.volumes) == (("80/tcp", "53/udp"), ("/data",))
        assert config.labels == {"maintainer": "someone"}
        assert (config.shell, config.on_build) == (("/bin/ash", "-c"), ("RUN true",))
        other = client.config(named(web), "linux/arm64")
        assert (other.platform, other.user, other.env, other.cmd) == ("linux/arm64", "", {}, ())
        with pytest.raises(NotFound, match=r"no such image for linux/s390x, but for linux/arm64/v8, linux/amd64"):
            client.config(named(web), "linux/s390x")
        with pytest.raises(NotFound, match="no such image for linux/arm64/v9"):
            client.config(named(web), "linux/arm64/v9")


def test_a_config_is_that_of_the_image_that_was_resolved(client: Registry) -> None:
    old, new = image(config={"User": "old"}), image(config={"User": "new"})
    tagged = [old, new]

    def answer(request: Request) -> Reply:
        behaved = serve(*tagged)(request)
        if request.method == "HEAD":
            tagged.reverse()  # the tag moves on
        return behaved

    with Web(answer) as web:
        assert client.resolve(named(web)).digest == old.digest
        assert client.config(named(web)).user == "old"


def test_an_image_without_an_index_is_taken_for_its_own_platform_only(client: Registry) -> None:
    with Web(serve(image("arm64", **SAYS))) as web:
        assert client.config(named(web), "linux/arm64").user == "65532:65532"
        with pytest.raises(NotFound, match="for linux/amd64, but for linux/arm64"):
            client.config(named(web))


@pytest.mark.parametrize(
    "config",
    [{"User": 0}, {"Env": "A=b"}, {"Env": [1]}, {"Cmd": "sh"}, {"Volumes": ["/data"]}, {"Labels": {"a": None}}, []],
)
def test_a_config_of_wrong_types_is_an_error(client: Registry, config: object) -> None:
    with Web(serve(image(config=config))) as web, pytest.raises(Untrusted, match="not as the specification says"):
        client.config(named(web))


@pytest.mark.parametrize("change", [lambda blob: blob[:-1] + b" ", lambda blob: blob + b" ", lambda blob: b"{}"])
def test_a_config_with_another_digest_is_an_error(client: Registry, change: Callable[[bytes], bytes]) -> None:
    stored = image(**SAYS)

    def answer(request: Request) -> Reply:
        if "/blobs/" in request.target:
            return reply(200, change(stored.blobs[0]), Content_Type="application/json")
        return serve(stored)(request)

    with Web(answer) as web, pytest.raises(Untrusted, match="config that has another digest"):
        client.config(named(web))


def test_a_config_that_is_too_large_or_no_images_is_not_fetched(client: Registry) -> None:
    def pointing_to(media_type: str, size: int) -> Reply:
        config = {"mediaType": media_type, "digest": DIGEST, "size": size}
        return reply(200, {"schemaVersion": 2, "config": config, "layers": []}, Content_Type=DOCKER)

    large = pointing_to("application/vnd.docker.container.image.v1+json", 9 << 20)
    chart = pointing_to("application/vnd.cncf.helm.config.v1+json", 9)
    with Web(in_turn(large, chart)) as web:
        with pytest.raises(Untrusted, match="larger than 8 MiB"):
            client.config(named(web, "large"))
        with pytest.raises(NotFound, match="no container image"):
            client.config(named(web, "chart"))
        assert len(web.requests) == 2


# --- basic authentication and tokens ---


def basic_only(request: Request) -> Reply:
    right = "Basic " + base64.b64encode(f"robot:{SECRET}".encode()).decode()
    refusal = reply(401, {"errors": [{"code": "UNAUTHORIZED"}]}, WWW_Authenticate='Basic realm="r"')
    return HEAD_REPLY if request.headers.get("authorization") == right else refusal


def test_basic_credentials_are_sent_once_they_are_asked_for(tmp_path: Path) -> None:
    with Web(basic_only) as web, Registry(credentials=login(web.host, tmp_path)) as client:
        for tag in "123":
            assert client.resolve(named(web, tag)).digest == DIGEST
        assert ["authorization" in request.headers for request in web.requests] == [False, True, True, True]


def test_wrong_and_missing_credentials_say_what_to_do(tmp_path: Path, client: Registry) -> None:
    with Web(basic_only) as web:
        with pytest.raises(Unauthorized, match=f"wants credentials, .*docker login {web.host}"):
            client.resolve(named(web))
        with (
            Registry(credentials=login(web.host, tmp_path, password="wrong")) as other,
            pytest.raises(Unauthorized, match=f"refuses the credentials that are stored for {web.host}"),
        ):
            other.resolve(named(web))
        assert len(web.requests) == 3


def test_credentials_that_are_no_longer_taken_are_not_sent_twice(tmp_path: Path) -> None:
    replies = in_turn(reply(401, WWW_Authenticate="Basic"), HEAD_REPLY, reply(401, WWW_Authenticate="Basic"))
    with Web(replies) as web, Registry(credentials=login(web.host, tmp_path)) as client:
        client.resolve(named(web, "1"))
        with pytest.raises(Unauthorized, match="refuses the credentials"):
            client.resolve(named(web, "2"))
        assert len(web.requests) == 3


class TokenRegistry:
    """A registry and its token server in one; tokens are `token-N`, and those in `expired` are refused."""

    def __init__(self, prefix: str = "") -> None:
        """`prefix`: what its scopes have before the repository's name."""
        self.given, self.expired, self.prefix = 0, set[str](), prefix
        self.life: object = 300
        self.web = Web(self.answer)

    def answer(self, request: Request) -> Reply:
        if request.target.startswith("/token"):
            self.given += 1
            return reply(200, {"token": f"token-{self.given}", "expires_in": self.life})
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token.startswith("token-") and token not in self.expired:
            return HEAD_REPLY
        repository = request.target.removeprefix("/v2/").partition("/manifests/")[0]
        scope = f"repository:{self.prefix}{repository}:pull"
        challenge = f'Bearer realm="http://{self.web.host}/token?a=b",service="reg, istry",scope="{scope}"'
        return reply(401, WWW_Authenticate=challenge)


def test_a_token_is_fetched_once_a_scope_and_the_second_scope_costs_no_refusal(client: Registry) -> None:
    registry = TokenRegistry()
    with registry.web as web:
        for repository in ("one", "two"):
            for tag in "12":
                client.resolve(named(web, tag, repository=repository))
        assert web.asked("GET") == [
            f"/token?a=b&service=reg%2C+istry&scope=repository%3A{name}%3Apull" for name in ("one", "two")
        ]
        refused = [request.target for request in web.requests if "authorization" not in request.headers]
        assert [target for target in refused if "token" not in target] == ["/v2/one/manifests/1"]


def test_a_scope_of_another_form_is_never_guessed(client: Registry) -> None:
    registry = TokenRegistry("cache/")
    with registry.web as web:
        for repository in ("one", "two"):
            client.resolve(named(web, repository=repository))
        asked = [target.partition("scope=")[2] for target in web.asked("GET")]
    assert asked == ["repository%3Acache%2Fone%3Apull", "repository%3Acache%2Ftwo%3Apull"]


def test_only_so_many_tokens_are_kept(client: Registry) -> None:
    registry = TokenRegistry()
    with registry.web as web:
        names = [f"app{number}" for number in range(257)]
        for name in names:
            client.resolve(named(web, repository=name))
        client.resolve(named(web, "2", repository=names[-1]))
        assert registry.given == 257
        client.resolve(named(web, "2", repository=names[0]))  # the oldest made room
        assert registry.given == 258


def test_many_requests_share_one_token(client: Registry) -> None:
    registry = TokenRegistry()
    with registry.web as web:
        found = client.resolve_all([named(web, str(number)) for number in range(30)])
        assert all(isinstance(one, Resolved) for one in found.values())
    assert registry.given == 1


def test_a_token_that_has_expired_is_replaced(client: Registry) -> None:
    registry = TokenRegistry()
    with registry.web as web:
        client.resolve(named(web, "1"))
        registry.expired.add("token-1")
        client.resolve(named(web, "2"))
        client.resolve(named(web, "3"))
        assert registry.given == 2
        registry.expired.update({"token-2", "token-3"})
        with pytest.raises(Unauthorized):
            client.resolve(named(web, "4"))


def test_a_login_is_sent_to_the_token_server_and_an_identity_token_by_post(tmp_path: Path) -> None:
    registry = TokenRegistry()
    with registry.web as web:
        with Registry(credentials=login(web.host, tmp_path)) as client:
            client.resolve(named(web))
        (asked,) = [request for request in web.requests if request.target.startswith("/token")]
        assert asked.headers["authorization"] == "Basic " + base64.b64encode(f"robot:{SECRET}".encode()).decode()
        identity = docker_config(tmp_path, auths={web.host: {"identitytoken": "refresh/me"}})
        with Registry(credentials=identity) as client:
            client.resolve(named(web, "2"))
        (posted,) = [request for request in web.requests if request.method == "POST"]
        form = b"grant_type=refresh_token&refresh_token=refresh%2Fme&client_id=hardenfile&service=reg%2C+istry"
        assert posted.body == form + b"&scope=repository%3Ateam%2Fapp%3Apull"
        assert SECRET not in posted.target and "refresh" not in posted.target


def test_a_registry_token_is_sent_as_it_is(tmp_path: Path) -> None:
    registry = TokenRegistry()
    with registry.web as web:
        own = docker_config(tmp_path, auths={web.host: {"registrytoken": "token-of-mine"}})
        with Registry(credentials=own) as client:
            client.resolve(named(web))
        assert registry.given == 0


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (reply(200, "<html>"), "not a JSON object"),
        (reply(200, {"token": ""}), "no token that can be used"),
        (reply(200, {"token": "a\r\nX-Injected: 1"}), "no token that can be used"),
        (reply(200, {"access_token": ["a"]}), "no token that can be used"),
        (reply(200, b" " * (2 << 20)), "larger than"),
        (reply(401), "wants credentials"),
        (reply(404), "gave no token"),
        (reply(429), "limits how many tokens"),
    ],
)
def test_a_token_server_that_gives_none_is_an_error(client: Registry, token: bytes, error: str) -> None:
    with Web(lambda request: token) as server:
        challenge = f'Bearer realm="http://{server.host}/",service="s"'
        with (
            Web(lambda request: reply(401, WWW_Authenticate=challenge)) as web,
            pytest.raises(RegistryError, match=error),
        ):
            client.resolve(named(web))


@pytest.mark.parametrize(
    ("challenge", "said"),
    [
        ("Negotiate", "not known here"),
        ("", "not known here"),
        ("Bearer", "not a plain http"),
        ('Bearer realm="http://tokens.example/"', "over plain http"),
        ('Bearer realm="http://robot:pw@127.0.0.1/"', "not a plain http"),
    ],
)
def test_a_challenge_that_cannot_be_answered_is_an_error(client: Registry, challenge: str, said: str) -> None:
    with Web(lambda request: reply(401, WWW_Authenticate=challenge)) as web, pytest.raises(RegistryError, match=said):
        client.resolve(named(web))


def test_the_host_that_a_redirect_leads_to_gets_no_credentials_even_if_it_asks(tmp_path: Path) -> None:
    with Web(lambda request: reply(401, WWW_Authenticate="Basic")) as thief:
        with (
            Web(lambda request: reply(307, Location=f"http://{thief.host}/")) as web,
            Registry(credentials=login(web.host, tmp_path)) as client,
            pytest.raises(Unauthorized, match=f"{thief.host} refuses the request that was redirected"),
        ):
            client.resolve(named(web))
        assert all("authorization" not in request.headers for request in thief.requests)


def test_challenges_are_read_as_the_rfc_writes_them() -> None:
    text = (
        'Negotiate, BEARER Realm = "https://a/t?x=\\"1\\"" , service=s,scope="repository:a/b:pull,push" , Basic realm=r'
    )
    found = [(challenge.scheme, challenge.parameters) for challenge in read_challenges([text, "Digest"])]
    bearer = {"realm": 'https://a/t?x="1"', "service": "s", "scope": "repository:a/b:pull,push"}
    assert found == [("negotiate", {}), ("bearer", bearer), ("basic", {"realm": "r"}), ("digest", {})]


@given(st.lists(st.text(alphabet=st.sampled_from('aB=", \\\t:/é'))))
def test_any_header_can_be_read(headers: list[str]) -> None:
    for challenge in read_challenges(headers):
        assert challenge.scheme == challenge.scheme.lower() != ""


def test_a_broken_helper_matters_only_where_credentials_are_needed(tmp_path: Path) -> None:
    registry = TokenRegistry()
    with registry.web as web, Registry(credentials=docker_config(tmp_path, credsStore="gone")) as client:
        assert client.resolve(named(web)).digest == DIGEST
    with (
        Web(basic_only) as web,
        Registry(credentials=docker_config(tmp_path, credsStore="gone")) as client,
        pytest.raises(Unauthorized, match="docker-credential-gone is not in PATH"),
    ):
        client.resolve(named(web))


# --- secrets ---


def echo_everywhere(secret: str) -> list[Reply]:
    """Answers of a server that knows the secret and wants it printed."""
    return [
        reply(200, Content_Type=f"text/{secret}", Docker_Content_Digest=DIGEST),
        reply(200, Content_Type=OCI_INDEX, Docker_Content_Digest=secret),
        reply(200, Content_Type=OCI_INDEX, Docker_Content_Digest=DIGEST, Content_Length=secret),
        reply(200, Content_Type=OCI_INDEX, Docker_Content_Digest=DIGEST, Content_Encoding=secret),
        reply(302, Location=f"http://{secret}@127.0.0.1/{secret}"),
        reply(302, Location=f"/{secret}?{secret}"),
        reply(302, Location=f"http://127.0.0.1:1/{secret}"),
        reply(401, WWW_Authenticate=f'Bearer realm="{secret}", error="{secret}"'),
        reply(401, WWW_Authenticate=f"{secret} {secret}={secret}"),
        reply(403, {"errors": [{"code": secret, "message": secret}]}, reason=secret),
        reply(404, {"errors": [{"code": secret, "message": secret}]}),
        reply(429, secret, Retry_After=secret),
        reply(599, secret, reason=secret),
        reply(418, secret, reason=secret),
        lambda connection: connection.sendall(f"{secret}\r\n".encode()),
        lambda connection: connection.sendall(f"HTTP/1.1 {secret}\r\n\r\n".encode()),
        lambda connection: connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {secret}\r\n\r\n".encode()),
    ]


def test_no_output_log_or_error_ever_holds_a_secret(
    tmp_path: Path,
    patience: Patience,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    encoded = base64.b64encode(f"robot:{SECRET}".encode()).decode()
    secrets = (SECRET, encoded, "bearer-token-0123456789")
    printed: list[str] = []
    seen: set[str] = set()
    for secret in secrets:
        for number in range(len(echo_everywhere(secret))):

            def answer(request: Request, number: int = number, secret: str = secret) -> Reply:
                seen.add(request.headers.get("authorization", ""))
                if request.target.startswith("/token"):
                    return reply(200, {"token": secrets[2]})
                if "authorization" not in request.headers:
                    kind = f'Bearer realm="http://{request.headers["host"]}/token"' if number % 2 else "Basic"
                    return reply(401, WWW_Authenticate=kind)
                return reply(405) if request.method == "HEAD" and number % 3 else echo_everywhere(secret)[number]

            with Web(answer) as web:
                credentials = login(web.host, tmp_path)
                with Registry(credentials=credentials, retry=patience.retry, timeout=2) as client:
                    for ask in (client.resolve, client.config):
                        with pytest.raises(RegistryError) as caught:
                            ask(named(web))
                        printed += [str(caught.value), repr(caught.value), repr(caught.value.args)]
                        printed += traceback.format_exception(caught.value)
                        printed.append(str(vars(caught.value)))
                    printed += [repr(client), str(client), repr(credentials), repr(credentials.login(web.host))]
                    printed.append(repr(client.resolve_all([named(web, "2")])))
    with Web(lambda request: HEAD_REPLY) as web, Registry(credentials=login(web.host, tmp_path)) as client:
        printed.append(repr(client.resolve(named(web))))
    out, err = capfd.readouterr()
    everything = "\n".join([*printed, out, err, *map(str, caplog.records), caplog.text])
    assert {f"Basic {encoded}", f"Bearer {secrets[2]}"} <= seen  # or it would prove nothing
    assert "hardenfile.registry" in caplog.text
    for secret in secrets:
        assert secret not in everything


def test_nothing_is_asked_or_read_before_the_first_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("not JSON")

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    Registry(ca=tmp_path / "missing.pem", mirrors={"docker.io": ["127.0.0.1:1"]}).close()
