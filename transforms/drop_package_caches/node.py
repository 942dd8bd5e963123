"""npm and yarn: their caches, cleaned right behind the command that fills them."""

import re
from collections.abc import Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.readable import called
from hardenfile.dockerfile.shell import Command
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.mounts import mounted
from hardenfile.rewrite.append import insert_after

from .proposal import Kept, Proposal, first_with

_CLEAN = {"npm": "npm cache clean --force", "yarn": "yarn cache clean"}
_FILLS = {"npm": ("install", "i", "ci", "add"), "yarn": ("install", "add", "global", None)}
_CLEANED = re.compile(r"\b(?:npm|yarn)\s+cache\s|\brm\s[^&|;]*(?:\.npm\b|/\.cache\b|\.yarn\b)")
_USED = re.compile(
    r"--(?:prefer-)?offline\b|npm_config_cache|\bnpm\s+config\s+set\s+cache|YARN_CACHE_FOLDER|--cache[= ]|"
    r"\.npm\b(?!rc)|\byarn\s+(?:cache\s+dir|config\s+set\s+cache)|cache-folder|offline-mirror",
    re.IGNORECASE,
)


def propose(run: Instruction, stage: Stage, evidence: Evidence) -> Iterator[Proposal | Kept]:
    """The cleaning behind the last command of each that fills its cache."""
    if _CLEANED.search(run.value):
        return
    for name, clean in _CLEAN.items():
        installs = [one for one in run.shell.commands if _fills(one, name)]
        if not installs:
            continue
        last = installs[-1]
        mount = next((one for one in mounted(run) if not one.startswith(("/var/cache/apt", "/var/lib/apt"))), None)
        used = first_with(stage.document, _USED.search)
        if mount is not None:
            yield Kept(run, "cache-mount", f"the mount on {mount} may be what keeps the cache out of the layer")
        elif used is not None:
            yield Kept(run, "cache-used", f"line {used.first_line} sets or uses the cache of {name}")
        elif not run.shell.flat:
            yield Kept(run, "unread", "some of its commands stand in a loop, a condition or a group")
        elif _elsewhere(last):
            yield Kept(run, "cache-used", f"it runs {name} as somebody else or with variables that may move its cache")
        elif last.after in ("|", "|&", "&", "||"):
            yield Kept(run, "operators", f"what stands behind `{last.after}` belongs to the install")
        else:
            sudo = "sudo " if called(last).sudo else ""
            fact = f"{name} downloads again what it needs, and nothing in the file asks for what it kept"
            doubt = "yarn 2 and later may run the application from its cache" if name == "yarn" else ""
            title = f"Clean the cache of {name}"
            yield Proposal(run, title, (insert_after(run, last, sudo + clean),), fact, doubt)


def _elsewhere(command: Command) -> bool:
    """Whether the cache may be another one than that of whoever runs the RUN: `sudo -u x`, `HOME=/tmp`."""
    runs = next((at for at, word in enumerate(command.words) if (word.value or "")[-3:] in ("npm", "arn")), 0)
    moved = any(re.match(r"HOME=|XDG_", word.raw) for word in (*command.assignments, *command.words[:runs]))
    return moved or any(word.raw.startswith("-") for word in command.words[1:runs])


def _fills(command: Command, name: str) -> bool:
    found = called(command)
    if found.name != name or any(word is None for word in found.arguments[:1]):
        return False
    verb = found.verb("--prefix", "-C", "--cwd", "--registry")
    asks = {"--version", "-v", "--help", "-h"} & set(found.arguments)
    return verb in _FILLS[name] and not (asks and verb is None)
