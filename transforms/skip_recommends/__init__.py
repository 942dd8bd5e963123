"""Install the packages that are named, and not those that they only recommend."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.readable import called, unreadable
from hardenfile.dockerfile.shell import Command
from hardenfile.dockerfile.stages import Stage
from hardenfile.errors import RewriteRejected
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows
from hardenfile.rewrite.insert import replace
from hardenfile.transform import Change, Refusal, Safety, Transform

_MANAGERS = frozenset(("apt-get", "apt"))
_FLAG = "--no-install-recommends"
_MAY = re.compile(rf"\bapt(?:-get)?\b(?![^&|;\n]*{_FLAG})[^&|;\n]*\binstall\b(?![^&|;\n]*{_FLAG})")
_TAKES_VALUE = ("-o", "--option", "-c", "--config-file", "-t", "--target-release", "--default-release", "-a")
# `-o APT::Install-Recommends=false`, a file in apt.conf.d; the options of one command are no setting.
_SETTING = re.compile(r"(?<!--)(?<!--no-)install-recommends", re.IGNORECASE)


@dataclass(frozen=True)
class SkipRecommends(Transform):
    """Every package is work for scanners and room for holes, and half of them nobody asked for."""

    id = "skip-recommends"
    title = "Install no packages that are only recommended"
    safety = "`unsafe`"
    after = ("prefer-copy", "split-stages", "drop-sudo", "join-apt-update")
    rules = ("CIS 4.3", "Trivy DS-0029", "hadolint DL3015", "KICS 7384dfb2", "dockle CIS-DI-0003")
    why = "what the recommended packages give (ca-certificates beside curl, locales) may be missed: name it then"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        if _SETTING.search(document.text):
            return  # it is set for all of apt, or decided on purpose
        for stage in document.stages:
            if is_windows(stage, evidence):
                continue
            for run in stage.each("RUN"):
                if "install" in run.logical or any("install" in heredoc.body for heredoc in run.heredocs):
                    yield from self._in_run(run, stage)

    def _in_run(self, run: Instruction, stage: Stage) -> Iterator[Change | Refusal]:
        if not any(_MAY.search(text) for text in (run.value, *(heredoc.body for heredoc in run.heredocs))):
            return
        unread = unreadable(run, stage, flat=False)
        if unread is not None:
            yield self.refuse(run, *unread)
            return
        for command in run.shell.commands:
            verb = _install(command)
            if verb is None:
                continue
            at = run.split.rest.start + verb.end
            try:
                edit = replace(run, Span(at, at), f" {_FLAG}")
            except RewriteRejected:
                yield self.refuse(run, "locked", "a line continuation cuts the command")
                continue
            yield self.change(run, self.title, edit, safety=Safety.UNSAFE)


def _install(command: Command) -> Span | None:
    """Where the verb of an `apt-get install` stands that takes recommended packages along; None for anything else."""
    words = called(command)
    if words.name not in _MANAGERS or words.verb(*_TAKES_VALUE) != "install":
        return None
    options = [word or "" for word in words.arguments]
    if _FLAG in options or "--install-recommends" in options:
        return None
    # Nothing that is installed behind --only-upgrade or from a file of packages brings new ones.
    behind = command.words[len(command.words) - len(words.arguments) :]
    return next(word.span for word in behind if word.value == "install")
