"""Fetches a URL for one purpose: to say what its content hashes to. Nothing is kept."""

import hashlib
import ssl
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO

from hardenfile.errors import HardenfileError, UsageError

from .pins import Checksum

LIMIT = 512 << 20  # bytes
_CHUNK = 1 << 16
_TIMEOUTS_IN_ALL = 40  # an answer may take so many time-outs of silence


class DownloadError(HardenfileError):
    """A download failed, in one line that names the URL and quotes nothing that the server sent."""


def checksum_of(
    url: str, *, resolved: str, ca: Path | None = None, limit: int = LIMIT, timeout: float = 15.0
) -> Checksum:
    """The checksum of what a URL answers after redirects; `limit` in bytes, `timeout` in seconds of silence.

    `ca` is a PEM file trusted besides the system's. Raises DownloadError; UsageError where `ca` cannot be read.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "hardenfile", "Accept-Encoding": "identity"})
    digest, size, deadline = hashlib.sha256(), 0, time.monotonic() + _TIMEOUTS_IN_ALL * timeout
    try:
        with _opener(ca).open(request, timeout=timeout) as answer:
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise DownloadError(f"{url}: the server sent a compressed answer, which was not asked for")
            claimed = answer.length
            while piece := answer.read1(_CHUNK):  # what is there, so that a server that drips cannot pass the deadline
                size += len(piece)
                if size > limit:
                    raise DownloadError(f"{url}: is larger than the {limit >> 20} MiB that are allowed")
                if time.monotonic() > deadline:
                    raise DownloadError(f"{url}: took too long")
                digest.update(piece)
            if claimed is not None and size != claimed:
                raise DownloadError(f"{url}: the answer was cut short")
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(f"{url}: the server answered with status {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(f"{url}: {_worded(error)}") from None
    return Checksum(digest.hexdigest(), size, resolved)


def _worded(error: Exception) -> str:
    """What happened, in our words: the library's exceptions quote what the server sent."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return "the server shows a certificate that is not trusted"
    if isinstance(reason, TimeoutError):
        return "the server did not answer in time"
    if isinstance(reason, _Downgraded):
        return "the server redirects from https to plain http"
    return "cannot be fetched" if isinstance(reason, OSError) else "the answer cannot be read"


class _Downgraded(OSError):  # noqa: N818 - never leaves this module
    """A redirect to where anybody on the way could answer."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if req.type == "https" and not newurl.lower().startswith("https://"):
            raise _Downgraded
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(ca: Path | None) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if ca is not None:
        try:
            context.load_verify_locations(cafile=ca)
        except OSError:
            raise UsageError(f"{ca} holds no certificates in PEM form that can be read") from None
    opener = urllib.request.OpenerDirector()
    # By name, so that a redirect to file: or ftp: finds nobody to follow it.
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=context),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
