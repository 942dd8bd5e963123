"""Remove the package lists of apt in the RUN that downloads them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction
from hardenfile.dockerfile.readable import called, unreadable
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.apt_use import APT, Later, later_use, updates
from hardenfile.evidence.layers import shipped
from hardenfile.evidence.mounts import covers
from hardenfile.evidence.runs_as import who_runs
from hardenfile.evidence.shipped import Shipped
from hardenfile.rewrite.append import cannot_append, insert_after
from hardenfile.transform import Change, Refusal, Safety, Transform

_UPDATE = re.compile(r"\b(?:apt-get|apt|aptitude)\b[^&|;\n]*\bupdate\b")
_CLEANED = re.compile(r"/var/lib/apt\b|\bapt/lists\b|\bdist-?clean\b|/var/lib/\{|\bfind\s+/var\b|\bcd\s+/var/lib\b")
_LISTS = "/var/lib/apt/lists"
_ANYTHING = re.compile(r"NOPASSWD:\s*ALL\b")


@dataclass(frozen=True)
class CleanAptLists(Transform):
    """The lists that `apt-get update` downloads are of no use in an image, and tell what it could be attacked by."""

    every_stage: bool = False

    id = "clean-apt-lists"
    title = "Remove the package lists in the RUN that downloads them"
    safety = "`safe` by evidence, else `unsafe` or refused"
    after = ("prefer-copy", "split-stages", "join-apt-update", "drop-sudo")
    rules = ("hadolint DL3009", "KICS df746b39", "dockle DKL-DI-0005", "tally prefer-package-cache-mounts")
    why = "a layer keeps what a later one deletes, so the lists are removed where they are downloaded"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in shipped(document, evidence, self.every_stage):
            for run in stage.each("RUN", "ONBUILD"):
                if run.keyword == "RUN" and _left(run):
                    found = self._clean(run, stage, evidence)
                    if found is not None:
                        yield found
                elif run.sub is not None and run.sub.keyword == "RUN" and _left(run.sub):
                    yield self.refuse(run, "onbuild", "what follows the trigger in the child image is not seen here")

    def _clean(self, run: Instruction, stage: Stage, evidence: Evidence) -> Change | Refusal | None:
        unread = unreadable(run, stage)
        if unread is not None:
            return self.refuse(run, *unread)
        commands = run.shell.commands
        update = next((one for one in commands if updates(one)), None)
        if update is None:
            return None
        mount = covers(run, _LISTS)
        if mount is not None:
            return self.refuse(run, "cache-mount", f"{mount} keeps the lists out of the layer")
        problem = cannot_append(run)
        if problem is not None:
            return self.refuse(run, "ends-early", problem)
        later = later_use(run, stage) or _at_start(stage, evidence)
        if later is not None and later.kind == "used":
            return self.refuse(run, "used-later", later.text)
        sudo = "sudo " if called(update).sudo else ""
        doubts = [later.text] if later is not None else []
        if sudo and not who_runs(run, stage, evidence).root and not _ANYTHING.search(run.document.text):
            doubts.append("whether sudo may run rm as well was not seen")
        return self.change(
            run,
            self.title,
            insert_after(run, commands[-1], f"{sudo}rm -rf {_LISTS}/*"),
            safety=Safety.UNSAFE if doubts else Safety.SAFE,
            evidence=(
                "nothing that was read below it, in the stage or those FROM it, uses apt without an update of its own",
            ),
            why="; ".join(doubts),
        )


def _at_start(stage: Stage, evidence: Evidence) -> Later | None:
    """The apt that a container starts, with no update before it."""
    final = evidence.final_stage(stage.document)
    if final is None or stage not in final.chain:
        return None
    used = [one for one in Shipped(final, evidence).start.commands if one.program in APT]
    if not used or any("update" in one.words for one in used):
        return None
    return Later("used", used[0].line or 0, f"{used[0].where} needs the package lists as the container starts")


def _left(run: Instruction) -> bool:
    """Whether a RUN downloads lists and, as far as its text says, leaves them."""
    texts = (run.value, *(heredoc.body for heredoc in run.heredocs))
    return any(map(_UPDATE.search, texts)) and not any(map(_CLEANED.search, texts))
