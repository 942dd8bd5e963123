"""What the user must own so that the application can write as before, and how the image gives it."""

import posixpath
from dataclasses import dataclass
from functools import cached_property

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.given import Effect, Folder, effect, folders
from hardenfile.evidence.paths import is_known_folder, is_system, within
from hardenfile.evidence.python_app.model import Finding

from .account import Account
from .survey import Survey
from .unreadable import unreadable

MODES = ("auto", "minimal", "app", "openshift")
_ANYBODY = (
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/null",
    "/proc/self",
    "/dev/tty",
    "/run/lock",
)


@dataclass(frozen=True, slots=True)
class Ownership:
    """`copies` gain --chown; `made` are created where they are missing and given; `trees` are given with all in them.

    `perhaps` are files that a RUN may have made, given where they are there. `early` and `early_trees` lie in a volume
    and must be given before the VOLUME that declares it. `why` says how the mode was chosen; with any of `doubts` the
    change is unsafe.
    """

    mode: str
    why: str
    copies: tuple[Instruction, ...]
    made: tuple[str, ...]
    missing: tuple[str, ...]
    trees: tuple[str, ...]
    perhaps: tuple[str, ...]
    early: tuple[str, ...]
    early_trees: tuple[str, ...]
    volume: Instruction | None
    doubts: tuple[str, ...]
    facts: tuple[str, ...]


def decide(survey: Survey, wish: str, account: Account) -> Ownership:
    """Who must own what. `wish` is the option: one of MODES.

    A name is nothing for --chown: where the stage's /etc/passwd lacks it, BuildKit silently takes root.
    """
    return _Decision(survey, wish, account).result()


