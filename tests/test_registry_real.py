"""The registry client against Debian's docker-registry, with real manifests, TLS, htpasswd and signed tokens."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from hardenfile.evidence.reference import ImageReference
from hardenfile.evidence.registry import (
    Credentials,
    NotFound,
    Registry,
    RegistryError,
    Resolved,
    Unauthorized,
    Untrusted,
)
from tests.support.docker_config import login
from tests.support.docker_registry import docker_registry, push, require
from tests.support.images import DOCKER, DOCKER_LIST, OCI_INDEX, Stored, image, index, sha256
from tests.support.web import Authority, Reply, Request, Web, reply

PASSWORD = "x7Qz-very-secret-9VbK"
# `htpasswd -nbBC 5 robot PASSWORD`: bcrypt is the one form that docker-registry takes.
HTPASSWD = "robot:$2y$05$ItZxoFK7RtTp1kDwohzLTemOq/H/5ghBvYslY07/CiUQGV7xARyhu"

SINGLE = image(config={"User": "65532", "Env": ["PATH=/bin"], "ExposedPorts": {"8080/tcp": {}}})
LIST = index({"linux/amd64": image(config={"User": "app"}), "linux/arm64/v8": image("arm64")})
OCI = index(
    {"linux/arm64": image("arm64", oci=True), "linux/amd64": image(oci=True, config={"WorkingDir": "/srv"})},
    oci=True,
    created="2024-05-06T07:08:09Z",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A running registry."""

    host: str

    def named(self, repository: str, tag: str | None = "1", digest: str | None = None) -> ImageReference:
        """A reference into it."""
        return ImageReference(registry=self.host, repository=repository, tag=tag, digest=digest)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require("docker-registry", "openssl")
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="module")
def plain(storage: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Over http, and open to everyone; what is pushed to it is in all the others too."""
    with docker_registry(tmp_path_factory.mktemp("plain"), storage) as host:
        for repository, stored in (("single", SINGLE), ("team/list", LIST), ("team/oci", OCI)):
            push(host, repository, "1", stored)
        push(host, "single", "latest", SINGLE)
        yield Place(host)


@pytest.fixture(scope="module")
def authority(storage: Path, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def guarded(
    plain: Place, storage: Path, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Over TLS with a private authority, for those in the htpasswd file."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "htpasswd").write_text(f"{HTPASSWD}\n")
    tls = f"{{certificate: {authority.server_certificate}, key: {authority.server_key}}}"
    auth = f"{{htpasswd: {{realm: test, path: {folder / 'htpasswd'}}}}}"
    with docker_registry(folder, storage, tls=tls, auth=auth) as host:
        yield Place(host)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Registry]:
    with Registry(credentials=Credentials(tmp_path / "none.json")) as registry:
        yield registry


@pytest.mark.parametrize(
    ("repository", "stored", "media_type"),
    [("single", SINGLE, DOCKER), ("team/list", LIST, DOCKER_LIST), ("team/oci", OCI, OCI_INDEX)],
)
def test_a_tag_stands_for_what_was_pushed_not_for_one_platform_of_it(
    plain: Place, client: Registry, repository: str, stored: Stored, media_type: str
) -> None:
    resolved = client.resolve(plain.named(repository))
    assert resolved == Resolved(plain.named(repository), stored.digest, media_type, (), len(stored.content), None)
    pinned = plain.named(repository, "1", stored.digest)
    assert client.resolve(pinned) == replace(resolved, reference=pinned)


def test_verify_reads_the_same_digests_out_of_the_bytes(plain: Place, tmp_path: Path) -> None:
    names = {plain.named("single"): SINGLE, plain.named("team/list"): LIST, plain.named("team/oci"): OCI}
    with Registry(credentials=Credentials(tmp_path / "none.json"), verify=True) as client:
        found = client.resolve_all(names)
    assert {name: one.digest for name, one in found.items() if isinstance(one, Resolved)} == {
        name: stored.digest for name, stored in names.items()
    }
    oci, docker_list = found[plain.named("team/oci")], found[plain.named("team/list")]
    assert isinstance(oci, Resolved) and isinstance(docker_list, Resolved)
    assert (oci.platforms, oci.created) == (("linux/arm64", "linux/amd64"), "2024-05-06T07:08:09Z")
    assert docker_list.platforms == ("linux/amd64", "linux/arm64/v8")


def test_no_tag_is_latest(plain: Place, client: Registry) -> None:
    assert client.resolve(plain.named("single", None)).digest == SINGLE.digest


def test_what_is_not_there_is_named(plain: Place, client: Registry, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"^\S+/single:9\.9: \S+ has no tag 9\.9 of single; check"):
        client.resolve(plain.named("single", "9.9"))
    wrong = sha256(b"never pushed")
    with pytest.raises(NotFound, match=f"has no digest {wrong} of single"):
        client.resolve(plain.named("single", "1", wrong))
    with Registry(credentials=Credentials(tmp_path / "none.json"), verify=True) as verifying:
        with pytest.raises(NotFound, match="has no tag 9 of single"):
            verifying.resolve(plain.named("single", "9"))
        with pytest.raises(NotFound, match=f"has no digest {wrong} of single"):
            verifying.resolve(plain.named("single", "1", wrong))


def test_the_config_of_each_form_is_read(plain: Place, client: Registry) -> None:
    single = client.config(plain.named("single"))
    assert (single.user, dict(single.env), single.exposed_ports) == ("65532", {"PATH": "/bin"}, ("8080/tcp",))
    assert single.digest == sha256(SINGLE.blobs[0])
    assert client.config(plain.named("team/list")).user == "app"
    assert client.config(plain.named("team/list"), "linux/arm64").user == ""
    assert client.config(plain.named("team/oci", None, OCI.digest)).working_dir == "/srv"
    with pytest.raises(NotFound, match="no such image for windows/amd64, but for linux/amd64, linux/arm64/v8"):
        client.config(plain.named("team/list"), "windows/amd64")


def test_a_mirror_of_the_hub_is_asked_in_its_place(plain: Place, tmp_path: Path) -> None:
    hub = ImageReference(registry="docker.io", repository="team/list", tag="1", digest=None)
    none = Credentials(tmp_path / "none.json")
    with Registry(mirrors={"docker.io": [f"http://{plain.host}"]}, credentials=none) as client:
        assert client.resolve(hub).digest == LIST.digest


def test_a_redirect_to_the_registry_is_followed(plain: Place, client: Registry) -> None:
    with Web(lambda request: reply(307, Location=f"http://{plain.host}{request.target}")) as web:
        moved = Place(web.host)
        assert client.resolve(moved.named("team/oci")).digest == OCI.digest
        assert client.config(moved.named("team/oci")).working_dir == "/srv"


def test_htpasswd_over_tls_with_a_private_authority(guarded: Place, authority: Authority, tmp_path: Path) -> None:
    with Registry(ca=authority.certificate, credentials=login(guarded.host, tmp_path, PASSWORD)) as client:
        found = client.resolve_all([guarded.named(name) for name in ("single", "team/list", "team/oci")])
        assert [one.digest for one in found.values() if isinstance(one, Resolved)] == [
            SINGLE.digest,
            LIST.digest,
            OCI.digest,
        ]
        assert client.config(guarded.named("single")).user == "65532"
        with pytest.raises(NotFound):
            client.resolve(guarded.named("single", "9.9"))


def test_htpasswd_refuses_strangers_and_wrong_passwords(guarded: Place, authority: Authority, tmp_path: Path) -> None:
    with (
        Registry(ca=authority.certificate, credentials=Credentials(tmp_path / "none.json")) as client,
        pytest.raises(Unauthorized, match=f"docker login {guarded.host}"),
    ):
        client.resolve(guarded.named("single"))
    with (
        Registry(ca=authority.certificate, credentials=login(guarded.host, tmp_path, "wrong-one")) as client,
        pytest.raises(Unauthorized, match="refuses the credentials") as caught,
    ):
        client.resolve(guarded.named("single"))
    assert "wrong-one" not in str(caught.value)


def test_a_private_authority_that_is_not_named_is_not_trusted(guarded: Place, tmp_path: Path) -> None:
    with (
        Registry(credentials=login(guarded.host, tmp_path, PASSWORD)) as client,
        pytest.raises(Untrusted, match="certificate that is not trusted"),
    ):
        client.resolve(guarded.named("single"))


class TokenServer:
    """Gives out tokens as the distribution's token specification has it: JSON web tokens that an authority signs."""

    def __init__(self, authority: Authority) -> None:
        pem = authority.certificate.read_text()
        self._chain = [base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()]
        self._authority = authority
        self.seconds = 300
        self.scopes: list[str] = []
        self.web = Web(self.answer)

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Basic {base64.b64encode(f'robot:{PASSWORD}'.encode()).decode()}":
            return reply(401, {"details": "incorrect username or password"})
        asked = parse_qs(urlsplit(request.target).query)
        (scope,) = asked["scope"]
        self.scopes.append(scope)
        kind, repository, actions = scope.split(":")
        now = int(time.time())
        access = [{"type": kind, "name": repository, "actions": actions.split(",")}]
        times = {"exp": now + self.seconds, "nbf": now - 5, "iat": now}
        claims = {"iss": "tests", "sub": "robot", "aud": asked["service"][0], **times, "jti": "1", "access": access}
        text = b".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
            for part in ({"typ": "JWT", "alg": "RS256", "x5c": self._chain}, claims)
        )
        signature = base64.urlsafe_b64encode(self._authority.sign(text)).rstrip(b"=")
        return reply(200, {"token": f"{text.decode()}.{signature.decode()}", "expires_in": self.seconds})


