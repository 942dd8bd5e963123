"""Keeps the pull requests of one repository: looks, hardens what has to be, and does what `decide` says.

Every step is found again by the next run, so one that ends anywhere loses and doubles nothing: objects first, then the
branch, then the pull request with its marker, then labels and people; to close, the comment first and the state last.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from hardenfile import __version__
from hardenfile.config import Config
from hardenfile.errors import HardenfileError
from hardenfile.files import Request

from . import body as texts
from .branches import WHOLE, branch_of, key_of
from .decide import OUTPUT, Action, Do, Hardened, Now, Standing, decide, in_place, look, made_by_us
from .errors import Conflict, Skip
from .forge import Commit, Draft, Forge, Listing, NewCommit, PullRequest, Repository, TreeEntry
from .hardening import Rewritten, config_digest, dockerfiles, hardened, input_of, tree_digest
from .marker import Marker
from .reading import Reading
from .settings import Settings
from .source import Source

_MOVED = "the branch was moved meanwhile, so it is left alone"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator asked for: on the command line, and in the configuration that holds where there is none."""

    request: Request = field(default_factory=Request)
    defaults: Config = field(default_factory=Config)
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done for one Dockerfile; `path` is `*` for all of a repository.

    `problems` say why a file was left as it is, in a line each; `error` a fault that was not the Dockerfile's own, by
    which the repository counts as failed.
    """

    path: str
    action: str
    why: str
    pull: int | None = None
    url: str = ""
    error: str = ""
    problems: tuple[str, ...] = ()


class Keeper:
    """One repository, once."""

    def __init__(self, forge: Forge, source: Source, asked: Asked) -> None:
        """`source` reads files and makes commits; `forge` does the rest."""
        self._forge, self._source, self._asked = forge, source, asked

    def keep(self, name: str) -> Iterator[Done]:
        """Keep the pull requests of a repository. Raises Skip where there is nothing to keep, ForgeError."""
        self._repository = repository = self._forge.repository(name)
        if repository.closed:
            raise Skip(repository.closed)
        commit = self._source.head(repository)
        if commit is None:
            raise Skip(f"the default branch {repository.branch} has no commit")
        listing = self._source.listing(repository, commit)
        if not listing.whole:
            raise HardenfileError("the forge does not list all files of a repository this large: use --clone")
        asked = self._asked
        reading = Reading(self._forge, self._source, repository, listing, asked.settings, asked.defaults)
        with reading as self._reading:
            yield from self._keep(repository, listing)

    def _keep(self, repository: Repository, listing: Listing) -> Iterator[Done]:
        settings = self._asked.settings
        files = dockerfiles(listing, settings.exclude)
        grouped = settings.group == "repository"
        prefix = settings.branch_prefix
        paths = {branch_of(one.path, prefix): [one] for one in files}
        if grouped:
            paths = {branch_of(WHOLE, prefix): files} if files else {}
        pulls = self._forge.pulls(repository, prefix, list(paths))
        held: dict[str, list[PullRequest]] = {branch: [] for branch in paths}
        for pull in pulls:
            if pull.branch in held or (pull.open and Marker.find(pull.body) is not None):
                held.setdefault(pull.branch, []).append(pull)
        self._open = sum(pull.open and Marker.find(pull.body) is not None for pull in pulls)
        tree, config = tree_digest(listing), config_digest(self._asked.request, self._asked.defaults, listing)
        # Those that stand already come first, so that the limit counts what will be open.
        for branch in sorted(held, key=lambda one: not any(pull.open for pull in held[one])):
            entries = paths.get(branch, [])
            marker = next((found for pull in held[branch] if (found := Marker.find(pull.body))), None)
            path = (WHOLE if grouped else entries[0].path) if entries else ""
            key = key_of(path) if path else marker.key if marker else ""
            now = Now(key, branch, repository.branch, input_of(entries, grouped), tree, config, f"{__version__}")
            standing = Standing(now, tuple(held[branch]), settings.rebuild_label)
            yield self._one(standing, path or branch, entries, grouped)

    def _one(self, standing: Standing, path: str, entries: Sequence[TreeEntry], grouped: bool) -> Done:
        action = look(standing, self._open < self._reading.settings.limit)
        if action.do is Do.NOTHING:
            self._tidy(standing, action)
            return _done(path, action)
        if action.do is Do.CLOSE:
            return self._close(standing, path, action)
        files = self._reading.rewritten(entries, self._asked.request)
        if not files and standing.open is not None:
            return self._close(standing, path, Action(Do.CLOSE, "the configuration leaves it out", standing.open))
        if not files:
            return Done(path, Do.NOTHING, "the repository's configuration leaves it out")
        fault = next((one.problem for one in files if one.faulty), "")
        problems = tuple(one.problem for one in files if one.problem and one.problem != fault)
        found = hardened(files, grouped)
        if all(one.problem for one in files) or (fault and not found.output):
            # A file that cannot be read says nothing of what stands: neither close nor update.
            return Done(path, Do.NOTHING, "it cannot be hardened", error=fault, problems=problems)
        pull = standing.open
        commits = [] if pull is None else self._commits(standing, pull)
        ours = pull is None or commits is None or all(made_by_us(one) for one in commits)
        done = self._carry_out(standing, path, decide(standing, found, ours), files, found, commits)
        return replace(done, error=fault, problems=problems)

    def _carry_out(
        self,
        standing: Standing,
        path: str,
        action: Action,
        files: Sequence[Rewritten],
        found: Hardened,
        commits: Sequence[Commit] | None,
    ) -> Done:
        match action.do:
            case Do.OPEN:
                return self._open_one(standing, path, action, files, found)
            case Do.REOPEN:
                return self._reopen(standing, path, action, files, found)
            case Do.UPDATE:
                self._tidy(standing, action)
                return self._update(standing, path, action, files, found, commits)
            case Do.CLOSE:
                return self._close(standing, path, action)
            case Do.HANDS_OFF:
                return self._leave(standing, path, action)
            case _:
                self._tidy(standing, action)
                return _done(path, action)

    def _open_one(
        self, standing: Standing, path: str, action: Action, files: Sequence[Rewritten], found: Hardened
    ) -> Done:
        if self._open >= self._reading.settings.limit:
            return Done(path, Do.NOTHING, "as many pull requests are open as the limit allows")
        forge, repository, branch = self._forge, self._repository, standing.now.branch
        there = self._reading.branch(branch)
        before = [] if there is None else forge.last_commits(repository, there, 1)
        asked = action.pull is not None and standing.labelled(action.pull)
        if before and not made_by_us(before[0]) and not asked:
            return Done(path, Do.NOTHING, f"the branch {branch} is there already, and is not the bot's")
        try:
            head = self._commit(standing, files, found, there, before)
        except Conflict:
            if forge.head(repository, branch) == there:
                raise  # no race: a rule of the repository's forbids it
            return Done(path, Do.NOTHING, "another run is at work on it")
        helpers = self._reading.helpers(files)
        marker = self._marker(standing, files, found, head, pending=bool(helpers))
        draft = self._reading.settings.draft or any(one.unsafe for one in files)
        text = self._body(files, marker)
        try:
            pull = forge.open(repository, branch, Draft(texts.title(files, self._reading.conventional()), text, draft))
        except Conflict:
            opened = next((one for one in forge.pulls_of(repository, branch) if one.open), None)
            if opened is None:
                raise
            pull = opened
            # The marker names our very commit where the forge had opened it and only its answer was lost.
            if Marker.find(pull.body) != marker:
                self._open += 1
                return Done(path, Do.NOTHING, "another run was faster", pull.number, pull.url)
        self._open += 1
        if helpers:
            forge.help(repository, pull, helpers)
            forge.edit(repository, pull, body=marker.but(pending="").put_into(text))
        return Done(path, Do.OPEN, action.why, pull.number, pull.url)

    def _reopen(
        self, standing: Standing, path: str, action: Action, files: Sequence[Rewritten], found: Hardened
    ) -> Done:
        """Open the closed one again, before its branch is moved: afterwards a forge refuses. Else open a new one."""
        forge, repository, pull = self._forge, self._repository, action.pull
        assert pull is not None
        head = forge.head(repository, standing.now.branch)
        if head is not None and not pull.merged:
            with suppress(Conflict):
                forge.edit(repository, pull, open=True)
                pull = replace(pull, open=True, head=head)
        if not pull.open:
            done = self._open_one(standing, path, action, files, found)
            if done.action == Do.OPEN:
                forge.remove_label(repository, pull, standing.rebuild_label)
            return done
        self._open += 1
        done = self._update(standing, path, replace(action, pull=pull), files, found, None)
        return replace(done, action=Do.REOPEN) if done.action == Do.UPDATE else done

    def _update(
        self,
        standing: Standing,
        path: str,
        action: Action,
        files: Sequence[Rewritten],
        found: Hardened,
        commits: Sequence[Commit] | None,
    ) -> Done:
        forge, repository, pull = self._forge, self._repository, action.pull
        assert pull is not None
        if commits is None:  # it was not needed to know them before
            commits = forge.commits_of(repository, pull)
        try:
            made = self._commit(standing, files, found, pull.head, commits)
        except Conflict:
            if forge.head(repository, standing.now.branch) == pull.head:
                raise
            return Done(path, Do.NOTHING, _MOVED, pull.number, pull.url)
        helpers = self._reading.helpers(files)
        if helpers and (marker := standing.marker(pull)) and marker.pending:
            forge.help(repository, pull, helpers)
        text = self._body(files, self._marker(standing, files, found, made))
        if text != pull.body or pull.base != repository.branch:
            base = repository.branch if pull.base != repository.branch else ""
            forge.edit(repository, pull, body=text, base=base)
        if standing.labelled(pull):
            forge.remove_label(repository, pull, standing.rebuild_label)
        return Done(path, Do.UPDATE, action.why, pull.number, pull.url)

    def _close(self, standing: Standing, path: str, action: Action) -> Done:
        """The comment, the marker, the branch, the state: a run that ends in between is gone on with by the next."""
        forge, repository, pull = self._forge, self._repository, action.pull
        assert pull is not None
        marker = standing.marker(pull)
        assert marker is not None
        if not standing.labelled(pull):
            commits = self._commits(standing, pull)
            if commits is not None and not all(made_by_us(one) for one in commits):
                return self._leave(standing, path, Action(Do.HANDS_OFF, f"{action.why}; others have committed", pull))
        if self._moved(pull):
            return Done(path, Do.NOTHING, _MOVED, pull.number, pull.url)
        now = standing.now
        closing = marker.but(state="closing", input=now.input, tree=now.tree, config=now.config, version=now.version)
        forge.comment(repository, pull, texts.CLOSED, texts.closed(action.why))
        if closing != marker:
            forge.edit(repository, pull, body=closing.put_into(pull.body))
        if self._moved(pull):  # once more, since each of these writes takes a second and more
            return Done(path, Do.NOTHING, _MOVED, pull.number, pull.url)
        forge.delete_branch(repository, pull.branch)
        forge.edit(repository, pull, open=False)
        self._open -= 1
        return Done(path, Do.CLOSE, action.why, pull.number, pull.url)

    def _moved(self, pull: PullRequest) -> bool:
        """Whether somebody pushed since the pull request was listed; a branch that is gone was not moved."""
        return self._forge.head(self._repository, pull.branch) not in (pull.head, None)

    def _leave(self, standing: Standing, path: str, action: Action) -> Done:
        """Say once that others' commits are safe."""
        pull = action.pull
        assert pull is not None
        marker = standing.marker(pull)
        if marker is not None and not marker.hands_off:
            self._forge.comment(self._repository, pull, texts.HANDS_OFF, texts.hands_off(standing.rebuild_label))
            body = marker.but(hands_off=pull.head).put_into(pull.body)
            self._forge.edit(self._repository, pull, body=body)
        return _done(path, action)

    def _tidy(self, standing: Standing, action: Action) -> None:
        """Take the label off what is closed and was answered, or has nothing to be answered with."""
        for pull in standing.pulls:
            if not pull.open and standing.labelled(pull) and (standing.open or pull is action.pull):
                self._forge.remove_label(self._repository, pull, standing.rebuild_label)

    def _commit(
        self,
        standing: Standing,
        files: Sequence[Rewritten],
        found: Hardened,
        expected: str | None,
        commits: Sequence[Commit],
    ) -> str:
        """A commit on the base with the rewritten files, at the branch; the one that is there if it is the same."""
        parent = self._reading.listing.commit
        if expected is not None and in_place(commits, parent, found.output) and commits[0].sha == expected:
            return expected
        changed = [one for one in files if one.result.changed]
        return self._source.commit(
            self._repository,
            NewCommit(
                branch=standing.now.branch,
                parent=parent,
                expected=expected,
                files={one.path: one.data for one in changed},
                modes={one.path: one.mode for one in changed},
                message=texts.message(changed, self._reading.conventional()),
                trailers=(f"{OUTPUT} {found.output}",),
            ),
        )

    def _commits(self, standing: Standing, pull: PullRequest) -> list[Commit] | None:
        """A pull request's commits; None where the marker says that its head is ours."""
        marker = standing.marker(pull)
        if marker is not None and marker.head and marker.head == pull.head:
            return None
        return self._forge.commits_of(self._repository, pull)

    def _marker(
        self, standing: Standing, files: Sequence[Rewritten], found: Hardened, head: str, pending: bool = False
    ) -> Marker:
        now = standing.now
        whole = not any(one.faulty for one in files)
        return Marker(
            key=now.key,
            input=now.input,
            version=now.version,
            config=now.config,
            output=found.output,
            result=found.result,
            tree=now.tree if whole else "",  # else the next run would take the fault for settled
            head=head,
            pending="yes" if pending else "",
        )

    def _body(self, files: Sequence[Rewritten], marker: Marker) -> str:
        return texts.body(files, marker, self._asked.settings.rebuild_label)


def _done(path: str, action: Action) -> Done:
    pull = action.pull
    return Done(path, action.do, action.why, None if pull is None else pull.number, "" if pull is None else pull.url)
