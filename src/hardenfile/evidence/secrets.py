"""Names of variables that hold secrets."""

import re
from collections.abc import Iterator

from hardenfile.dockerfile import Instruction

# The words that BuildKit's check SecretsUsedInArgOrEnv looks for, between underscores.
_SECRET = re.compile(
    r"(?:\A|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token|passphrase)(?:_|\Z)"
    r"|[a-z0-9]_(?:pass|pwd)\Z",
    re.IGNORECASE,
)
# What holds the place, the name or the kind of a secret, and no secret.
_HARMLESS = re.compile(
    r"(?:\A|_)public(?:_|\Z)|_(?:files?|path|dir|url|uri|server|servers|id|name|type|length|size|ttl|expiry|algorithm"
    r"|method|header|enabled|mode|provider|hash|fingerprint|fpr)\Z|(?:\A|_)(?:gpg|pgp)_keys?\Z|keyserver|_key_checking\Z|__\d+__key\Z",
    re.IGNORECASE,
)


_NO_SECRET = re.compile(r"(?:true|false|yes|no|on|off|)\Z", re.IGNORECASE)
_SWITCH = re.compile(r"=[\"']?(?:true|false|yes|no|on|off)[\"']?\Z", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether a variable is called as one that holds a secret."""
    return _SECRET.search(name) is not None and _HARMLESS.search(name) is None


def names(one: Instruction) -> Iterator[str]:
    """The variables that an ENV or ARG sets, those left out whose value is a switch or nothing."""
    if one.keyword == "ENV":
        yield from (name for name, value in one.pairs() if not _NO_SECRET.match(value.strip("\"'")))
    elif one.keyword == "ARG":
        yield from (word.partition("=")[0] for word in one.args if not _SWITCH.search(word))
