"""A bare git repository on disk whose loose objects and refs Python reads and writes itself: real ids, no subprocess.

`git http-backend` serves the same folder, so the clone way and the API way see one truth.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FILE, EXECUTABLE, FOLDER, LINK, SUBMODULE = "100644", "100755", "040000", "120000", "160000"
# Every push is unpacked into loose objects, and nothing is ever packed later.
_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
[http]
\treceivepack = true
[receive]
\tunpackLimit = 1000000
\tautogc = false
[gc]
\tauto = 0
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tree holds at one path; `mode` has six digits, as GitHub writes it."""

    mode: str
    sha: str

    @property
    def kind(self) -> str:
        return {FOLDER: "tree", SUBMODULE: "commit"}.get(self.mode, "blob")


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote a commit, and when: `date` as 2026-01-02T03:04:05Z."""

    name: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as git stores it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


class Objects:
    """The objects and refs of one repository."""

    def __init__(self, folder: Path) -> None:
        """Make an empty repository where there is none."""
        self.folder = folder
        self._known: dict[str, tuple[str, bytes]] = {}
        self._files: dict[str, dict[str, Entry]] = {}
        self._commits: dict[str, Commit] = {}
        for part in ("objects", "refs/heads", "refs/tags", "hooks"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        if not (folder / "config").exists():
            (folder / "config").write_text(_CONFIG)
            self.set_head("main")

    # --- objects

    def put(self, kind: str, data: bytes) -> str:
        """Store an object and give its id."""
        whole = f"{kind} {len(data)}".encode() + b"\0" + data
        sha = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        path = self._path(sha)
        if sha not in self._known and not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(whole, 1))
        self._known[sha] = kind, data
        return sha

    def get(self, sha: str) -> tuple[str, bytes] | None:
        """Kind and content; None where there is no such object."""
        if (known := self._known.get(sha)) is not None:
            return known
        if not re.fullmatch("[0-9a-f]{40}", sha) or not self._path(sha).exists():
            return None
        head, _, data = zlib.decompress(self._path(sha).read_bytes()).partition(b"\0")
        found = self._known[sha] = head.decode().partition(" ")[0], data
        return found

    def is_a(self, kind: str, sha: str) -> bool:
        """Whether such an object is there."""
        found = self.get(sha)
        return found is not None and found[0] == kind

    def blob(self, sha: str) -> bytes:
        """The content of a file. Raises KeyError."""
        return self._of("blob", sha)

    def _of(self, kind: str, sha: str) -> bytes:
        found = self.get(sha)
        if found is None or found[0] != kind:
            raise KeyError(sha)
        return found[1]

    def _path(self, sha: str) -> Path:
        return self.folder / "objects" / sha[:2] / sha[2:]

    # --- trees

    def entries(self, tree: str) -> dict[str, Entry]:
        """What one folder holds, by name. Raises KeyError."""
        data, found = self._of("tree", tree), {}
        while data:
            head, _, rest = data.partition(b"\0")
            mode, _, name = head.decode().partition(" ")
            found[name] = Entry(mode.zfill(6), rest[:20].hex())
            data = rest[20:]
        return found

    def listing(self, tree: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """Every path below a tree, folders too, as `git ls-tree -r -t` lists them."""
        for name, entry in self.entries(tree).items():
            yield prefix + name, entry
            if entry.kind == "tree":
                yield from self.listing(entry.sha, f"{prefix}{name}/")

    def files(self, tree: str) -> dict[str, Entry]:
        """Every file below a tree, by path."""
        if tree not in self._files:
            self._files[tree] = {path: entry for path, entry in self.listing(tree) if entry.kind != "tree"}
        return dict(self._files[tree])

    def tree(self, files: Mapping[str, Entry]) -> str:
        """Store the trees that hold these files, and give the id of the outermost."""
        here: dict[str, Entry] = {}
        below: dict[str, dict[str, Entry]] = {}
        for path, entry in files.items():
            first, slash, rest = path.partition("/")
            if slash:
                below.setdefault(first, {})[rest] = entry
            else:
                here[first] = entry
        for name, inner in below.items():
            here[name] = Entry(FOLDER, self.tree(inner))
        # Git sorts a folder as if its name ended with a slash.
        ordered = sorted(here.items(), key=lambda one: (one[0] + "/" * (one[1].kind == "tree")).encode())
        lines = (
            f"{entry.mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(entry.sha) for name, entry in ordered
        )
        return self.put("tree", b"".join(lines))

    # --- commits

    def commit(self, tree: str, parents: Iterable[str], message: str, author: Person, committer: Person) -> str:
        """Store a commit and give its id."""
        lines = [f"tree {tree}", *(f"parent {one}" for one in parents)]
        lines += [f"author {_signature(author)}", f"committer {_signature(committer)}", "", message]
        return self.put("commit", "\n".join(lines).encode())

    def read_commit(self, sha: str) -> Commit:
        """A commit, taken apart. Raises KeyError."""
        if sha in self._commits:
            return self._commits[sha]
        head, _, message = self._of("commit", sha).decode().partition("\n\n")
        fields = [line.partition(" ") for line in head.split("\n") if not line.startswith(" ")]
        by_name = {name: value for name, _, value in fields}
        found = self._commits[sha] = Commit(
            sha,
            by_name["tree"],
            tuple(value for name, _, value in fields if name == "parent"),
            _person(by_name["author"]),
            _person(by_name["committer"]),
            message,
        )
        return found

    def history(self, sha: str) -> list[Commit]:
        """A commit and its ancestors, children before parents."""
        found: dict[str, Commit] = {}
        waiting = [sha]
        while waiting:
            one = waiting.pop(0)
            if one not in found:
                found[one] = self.read_commit(one)
                waiting.extend(found[one].parents)
        return list(found.values())

    def between(self, base: str, head: str) -> list[Commit]:
        """The commits that `head` has and `base` has not, oldest first."""
        known = {one.sha for one in self.history(base)}
        return [one for one in reversed(self.history(head)) if one.sha not in known]

    # --- refs

    def set_head(self, branch: str) -> None:
        """Name the branch that a clone checks out."""
        (self.folder / "HEAD").write_text(f"ref: refs/heads/{branch}\n")

    def ref(self, name: str) -> str | None:
        """The id a ref points at; `name` starts with refs/."""
        path = self.folder / name
        return path.read_text().strip() if path.is_file() else None

    def refs(self, prefix: str = "refs/heads/") -> dict[str, str]:
        """Every ref below a folder."""
        paths = sorted((self.folder / prefix).rglob("*"))
        return {str(one.relative_to(self.folder)): one.read_text().strip() for one in paths if one.is_file()}

    def set_ref(self, name: str, sha: str) -> None:
        """Make or move a ref."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sha + "\n")

    def delete_ref(self, name: str) -> None:
        """Remove a ref, and the folders that it leaves empty."""
        path = self.folder / name
        path.unlink()
        while path.parent.parent.name != "refs" and not any(path.parent.iterdir()):
            path = path.parent
            path.rmdir()


def _signature(person: Person) -> str:
    return f"{person.name} <{person.email}> {seconds(person.date)} +0000"


def _person(text: str) -> Person:
    found = re.fullmatch(r"(.*?) ?<(.*)> (\d+) [+-]\d{4}", text)
    assert found is not None, text
    return Person(found[1], found[2], iso(int(found[3])))


def seconds(date: str) -> int:
    """2026-01-02T03:04:05Z, or with an offset, as seconds since 1970."""
    from datetime import datetime

    return int(datetime.fromisoformat(date).timestamp())


def iso(moment: int) -> str:
    """Seconds since 1970 as GitHub writes a date."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
