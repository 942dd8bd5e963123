"""One repository at one host: the three requests of the distribution API that are needed here."""

import json
from urllib.parse import quote

from hardenfile.evidence.reference import ImageReference

from . import manifest as manifests
from .auth import Authenticator
from .endpoints import Endpoint
from .errors import NotFound, RegistryError, Unauthorized, Unavailable, Untrusted
from .image_config import ImageConfig, read_config
from .manifest import Descriptor, Manifest
from .origin import Url
from .transport import Answer, Transport

# What servers that know no HEAD of a manifest say to one.
_NO_HEAD = frozenset({400, 405, 501})
# Types that get named in an error; any other text of a server's is not repeated.
_TELLING_TYPES = frozenset(
    {
        "application/json",
        "application/octet-stream",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "text/plain",
    }
)


class Repository:
    """What a reference names, at one of the hosts that serve it."""

    def __init__(
        self, transport: Transport, auth: Authenticator, endpoint: Endpoint, reference: ImageReference
    ) -> None:
        """Find out how the host is spoken to; every method may raise any RegistryError, naming the host only."""
        if reference.digest is not None and not manifests.is_digest(reference.digest):
            raise RegistryError("names a digest that cannot be checked here", advice="pin it by its sha256 digest")
        self._transport, self._auth = transport, auth
        self._reference, self._account = reference, endpoint.account
        self._origin = transport.origin(endpoint.host, endpoint.port, endpoint.scheme)
        self._name = f"{endpoint.prefix}{reference.repository}"

    def head(self) -> Descriptor | None:
        """Type, digest and size (0: not said) by a HEAD, or None where the host's answer leaves one of them open."""
        answer = self._ask("HEAD", self._manifest_path(None), manifests.ACCEPT, 0)
        if answer.status != 200 or not answer.one("Content-Type"):
            return None
        media_type, digest = _media_type(answer), _claimed_digest(answer)
        if digest is None:
            return None
        if self._reference.digest not in (None, digest):
            raise Untrusted("answers with another digest than was asked for", host=answer.origin.name)
        return Descriptor(media_type, digest, _claimed_size(answer))

    def manifest(self, digest: str | None = None) -> Manifest:
        """Fetch a manifest by `digest`, else by the reference; its bytes are held to every digest that is named."""
        answer = self._ask("GET", self._manifest_path(digest), manifests.ACCEPT, manifests.MANIFEST_LIMIT)
        media_type, claimed = _media_type(answer), _claimed_digest(answer)
        named = [one for one in (digest, self._reference.digest if digest is None else None, claimed) if one]
        if not all(manifests.matches(one, answer.body) for one in named):
            raise Untrusted("sent a manifest that has another digest than it should", host=answer.origin.name)
        found = named[0] if named else manifests.digest_of(answer.body)
        return manifests.read_manifest(answer.body, media_type=media_type, digest=found, host=answer.origin.name)

    def config(self, platform: str) -> ImageConfig:
        """Fetch the config of the image for a platform, by way of the index where there is one."""
        found = self.manifest()
        if found.media_type in manifests.INDEX_TYPES:
            image = manifests.choose(found.images, platform)
            if image is None:
                raise self._not_for(platform, found.platforms)
            found = self.manifest(image.digest)
        blob = found.config
        if blob is None or blob.media_type not in manifests.CONFIG_TYPES:
            raise NotFound("has something there that is no container image", host=self._origin.name)
        if blob.size > manifests.CONFIG_LIMIT:
            raise Untrusted("has an image whose config is larger than 8 MiB", host=self._origin.name)
        answer = self._ask("GET", f"blobs/{blob.digest}", "*/*", manifests.CONFIG_LIMIT)
        if len(answer.body) != blob.size or not manifests.matches(blob.digest, answer.body):
            raise Untrusted("sent a config that has another digest than it should", host=answer.origin.name)
        config = read_config(answer.body, digest=blob.digest, host=answer.origin.name)
        if config.platform and not manifests.same_platform(config.platform, platform):
            raise self._not_for(platform, (config.platform,))
        return config

    def _manifest_path(self, digest: str | None) -> str:
        named = digest or self._reference.digest or self._reference.tag or "latest"
        return f"manifests/{quote(named, safe=':', errors='surrogateescape')}"

    def _ask(self, method: str, path: str, accept: str, limit: int) -> Answer:
        """The answer is a 200, or for a HEAD also one of _NO_HEAD."""
        url = Url(self._origin, f"/v2/{quote(self._name, safe='/', errors='surrogateescape')}/{path}")
        headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "hardenfile"}
        header = self._auth.foreseen(self._origin, self._account, self._name)
        answer = self._transport.send(method, url, headers=headers, limit=limit, authorization=header)
        if answer.status == 401:
            header = self._auth.answer(self._origin, self._account, self._name, answer, header)
            answer = self._transport.send(method, url, headers=headers, limit=limit, authorization=header)
        if answer.status == 401:
            raise self._auth.refusal(self._origin, self._account)
        if answer.status == 200 and (answer.one("Content-Encoding") or "identity") != "identity":
            raise Untrusted("sent a compressed answer, which was not asked for", host=answer.origin.name)
        if answer.status == 200 or (method == "HEAD" and answer.status in _NO_HEAD):
            return answer
        raise self._failure(answer)

    def _failure(self, answer: Answer) -> RegistryError:
        host, status, asked = answer.origin.name, answer.status, self._reference
        login = f"run: docker login {self._account}"
        if status == 404:
            if "NAME_UNKNOWN" in _codes(answer.body):
                return NotFound(f"has no repository {self._name}", host=host, advice="check the name")
            which = f"digest {asked.digest}" if asked.digest else f"tag {asked.tag or 'latest'}"
            return NotFound(f"has no {which} of {self._name}", host=host, advice="check the name and the tag")
        if status == 403:
            return Unauthorized("denies access", host=host, advice=f"check the name, or {login}")
        if status == 429:
            what = "limits requests, and this one passed the limit"
            return Unavailable(what, host=host, advice=f"try again later, or {login}")
        if status >= 500:
            return Unavailable(f"is failing (status {status})", host=host, advice="try again later")
        return Unavailable(f"answered with status {status}", host=host, advice="check that it is a registry")

    def _not_for(self, platform: str, offered: tuple[str, ...]) -> NotFound:
        others = f", but for {', '.join(offered[:12])}" if offered else ""
        return NotFound(f"has no such image for {platform}{others}", host=self._origin.name)