@pytest.fixture(scope="module")
def tokens(authority: Authority) -> Iterator[TokenServer]:
    server = TokenServer(authority)
    with server.web:
        yield server


@pytest.fixture(scope="module")
def tokened(
    plain: Place, storage: Path, authority: Authority, tokens: TokenServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """For those with a token of the token server's."""
    auth = (
        f"{{token: {{realm: 'http://{tokens.web.host}/token', service: hardenfile tests, "
        f"issuer: tests, rootcertbundle: {authority.certificate}}}}}"
    )
    with docker_registry(tmp_path_factory.mktemp("tokened"), storage, auth=auth) as host:
        yield Place(host)


def test_the_token_flow(tokened: Place, tokens: TokenServer, tmp_path: Path) -> None:
    tokens.scopes.clear()
    with Registry(credentials=login(tokened.host, tmp_path, PASSWORD)) as client:
        names = [tokened.named(name) for name in ("single", "team/list", "team/oci")]
        found = client.resolve_all([*names, tokened.named("single", "latest"), tokened.named("single", "9.9")])
        assert [one.digest for one in found.values() if isinstance(one, Resolved)] == [
            SINGLE.digest,
            LIST.digest,
            OCI.digest,
            SINGLE.digest,
        ]
        assert isinstance(found[tokened.named("single", "9.9")], NotFound)
        assert client.config(tokened.named("team/oci")).working_dir == "/srv"
    assert sorted(tokens.scopes) == [f"repository:{name}:pull" for name in ("single", "team/list", "team/oci")]


def test_the_token_server_refuses_strangers(tokened: Place, client: Registry, tmp_path: Path) -> None:
    with pytest.raises(Unauthorized, match=f"wants credentials.*docker login {tokened.host}"):
        client.resolve(tokened.named("single"))
    with (
        Registry(credentials=login(tokened.host, tmp_path, "wrong-one")) as other,
        pytest.raises(Unauthorized, match="refuses the credentials"),
    ):
        other.resolve(tokened.named("single"))


def test_a_token_that_was_expired_when_it_came_is_an_error_not_a_loop(
    tokened: Place, tokens: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "seconds", -3600)
    with Registry(credentials=login(tokened.host, tmp_path, PASSWORD)) as client:
        with pytest.raises(Unauthorized):
            client.resolve(tokened.named("single"))
        monkeypatch.setattr(tokens, "seconds", 300)
        assert client.resolve(tokened.named("single", "latest")).digest == SINGLE.digest  # the bad one is not kept


def test_many_threads_over_one_client(plain: Place, client: Registry) -> None:
    wanted = [plain.named(name) for name in ("single", "team/list", "team/oci")]
    found: list[dict[ImageReference, Resolved | RegistryError]] = []
    threads = [threading.Thread(target=lambda: found.append(client.resolve_all(wanted))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [found[0]] * 6
    assert all(isinstance(one, Resolved) for one in found[0].values())
