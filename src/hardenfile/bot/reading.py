"""One commit of a repository as the bot reads it: its files, and what they say of the bot's settings.

Nothing is fetched before it is asked for, and then once.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from hardenfile.config import Config
from hardenfile.errors import HardenfileError, UsageError
from hardenfile.files import Request

from .codeowners import GITLAB_PLACES, PLACES, owners_of, read_codeowners
from .convention import COUNT, is_conventional
from .forge import Forge, Helpers, Listing, Repository, TreeEntry
from .hardening import Rewritten, dockerfiles, repository_config, rewrite
from .settings import Settings, read_settings
from .snapshot import Snapshot
from .source import Source, check_files


class Reading:
    """Use it as a context manager; what was fetched is removed at the end."""

    def __init__(
        self,
        forge: Forge,
        source: Source,
        repository: Repository,
        listing: Listing,
        settings: Settings,
        defaults: Config,
    ) -> None:
        """`settings` are the operator's; `defaults` the configuration that holds where the repository has none."""
        self._forge, self._source, self._repository, self.listing = forge, source, repository, listing
        self.settings = settings
        """The operator's, and as soon as the files were read with what the repository may say of its own."""
        self._defaults = self._config = defaults
        self._snapshot: Snapshot | None = None
        self._conventional: bool | None = None
        self._branches: dict[str, str] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def rewritten(self, entries: Sequence[TreeEntry], asked: Request) -> list[Rewritten]:
        """Those of these Dockerfiles, hardened, that the repository's own settings leave to the bot."""
        root = self._files().root
        left = dockerfiles(self.listing, self.settings.exclude) if self.settings.enabled else []
        paths = {one.path for one in left}
        return [rewrite(one, root, asked, self._config) for one in entries if one.path in paths]

    def branch(self, name: str) -> str | None:
        """The commit that a branch of the bot's pointed to when they were first asked for, all at once."""
        if self._branches is None:
            self._branches = self._forge.branches(self._repository, self.settings.branch_prefix)
        return self._branches.get(name)

    def conventional(self) -> bool:
        """Whether titles are to be worded as in Conventional Commits."""
        if self._conventional is None:
            wanted = self.settings.commits
            self._conventional = wanted == "conventional"
            if wanted == "auto":
                last = self._forge.last_commits(self._repository, self.listing.commit, COUNT)
                self._conventional = is_conventional(one.message for one in last)
        return self._conventional

    def helpers(self, files: Sequence[Rewritten]) -> Helpers:
        """Labels and people for a pull request that changes these files."""
        people: list[str] = [one for one in self.settings.reviewers if one != "codeowners"]
        if "codeowners" in self.settings.reviewers:
            places = GITLAB_PLACES if self._forge.name == "gitlab" else PLACES
            text = read_codeowners(self._files().root, places)
            people += owners_of(text, (one.path for one in files if one.result.changed))
        logins = tuple(dict.fromkeys(one.lstrip("@") for one in people if "/" not in one))
        teams = tuple(dict.fromkeys(one.partition("/")[2] for one in people if "/" in one))
        return Helpers(self.settings.labels, logins, teams, self.settings.assignees)

    def _files(self) -> Snapshot:
        if self._snapshot is None:
            snapshot = self._stack.enter_context(Snapshot())
            self._source.fill(snapshot, self._repository, self.listing)
            check_files(snapshot.root, dockerfiles(self.listing), self._forge, self._repository, snapshot)
            try:
                self._config = repository_config(snapshot.root, self._defaults)
                if self._config is not self._defaults:
                    self.settings = read_settings(self._config.bot, self.settings, repository=True)
            except UsageError as error:
                raise HardenfileError(str(error).replace(f"{snapshot.root.resolve()}/", "")) from None
            self._snapshot = snapshot
        return self._snapshot
