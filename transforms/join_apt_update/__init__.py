"""Update the package lists in the RUN that installs from them."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document, Instruction, Span
from hardenfile.dockerfile.readable import called, unreadable
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.apt_use import APT, updates, verb
from hardenfile.rewrite.append import insert_first
from hardenfile.rewrite.edit import Edit
from hardenfile.transform import Change, Refusal, Transform

_JOINED = ("", "&&", "|", "|&")  # operators behind which a failing update still fails the build
_INSTALLS = frozenset("install upgrade dist-upgrade full-upgrade build-dep source satisfy".split())


@dataclass(frozen=True)
class JoinAptUpdate(Transform):
    """Lists that a layer of their own holds are those of the day when that layer was built."""

    id = "join-apt-update"
    title = "Update the package lists in the RUN that installs"
    after = ("prefer-copy", "split-stages", "drop-sudo")
    rules = ("CIS 4.7", "Trivy DS-0017", "Checkov CKV_DOCKER_5", "KICS 9bae49be", "dockle CIS-DI-0007")
    why = "an update in a RUN of its own comes from the build cache, so what is installed behind it is old or gone"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        for stage in document.stages:
            for at, run in enumerate(stage.instructions):
                if run.keyword == "RUN" and _updates_alone(run):
                    yield self._join(run, stage, stage.instructions[at + 1 :])
                elif run.sub is not None and run.sub.keyword == "RUN" and _updates_alone(run.sub):
                    yield self.refuse(run, "onbuild", "triggers are left as they are")

    def _join(self, run: Instruction, stage: Stage, behind: tuple[Instruction, ...]) -> Change | Refusal:
        unread = unreadable(run, stage)
        if unread is not None:
            return self.refuse(run, *unread)
        following = behind[0] if behind else None
        if following is None or following.keyword != "RUN":
            where = f"line {following.first_line} stands" if following is not None else "nothing stands"
            return self.refuse(run, "not-adjacent", f"{where} behind it, and no RUN that installs")
        unread = unreadable(following, stage)
        if unread is not None:
            return self.refuse(run, "unread", f"line {following.first_line}: {unread[1]}")
        problem = _problem(run, following)
        if problem is not None:
            return self.refuse(run, *problem)
        command = run.shell.commands[0]
        text = run.value[command.span.start : command.span.end]
        return self.change(
            run,
            self.title,
            Edit(Span(run.begin, _end_with_blank_lines(run)), ""),
            insert_first(following, text),
            evidence=(f"line {following.first_line} follows directly, and fails where one of its commands does",),
        )


def _updates_alone(run: Instruction) -> bool:
    """Whether a RUN does nothing but update the lists."""
    commands = run.shell.commands if not (run.json or run.heredocs) else ()
    return len(commands) == 1 and updates(commands[0])


def _problem(run: Instruction, following: Instruction) -> tuple[str, str] | None:
    """Why the two are no one RUN: a reason code and a sentence."""
    command, commands = run.shell.commands[0], following.shell.commands
    line = following.first_line
    if run.value[command.span.end :].strip() or run.comments:
        return "comment", "a comment or an operator in it would be lost"
    if run.flags != following.flags:
        return "flags", f"it has not the flags of line {line}"
    if any(updates(one) for one in commands):
        return "updates-itself", f"line {line} updates the lists itself"
    if not any(called(one).name in APT and verb(called(one)) in _INSTALLS for one in commands):
        return "not-adjacent", f"line {line}, which follows, installs nothing with apt"
    other = next((one.before for one in commands if one.before not in _JOINED), None) or commands[-1].after
    if other:
        return "operators", f"behind `{other.strip() or 'a new line'}` line {line} would go on after a failed update"
    return None


def _end_with_blank_lines(run: Instruction) -> int:
    """Where the instruction ends, the blank lines directly below it included."""
    end = run.end
    for one in run.document.trivia:
        if one.kind == "blank" and one.span.start == end:
            end = one.span.end
    return end
