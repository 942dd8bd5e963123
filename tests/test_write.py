"""A file is written whole or not at all, and nothing but that file."""

import os
import re
import resource
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hardenfile.errors import UsageError
from hardenfile.rewrite.patch import write

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"before\n")
    return path


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def nobody() -> Iterator[None]:
    """Act as a user without privileges, where root runs the tests."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refuses(path: Path, says: str, *, root: Path | None = None, expected: bytes | None = None) -> None:
    """The write is refused in one line, and leaves the folder and the bytes as they were."""
    bytes_before = path.read_bytes() if path.is_file() else None
    names_before = names(path.parent)
    with pytest.raises(UsageError, match=says) as refused:
        write(path, b"after\n", root=root, expected=expected)
    assert "\n" not in str(refused.value)
    assert str(path) in str(refused.value)
    assert (path.read_bytes() if path.is_file() else None) == bytes_before
    assert names(path.parent) == names_before


def test_the_bytes_are_written_as_they_are_and_nothing_else_appears(file: Path) -> None:
    write(file, b"a\r\nb\x00\xff")
    assert file.read_bytes() == b"a\r\nb\x00\xff"
    assert names(file.parent) == ["Dockerfile"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o664, 0o4711, 0o200])
def test_the_mode_stays(file: Path, mode: int) -> None:
    file.chmod(mode)
    write(file, b"after\n")
    assert stat.S_IMODE(file.stat().st_mode) == mode


@as_root
def test_the_owner_stays_and_so_do_the_bits_that_a_change_of_owner_clears(file: Path) -> None:
    os.chown(file, 1234, 4321)
    file.chmod(0o6755)
    write(file, b"after\n")
    now = file.stat()
    assert (now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)) == (1234, 4321, 0o6755)


@as_root
def test_an_owner_that_may_not_be_kept_does_not_stop_the_write(open_folder: Path) -> None:
    file = open_folder / "Dockerfile"
    file.write_bytes(b"before\n")
    file.chmod(0o666)
    open_folder.chmod(0o777)
    with nobody():
        write(file, b"after\n")
    assert file.read_bytes() == b"after\n"
    assert (file.stat().st_uid, stat.S_IMODE(file.stat().st_mode)) == (NOBODY, 0o666)


def test_a_new_file_gets_the_mode_that_any_new_file_gets(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write(tmp_path / "new", b"after\n")
    assert (tmp_path / "new").read_bytes() == b"after\n"
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_relative_path_and_a_relative_root(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    write(Path("Dockerfile"), b"after\n", root=Path())
    assert file.read_bytes() == b"after\n"


def test_a_link_inside_the_root_is_written_through_and_stays_a_link(file: Path) -> None:
    folder = file.parent / "sub"
    folder.mkdir()
    link, chain = folder / "link", folder / "chain"
    link.symlink_to("../Dockerfile")
    chain.symlink_to("link")
    write(chain, b"after\n", root=file.parent)
    assert file.read_bytes() == b"after\n"
    assert not file.is_symlink()
    assert (str(link.readlink()), str(chain.readlink())) == ("../Dockerfile", "link")
    assert (names(folder), names(file.parent)) == (["chain", "link"], ["Dockerfile", "sub"])


def test_a_link_out_of_the_root_is_refused(file: Path) -> None:
    root = file.parent / "root"
    root.mkdir()
    link = root / "link"
    link.symlink_to("../Dockerfile")
    refuses(link, f"{re.escape(str(link))} is a link to {re.escape(str(file))}, outside of", root=root)
    refuses(link, f"link to {re.escape(str(file))}")
    beside = file.parent / "beside"
    beside.symlink_to("Dockerfile")
    refuses(beside, "outside of", root=root)


def test_a_linked_folder_leads_out_of_the_root_no_more_than_a_linked_file(file: Path) -> None:
    root, elsewhere = file.parent / "root", file.parent / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (elsewhere / "Dockerfile").write_bytes(b"before\n")
    (root / "out").symlink_to(elsewhere)
    refuses(root / "out/Dockerfile", "outside of", root=root)
    write(root / "out/Dockerfile", b"after\n", root=file.parent)
    assert (elsewhere / "Dockerfile").read_bytes() == b"after\n"


def test_a_root_that_is_itself_reached_by_a_link(file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("elsewhere") / "root"
    root.symlink_to(file.parent)
    (file.parent / "link").symlink_to("Dockerfile")
    write(root / "link", b"after\n", root=root)
    write(root / "Dockerfile", b"again\n", root=root, expected=b"after\n")
    assert file.read_bytes() == b"again\n"


def test_a_plain_file_outside_of_the_root_was_named_on_purpose(file: Path) -> None:
    root = file.parent / "root"
    root.mkdir()
    write(file, b"after\n", root=root)
    assert file.read_bytes() == b"after\n"


def test_links_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to("missing")
    (tmp_path / "loop").symlink_to("loop")
    refuses(tmp_path / "gone", "does not exist", root=tmp_path)
    refuses(tmp_path / "loop", "is a link", root=tmp_path)


def test_of_two_hard_links_only_the_one_that_was_named_changes(file: Path) -> None:
    other = file.parent / "other"
    other.hardlink_to(file)
    write(file, b"after\n")
    assert (file.read_bytes(), other.read_bytes()) == (b"after\n", b"before\n")


def test_a_file_marked_read_only_is_refused(file: Path) -> None:
    file.chmod(0o444)
    refuses(file, "is read-only$")


@as_root
def test_a_file_of_someone_else_is_refused_though_its_folder_would_allow_it(open_folder: Path) -> None:
    file = open_folder / "Dockerfile"
    file.write_bytes(b"before\n")
    file.chmod(0o644)
    open_folder.chmod(0o777)
    with nobody():
        refuses(file, "is read-only$")


def test_a_folder_that_may_not_be_written_is_refused(open_folder: Path) -> None:
    file = open_folder / "Dockerfile"
    file.write_bytes(b"before\n")
    file.chmod(0o666)
    open_folder.chmod(0o555)
    with nobody():
        refuses(file, "^cannot write .*Dockerfile: Permission denied$")
    open_folder.chmod(0o755)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    refuses(tmp_path / "pipe", "is not a regular file$")
    refuses(tmp_path / "folder", "is not a regular file$")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^cannot write .*: No such file or directory$"):
        write(tmp_path / "missing/Dockerfile", b"after\n")
    assert names(tmp_path) == []


def test_a_file_that_still_holds_what_was_read_is_written(file: Path) -> None:
    write(file, b"after\n", expected=b"before\n")
    assert file.read_bytes() == b"after\n"


@pytest.mark.parametrize("expected", [b"", b"before", b"before\r\n"])
def test_a_file_that_changed_since_it_was_read_is_left_alone(file: Path, expected: bytes) -> None:
    refuses(file, "changed since it was read", expected=expected)


def test_a_file_that_is_gone_since_it_was_read_is_not_made_anew(tmp_path: Path) -> None:
    refuses(tmp_path / "Dockerfile", "No such file", expected=b"")


def test_a_write_that_breaks_off_leaves_the_old_bytes_and_no_other_file(file: Path) -> None:
    """A limit on the size of files stands in for the full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(UsageError, match=r"^cannot write .*: File too large$"):
            write(file, b"x" * 1_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_bytes() == b"before\n"
    assert names(file.parent) == ["Dockerfile"]
