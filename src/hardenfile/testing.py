"""The fixture runner: one folder a case, for the built-in transforms and for those of third parties.

fixtures/<transform>/<case>/
    before.Dockerfile   what goes in, byte for byte
    after.Dockerfile    what must come out; without it the file must stay as it is
    context/            the build context; without it nothing is known of one
    hardenfile.lock     the digests that are known; without it nobody is asked for any
    case.toml           all keys are optional:
        about = "what the case is for"
        transforms = ["prefer-copy"]     # default: the folder's name; all of them below _plans
        unsafe = true
        target = "runtime"
        changes = ["prefer-copy:3"]      # applied, by transform and original line
        held = ["add-user:1"]            # unsafe and not applied
        advice = ["…"]
        refusals = ["archive:3"]         # by reason and original line
        [options.add-user]
        uid = 2000
"""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .evidence.lock import LOCK_NAME, Lock
from .plan import Outcome, harden
from .rewrite.verify import comments
from .transform import Change

_KEYS = {"about", "transforms", "unsafe", "target", "changes", "held", "advice", "refusals", "options", "images"}


@dataclass(frozen=True)
class Case:
    """One fixture folder."""

    folder: Path
    before: bytes
    after: bytes
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        """`transform/case`."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def context(self) -> Path | None:
        """The build context, where the case has one."""
        folder = self.folder / "context"
        return folder if folder.is_dir() else None

    @property
    def images(self) -> Lock | None:
        """The lock file, where the case has one."""
        path = self.folder / LOCK_NAME
        return Lock.read(path) if path.is_file() else None

    def harden(self, source: bytes | None = None) -> Outcome:
        """Run the case's transforms on `source`, or on what goes in."""
        default = None if self.folder.parent.name.startswith("_") else [self.folder.parent.name.replace("_", "-")]
        return harden(
            self.before if source is None else source,
            path="Dockerfile",
            context=self.context,
            target=self.settings.get("target"),
            select=self.settings.get("transforms", default),
            unsafe=self.settings.get("unsafe", False),
            options=self.settings.get("options"),
            base_images=self.settings.get("images"),
            images=self.images,
        )

    def check(self) -> Outcome:
        """Raise AssertionError where the outcome is not what the case says, or breaks a law."""
        outcome = self.harden()
        got = outcome.after.to_bytes()
        assert got == self.after, f"{self.name}: the result differs\n{got.decode('utf-8', 'replace')}"
        for key, found in (
            ("changes", _changes(outcome.changes)),
            ("held", _changes(outcome.held)),
            ("advice", _changes(outcome.advice)),
            ("refusals", [f"{one.reason}:{one.line}" for one in outcome.refusals]),
        ):
            wanted = self.settings.get(key)
            assert wanted is None or sorted(wanted) == sorted(found), f"{self.name}: {key} are {found}, not {wanted}"
        again = self.harden(self.after)
        assert not again.changed, f"{self.name}: a second run changes the file again\n{again.diff()}"
        lost = set(comments(outcome.before)) - set(comments(outcome.after))
        assert not lost, f"{self.name}: comments are lost: {lost}"
        return outcome


def cases(root: Path) -> Iterator[Case]:
    """Every case below a folder of fixtures. Raises AssertionError for a key in case.toml that means nothing."""
    for before in sorted(root.glob("*/*/before.Dockerfile")):
        folder = before.parent
        toml = folder / "case.toml"
        settings = tomllib.loads(toml.read_text("utf-8")) if toml.is_file() else {}
        unknown = settings.keys() - _KEYS
        assert not unknown, f"{toml}: unknown keys {', '.join(sorted(unknown))}"
        after = folder / "after.Dockerfile"
        data = before.read_bytes()
        yield Case(folder, data, after.read_bytes() if after.is_file() else data, settings)


def _changes(changes: Iterable[Change]) -> list[str]:
    return [f"{one.transform}:{one.line}" for one in changes]
