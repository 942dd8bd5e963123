"""yum, dnf, microdnf and zypper: `clean all` behind the last command of the RUN."""

import re
from collections.abc import Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.readable import called
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.mounts import mounted
from hardenfile.rewrite.append import cannot_append, insert_after

from .proposal import Kept, Proposal, first_with

_CLEAN = {
    "yum": "yum clean all",
    "dnf": "dnf clean all",
    "microdnf": "microdnf clean all",
    "tdnf": "tdnf clean all",
    "zypper": "zypper clean --all",
}
_FILLS = frozenset(
    "install localinstall groupinstall reinstall update upgrade up in distro-sync downgrade builddep makecache refresh "
    "ref dup swap update-minimal group module".split()
)
_WITH_VALUE = ("-c", "--config", "-x", "--exclude", "-d", "-e", "-R", "--gpg-auto-import-keys-dir", "--root")
_CLEANED = re.compile(
    r"\b(?:yum|dnf|microdnf|tdnf|zypper)\b[^&|;\n]*\s(?:clean|cc)\b|/var/cache/(?:yum|dnf|libdnf5?|zypp|\*|\{)|"
    r"\brm\s[^&|;\n]*/var/cache(?:/\*)?(?=\s|\Z)"
)
# With no repository left, yum's own `clean` fails.
_NO_REPOSITORIES = re.compile(
    r"\b(?:rm|mv|unlink)\s[^&|;\n]*yum\.repos\.d|\bunregister\b|--(?:set-)?disable\b|\b(?:yum|dnf|rpm)\b[^&|;\n]*\s"
    r"(?:-e|--erase|erase|remove|autoremove)\s[^&|;\n]*(?:\b(?:yum|dnf|microdnf|epel-release)\b|-repos?\b)"
)
_REMOVED = re.compile(r"\brm\s+-\w*f\w*\s[^&|;]*")
_FROM_CACHE = re.compile(
    r"\b(?:yum|dnf|microdnf|tdnf)\b[^&|;\n]*\s(?:-C|--cacheonly)\b|\bkeepcache\b|--downloadonly|/var/cache/(?:yum|dnf)"
)


def propose(run: Instruction, stage: Stage, evidence: Evidence) -> Iterator[Proposal | Kept]:
    """One `clean` for each of them that a RUN installs with."""
    commands = run.shell.commands
    found: dict[str, bool] = {}
    for command in commands:
        call = called(command)
        if call.name in _CLEAN and call.verb(*_WITH_VALUE) in _FILLS:
            found.setdefault(call.name, call.sudo)
    if not found or _CLEANED.search(run.value):
        return
    mount = next((one for one in mounted(run) if "$" in one or one.startswith(("/var/cache", "/var")) or not one), None)
    if mount is not None:
        yield Kept(run, "cache-mount", f"the mount on {mount or 'an unknown folder'} keeps the cache out of the layer")
        return
    used = first_with(stage.document, _uses)
    if used is not None:
        yield Kept(run, "cache-used", f"line {used.first_line} uses the cache")
        return
    if not run.shell.flat:
        yield Kept(run, "unread", "some of its commands stand in a loop, a condition or a group")
        return
    problem = cannot_append(run)
    if problem is not None:
        yield Kept(run, "ends-early", problem)
        return
    text = " && ".join(("sudo " if sudo else "") + _CLEAN[name] for name, sudo in found.items())
    fact = f"{', '.join(found)} fetches what it needs again, and nothing in the file asks for what it kept"
    doubt = "what takes repositories away may leave none, and yum's clean fails then"
    title = f"Clean the caches of {', '.join(found)}"
    edits = (insert_after(run, commands[-1], text),)
    yield Proposal(run, title, edits, fact, doubt if _NO_REPOSITORIES.search(run.value) else "")


def _uses(text: str) -> bool:
    """Whether a text sets up or needs the cache; a removal with -f is content with none."""
    return _FROM_CACHE.search(_REMOVED.sub("", text)) is not None
