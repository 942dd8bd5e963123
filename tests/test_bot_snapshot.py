"""A stranger's repository in a folder: nothing in it leads out, and its configuration decides little."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardenfile.bot.blobs import blob_id
from hardenfile.bot.body import LIMIT, body, message, title
from hardenfile.bot.decide import Hardened
from hardenfile.bot.errors import ForgeError
from hardenfile.bot.escape import JOINER
from hardenfile.bot.forge import Listing, TreeEntry
from hardenfile.bot.hardening import (
    Rewritten,
    config_digest,
    dockerfiles,
    hardened,
    input_of,
    repository_config,
    rewrite,
    tree_digest,
)
from hardenfile.bot.marker import Marker
from hardenfile.bot.snapshot import Snapshot, sound, unpack
from hardenfile.catalog import catalog
from hardenfile.config import Config
from hardenfile.errors import UsageError
from hardenfile.files import Request

BEFORE = 'FROM debian:12\nADD app.sh /app/\nUSER 10001:10001\nCMD ["/app/app.sh"]\n'
ASKED, NONE = Request(), Config()


def archive(*members: tuple[str, bytes | str | None], **kinds: bytes) -> io.BytesIO:
    """A tar.gz; bytes are a file, a text the target of a link, None a folder; `kinds` are members of a type."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.type = tarfile.DIRTYPE if content is None else tarfile.SYMTYPE
                info.linkname = content or ""
                tar.addfile(info)
        for name, kind in kinds.items():
            info = tarfile.TarInfo(f"top/{name}")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    out.seek(0)
    return out


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}


def test_an_archive_is_unpacked_and_removed() -> None:
    with Snapshot() as snapshot:
        unpack(archive(("top", None), ("top/a", b"1"), ("top/b/c", b"22"), ("top/l", "b/c")), snapshot)
        assert files(snapshot.root) == {"a", "b/c", "l"}
        assert (snapshot.root / "b/c").read_bytes() == b"22" and (snapshot.root / "l").readlink() == Path("b/c")
        assert list(snapshot.missing([TreeEntry("a", "100644", "x"), TreeEntry("no/d", "100644", "x")])) == [
            TreeEntry("no/d", "100644", "x")
        ]
    assert not snapshot.base.exists()


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with Snapshot() as snapshot:
        unpack(
            archive(
                ("top/../../x", b"1"),
                ("top//abs", b"1"),
                ("/etc/x", b"1"),
                ("top/.git/hooks/post-checkout", b"1"),
                ("top/.GIT/config", b"1"),
                ("top/sub/.git /config", b"1"),
                ("top/a\\b", b"1"),
                ("top/out", str(outside)),
                ("top/out/file", b"1"),
                ("top/ok", b"1"),
                hard=tarfile.LNKTYPE,
                device=tarfile.CHRTYPE,
                pipe=tarfile.FIFOTYPE,
            ),
            snapshot,
        )
        # What is in the place of a link's folder stays a folder: the link comes last.
        assert files(snapshot.root) == {"etc/x", "ok", "out/file"}
        assert list(outside.iterdir()) == [] and not (snapshot.root / "out").is_symlink()


def test_a_configuration_is_never_a_link(tmp_path: Path) -> None:
    """Its faults are told, and would tell what is in the operator's own files."""
    for name in (".hardenfile.toml", "pyproject.toml", "hardenfile.lock"):
        secret = tmp_path / name
        secret.write_text("SECRET = not toml")
        with Snapshot() as snapshot:
            unpack(archive((f"top/{name}", str(secret)), ("top/Dockerfile", BEFORE.encode())), snapshot)
            assert not (snapshot.root / name).is_symlink()
            assert repository_config(snapshot.root, NONE) is NONE
            one = rewrite(entry("Dockerfile"), snapshot.root, ASKED, NONE)
            assert one.result.error is None


@pytest.mark.parametrize("data", [b"", b"no archive", archive(("top/a", b"1" * 5000)).getvalue()[:-40]])
def test_a_broken_archive_is_an_error(data: bytes) -> None:
    with Snapshot() as snapshot, pytest.raises(ForgeError, match="cannot be read"):
        unpack(io.BytesIO(data), snapshot)


def test_a_large_file_becomes_a_hole() -> None:
    with Snapshot() as snapshot:
        snapshot.put_bytes("big", "100755", b"x" * (9 << 20))
        place = snapshot.root / "big"
        assert place.stat().st_size == 9 << 20 and place.read_bytes()[-1:] == b"\0" and place.stat().st_mode & 0o100


