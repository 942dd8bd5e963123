"""The life of a pull request: what stands on the forge and what we would write come to one thing to do.

Nothing here asks anybody; `look` decides without having read a file, `decide` once the file was hardened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .forge import Commit, PullRequest
from .marker import Marker


class Do(StrEnum):
    """What is to be done for one Dockerfile."""

    NOTHING = "nothing"
    HARDEN = "harden"
    OPEN = "open"
    REOPEN = "reopen"
    UPDATE = "update"
    CLOSE = "close"
    HANDS_OFF = "hands-off"


@dataclass(frozen=True, slots=True)
class Action:
    """What to do, and why in words; `pull` is what it is done to."""

    do: Do
    why: str
    pull: PullRequest | None = None


@dataclass(frozen=True, slots=True)
class Now:
    """One Dockerfile (or all, grouped) as the base has it; `input` is empty where it is there no more."""

    key: str
    branch: str
    base: str
    input: str
    tree: str
    config: str
    version: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the forge holds for it: the pull requests of its branch, newest first."""

    now: Now
    pulls: tuple[PullRequest, ...]
    rebuild_label: str

    @property
    def open(self) -> PullRequest | None:
        """The open one, if any."""
        return next((one for one in self.pulls if one.open), None)

    def marker(self, pull: PullRequest) -> Marker | None:
        """A pull request's marker, if it has one for this key."""
        found = Marker.find(pull.body)
        return found if found is not None and found.key == self.now.key else None

    def labelled(self, pull: PullRequest) -> bool:
        """Whether a person asks for it to be rebuilt."""
        return self.rebuild_label in pull.labels


@dataclass(frozen=True, slots=True)
class Hardened:
    """What hardening came to: nothing to change where `output` is empty."""

    output: str = ""
    result: str = ""


def look(standing: Standing, room: bool = True) -> Action:
    """What can be said with no file read: HARDEN where one must be. `room`: may one more pull request be opened?"""
    pull = standing.open
    if pull is not None:
        return _look_at_open(standing, pull)
    now = standing.now
    if not now.input:
        return Action(Do.NOTHING, "there is no such file any more")
    asked = next((one for one in standing.pulls if standing.labelled(one)), None)
    if asked is not None:
        return Action(Do.HARDEN, f"#{asked.number} has the label {standing.rebuild_label}", asked)
    for closed in standing.pulls:
        if (said := _said_by(closed, standing)) is not None:
            return said
    if not room:
        return Action(Do.NOTHING, "as many pull requests are open as the limit allows")
    return Action(Do.HARDEN, "nothing is known of it")


def _look_at_open(standing: Standing, pull: PullRequest) -> Action:
    now, marker = standing.now, standing.marker(pull)
    if marker is None:
        return Action(Do.NOTHING, f"#{pull.number} stands on its branch and is not the bot's", pull)
    if not now.input:
        return Action(Do.CLOSE, "the file is gone, or no longer among those that are looked after", pull)
    if standing.labelled(pull):
        return Action(Do.HARDEN, f"#{pull.number} has the label {standing.rebuild_label}", pull)
    if marker.hands_off and pull.head != marker.head:
        return Action(Do.NOTHING, f"others have committed to #{pull.number}, so it is left to them", pull)
    settled = not marker.pending and not marker.state and pull.head == marker.head and pull.base == now.base
    same = (marker.input, marker.tree, marker.config, marker.version) == (now.input, now.tree, now.config, now.version)
    if settled and same:
        return Action(Do.NOTHING, f"#{pull.number} is up to date", pull)
    return Action(Do.HARDEN, f"something changed since #{pull.number} was written", pull)


def _said_by(closed: PullRequest, standing: Standing) -> Action | None:
    """What a closed pull request has settled for good, or for as long as nothing changes."""
    now, marker = standing.now, standing.marker(closed)
    if marker is None:
        # Without a marker nobody can show that the file changed since a person said no.
        return None if closed.merged else Action(Do.NOTHING, f"#{closed.number} was closed", closed)
    asked_alike = (marker.config, marker.version) == (now.config, now.version)
    if closed.merged:
        if marker.input == now.input and marker.input != marker.result:
            return Action(Do.NOTHING, f"#{closed.number} was merged and taken back", closed)
        if marker.result == now.input and asked_alike:
            return Action(Do.NOTHING, f"#{closed.number} was merged, and the file is as it left it", closed)
        return None
    if marker.state:
        clean = marker.input == now.input and marker.tree == now.tree and asked_alike
        return Action(Do.NOTHING, "there is nothing to change", closed) if clean else None
    if marker.input == now.input:
        return Action(Do.NOTHING, f"#{closed.number} was closed, and the file is as it was then", closed)
    return None


def decide(standing: Standing, hardened: Hardened, ours: bool) -> Action:
    """What to do once the file was hardened; `ours`: every commit on the open pull request's branch is the bot's."""
    now, pull = standing.now, standing.open
    if pull is None:
        asked = next((one for one in standing.pulls if standing.labelled(one)), None)
        if not hardened.output:
            return Action(Do.NOTHING, "there is nothing to change", asked)
        if asked is not None:
            return Action(Do.REOPEN, f"the label {standing.rebuild_label} asks for it", asked)
        return Action(Do.OPEN, "there is something to change")
    marker = standing.marker(pull)
    assert marker is not None
    asked_for = standing.labelled(pull)
    if not ours and not asked_for:
        return Action(Do.HANDS_OFF, f"others have committed to #{pull.number}, so it is left to them", pull)
    if not hardened.output:
        return Action(Do.CLOSE, "there is nothing left to change", pull)
    as_it_was = (marker.output, marker.input, marker.head, pull.base) == (
        hardened.output,
        now.input,
        pull.head,
        now.base,
    )
    if as_it_was and not (asked_for or marker.pending or marker.state):
        return Action(Do.NOTHING, f"#{pull.number} says the same", pull)
    return Action(Do.UPDATE, f"#{pull.number} is to be brought up to date", pull)


def made_by_us(commit: Commit) -> bool:
    """Whether the bot made a commit, and nobody changed what is in it since.

    Names prove nothing: an amended commit keeps its author, and a token may be a person's. Our last trailer names the
    commit's own tree, so that any edit, rebase or merge on top shows. A forge that tells no trees (GitLab) has to be
    believed by the trailer.
    """
    lines = [line.strip() for line in commit.message.rstrip().split("\n")]
    trees = [line.removeprefix(TREE).strip() for line in lines if line.startswith(TREE)]
    if commit.tree:
        return len(commit.parents) == 1 and trees[-1:] == [commit.tree]
    return len(commit.parents) <= 1 and any(line.startswith(OUTPUT) for line in lines)


def in_place(commits: Sequence[Commit], parent: str, output: str) -> bool:
    """Whether the branch holds just the commit that we would make: what a run left that ended before its last step."""
    if len(commits) != 1 or not made_by_us(commits[0]):
        return False
    lines = [line.strip() for line in commits[0].message.split("\n")]
    return commits[0].parents[:1] == (parent,) and f"{OUTPUT} {output}" in lines


TREE, OUTPUT = "Hardenfile-Tree:", "Hardenfile-Output:"
