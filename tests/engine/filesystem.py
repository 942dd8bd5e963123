"""Every file of an image, by `docker export` of a container that never ran."""

import hashlib
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from tests.engine.docker import Engine, Image

# What a build needs and a run does not, by the name of the program.
COMPILERS = frozenset(
    "go gofmt gcc g++ cc c++ cpp clang ld as make cmake javac jar jlink mvn gradle cargo rustc rustup tsc node-gyp "
    "composer git hg svn apt-file dpkg-buildpackage x86_64-linux-gnu-gcc x86_64-linux-gnu-gcc-12".split()
)
CACHES = (
    "root/.npm/_cacache", "root/.cache", "root/.m2", "root/.gradle", "root/.cargo/registry", "go/pkg/mod",
    "usr/local/go/src",
)  # fmt: skip
_PROGRAMS = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "usr/local/go/bin")


@dataclass(frozen=True)
class File:
    """What the archive says of a path. `content` is a digest, of a link what it leads to, empty for a folder."""

    kind: bytes
    mode: int
    owner: str
    content: str


def files_of(engine: Engine, image: Image, *, read: bool = False) -> Mapping[str, File]:
    """The paths of an image, without the leading slash; the digests of the files where `read` asks for them."""
    container = engine.docker("create", image.id, "unused").stdout.strip()
    engine.containers.add(container)
    found: dict[str, File] = {}
    with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
        assert export.stdout is not None
        with tarfile.open(fileobj=export.stdout, mode="r|") as archive:
            for one in archive:
                kind, content = one.type, one.linkname if one.issym() else ""
                if one.islnk():  # one more name of a file that came before
                    kind, content = tarfile.REGTYPE, found[one.linkname.strip("/")].content
                elif one.isfile() and read:
                    body = archive.extractfile(one)
                    assert body is not None
                    content = hashlib.sha256(body.read()).hexdigest()
                found[one.name.strip("/")] = File(kind, one.mode & 0o7777, f"{one.uid}:{one.gid}", content)
    engine.docker("rm", "--force", container)
    engine.containers.discard(container)
    return found


def below(files: Mapping[str, File], top: str) -> dict[str, File]:
    """What lies in a folder, by the path in there; a file is alone, under an empty name."""
    top = top.strip("/")
    inside = {name[len(top) + 1 :]: file for name, file in files.items() if name.startswith(f"{top}/")}
    alone = top in files and files[top].kind != tarfile.DIRTYPE
    return {"": files[top]} if alone else inside


def tools(files: Mapping[str, File]) -> list[str]:
    """The compilers and other tools of a build, and the caches, that an image holds."""
    programs = [f"{folder}/{name}" for folder in _PROGRAMS for name in COMPILERS if f"{folder}/{name}" in files]
    caches = [cache for cache in CACHES if any(name.startswith(f"{cache}/") for name in files)]
    return sorted((*programs, *caches))
