"""End the image as a user that is not root, with fixed numbers."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from shlex import quote

from hardenfile.dockerfile import Document
from hardenfile.errors import UsageError
from hardenfile.evidence import Evidence
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import add_flag, lines_after, lines_before
from hardenfile.transform import Change, Refusal, Safety, Transform, render

from .account import Account, choose_account
from .blockers import blocker
from .doubts import doubts
from .ownership import MODES, Ownership, decide
from .ports import FACTS, low_ports, move
from .survey import Survey

_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
_HIGH_PORT = 8080
MAX_ID = 2**31 - 1  # the largest number that every user tool takes


@dataclass(frozen=True)
class AddUser(Transform):
    """A process that is not root cannot write to the system, even when somebody takes it over."""

    uid: int = 10001
    gid: int = 10001
    name: str = "app"
    reuse: bool = True
    ownership: str = field(default="auto", metadata={"choices": MODES})
    base_images: bool = False

    id = "add-user"
    title = "Run as a user that is not root"
    safety = "`safe` by evidence, else `unsafe`"
    about_stage = True
    after = ("prefer-copy", "split-stages", "chown-copies", "drop-sudo")
    rules = (
        "CIS 4.1",
        "OWASP R2",
        "Trivy DS-0002",
        "Checkov CKV_DOCKER_3",
        "Checkov CKV_DOCKER_8",
        "hadolint DL3002",
        "KICS fd54f200",
        "Sonar S6471",
        "dockle CIS-DI-0001",
        "tally stateful-root-runtime",
    )
    why = "whoever takes over a process that runs as root owns the container and is closer to its host"

    def __post_init__(self) -> None:
        for option, number in (("uid", self.uid), ("gid", self.gid)):
            if not 1 <= number <= MAX_ID:
                raise UsageError(f"{self.id}: {option} is a number from 1 to {MAX_ID}, not {number}")
        if not _NAME.match(self.name):
            raise UsageError(f"{self.id}: {self.name!r} is no name that every user tool takes")

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        stage = evidence.final_stage(document)
        if stage is None:
            return
        survey = Survey(stage, evidence)
        blocked = blocker(survey, base_images=self.base_images)
        if blocked is not None:
            yield Refusal(self.id, blocked.reason, blocked.message, blocked.line or stage.instruction.first_line)
            return
        account = choose_account(survey, self)
        ownership = decide(survey, self.ownership, account)
        found = doubts(survey, account, ownership)
        yield self.change(
            survey.place[1],
            f"Run as {account.user}, not as root",
            *self._edits(survey, account, ownership),
            safety=Safety.UNSAFE if found.doubts else Safety.SAFE,
            evidence=(*account.facts, *found.facts),
            why="; ".join(found.doubts),
        )

        for at, sentence in low_ports(survey):
            yield self.advise(at, sentence, FACTS)
        moved = move(survey, _HIGH_PORT)
        if moved is not None:
            port, edits = moved
            title = f"Listen on port {_HIGH_PORT} instead of {port}"
            why = f"whoever publishes or asks port {port} has to follow"
            fact = "the start command names the port, and nothing else that was read does"
            yield self.change(survey.place[1], title, *edits, safety=Safety.UNSAFE, evidence=(fact,), why=why)

    def _edits(self, survey: Survey, account: Account, ownership: Ownership) -> Iterator[Edit]:
        user = f"{account.uid}:0" if ownership.mode == "openshift" and account.numbered else account.user
        first = self._run(
            survey,
            ownership,
            user,
            account=account,
            made=ownership.made,
            trees=ownership.trees,
            perhaps=ownership.perhaps,
        )
        before, place = survey.place
        yield (lines_before if before else lines_after)(place, [*first, f"USER {user}"])
        early = self._run(survey, ownership, user, made=ownership.early, trees=ownership.early_trees)
        if ownership.volume is not None and early:
            yield lines_before(ownership.volume, early)
        for copy in ownership.copies:
            yield add_flag(copy, f"--chown={user}")

    def _run(
        self,
        survey: Survey,
        ownership: Ownership,
        user: str,
        *,
        account: Account | None = None,
        made: tuple[str, ...] = (),
        trees: tuple[str, ...] = (),
        perhaps: tuple[str, ...] = (),
    ) -> list[str]:
        """One RUN, a command a line; no line where there is nothing to do."""
        commands = render(
            self,
            "user.j2",
            tool=account.tool if account else "",
            account=account,
            home=survey.needs_home,
            owner=user if ":" in user else f"{user}:",
            missing=[quote(path) for path in made if path in ownership.missing],
            made=[quote(path) for path in made],
            trees=[quote(path) for path in trees],
            perhaps=[(quote(posixpath.dirname(path)), quote(posixpath.basename(path))) for path in perhaps],
            openshift=ownership.mode == "openshift",
        )
        escape = survey.stage.document.escape
        lines = [f"RUN {commands[0]}", *(f"    && {one}" for one in commands[1:])] if commands else []
        return [*(f"{line} {escape}" for line in lines[:-1]), *lines[-1:]]
