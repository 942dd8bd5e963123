"""The build context: what sources name, what ADD unpacks, where links lead, and which folder it is."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import socket
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardenfile.evidence.context import (
    BuildContext,
    Entry,
    archive_by_name,
    find_context,
    is_remote,
)

unix = pytest.mark.skipif(sys.platform == "win32", reason="links, devices and bytes in names")


def fill(root: Path, *paths: str, **contents: str) -> Path:
    """Files with a line in them; a path that ends in / is a folder, `a -> b` is a link."""
    for path in paths:
        name, _, target = path.partition(" -> ")
        at = root / name
        at.parent.mkdir(parents=True, exist_ok=True)
        if target:
            at.symlink_to(target)
        elif name.endswith("/"):
            at.mkdir(exist_ok=True)
        else:
            at.write_text("a line\n")
    for name, text in contents.items():
        (root / {"dockerignore": ".dockerignore"}.get(name, name)).write_text(text)
    return root


def names(context: BuildContext, source: str) -> list[str]:
    return [f"{entry.path}/" if entry.kind == "directory" else entry.path for entry in context.match(source)]


def walked(context: BuildContext, path: str = "") -> list[str]:
    return [entry.path for entry in context.walk(path)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.py", ["a.py"]),
        ("./a.py", ["a.py"]),
        ("/a.py", ["a.py"]),
        ("../../a.py", ["a.py"]),
        ("src/../a.py", ["a.py"]),
        ("a.py/", ["a.py"]),
        ("a.py/x", []),
        ("nothing", []),
        (".", ["/"]),
        ("/", ["/"]),
        ("", ["/"]),
        ("src", ["src/"]),
        ("src/", ["src/"]),
        ("src/./sub/", ["src/sub/"]),
        ("*.py", ["a.py", "b.py"]),
        ("./*.py", ["a.py", "b.py"]),
        ("src/*", ["src/m.py", "src/sub/"]),
        ("*/*.py", ["src/m.py"]),
        ("*/*/*", ["src/sub/deep.txt"]),
        ("**/deep.txt", []),
        ("s?c", ["src/"]),
        ("[ab].py", ["a.py", "b.py"]),
        ("[^a].py", ["b.py"]),
        ("src[^a]m.py", ["src/m.py"]),
        ("odd[[]0].txt", ["odd[0].txt"]),
        (r"?dd\[0].txt", ["odd[0].txt"]),
        (r"odd\[0].txt", []),
        ("*.nothing", []),
        ("nothing/*", []),
        ("a.py/*", []),
        ("[", []),
        ("*[", []),
        ("[a-", []),
        ("*", [".hidden", "a.py", "b.py", "odd[0].txt", "src/"]),
        ("a\0b", []),
        ("a\0*", []),
        ("x" * 5000, []),
        ("a/" * 50_000, []),
        ("*/" * 5000, []),
        ("\ud800", []),
    ],
)
def test_what_a_source_names(tmp_path: Path, source: str, expected: list[str]) -> None:
    fill(tmp_path, "a.py", "b.py", ".hidden", "src/m.py", "src/sub/deep.txt", "odd[0].txt")
    context = BuildContext(tmp_path)
    assert names(context, source) == expected
    assert context.problems == []


def test_an_entry_tells_size_and_mode(tmp_path: Path) -> None:
    fill(tmp_path, "run.sh", "d/")
    (tmp_path / "run.sh").chmod(0o750)
    (tmp_path / "d").chmod(0o700)
    assert BuildContext(tmp_path).match("*") == (
        Entry("d", "directory", 0, 0o700),
        Entry("run.sh", "file", 7, 0o750),
    )


def test_what_the_dockerignore_takes_is_not_there(tmp_path: Path) -> None:
    fill(tmp_path, "keep/a", "out/a", "out/b", "all/a", "empty/", "x.log", "Dockerfile")
    fill(tmp_path, dockerignore="out\n!out/b\nall\nempty\n*.log\nDockerfile\n.dockerignore\n")
    context = BuildContext(tmp_path)
    assert walked(context) == ["keep/a", "out/b"]
    assert names(context, "*") == ["keep/", "out/"]
    assert [
        names(context, one) for one in ("x.log", "all", "all/a", "empty", "out", "out/a", "out/b", "Dockerfile")
    ] == [*([], [], [], [], ["out/"], [], ["out/b"], [])]
    assert [context.excluded(one) for one in ("./x.log", "all/a", "out", "out/b", "keep", "", "not/there")] == [
        *(True, True, True, False, False, False, False)
    ]
    assert context.read("x.log") is None
    assert context.archive("x.log") is None
    assert context.ignore_file == tmp_path / ".dockerignore"


def test_an_excluded_folder_whose_exceptions_meet_nothing_is_not_there(tmp_path: Path) -> None:
    fill(tmp_path, "out/a/b", "out/c", dockerignore="out\n!out/*.txt\n")
    assert names(BuildContext(tmp_path), "out") == []
    fill(tmp_path, "out/d.txt")
    assert names(BuildContext(tmp_path), "o*") == ["out/"]


def test_the_dockerfiles_own_ignore_file_goes_first(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b", "docker/app.Dockerfile", "other.Dockerfile", dockerignore="a\n")
    fill(tmp_path / "docker", **{"app.Dockerfile.dockerignore": "b\n"})
    context = BuildContext(tmp_path, tmp_path / "docker" / "app.Dockerfile")
    assert (context.excluded("a"), context.excluded("b")) == (False, True)
    assert context.ignore_file == tmp_path / "docker" / "app.Dockerfile.dockerignore"
    context = BuildContext(tmp_path, tmp_path / "other.Dockerfile")
    assert (context.excluded("a"), context.excluded("b")) == (True, False)


def test_an_empty_ignore_file_of_its_own_hides_the_other(tmp_path: Path) -> None:
    fill(tmp_path, "a", dockerignore="a\n", **{"Dockerfile.dockerignore": ""})
    assert not BuildContext(tmp_path, tmp_path / "Dockerfile").excluded("a")


def test_lines_that_no_builder_takes_are_problems(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b", dockerignore="a\n!\n[\n")
    context = BuildContext(tmp_path)
    assert walked(context) == [".dockerignore", "b"]
    assert context.problems == [
        ".dockerignore, line 2: an exception (!) from nothing",
        ".dockerignore, line 3: `[` is no pattern: a [ that is not well closed",
    ]


def test_no_dockerignore_and_one_that_is_a_folder_exclude_nothing(tmp_path: Path) -> None:
    fill(tmp_path, "a", ".dockerignore/x")
    context = BuildContext(tmp_path)
    assert walked(context) == [".dockerignore/x", "a"]
    assert context.ignore_file is None


def test_an_endless_dockerignore_is_cut(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b", dockerignore="a\n" + "x\n" * 50_000 + "b\n")
    context = BuildContext(tmp_path)
    assert (context.excluded("a"), context.excluded("b")) == (True, False)
    assert context.problems == [".dockerignore: more than 100000 bytes, so it was cut there"]


def test_a_walk_is_sorted_and_lists_a_folder_once(tmp_path: Path) -> None:
    fill(tmp_path, "a/b", "a.txt", "a-b", "a/b.d/c", "a/B", "z/", "é")
    context = BuildContext(tmp_path)
    first = walked(context)
    assert first == sorted(["a/b", "a.txt", "a-b", "a/b.d/c", "a/B", "é"])
    fill(tmp_path, "a/new")
    assert walked(context) == first
    assert walked(context, "a") == ["a/B", "a/b", "a/b.d/c"]
    assert walked(context, "a.txt") == ["a.txt"]
    assert walked(context, "nothing") == []


def test_a_walk_ends_at_its_limit_with_one_problem(tmp_path: Path) -> None:
    fill(tmp_path, *(f"d/{count}" for count in range(10)))
    context = BuildContext(tmp_path)
    assert len(list(context.walk("d", limit=10))) == 10
    assert context.problems == []
    assert [len(list(context.walk("d", limit=4))) for _ in range(2)] == [4, 4]
    assert context.problems == ["d: too many entries, not all were looked at"]


def test_what_goes_away_during_a_walk_is_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b/c", "d")
    context = BuildContext(tmp_path)
    walk = context.walk()
    assert next(walk).path == "a"
    shutil.rmtree(tmp_path / "b")
    assert [entry.path for entry in walk] == ["d"]
    assert context.problems == []


def test_reading(tmp_path: Path) -> None:
    fill(tmp_path, "a", "d/")
    context = BuildContext(tmp_path)
    assert [context.read(path) for path in ("a", "./a", "/a", "d", "", "nothing")] == [*[b"a line\n"] * 3, *[None] * 3]
    assert (context.read("a", limit=7), context.read("a", limit=6)) == (b"a line\n", None)


@unix
def test_links_are_followed_inside_the_context(tmp_path: Path) -> None:
    fill(tmp_path, "real/a.txt", "real/b/c", "to_file -> real/a.txt", "to_folder -> real", "far -> to_folder/b")
    fill(tmp_path, "real/back -> ../real/a.txt", "above -> real/../../real/a.txt", "rooted -> /real/a.txt", "self -> .")
    context = BuildContext(tmp_path)
    assert [(entry.path, entry.kind) for entry in context.match("to_*")] == [
        ("to_file", "file"),
        ("to_folder", "directory"),
    ]
    assert context.match("to_file")[0].size == 7
    assert names(context, "to_folder/*.txt") == ["real/a.txt"]
    assert names(context, "far/c") == ["far/c"]
    assert walked(context, "to_folder") == ["to_folder/a.txt", "to_folder/b/c", "to_folder/back"]
    assert [entry.kind for entry in context.walk("to_folder")] == ["file", "file", "link"]
    assert "self/self" in walked(context, "self")
    assert context.read("self/self/to_folder/back") == b"a line\n"
    assert context.problems == []
    # Builders take the root of the context for / and for what is above it.
    assert context.read("above") == context.read("rooted") == b"a line\n"
    assert context.problems == [
        "above: the link points out of the context, to real/../../real/a.txt; builders look inside for it",
        "rooted: the link points out of the context, to /real/a.txt; builders look inside for it",
    ]


@unix
def test_no_link_leads_out(tmp_path: Path) -> None:
    fill(tmp_path, "secret", "secrets/s")
    root = fill(
        tmp_path / "context", "up -> ../secret", "rooted -> /etc/passwd", "folder -> ../secrets", "..x -> ..y", "..y"
    )
    (root / "absolute").symlink_to(tmp_path / "secret")
    context = BuildContext(root)
    for path in ("up", "rooted", "absolute", "folder", "folder/s", "folder/*", "../secret"):
        assert context.match(path) == ()
        assert context.read(path) is None
        assert context.archive(path) is None
        assert walked(context, path) == []
    assert [problem.partition(":")[0] for problem in context.problems] == ["up", "rooted", "absolute", "folder"]
    assert context.read("..x") == b"a line\n"
    assert [entry.kind for entry in context.walk()] == ["link", "file", "link", "link", "link", "link"]


@unix
def test_links_in_a_circle_end(tmp_path: Path) -> None:
    fill(tmp_path, "a -> b", "b -> a", "c -> c/d", "deep -> deeper/x", "deeper -> deep", "gone -> nothing")
    context = BuildContext(tmp_path)
    for path in ("a", "c", "deep", "gone", "a/b", "*"):
        assert context.match(path) == ()
    assert [problem.partition(": too many links")[0] for problem in context.problems] == [
        "a",
        "c",
        "deep",
        "b",
        "deeper",
    ]
    assert len(walked(context)) == 6


@unix
def test_a_link_to_what_is_excluded_and_an_excluded_link_lead_nowhere(tmp_path: Path) -> None:
    fill(tmp_path, "out/a", "in/a", "to_out -> out/a", "hidden -> in/a", dockerignore="out\nhidden\n")
    context = BuildContext(tmp_path)
    assert [context.match(path) for path in ("to_out", "hidden")] == [(), ()]
    assert context.match("in/a")


@unix
def test_the_root_and_the_dockerignore_may_be_links(tmp_path: Path) -> None:
    fill(tmp_path, "real/a", "real/b", "real/rules", "root -> real", "real/.dockerignore -> rules")
    (tmp_path / "real/rules").write_text("a\n")
    assert walked(BuildContext(tmp_path / "root")) == [".dockerignore", "b", "rules"]


@unix
def test_devices_pipes_and_sockets_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    fill(tmp_path, "zero -> /dev/zero", ".dockerignore -> pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)  # a socket's path has to be short
        server.bind("sock")
        os.chdir(here)
        context = BuildContext(tmp_path)
        kinds = {entry.path: entry.kind for entry in context.walk()}
        assert kinds == {".dockerignore": "link", "pipe": "other", "sock": "other", "zero": "link"}
        assert context.match("pipe")[0].kind == "other"
        assert [context.read(name) for name in kinds] == [None] * 4
        assert [context.archive(name) for name in kinds] == [None] * 4


@unix
@pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")
def test_names_need_be_no_utf8_and_none_reaches_a_terminal_raw(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    fill(tmp_path, name, "a\x1b[31m\n -> /x", dockerignore="caf?.md\n")
    context = BuildContext(tmp_path)
    assert [entry.path for entry in context.match("caf?.txt")] == [name]
    assert context.read(name) == b"a line\n"
    assert context.match("a*") == ()
    assert context.problems == [r"a\x1b[31m\n: the link points out of the context, to /x; builders look inside for it"]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that fails to be read, even for root")
def test_a_file_that_cannot_be_read_is_a_problem_and_may_be_an_archive() -> None:
    context = BuildContext(Path("/proc/self"))
    assert [context.read("mem"), context.archive("mem"), context.read("mem")] == [None, "unknown", None]
    assert context.problems == ["mem: input/output error"]


@unix
def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):  # beyond what the system takes as one path
        os.mkdir("x" * 250, dir_fd=here)
        below = os.open("x" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    fill(tmp_path, "y")
    context = BuildContext(tmp_path)
    assert walked(context) == ["y"]
    assert [problem.rpartition(": ")[2] for problem in context.problems] == ["file name too long"]


@unix
def test_permissions_are_said(tmp_path: Path) -> None:
    fill(tmp_path, "d/a", "f")
    (tmp_path / "d").chmod(0)
    (tmp_path / "f").chmod(0)
    if os.access(tmp_path / "d", os.R_OK):
        pytest.skip("this user may read everything")
    context = BuildContext(tmp_path)
    assert (walked(context), context.read("f"), context.archive("f")) == (["f"], None, "unknown")
    assert context.problems == ["d: permission denied", "f: permission denied"]
    (tmp_path / "d").chmod(0o700)


def test_a_root_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    context = BuildContext(tmp_path / "nothing", tmp_path / "nothing" / "Dockerfile")
    assert (walked(context), context.match("a"), context.match("*"), context.read("a")) == ([], (), (), None)
    assert context.problems == [".: no such file or directory"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=20) | st.text("*?[]^-\\/.abs\0", max_size=8))
def test_no_source_raises(tmp_path: Path, source: str) -> None:
    context = BuildContext(fill(tmp_path, "a", "b/a", "s/b/a"))
    for entry in context.match(source):
        assert entry.path in ("", "a", "b", "b/a", "s", "s/b", "s/b/a")
    list(context.walk(source))
    assert context.read(source) in (None, b"a line\n")
    assert context.archive(source) is None
    assert context.excluded(source) is False


def tar(form: int = tarfile.PAX_FORMAT) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=form) as file:
        file.addfile(tarfile.TarInfo("hello"))
    return data.getvalue()


def old_tar(high: bool = False, signed: bool = False) -> bytes:
    """The header of before POSIX: no magic, only a checksum."""
    header = bytearray(tar(tarfile.USTAR_FORMAT)[:512])
    header[257:345] = bytes(88)
    if high:
        header[0:2] = b"\xe9\xe8"
    header[148:156] = b" " * 8
    checksum = sum(byte - 256 if signed and byte > 127 else byte for byte in header)
    header[148:156] = b"%06o\0 " % checksum
    return bytes(header) + bytes(1024)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (tar(), "tar"),
        (tar(tarfile.GNU_FORMAT), "tar"),
        (tar(tarfile.USTAR_FORMAT), "tar"),
        (old_tar(), "tar"),
        (old_tar(high=True), "tar"),
        (old_tar(high=True, signed=True), "tar"),
        (gzip.compress(tar(), mtime=0), "gzip"),
        (bz2.compress(tar()), "bzip2"),
        (lzma.compress(tar()), "xz"),
        (bytes.fromhex("28b52ffd2400010000"), "zstd"),
        (bytes.fromhex("502a4d1804000000") + bytes(4), "zstd"),
        (bytes.fromhex("5f2a4d1804000000") + bytes(4), "zstd"),
        # A builder would look inside and copy these; here the first bytes are enough to leave ADD alone.
        (gzip.compress(b"no tar", mtime=0), "gzip"),
        (b"BZh, said the text", "bzip2"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "unknown"),
        (b"", None),
        (bytes(10240), None),
        (b"print('hello')\n" * 100, None),
        (tar()[:200], None),
        (old_tar()[:511], None),
        (b"\0" + old_tar()[1:], None),
        (b"PK\x03\x04" + bytes(600), None),
        (lzma.compress(tar(), lzma.FORMAT_ALONE), None),
        (b"\x04\x22\x4d\x18" + bytes(20), None),
        (b"\x4f\x2a\x4d\x18" + bytes(20), None),
        (b"x" * 148 + b"0o17777 " + b"x" * 400, None),
    ],
)
def test_archives_are_told_by_content_whatever_they_are_called(
    tmp_path: Path, content: bytes, expected: str | None
) -> None:
    for name in ("notes.txt", "app.tar.gz"):
        (tmp_path / name).write_bytes(content)
        assert BuildContext(tmp_path).archive(name) == expected


@unix
def test_archives_through_patterns_links_and_folders(tmp_path: Path) -> None:
    fill(tmp_path, "app.t1z/", "data/", "link -> app-1.tgz", "note.tgz")
    (tmp_path / "app-1.tgz").write_bytes(gzip.compress(tar(), mtime=0))
    (tmp_path / "data/in.tar").write_bytes(tar())
    context = BuildContext(tmp_path)
    assert [(entry.path, context.archive(entry.path)) for entry in context.match("*")] == [
        ("app-1.tgz", "gzip"),
        ("app.t1z", None),
        ("data", None),
        ("link", "gzip"),
        ("note.tgz", None),
    ]
    assert context.archive("data/in.tar") == "tar"


@pytest.mark.parametrize(
    "name",
    [
        *("a.tar", "A.TAR", "d/a.tar.gz", "rootfs.gz", "a.tgz", "a.tbz2", "a.txz", "a.tar.zst", "a.tzst", "a.xz"),
        *("a.tar.lz4", "a.tar.gz.part1", "a.tar.Z", "a.bz2", "a.gem", "a.apk", "a.crate", "a.tar/"),
    ],
)
def test_names_of_archives(name: str) -> None:
    assert archive_by_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "tar",
        "a.zip",
        "a.jar",
        "a.war",
        "a.whl",
        "a.py",
        "a.tar.gz.asc",
        "a.tar.gz/b",
        "a.tar.gz.sha256",
        "gz",
        "a.7z",
    ],
)
def test_names_of_no_archive_that_add_unpacks(name: str) -> None:
    assert not archive_by_name(name)


@pytest.mark.parametrize(
    "source",
    [
        *("http://e/a", "https://e/a.tar.gz", "HTTPS://e/a", "git://e/a", "ssh://git@e/a", "ftp://e/a"),
        *("https://github.com/a/b.git#v1:sub", "git@github.com:a/b.git", "me@host:", "git@e:a/b#tag"),
    ],
)
def test_remote_sources(source: str) -> None:
    assert is_remote(source)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "a",
        "a.git",
        "github.com/a/b",
        "./git@e:a",
        "a/git@e:b",
        "a@b",
        "C:\\a",
        "http:/a",
        "://a",
        "x y@b:c",
        "./http://a",
    ],
)
def test_local_sources(source: str) -> None:
    assert not is_remote(source)


def test_the_context_is_the_dockerfiles_folder_when_all_is_there(tmp_path: Path) -> None:
    fill(tmp_path, ".git/HEAD", "app/Dockerfile", "app/main.py", "app/src/a", "main.py", "src/a")
    found = find_context(tmp_path / "app" / "Dockerfile", ["*.py", "src/", "."])
    assert (found.root, found.missing) == (tmp_path / "app", ())
    assert find_context(tmp_path / "app" / "Dockerfile", []).root == tmp_path / "app"


def test_the_context_is_the_nearest_folder_up_that_has_all(tmp_path: Path) -> None:
    fill(tmp_path, ".git", "a/b/docker/Dockerfile", "a/b/x", "a/b/y", "a/x", "x", "y", "z")
    dockerfile = tmp_path / "a/b/docker/Dockerfile"
    assert find_context(dockerfile, ["x", "y"]).root == tmp_path / "a/b"
    assert find_context(dockerfile, ["x", "z"]).root == tmp_path
    assert find_context(dockerfile, ["docker/Dockerfile", "[xy]"]).root == tmp_path / "a/b"


def test_where_nothing_fits_the_missing_are_named(tmp_path: Path) -> None:
    fill(tmp_path, "outside", "repo/.git/HEAD", "repo/a/Dockerfile", "repo/a/x", "repo/y", "repo/a/out")
    fill(tmp_path / "repo" / "a", dockerignore="out\n")
    dockerfile = tmp_path / "repo/a/Dockerfile"
    found = find_context(dockerfile, ["x", "outside", "dist", "out"])
    assert (found.root, found.missing) == (tmp_path / "repo/a", ("outside", "dist", "out"))
    assert "no folder" in found.why
    assert find_context(dockerfile, ["outside"]).missing == ("outside",)


def test_without_a_repository_only_the_dockerfiles_folder_counts(tmp_path: Path) -> None:
    fill(tmp_path, "a/Dockerfile", "x")
    found = find_context(tmp_path / "a/Dockerfile", ["x"])
    assert (found.root, found.missing) == (tmp_path / "a", ("x",))


def test_a_relative_dockerfile_and_one_with_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, ".git/HEAD", "a/Dockerfile", "a/x", "y")
    monkeypatch.chdir(tmp_path / "a")
    assert find_context(Path("Dockerfile"), ["x"]).root == tmp_path / "a"
    assert find_context(Path("Dockerfile"), ["y"]).root == tmp_path
    assert find_context(Path("nowhere\0/Dockerfile"), ["y"]).missing == ("y",)
