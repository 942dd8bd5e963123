"""Options that install what nobody signed."""

import re

from hardenfile.dockerfile.commands import Ran

_APT = ("--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories", "--no-gpg-check")
_YUM = ("--nogpgcheck", "--no-gpgchecks")
UNSIGNED = {
    "apt-get": _APT,
    "apt": _APT,
    "aptitude": _APT,
    "apk": ("--allow-untrusted",),
    "yum": _YUM,
    "dnf": _YUM,
    "microdnf": _YUM,
    "tdnf": _YUM,
    "rpm": ("--nosignature", "--nodigest"),
    "zypper": ("--no-gpg-checks", "--allow-unsigned-rpm", "--no-gpgcheck", "-G"),
}
_SETTING = re.compile(
    r"\[\s*(?:[\w-]+=\S+\s+)*trusted=yes(?![^\]]*\]\s*file:)|gpgcheck\s*=\s*[\"']?0|AllowUnauthenticated[\s\"'=]+(?:true|1)"
)


_REPLACED = re.compile(r"\bs([/|#,@])(?:(?!\1).)*(?=\1)")  # what sed takes away
_LOOKS = ("grep", "test", "[", "cat")


def setting(ran: Ran) -> str:
    """What of the command's text makes unsigned packages welcome; empty where nothing does."""
    if ran.name in _LOOKS:
        return ""
    found = _SETTING.search(_REPLACED.sub("", ran.text) if ran.name == "sed" else ran.text)
    return found[0] if found else ""
