"""Install the versions of packages that the configuration gives."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.readable import unreadable
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.bases import is_windows
from hardenfile.rewrite.edit import Edit
from hardenfile.transform import Change, Refusal, Safety, Transform

from .installs import Wanted, wanted
from .versions import Versions, read_versions


@dataclass(frozen=True)
class PinPackages(Transform):
    """Two builds of one file install the same, and a new version comes in by a change that is looked at."""

    versions: tuple[str, ...] = ()

    id = "pin-packages"
    title = "Install packages by the version given for them"
    safety = "`unsafe`, or refused"
    after = ("prefer-copy", "split-stages", "drop-sudo", "join-apt-update", "skip-recommends", "drop-package-caches")
    rules = (
        "OWASP R9",
        "hadolint DL3008",
        "hadolint DL3013",
        "hadolint DL3018",
        "KICS 965a08d7",
    )
    why = "distributions drop old versions, and then the build stops until the list has the new one"

    def __post_init__(self) -> None:
        read_versions(self.versions)

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        versions = read_versions(self.versions)
        if not versions.given:
            return
        told: list[Refusal] = []
        found: list[tuple[Instruction, Wanted, str]] = []
        for stage in document.stages:
            for run in stage.each("RUN", "ONBUILD") if not is_windows(stage, evidence) else ():
                refusal = self._unreadable(run, stage, versions)
                if refusal is not None:
                    told.append(refusal)
                elif run.keyword == "RUN":
                    found += _listed(run, versions)
        yield from told
        for run, one, version in found:
            others = {other.manager for _, other, _ in found if other.name == one.name}
            if len(others) > 1 and versions.for_any(one.manager, one.name):
                message = (
                    f"several managers install {one.name}: write {one.manager}:{one.name}={version} if it is meant"
                )
                yield self.refuse(run, "ambiguous", message)
            else:
                yield self._pinned(run, one, version)

    def _unreadable(self, at: Instruction, stage: Stage, versions: Versions) -> Refusal | None:
        """Why a RUN that names one of the packages, or may, cannot be looked into."""
        run = at.sub if at.sub is not None else at
        texts = (run.logical, *(heredoc.body for heredoc in run.heredocs))
        if run.keyword != "RUN" or not any(map(versions.may_be_in, texts)):
            return None
        if at.keyword == "ONBUILD":
            return self.refuse(at, "onbuild", "on which base the trigger installs, only the child image tells")
        unread = unreadable(run, stage, flat=False)
        return self.refuse(run, *unread) if unread is not None else None

    def _pinned(self, run: Instruction, found: Wanted, version: str) -> Change | Refusal:
        start = run.split.rest.start
        place = run.place(Span(start + found.span.start, start + found.span.end))
        if place is None:
            return self.refuse(run, "locked", f"a line continuation cuts {found.name}")
        at = place.end - found.quote
        added = f"{'==' if found.manager == 'pip' else '='}{version}"
        whole = run.document.text
        # At the end of a file with no final newline an insertion would count as a line of its own.
        edit = Edit(Span(at, at), added) if at < len(whole) else Edit(Span(at - 1, at), whole[at - 1] + added)
        return self.change(
            run,
            f"Install {found.name} {version}",
            edit,
            safety=Safety.UNSAFE,
            evidence=(f"the configuration gives {version} for {found.name}",),
        )


def _listed(run: Instruction, versions: Versions) -> Iterator[tuple[Instruction, Wanted, str]]:
    for command in run.shell.commands if not run.json and not run.heredocs else ():
        for one in wanted(command, run.value):
            version = versions.of(one.manager, one.name)
            if version is not None:
                yield run, one, version