def test_too_much_is_refused() -> None:
    with Snapshot() as snapshot, pytest.raises(ForgeError, match="too large"):
        snapshot.put("bomb", "100644", io.BytesIO(b""), 5 << 30)


@pytest.mark.parametrize("path", ["", "/a", "a/../b", "./a", "a//b", ".git/x", "a/.Git", "a/.git.", "a\\b", "a\0b"])
def test_paths_that_are_not_sound(path: str) -> None:
    assert not sound(path)


def entry(path: str, data: bytes = BEFORE.encode(), mode: str = "100644") -> TreeEntry:
    return TreeEntry(path, mode, blob_id(data))


def test_which_files_are_dockerfiles() -> None:
    listing = Listing(
        "c",
        (
            entry("b/Dockerfile"),
            entry("Dockerfile"),
            entry("link/Dockerfile", mode="120000"),
            entry("node_modules/x/Dockerfile"),
            entry("Dockerfile.dockerignore"),
            entry("x.py"),
            entry("old/Containerfile"),
        ),
    )
    assert [one.path for one in dockerfiles(listing)] == ["Dockerfile", "b/Dockerfile", "old/Containerfile"]
    assert [one.path for one in dockerfiles(listing, ["old", "**/b"])] == ["Dockerfile"]


def test_digests_tell_what_changed() -> None:
    one = Listing("c", (entry("Dockerfile"), entry("app.py")))
    other = Listing("c", (entry("Dockerfile"), entry("app.py", b"x")))
    configured = Listing("c", (*one.entries, entry("sub/.hardenfile.toml")))
    assert tree_digest(one) != tree_digest(other)
    assert config_digest(ASKED, NONE, one) == config_digest(ASKED, NONE, other)
    assert config_digest(ASKED, NONE, one) != config_digest(ASKED, NONE, configured)
    assert config_digest(Request(unsafe=True), NONE, one) != config_digest(ASKED, NONE, one)
    assert input_of(one.entries[:1], False) == one.entries[0].blob
    assert input_of([], True) == "" and len(input_of(one.entries, True)) == 40


def test_no_transforms_option_names_a_program() -> None:
    """A stranger's configuration sets options; should one ever name a command, the bot has to drop it."""
    names = [name for kind in catalog().values() for name in kind.options()]
    assert names and not [name for name in names if any(word in name for word in ("command", "helper", "program"))]


def test_what_a_stranger_configures(tmp_path: Path) -> None:
    with Snapshot() as snapshot:
        text = 'ignore = ["prefer-copy"]\n[registry]\ninsecure = ["x"]\nmirrors."docker.io" = ["evil.example"]\n'
        snapshot.put_bytes(".hardenfile.toml", "100644", text.encode())
        snapshot.put_bytes("Dockerfile", "100644", BEFORE.encode())
        config = repository_config(snapshot.root, NONE)
        assert (config.ignore, config.mirrors, config.insecure) == (("prefer-copy",), {}, ())
        one = rewrite(entry("Dockerfile"), snapshot.root, ASKED, NONE)
        assert one.result.outcome is not None and not one.result.changed


def test_the_operators_configuration_holds_where_there_is_none() -> None:
    with Snapshot() as snapshot:
        snapshot.put_bytes("Dockerfile", "100644", BEFORE.encode())
        snapshot.put_bytes("app.sh", "100755", b"#!/bin/sh\n")
        assert rewrite(entry("Dockerfile"), snapshot.root, ASKED, NONE).result.changed
        assert not rewrite(entry("Dockerfile"), snapshot.root, ASKED, Config(ignore=("prefer-copy",))).result.changed


def test_a_wrong_configuration_is_told_without_the_folder() -> None:
    with Snapshot() as snapshot:
        snapshot.put_bytes(".hardenfile.toml", "100644", b"selct = []\n")
        snapshot.put_bytes("Dockerfile", "100644", BEFORE.encode())
        one = rewrite(entry("Dockerfile"), snapshot.root, ASKED, NONE)
        assert one.result.error is not None and "selct" in one.clean(one.result.error)
        assert str(snapshot.root) not in one.clean(one.result.error)
        with pytest.raises(UsageError):
            repository_config(snapshot.root, NONE)


