"""The lock file: what is written reads back, what is wrong is told in one line, and the nearest one holds."""

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from hardenfile.errors import UsageError
from hardenfile.evidence.lock import LOCK_NAME, Lock, now
from hardenfile.evidence.pins import Checksum, Pin
from hardenfile.evidence.reference import ImageReference

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
INDEX = "application/vnd.oci.image.index.v1+json"
WRITTEN = f"""\
# Written by `hardenfile lock`; commit it. diff, fix and check pin images and downloads by it.
version = 1

[image."gcr.io/distroless/static:nonroot"]
digest = "{B}"

[image."python:3.12"]
digest = "{A}"
media-type = "{INDEX}"
platforms = ["linux/amd64", "linux/arm64/v8"]
resolved = 2026-11-22T01:02:03Z

[url."http://example.org/z"]
sha256 = "{"d" * 64}"
size = 0

[url."https://example.org/a.tgz"]
sha256 = "{"c" * 64}"
size = 12
resolved = 2026-11-22T01:02:04Z
"""


def named(text: str) -> ImageReference:
    reference = ImageReference.parse(text)
    assert reference is not None
    return reference


def test_written_as_read_and_sorted() -> None:
    pins = {
        named("python:3.12"): Pin(A, INDEX, ("linux/amd64", "linux/arm64/v8"), "2026-11-22T01:02:03Z"),
        named("gcr.io/distroless/static:nonroot"): Pin(B),
    }
    urls = {
        "https://example.org/a.tgz": Checksum("c" * 64, 12, "2026-11-22T01:02:04Z"),
        "http://example.org/z": Checksum("d" * 64),
    }
    assert Lock(pins, urls).to_bytes().decode() == WRITTEN
    assert Lock(dict(reversed(pins.items())), urls).to_bytes().decode() == WRITTEN
    read = Lock.parse(WRITTEN.encode())
    assert (read.images, read.urls) == (pins, urls)
    assert read.to_bytes().decode() == WRITTEN


def test_a_pin_is_found_by_every_spelling_and_whatever_its_digest() -> None:
    lock = Lock.parse(WRITTEN.encode())
    for text in ("python:3.12", "docker.io/library/python:3.12", f"library/python:3.12@{B}"):
        pin = lock.pin(named(text))
        assert pin is not None and pin.digest == A
    assert lock.pin(named("python")) is None
    latest = Lock({named("python:latest"): Pin(A)})
    assert latest.pin(named("python")) == latest.pin(named("python:latest")) == Pin(A)


def test_times_of_other_zones_are_told_in_utc() -> None:
    local = Lock.parse(WRITTEN.replace("01:02:03Z", "03:02:03+02:00").encode())
    assert local.to_bytes().decode() == WRITTEN
    assert tomllib.loads(f"x = {now()}")["x"].utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version = 1", "version = 2", "version is not 1"),
        ("version = 1\n", "", "version is not 1"),
        ("version = 1", "version = true", "version is not 1"),
        ("version = 1", "version = 1\nimages = 1", "unknown key 'images' (did you mean 'image'?)"),
        ("version = 1", "version = ", "is no TOML"),
        ('[image."python:3.12"]', '[image."python"]', 'image."python" names no image with a tag'),
        ('[image."python:3.12"]', f'[image."python:3.12@{B}"]', "names no image with a tag and without a digest"),
        ('[image."python:3.12"]', '[image."Python:3.12"]', 'image."Python:3.12" names no image'),
        ("media-type", "media_type", "image.\"python:3.12\": unknown key 'media_type' (did you mean"),
        (f'digest = "{A}"', 'digest = "sha256:12"', 'image."python:3.12".digest is no digest'),
        (f'digest = "{A}"', f'digest = "{A.upper()}"', 'image."python:3.12".digest is no digest'),
        (f'digest = "{A}"\n', "", 'image."python:3.12".digest is no digest: None'),
        (f'"{INDEX}"', "1", "media-type takes a text, not 1"),
        ('["linux/amd64", "linux/arm64/v8"]', "[1]", "platforms takes a list of texts"),
        ("2026-11-22T01:02:03Z", '"yesterday"', "resolved takes a time in UTC"),
        ("2026-11-22T01:02:03Z", "2026-11-22", "resolved takes a time in UTC"),
        ("c" * 64, "c" * 63, 'url."https://example.org/a.tgz".sha256 is not 64'),
        ("size = 12", "size = -1", "size takes a number of bytes"),
        ("size = 12", "size = true", "size takes a number of bytes"),
    ],
)
def test_what_is_wrong_is_told_with_the_file_and_the_key(old: str, new: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / LOCK_NAME
    assert old in WRITTEN
    path.write_text(WRITTEN.replace(old, new))
    with pytest.raises(UsageError) as caught:
        Lock.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and says in message and "\n" not in message


@pytest.mark.parametrize("text", ["image = 1", "url = []", "[image]\na = 1", '[url]\n"https://a" = 2'])
def test_tables_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match=r"takes (tables|a table), not"):
        Lock.parse(f"version = 1\n{text}".encode())


def test_bytes_that_are_no_text_and_nesting_without_end() -> None:
    with pytest.raises(UsageError, match="is not UTF-8"):
        Lock.parse(b"\xff")
    with pytest.raises(UsageError, match="is no TOML"):
        Lock.parse(b"x = " + b"[" * 100_000)


def test_one_image_in_two_spellings() -> None:
    twice = f'version = 1\n[image."python:3"]\ndigest = "{A}"\n[image."library/python:3"]\ndigest = "{B}"\n'
    with pytest.raises(UsageError, match="stands there twice"):
        Lock.parse(twice.encode())


def test_the_nearest_one_upwards_holds(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert Lock.find(deep) is None
    (tmp_path / LOCK_NAME).write_text(WRITTEN)
    known: dict[Path, Lock | None] = {}
    found = Lock.find(deep, known)
    assert found is not None and found.path == tmp_path / LOCK_NAME
    assert Lock.find(tmp_path / "a", known) is found and Lock.find(deep, known) is found
    (deep / LOCK_NAME).write_text("version = 1\n")
    own = Lock.find(deep)
    assert own is not None and own.path == deep / LOCK_NAME and not own.images


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        Lock.read(tmp_path)


urls = st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(urls, st.integers(0, 1 << 62)))
def test_any_url_reads_back_and_is_what_another_writer_would_say(found: dict[str, int]) -> None:
    lock = Lock({}, {url: Checksum("0" * 64, size) for url, size in found.items()})
    assert Lock.parse(lock.to_bytes()).urls == lock.urls
    plain = {"version": 1, "url": {url: {"sha256": "0" * 64, "size": size} for url, size in found.items()}}
    assert tomllib.loads(lock.to_bytes().decode()).get("url", {}) == plain["url"]
    assert Lock.parse(tomli_w.dumps(plain).encode()).to_bytes() == lock.to_bytes()


@given(st.lists(st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5})?:[a-z0-9]{1,5}", fullmatch=True), unique=True))
def test_order_of_entries_does_not_matter(names: Iterable[str]) -> None:
    pins = {named(name): Pin(A) for name in names}
    lock = Lock(pins)
    assert lock.to_bytes() == replace(lock, images=dict(reversed(pins.items()))).to_bytes()
    assert Lock.parse(lock.to_bytes()).images == pins
