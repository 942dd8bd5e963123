"""A commit through GitHub's REST API: files, tree, commit, and the branch last.

What a run that ends in between leaves behind is seen by nobody. No author is given, so that GitHub signs the commit for
an App's or a bot's token.
"""

import base64
from collections.abc import Callable
from typing import Any

from .api import Api, text_of
from .blobs import blob_id
from .errors import Conflict, ForgeError, Passing
from .forge import NewCommit

UNKNOWN = "0" * 40  # in place of what a dry run did not make
_INLINE = 1 << 20  # bytes of files that go along with their tree


def with_trailers(new: NewCommit, tree: str) -> str:
    """The whole message of a commit; the tree's id says that nobody changed the commit since."""
    trailers = [*new.trailers, *([f"Hardenfile-Tree: {tree}"] if tree else [])]
    return "\n".join([new.message.rstrip("\n"), "", *trailers])


class Commits:
    """Makes the commits of one repository at a time; the trees of its commits are asked for once."""

    def __init__(self, api: Api, head: Callable[[str, str], str | None]) -> None:
        """`head` gives the commit that a branch points to, by the repository's path in the API and the branch."""
        self._api, self._head = api, head
        self._trees: dict[str, str] = {}

    def forget(self) -> None:
        """Another repository begins."""
        self._trees.clear()

    def known(self, commit: str, tree: str) -> None:
        """Keep what a listing told by the way: which tree a commit has."""
        self._trees[commit] = tree

    def put(self, here: str, new: NewCommit, ref: str) -> str:
        """Make a commit and have its branch point to it; gives its id. `here` is the repository's path.

        Raises Conflict, and Passing.
        """
        tree = self._tree(here, new)
        commit: dict[str, Any] = {"message": with_trailers(new, tree), "tree": tree, "parents": [new.parent]}
        if self._api.author is not None:
            commit["author"] = {"name": self._api.author[0], "email": self._api.author[1]}
        made = self._api.write("POST", f"{here}/git/commits", commit, pretend={"sha": UNKNOWN}, what="the commit")
        sha = text_of(made, "sha")
        self._point(here, new, sha, ref)
        return sha

    def _tree(self, here: str, new: NewCommit) -> str:
        if new.parent not in self._trees:
            parent = self._api.get(f"{here}/git/commits/{new.parent}", what="the base's commit")
            self._trees[new.parent] = text_of(parent, "tree", "sha")
        entries = []
        room = _INLINE
        for path, data in new.files.items():
            entry = {"path": path, "mode": new.modes[path], "type": "blob"}
            if (text := _plain(data)) is not None and len(data) <= room:
                room -= len(data)
                entries.append({**entry, "content": text})
            else:
                entries.append({**entry, "sha": self._blob(here, data)})
        tree = {"base_tree": self._trees[new.parent], "tree": entries}
        made = self._api.write("POST", f"{here}/git/trees", tree, pretend={"sha": UNKNOWN}, what="the tree")
        # The answer lists the topmost folder: there at least it shows whether the forge wrote just these bytes.
        for one in made.get("tree", ()):
            ours, sha = new.files.get(str(one.get("path"))), str(one.get("sha"))
            if ours is not None and sha != blob_id(ours, sha):
                raise ForgeError(f"{self._api.host} wrote other bytes than it was given, so they were not committed")
        return text_of(made, "sha")

    def _blob(self, here: str, data: bytes) -> str:
        body = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        made = self._api.write("POST", f"{here}/git/blobs", body, pretend={"sha": blob_id(data)}, what="a file")
        return text_of(made, "sha")

    def _point(self, here: str, new: NewCommit, sha: str, ref: str) -> None:
        """Make or move the branch; after a lost answer look what it came to, before sending it again.

        REST has no lease: looking once more leaves an instant, and not the minutes since the branch was judged.
        """
        what = f"the branch {new.branch}"
        for attempt in range(self._api.tries):
            if not self._api.dry and (attempt or new.expected is not None):
                there = self._head(here, new.branch)
                if attempt and there == sha:
                    return
                if there != new.expected:
                    raise Conflict(f"{what} was moved by somebody else meanwhile, so it was left alone", 409)
            try:
                if new.expected is None:
                    body: dict[str, Any] = {"ref": f"refs/heads/{new.branch}", "sha": sha}
                    self._api.write("POST", f"{here}/git/refs", body, what=what, again=False)
                else:
                    body = {"sha": sha, "force": True}
                    self._api.write("PATCH", f"{here}/git/refs/{ref}", body, what=what, again=False)
                return
            except Conflict:
                # The forge may have been still at work on what we sent before.
                if not attempt or self._head(here, new.branch) != sha:
                    raise
                return
            except Passing as fault:
                self._api.lost(fault, attempt)


def _plain(data: bytes) -> str | None:
    """A file as a text that JSON carries unchanged beyond doubt; None for any other, which goes as base64."""
    if data.startswith(b"\xef\xbb\xbf") or b"\0" in data or b"\r" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