def _media_type(answer: Answer) -> str:
    said = (answer.one("Content-Type") or "").partition(";")[0].strip().lower()
    if said in manifests.ASKED:
        return said
    if said == "text/html":
        advice = "a login or proxy page may stand between, or the host is no registry"
        raise Untrusted("sent a web page in the place of a manifest", host=answer.origin.name, advice=advice)
    what = "sent a manifest without a Content-Type"
    if said:
        what = f"sent a Content-Type {f'({said}) ' if said in _TELLING_TYPES else ''}that was not asked for"
    raise Untrusted(what, host=answer.origin.name)


def _claimed_digest(answer: Answer) -> str | None:
    digest = answer.one("Docker-Content-Digest")
    if digest is not None and not manifests.is_digest(digest):
        raise Untrusted("sent a Docker-Content-Digest that is no digest", host=answer.origin.name)
    return digest


def _claimed_size(answer: Answer) -> int:
    """The Content-Length of the answer to a HEAD; 0 is also what servers say that do not know it."""
    said = answer.one("Content-Length") or ""
    size = int(said) if said.isascii() and said.isdigit() and len(said) < 19 else 0
    if size > manifests.MANIFEST_LIMIT:
        raise Untrusted("has a manifest there that is larger than 4 MiB", host=answer.origin.name)
    return size


def _codes(body: bytes) -> set[str]:
    """The error codes of the distribution specification in an error's body."""
    try:
        found = json.loads(body)
        return {error["code"] for error in found["errors"] if isinstance(error["code"], str)}
    except (ValueError, RecursionError, LookupError, TypeError):
        return set()
