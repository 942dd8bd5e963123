"""What turns the check of certificates off."""

import re
from collections.abc import Iterator

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.commands import Ran, commands

_VARIABLES = {
    "NODE_TLS_REJECT_UNAUTHORIZED": ("0",),
    "PYTHONHTTPSVERIFY": ("0",),
    "GIT_SSL_NO_VERIFY": ("1", "true", "yes"),
    "NPM_CONFIG_STRICT_SSL": ("false", "0"),
    "YARN_STRICT_SSL": ("false", "0"),
    "YARN_ENABLE_STRICT_SSL": ("false", "0"),
    "PIP_TRUSTED_HOST": (),
    "GOINSECURE": (),
    "GONOSUMCHECK": ("1",),
    "CURL_INSECURE": ("1",),
}
_OPTIONS = {
    "wget": ("--no-check-certificate",),
    "pip": ("--trusted-host",),
    "pip3": ("--trusted-host",),
    "python": ("--trusted-host",),
    "python3": ("--trusted-host",),
    "uv": ("--trusted-host", "--allow-insecure-host"),
    "apk": ("--no-verify", "--no-check-certificate"),
    "svn": ("--trust-server-cert",),
    "aws": ("--no-verify-ssl",),
    "conda": ("--insecure",),
    "kubectl": ("--insecure-skip-tls-verify",),
    "helm": ("--insecure-skip-tls-verify",),
    "composer": ("--disable-tls",),
}
_SETTINGS = re.compile(
    r"""(?ix)\bstrict-ssl["']?(?:\s+|=)["']?false | http\.sslVerify(?:\s+|=)["']?(?:false|0)
    | sslverify=["']?(?:0|false)
    | Verify-Peer(?:\s+|=)["']?false | ssl_verify(?:\s+|=|:\s*)["']?false | disable-tls\s+true | secure-http\s+false
    | ssl_verify\s+no\b | \bcheck_certificate\s*=\s*off | \btrusted-host["']?(?:\s+|=)["']?[\w*.-]+
    | :ssl_verify_mode:\s*0"""
)


def unchecked(document: Document) -> Iterator[tuple[Instruction, str]]:
    """Where it is turned off, and by which words; each once."""
    seen: set[tuple[int, str]] = set()
    for at, what in (*_variables(document), *_commands(document)):
        if (at.begin, what) not in seen:
            seen.add((at.begin, what))
            yield at, what


def _variables(document: Document) -> Iterator[tuple[Instruction, str]]:
    for stage in document.stages:
        for at in stage.instructions:
            one = at.sub if at.sub is not None else at
            pairs = one.pairs() if one.keyword == "ENV" else ()
            if one.keyword == "ARG":
                pairs = tuple((word.partition("=")[0], word.partition("=")[2]) for word in one.args)
            for name, value in pairs:
                if _off(name, value):
                    yield at, f"{one.keyword} {name}={value}"


def _off(name: str, value: str) -> bool:
    values = _VARIABLES.get(name.upper())
    bare = value.strip("\"'").lower()
    return values is not None and bool(bare) and (not values or bare in values)


def _commands(document: Document) -> Iterator[tuple[Instruction, str]]:
    for ran in commands(document):
        for word in ran.assignments:
            name, _, value = word.partition("=")
            if _off(name, value):
                yield ran.at, word
        option = ran.has(*_OPTIONS.get(re.sub(r"(?<=\D\d)\.\d+\Z", "", ran.name), ()))
        if option is not None:
            yield ran.at, f"{ran.name} {option.partition('=')[0]}"
        if ran.name == "curl" and any(_insecure(word) for word in ran.arguments):
            yield ran.at, "curl --insecure"
        if ran.name == "export":
            for exported in ran.arguments:
                if exported is not None and _off(exported.partition("=")[0], exported.partition("=")[2]):
                    yield ran.at, exported
        found = _SETTINGS.search(ran.text) if _configures(ran) or _writes_a_setting(ran) else None
        if found and option is None:
            yield ran.at, f"{ran.name} with {found[0]}"


def _insecure(word: str | None) -> bool:
    """`-k` alone or among other one-letter options that take no value before it."""
    if word is None:
        return False
    return word in ("--insecure", "--proxy-insecure") or re.match(r"-[fsSLlgiIvNOJR#]*k", word) is not None


def _writes_a_setting(ran: Ran) -> bool:
    """Whether a text goes into a file: `echo sslverify=0 >> /etc/yum.conf`, or through tee."""
    return ran.name in ("echo", "printf") and (">" in ran.text or ran.after in ("|", "|&"))


def _configures(ran: Ran) -> bool:
    return ran.name in (
        "npm",
        "pip",
        "pip3",
        "yarn",
        "pnpm",
        "git",
        "yum",
        "dnf",
        "apt",
        "apt-get",
        "conda",
        "composer",
        "bundle",
        "gem",
    )