class _Decision:
    def __init__(self, survey: Survey, wish: str, account: Account) -> None:
        self.survey = survey
        self.account = account
        self.needs = survey.needs
        self.folders = folders(survey.stage, survey.layout)
        self.files: set[str] = set()
        self.perhaps: dict[str, None] = {}
        self.doubts: list[str] = []
        self.facts: list[str] = []
        self.mode, self.why = self._mode(wish)

    def _mode(self, wish: str) -> tuple[str, str]:
        if wish != "auto":
            return wish, f"ownership {wish} was asked for"
        if self.needs.seen and self.needs.complete:
            return "minimal", "ownership minimal: the source was read and all that it writes is known"
        if self.artefact_only:
            return "minimal", "ownership minimal: the image holds only what another stage built"
        return "app", "ownership app: what the file gives the application stays writable, as it was for root"

    @cached_property
    def artefact_only(self) -> bool:
        """Whether nothing of the context is in the image, and no RUN can have made a tree in it."""
        placed = self.survey.layout.placed
        if not placed or any(one.stage is None for one in placed) or any(one.volume for one in self.folders):
            return False
        trees = [folder.path for folder in self.folders] or ["/"]
        return all(one.kind == "nothing" for path in trees for _, one in self._effects(path))

    def _effects(self, path: str) -> list[tuple[Instruction, Effect]]:
        """What each RUN of the chain leaves in a folder."""
        layout = self.survey.layout
        return [
            (run, effect(run, path, layout.workdir_at(stage.before(run))))
            for stage in self.survey.stage.chain
            for run in stage.each("RUN")
        ]

    def result(self) -> Ownership:
        tree = self._app() if self.mode == "app" else []
        volumes = [folder.path for folder in self.folders if folder.volume]
        copies = tuple(self._copies(tree))
        trees, packages = self._trees(tree, copies)
        written, filled = self._written(tree)
        filled += [path for path in volumes if self._filled(path)]
        trees = list(dict.fromkeys((*trees, *(one for one in filled if not any(within(one, t) for t in trees)))))
        wanted = (*(one.path for one in tree), *packages, *written, *volumes, *self._home())
        ready = (*trees, *(self.survey.image.writable if self.survey.image is not None else ()))
        made = [path for path in dict.fromkeys(wanted) if not any(within(path, one) for one in ready)]
        if (made or trees) and not self._shell():
            name = self.survey.row.name if self.survey.row is not None else "the base image"
            self.doubts.append(f"{name} has no shell to give the user {', '.join((*made, *trees))} with")
            made, trees = [], []
        volume = self._first_volume()
        early = [path for path in (*made, *trees) if volume is not None and any(within(path, one) for one in volumes)]
        self.doubts += unreadable(self.survey, [*trees, *(folder.path for folder in tree)])
        return Ownership(
            self.mode,
            self.why,
            copies,
            tuple(one for one in made if one not in early),
            tuple(one for one in made if one not in self.files and not self._there(one)),
            tuple(one for one in trees if one not in early),
            tuple(one for one in self.perhaps if self._shell() and not any(within(one, tree) for tree in trees)),
            tuple(one for one in early if one in made),
            tuple(one for one in early if one in trees),
            volume,
            tuple(self.doubts),
            tuple(self.facts),
        )

    def _there(self, path: str) -> bool:
        """Whether the image has the path before the user is given it."""
        if is_known_folder(path) or any(one.there and within(one.path, path) for one in self.folders):
            return True
        return any(
            placed.target is not None and within(placed.target, path) and placed.folder is not None
            for placed in self.survey.layout.placed
        )

    def _filled(self, folder: str) -> bool:
        """Whether files of root's lie in a folder by the time the user takes over, as far as that can be told."""
        return bool(self.survey.layout.listing(folder)) or any(
            one.kind == "anything" for _, one in self._effects(folder)
        )

    def _home(self) -> list[str]:
        """The HOME that the file sets, where a library writes below it."""
        home = self.survey.stage.env.get("HOME")
        return [home.text] if home is not None and home.known and self.survey.needs_home else []

    def _shell(self) -> bool:
        image = self.survey.image
        return image is not None and bool(image.shell)

    def _app(self) -> list[Folder]:
        """The application's own tree, outermost folders only."""
        own = [one for one in self.folders if not self._from_stage_only(one.path)]
        if any(one.target == "/" and one.folder for one in self.survey.layout.placed if one.stage is None):
            self.doubts.append("the application lies in / itself, which cannot be given away")
        return [one for one in own if not any(within(one.path, two.path) and one.path != two.path for two in own)]

    def _from_stage_only(self, path: str) -> bool:
        """Whether all that the file puts there was built in another stage."""
        inside = [one for one in self.survey.layout.placed if one.target is not None and within(one.target, path)]
        return bool(inside) and all(one.stage is not None for one in inside)

    def _written(self, tree: list[Folder]) -> tuple[list[str], list[str]]:
        """What is given by itself and what with all in it; what points where nothing can be given is a doubt."""
        found: list[str] = []
        filled: list[str] = []
        given = [one.path for one in (*tree, *(one for one in self.folders if one.volume))]
        for finding in self.needs.findings:
            if finding.kind == "root":
                self.doubts.append(f"{_at(finding)} {finding.what}, which needs root")
            elif finding.kind == "library" and finding.path is None:
                self._library(finding)
            elif finding.kind in ("write", "unknown", "library") and finding.path is not None:
                folder = finding.path if finding.directory else posixpath.dirname(finding.path)
                if any(within(finding.path, one) for one in (*_ANYBODY, *given)):
                    self._shared(finding)
                    continue
                if finding.kind == "unknown" or is_system(folder):
                    self.doubts.append(f"{_at(finding)} {finding.what} ({finding.path})")
                    continue
                if finding.directory and not self._beside(finding) and self._filled(folder):
                    filled.append(folder)
                else:
                    found += (folder, *self._file(finding))
                self.facts.append(f"{_at(finding)} {finding.what}: {folder} is given to the user")
            elif finding.kind in ("unknown", "write") and not (self.mode == "app" and tree):
                self.doubts.append(f"{_at(finding)} {finding.what}, and where is not known")
        return found, filled

    def _beside(self, finding: Finding) -> bool:
        """Whether a folder is written only beside a file whose name is known, as for the journal of a database."""
        return (finding.file, finding.line, finding.path) in self._around_files

    @cached_property
    def _around_files(self) -> set[tuple[str, int, str]]:
        """Where a file is written whose name is known, and its folder."""
        return {
            (one.file, one.line, posixpath.dirname(one.path or ""))
            for one in self.needs.findings
            if one.kind == "write" and not one.directory
        }

    def _shared(self, finding: Finding) -> None:
        """What the build itself put into a folder that anybody may write to is root's all the same."""
        top = "/".join((finding.path or "").split("/")[:3])
        if not top.startswith("/tmp/"):
            return
        for stage in self.survey.stage.chain:
            for run in stage.each("RUN"):
                if top in run.value:
                    self.doubts.append(
                        f"{_at(finding)} {finding.what} ({finding.path}), which line {run.first_line} makes"
                    )

    def _file(self, finding: Finding) -> list[str]:
        """The file that is written, where it is there already and root's."""
        assert finding.path is not None
        if finding.directory:
            return []
        if self.survey.layout.exists(finding.path):
            self.files.add(finding.path)
            return [finding.path]
        if any(one.kind == "anything" for _, one in self._effects(posixpath.dirname(finding.path))):
            self.perhaps[finding.path] = None
        return []

    def _library(self, finding: Finding) -> None:
        """A library that writes below HOME: the user has one, unless root filled its own during the build."""
        home = self.survey.stage.env.get("HOME")
        if home is None and not self.account.name:
            self.doubts.append(f"{_at(finding)} {finding.what}, and a user that is a bare number has none")
            return
        self.facts.append(f"{_at(finding)} {finding.what}")
        for stage in self.survey.stage.chain:
            for run in stage.each("RUN"):
                if effect(run, "/root", None).kind == "anything":
                    self.doubts.append(
                        f"{_at(finding)} {finding.what}, and line {run.first_line} may have filled its cache in /root"
                    )
                    return

    def _copies(self, tree: list[Folder]) -> list[Instruction]:
        """The COPY and ADD lines whose files the user should own from the start.

        Not before a RUN that works in the tree: git, go and npm, run as root, mind files of another owner.
        """
        if self.mode != "app" or not self.account.numbered:
            return []
        layout, own = self.survey.layout, self.survey.stage.instructions
        minding = {id(run) for folder in tree for run, one in self._effects(folder.path) if one.kind == "anything"}
        last = max((at for at, one in enumerate(own) if id(one) in minding), default=-1)
        copies = []
        for one in own[last + 1 :]:
            if one.keyword not in ("COPY", "ADD") or one.flag("from") or one.flag("chown") or one.locked:
                continue
            targets = [placed.target for placed in layout.placed if placed.instruction is one]
            if targets and all(t is not None and any(within(t, folder.path) for folder in tree) for t in targets):
                copies.append(one)
        return copies

    def _trees(self, tree: list[Folder], copies: tuple[Instruction, ...]) -> tuple[list[str], list[str]]:
        """The folders that hold files of root's by the time the user takes over, and those of installed packages.

        Of packages only the folder is given, for caches in it: giving each file would store all of them again.
        """
        trees: list[str] = []
        packages: list[str] = []
        for folder in tree:
            inside = [
                placed
                for placed in self.survey.layout.placed
                if placed.target is not None and within(placed.target, folder.path)
            ]
            effects = self._effects(folder.path)
            writers = [run for run, one in effects if one.kind == "anything"]
            filled = [
                one.instruction
                for one in inside
                if one.stage is None and one.instruction not in copies and not one.instruction.flag("chown")
            ]
            packages += [path for _, one in effects for path in one.packages if within(path, folder.path)]
            if not filled and not writers:
                continue
            trees.append(folder.path)
            built = [one.instruction for one in inside if one.stage is not None]
            if built:
                line = (writers or filled)[0].first_line
                self.doubts.append(
                    f"{folder.path} holds what another stage built (line {built[0].first_line}) among what line {line} "
                    f"puts there, and all of it would be given"
                )
        return trees, packages

    def _first_volume(self) -> Instruction | None:
        """The VOLUME in this stage before which its folder must be given: the legacy builder drops later changes."""
        own = self.survey.stage.instructions
        volumes = [one.volume for one in self.folders if one.volume is not None]
        for one in volumes:
            if one not in own:
                self.doubts.append(f"line {one.first_line} declares the volume in another stage")
        return next((one for one in volumes if one in own), None)


def _at(finding: Finding) -> str:
    if not finding.file:
        return "the start command"
    return f"{finding.file}:{finding.line}" if finding.line else finding.file
