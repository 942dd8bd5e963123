"""What ADD would unpack: by content, as builders decide it, and by name, for when no content is at hand.

Facts. BuildKit (solver/llbsolver/file/unpack.go), the legacy builder (builder/dockerfile/copy.go) and buildah (copier)
all decompress by magic bytes - gzip, bzip2, xz, zstd - and unpack when a first tar header can be read from the result;
so a compressed file that is no tar is copied, and so is an archive whose name alone says so. They ask that only of
regular files which a source names, itself or by a pattern or through a link. What lies in a folder that is added stays
as it is.
"""

import re

HEAD_SIZE = 512  # bytes: one tar header

_MAGIC = {
    b"\x1f\x8b\x08": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # RFC 8878, section 3.1.2
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_CHECKSUM = slice(148, 156)

# .zip, .jar, .war, .whl and .7z are not here: ADD copies them as they are.
_ENDINGS = (
    *(".tar", ".tgz", ".taz", ".tbz", ".tbz2", ".tb2", ".tz2", ".txz", ".tlz", ".tzst", ".tz"),
    *(".gz", ".bz2", ".bz", ".xz", ".zst", ".zstd", ".lz", ".lz4", ".lzma", ".z"),
    *(".apk", ".gem", ".crate", ".ova", ".box", ".unitypackage"),  # tars, most of them compressed
)
_BESIDE_ARCHIVES = (".asc", ".sig", ".minisig", ".md5", ".sha1", ".sha256", ".sha512", ".sha256sum", ".sha512sum")


def archive_format(head: bytes) -> str | None:
    """What a file with these first `HEAD_SIZE` bytes may be unpacked as; None when ADD is sure to copy it.

    "tar", "gzip", "bzip2", "xz" or "zstd"; a compressed file counts without a look at what is compressed. "unknown"
    is the pointer that Git LFS leaves where it did not fetch: another clone has other content there.
    """
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    if _ZSTD_SKIPPABLE.match(head):
        return "zstd"
    if head[257:262] == b"ustar" or _is_old_tar(head):
        return "tar"
    return "unknown" if head.startswith(_LFS_POINTER) else None


def _is_old_tar(head: bytes) -> bool:
    """Whether it is a tar header by its checksum alone, the only sign that tars had before POSIX."""
    if len(head) < HEAD_SIZE:
        return False
    digits = head[_CHECKSUM].strip(b" \0").partition(b"\0")[0]
    if not re.fullmatch(rb"[0-7]+", digits):
        return False
    fields = head[: _CHECKSUM.start] + b" " * 8 + head[_CHECKSUM.stop : HEAD_SIZE]
    unsigned = sum(fields)
    signed = unsigned - 256 * sum(byte > 127 for byte in fields)
    return int(digits, 8) in (unsigned, signed)


def archive_by_name(name: str) -> bool:
    """Whether a name is one that people give to archives which ADD may unpack, or to parts of such archives."""
    name = name.rstrip("/").rpartition("/")[2].lower()
    return name.endswith(_ENDINGS) or (".tar." in name and not name.endswith(_BESIDE_ARCHIVES))
