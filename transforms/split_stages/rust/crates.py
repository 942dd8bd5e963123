"""What the crates of a Cargo.lock need of the system when the program runs."""

import re
import tomllib
from dataclasses import dataclass

from ..packages_table import libraries
from ..split import Unfit
from ..survey import Survey

# Crates that link against a library of the system: the Debian package of its headers, the crate that builds it in.
_LINKED = {
    "openssl-sys": ("libssl-dev", "openssl-src"),
    "pq-sys": ("libpq-dev", "pq-src"),
    "mysqlclient-sys": ("default-libmysqlclient-dev", "mysqlclient-src"),
    "libsqlite3-sys": ("libsqlite3-dev", ""),
    "curl-sys": ("libcurl4-openssl-dev", ""),
    "libdbus-sys": ("libdbus-1-dev", ""),
    "libudev-sys": ("libudev-dev", ""),
    "alsa-sys": ("libasound2-dev", ""),
    "yeslogic-fontconfig-sys": ("libfontconfig1-dev", ""),
    "servo-fontconfig-sys": ("libfontconfig1-dev", ""),
    "libusb1-sys": ("libusb-1.0-0-dev", ""),
    "libxml": ("libxml2-dev", ""),
    "magick_rust": ("libmagickwand-dev", ""),
    "sodiumoxide": ("libsodium-dev", ""),
    "libsodium-sys": ("libsodium-dev", ""),
    "zmq-sys": ("libzmq3-dev", "zeromq-src"),
}
# Crates called -sys that compile what they wrap, declare what is no library, or are for other systems.
_BUILT_IN = re.compile(
    r"(?:aws-lc|aws-lc-fips|ring|tikv-jemalloc|jemalloc|mimalloc|libmimalloc|zstd|bzip2|lzma|lz4|brotli|snappy|libz|libz-ng"
    r"|librocksdb|rdkafka|onig|onig|freetype|libgit2|libssh2|libnghttp2|blake3|secp256k1|psm|tree-sitter|libwebp|mozjpeg"
    r"|lmdb|lmdb-master|lmdb-rkv|libmdbx|duckdb|libduckdb|linux-raw|js|web|windows|winapi|core-foundation|security-framework"
    r"|core-graphics|core-text|wasi|hermit|ntapi|mach|mach2|fsevent|kqueue|inotify|nix|libc|errno|iovec|system-configuration"
    r"|android|ndk|jni|schannel|ittapi|protobuf|protoc-bin|v8|io-uring|iana-time-zone|prettyplease|dirs|utf8proc|jsonrpc|sysinfo"
    r"|redox|user32|kernel32|advapi32|ws2_32|crypt32|secur32|quickjs|libquickjs|wasm3|luajit|lua|mlua|bzip3|xz2|libfuzzer|objc)"
    r"-sys\Z"
)
_CERTIFICATES = frozenset(
    "openssl openssl-sys native-tls rustls-native-certs rustls-platform-verifier openssl-probe curl-sys".split()
)
_LOADS = frozenset(("libloading", "dlopen", "dlopen2", "wgpu", "ort-sys"))


@dataclass(frozen=True, slots=True)
class Needs:
    """The packages that the run needs, each with the reason; whether they depend on the release; what is not known."""

    packages: tuple[tuple[str, str], ...]
    linked: bool
    facts: tuple[str, ...]
    doubts: tuple[str, ...]
    names: frozenset[str]


def read_needs(survey: Survey, path: str, release: str, *, debian: bool) -> Needs:
    """What a lock file says; `release` is a codename of Debian, empty where it is not known."""
    text = survey.text(path, 2_000_000)
    where = survey.layout.source_of(path)
    if text is None:
        doubt = f"no {where} was seen, so which libraries the program uses is not known"
        return Needs((), False, (), (doubt,), frozenset())
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unfit("artefact", f"{where} is no TOML: {error}") from error
    listed = table.get("package", [])
    names = frozenset(one["name"] for one in listed if isinstance(one, dict) and isinstance(one.get("name"), str))
    packages: dict[str, str] = {}
    doubts: list[str] = []
    linked = False
    for name in sorted(names):
        if name in _LINKED:
            headers, source = _LINKED[name]
            if source in names:
                continue
            linked = True
            found = libraries(headers, "debian", release) if debian and release else None
            if found is None:
                doubts.append(f"{name} of {where} may need a library of the system, which the final image may not have")
            else:
                packages.update(dict.fromkeys(found, f"{name} of {where} links against it"))
        elif name.endswith("-sys") and not _BUILT_IN.match(name):
            doubts.append(f"{name} of {where} may need a library of the system")
        elif name in _LOADS:
            doubts.append(f"{name} of {where} loads libraries when it runs")
    if debian and names & _CERTIFICATES:
        packages["ca-certificates"] = f"{sorted(names & _CERTIFICATES)[0]} of {where} reads the system's certificates"
    facts = () if packages or doubts else (f"no crate of {where} links against a library beside those of libc",)
    return Needs(tuple(packages.items()), linked, facts, tuple(doubts), names)
