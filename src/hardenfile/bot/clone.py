"""The other way to read a repository and to commit: git itself, through a subprocess and never a shell.

Nothing is checked out, so that no filter, attribute or hook of the repository's runs; the token goes to git in its
environment, and stands in no argument, address or file.
"""

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hardenfile.errors import UsageError
from hardenfile.evidence.registry.origin import Origin, Url

from .api import Api
from .errors import Conflict, Forbidden, ForgeError, Passing, Skip
from .forge import Forge, Listing, NewCommit, Repository, TreeEntry
from .github_commit import with_trailers
from .secrets import Secrets, Token
from .snapshot import Snapshot

_SECONDS = 900.0
_AUTHOR = ("hardenfile", "hardenfile@users.noreply.github.com")
_UNKNOWN = "0" * 40
_SAID = 300  # characters of git's own words
_KEPT = ("PATH", "HOME", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")
_PROXIES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")
_TRUST = ("GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True)
class _Ran:
    code: int
    out: bytes
    said: str


class ByClone:
    """A bare, shallow copy of one repository at a time, in a temporary folder."""

    def __init__(
        self, forge: Forge, api: Api, token: Token, secrets: Secrets, base: Url, author: tuple[str, str] | None = None
    ) -> None:
        """`base` is the API's address, from which that of the repositories follows. Raises UsageError without git."""
        git = shutil.which("git")
        if git is None or not Path(git).is_absolute():
            raise UsageError("--clone needs git, which is not in PATH")
        self._git, self._forge, self._api, self._token, self._secrets = git, forge, api, token, secrets
        self._web, self._author = _web(base.origin), author or _AUTHOR
        self._folder: Path | None = None

    def head(self, repository: Repository) -> str | None:
        """The commit of the default branch, which is fetched at once."""
        self.close()
        self._folder = Path(tempfile.mkdtemp(prefix="hardenfile-clone-"))
        # An empty template brings no hooks along.
        self._must("init", "--bare", "--quiet", "--template=", ".", what="a folder")
        wanted = f"+refs/heads/{repository.branch}:refs/heads/base"
        url = self._url(repository)
        try:
            self._must("fetch", "--quiet", "--no-tags", "--depth=1", url, wanted, what=repository.name)
        except ForgeError as error:
            if "couldn't find remote ref" not in str(error):
                raise
            if not self._must("ls-remote", url, what=repository.name).out.strip():
                raise Skip("the repository is empty") from None
            return None
        return self._text("rev-parse", "refs/heads/base", what="the base")

    def listing(self, repository: Repository, commit: str) -> Listing:
        """The files of a commit; however many, the list is whole."""
        out = self._must("ls-tree", "-r", "-z", "--full-tree", commit, what="the list of files").out
        entries = []
        for row in out.split(b"\0"):
            head, tab, path = row.partition(b"\t")
            words = head.split()
            if tab and words[1] == b"blob":
                name = path.decode("utf-8", "surrogateescape")
                entries.append(TreeEntry(name, words[0].decode(), words[2].decode()))
        return Listing(commit, tuple(entries))

    def fill(self, snapshot: Snapshot, repository: Repository, listing: Listing) -> None:
        """Every blob as it is: no archive is made, so that .gitattributes changes nothing."""
        with (
            tempfile.TemporaryFile() as ids,
            tempfile.TemporaryFile() as errors,
        ):
            ids.write("".join(f"{one.blob}\n" for one in listing.entries).encode())
            ids.seek(0)
            command = [self._git, "cat-file", "--batch", "--buffer"]
            process = subprocess.Popen(
                command, cwd=self._folder, env=self._environment(), stdin=ids, stdout=subprocess.PIPE, stderr=errors
            )
            with process:
                assert process.stdout is not None
                for one in listing.entries:
                    head = process.stdout.readline().split()
                    if len(head) != 3:
                        process.kill()
                        raise ForgeError(f"git does not have the file {one.path}")
                    part = _Part(process.stdout, int(head[2]))
                    snapshot.put(one.path, one.mode, part, int(head[2]))  # type: ignore[arg-type]
                    part.skip()
        snapshot.finish()

    def commit(self, repository: Repository, new: NewCommit) -> str:
        """Commit and push, with a lease: a branch that was moved meanwhile is not overwritten."""
        rows = []
        for path, data in new.files.items():
            blob = self._text("hash-object", "-w", "--stdin", given=data, what="a file")
            rows.append(f"{new.modes[path]} {blob}\t{path}\0")
        assert self._folder is not None
        with tempfile.TemporaryDirectory(dir=self._folder) as index:
            extra = {"GIT_INDEX_FILE": str(Path(index) / "index")}
            self._must("read-tree", new.parent, what="the base's files", extra=extra)
            given = "".join(rows).encode("utf-8", "surrogateescape")
            self._must("update-index", "-z", "--index-info", given=given, what="the files", extra=extra)
            tree = self._text("write-tree", what="the tree", extra=extra)
        name, address = self._author
        people = {
            f"GIT_{who}_{what}": text
            for who in ("AUTHOR", "COMMITTER")
            for what, text in (("NAME", name), ("EMAIL", address))
        }
        message = self._secrets.clean(with_trailers(new, tree)).encode("utf-8", "surrogateescape")
        made = self._text(
            "commit-tree", tree, "-p", new.parent, "-F", "-", given=message, what="the commit", extra=people
        )
        lease = f"--force-with-lease=refs/heads/{new.branch}:{new.expected or ''}"
        if self._api.dry:
            self._api.plan(f"would git push {lease} {self._url(repository)} {made}:refs/heads/{new.branch}")
            return made
        self._api.take_turn()
        ran = self._renewing("push", "--porcelain", lease, self._url(repository), f"{made}:refs/heads/{new.branch}")
        if ran.code != 0:
            failed = self._refused(ran, new.branch)
            # The forge may have done it, and only its answer was lost.
            if isinstance(failed, Forbidden) or self._forge.head(repository, new.branch) != made:
                raise failed
        return made

    def close(self) -> None:
        """Remove what was fetched."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    def _url(self, repository: Repository) -> str:
        return f"{self._web}/{repository.name}.git"

    def _text(
        self, *arguments: str, what: str, given: bytes | None = None, extra: Mapping[str, str] | None = None
    ) -> str:
        return self._must(*arguments, what=what, given=given, extra=extra).out.decode().strip()

    def _must(
        self, *arguments: str, what: str, given: bytes | None = None, extra: Mapping[str, str] | None = None
    ) -> _Ran:
        ran = self._renewing(*arguments, given=given, extra=extra)
        if ran.code != 0:
            raise self._failed(ran, what)
        return ran

    def _renewing(self, *arguments: str, given: bytes | None = None, extra: Mapping[str, str] | None = None) -> _Ran:
        ran = self._run(*arguments, given=given, extra=extra)
        if ran.code != 0 and self._token.renewable and _unauthorized(ran.said):
            self._token.renew()
            ran = self._run(*arguments, given=given, extra=extra)
        return ran

    def _run(self, *arguments: str, given: bytes | None = None, extra: Mapping[str, str] | None = None) -> _Ran:
        try:
            done = subprocess.run(
                [self._git, *_SETTINGS, *arguments],
                cwd=self._folder,
                env={**self._environment(), **(extra or {})},
                input=given if given is not None else b"",
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Passing(f"git {arguments[0]} does not end") from None
        except OSError as error:
            raise ForgeError(f"git does not run: {error.strerror}") from None
        said = self._secrets.clean(done.stderr.decode("utf-8", "replace"))
        return _Ran(done.returncode, done.stdout, said)

    def _environment(self) -> dict[str, str]:
        """Little of ours, no prompt, and the token for the forge's own origin."""
        login = base64.b64encode(f"x-access-token:{self._token.value()}".encode()).decode()
        self._secrets.add(login)
        kept = {name: os.environ[name] for name in (*_KEPT, *_PROXIES, *_TRUST) if name in os.environ}
        return {
            **kept,
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "GIT_ALLOW_PROTOCOL": self._web.partition(":")[0],
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self._web}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {login}",
        }

    def _refused(self, ran: _Ran, branch: str) -> ForgeError:
        said = " ".join((ran.out.decode("utf-8", "replace") + ran.said).split())
        if "stale info" in said or "rejected" in said:
            return Conflict(f"the branch {branch} cannot be pushed ({_short(said)})", 409)
        return self._failed(ran, f"the push of {branch}")

    def _failed(self, ran: _Ran, what: str) -> ForgeError:
        said = _short(" ".join(ran.said.split()))
        if re.search(r"\b403\b", said) or _unauthorized(said):
            return Forbidden(f"git: the token has no right to {what} ({said})", 403)
        return ForgeError(f"git could not get or put {what} ({said})")


# A redirect could lead the token elsewhere; the repository's name is the one that the forge gave.
_SETTINGS: Sequence[str] = (
    *("-c", "credential.helper="),
    *("-c", "http.followRedirects=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "commit.gpgSign=false"),
    *("-c", "push.gpgSign=false"),
)


class _Part:
    """So many bytes of a stream, to be read by another."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, most: int = -1) -> bytes:
        """Read no further than the part goes."""
        data = self._stream.read(self._left if most < 0 else min(most, self._left))
        self._left -= len(data)
        return data

    def skip(self) -> None:
        """Leave what nobody read, and the line feed behind it."""
        while self._left > 0 and self.read(1 << 20):
            pass
        self._stream.read(1)


def _web(origin: Origin) -> str:
    host = origin.name
    if host == "api.github.com" or (host.startswith("api.") and host.endswith(".ghe.com")):
        host = host.removeprefix("api.")
    return f"{origin.scheme}://{host}"


def _unauthorized(said: str) -> bool:
    return (
        "Authentication failed" in said or "could not read Username" in said or re.search(r"\b401\b", said) is not None
    )


def _short(said: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in said)
    return printable if len(printable) <= _SAID else printable[:_SAID] + "…"