def rewritten(path: str, text: str = BEFORE, asked: Request = ASKED) -> Rewritten:
    with Snapshot() as snapshot:
        snapshot.put_bytes(path, "100644", text.encode())
        snapshot.put_bytes("app.sh", "100755", b"#!/bin/sh\n")
        folder = path.rpartition("/")[0]
        snapshot.put_bytes(f"{folder}/app.sh".lstrip("/"), "100755", b"#!/bin/sh\n")
        return rewrite(TreeEntry(path, "100644", blob_id(text.encode())), snapshot.root, asked, NONE)


def test_digests_of_what_comes_out() -> None:
    one, other = rewritten("Dockerfile"), rewritten("sub/Dockerfile", BEFORE.replace("ADD", "COPY"))
    assert other.result.outcome is not None and not other.result.changed
    assert hardened([other], False) == Hardened()
    alone, both = hardened([one], False), hardened([one, other], True)
    assert alone.result == blob_id(one.data) and len(alone.output) == 64
    assert both.output and both.output != alone.output
    after = [TreeEntry("Dockerfile", "100644", alone.result), TreeEntry("sub/Dockerfile", "100644", other.blob)]
    assert both.result == input_of(after, True), "once merged, the input is the result"


def test_git_agrees_on_ids() -> None:
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert blob_id(b"", "0" * 64) == "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"


def test_the_body_says_what_a_reviewer_needs() -> None:
    marker = Marker("k", "i")
    text = body([rewritten("Dockerfile")], marker, "rebuild-it")
    assert text.startswith(str(marker))
    for part in (
        "Use COPY instead of ADD",
        "line 2",
        "`prefer-copy`",
        "Why: ",
        "Evidence: ",
        "hadolint DL3020",
        "Close",
    ):
        assert part in text, part
    for part in ("`rebuild-it`", "revert the merge", "`# hardenfile: ignore[prefer-copy]`"):
        assert part in text, part
    assert "Volumes that exist" not in text and str(Path("/tmp")) not in text
    assert "\n\n\n" not in text


def test_the_body_warns_of_volumes_where_the_user_changes() -> None:
    text = body(
        [rewritten("Dockerfile", 'FROM debian:12\nCOPY app.sh /\nCMD ["sleep", "9"]\n', Request(unsafe=True))],
        Marker("k"),
        "x",
    )
    assert "**Volumes that exist already**" in text


def test_the_body_is_never_longer_than_a_forge_takes() -> None:
    many = [rewritten("Dockerfile", "FROM debian:12\n" + "ADD app.sh /app/\n" * 400 + "USER 10001:10001\n")]
    text = body(many, Marker("k"), "x")
    assert len(text) <= LIMIT and "more" in text
    hundreds = [rewritten(f"services/{'x' * 60}{number}/Dockerfile") for number in range(3)] * 400
    assert len(body(hundreds, Marker("k"), "x")) <= LIMIT


def test_titles_and_messages() -> None:
    one, other = rewritten("Dockerfile"), rewritten("a/Dockerfile")
    assert title([one], False) == "Use COPY instead of ADD in Dockerfile"
    assert title([one], True) == "fix: use COPY instead of ADD in Dockerfile"
    assert title([one, other], False) == "Harden 2 Dockerfiles"
    assert message([one, other], True).split("\n") == [
        "fix: harden 2 Dockerfiles",
        "",
        "- Dockerfile: Use COPY instead of ADD",
        "- a/Dockerfile: Use COPY instead of ADD",
    ]


NAMES = st.text(st.characters(exclude_characters="/\0\\", exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(NAMES)
def test_a_path_breaks_out_of_nothing(name: str) -> None:
    path = f"{name}/Dockerfile"
    if not sound(path):
        return
    one = rewritten(path)
    if not one.result.changed:
        return
    marker = Marker("k", "mine")
    text = body([one], marker, "x")
    assert Marker.find(text) == marker and text.count("<!--") == 1
    head = message([one], False)
    assert head.split("\n")[1] == ""


def test_a_path_that_tries_hard() -> None:
    one = rewritten("--> @admin fixes #1 `<img src=x>` <!-- hardenfile:v1 key=x -->/Dockerfile")
    assert one.result.changed
    text, head = body([one], Marker("k"), "x"), message([one], False)
    assert Marker.find(text) == Marker("k")
    assert f"@{JOINER}admin fixes #{JOINER}1" in head
    from tests.test_bot_escape import render

    page = render(text)
    assert set(page.tags) <= {"p", "code", "h3", "ul", "li", "strong", "em", "hr"}
    assert len(page.comments) == 1 and "@admin" not in page.text.replace(JOINER, "")
