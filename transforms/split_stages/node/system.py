"""What packages of npm ask of the system: browsers, C libraries, programs."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..split import Unfit
from ..survey import listed
from .locks import Package

# They fetch a browser into a home folder, and it wants dozens of libraries.
_BROWSERS = frozenset(
    "puppeteer playwright playwright-core playwright-chromium playwright-firefox playwright-webkit electron cypress "
    "phantomjs-prebuilt phantomjs nightmare chromedriver geckodriver selenium-webdriver @sparticuz/chromium".split()
)
# Their scripts at installation compile, fetch or print, and what they leave needs no library but libc and libstdc++.
_SELF_CONTAINED = frozenset(
    "bcrypt argon2 bufferutil utf-8-validate sharp sqlite3 better-sqlite3 better-sqlite3-multiple-ciphers node-sass "
    "fsevents esbuild @swc/core @parcel/watcher msgpackr-extract cpu-features ssh2 core-js core-js-pure core-js-bundle "
    "@nestjs/core nestjs-pino protobufjs nodemon styled-components es5-ext leveldown classic-level rocksdb lz4 snappy "
    "zeromq re2 farmhash microtime heapdump node-expat libxmljs libxmljs2 xxhash hiredis node-pty zstd-codec "
    "@grpc/grpc-js grpc dtrace-provider @newrelic/native-metrics newrelic dd-trace @datadog/native-metrics "
    "@datadog/native-appsec @datadog/native-iast-taint-tracking @datadog/pprof deasync iconv ref-napi ffi-napi "
    "sodium-native secp256k1 keccak tiny-secp256k1 bigint-buffer blake-hash websocket lmdb lmdb-store ffmpeg-static "
    "@ffmpeg-installer/ffmpeg @ffprobe-installer/ffprobe @sentry/cli @scarf/scarf @firebase/util vue-demi husky nx "
    "simple-git-hooks aws-crt unrs-resolver @apollo/protobufjs bson-ext event-loop-stats gc-stats v8-profiler-next "
    "@tensorflow/tfjs-node tree-sitter murmurhash-native mmmagic preact ursa-optional "
    "@bufbuild/buf @contrast/fn-inspect @serialport/bindings-cpp @napi-rs/canvas @nestjs/cli json-server "
    "ejs bootstrap-vue mongodb-client-encryption @mongodb-js/zstd oracledb".split()
)
# Packages of Debian that a full image holds, a slim one does not, and that these need at run time.
_DEBIAN: dict[str, tuple[str, ...]] = {
    "@prisma/client": ("openssl", "ca-certificates"),
    "prisma": ("openssl", "ca-certificates"),
    "@prisma/engines": ("openssl", "ca-certificates"),
    "pg-native": ("libpq5",),
    "libpq": ("libpq5",),
    "kerberos": ("libgssapi-krb5-2",),
}
# Programs that these start: part of a full image, and of no slim one.
_PROGRAMS = {
    "simple-git": "git",
    "git-clone": "git",
    "gitlog": "git",
    "download-git-repo": "git",
    "gm": "ImageMagick",
    "imagemagick": "ImageMagick",
    "easyimage": "ImageMagick",
    "pdf2pic": "ImageMagick",
    "pidusage": "ps",
    "pidtree": "ps",
    "ps-list": "ps",
    "ps-node": "ps",
    "ps-tree": "ps",
    "find-process": "ps",
    "tree-kill": "ps",
    "systeminformation": "ps and others",
    "python-shell": "python3",
    "youtube-dl-exec": "python3",
    "pem": "openssl",
}
# What compiles or fetches add-ons: who depends on one of these is an add-on.
_TOOLS = frozenset(
    "bindings nan node-addon-api node-gyp-build node-gyp-build-optional-packages prebuild-install node-pre-gyp "
    "@mapbox/node-pre-gyp node-gyp cmake-js prebuildify node-gyp-build-test pkg-prebuilds @prebuild/install".split()
)

_PLATFORMS = ("@esbuild/", "@swc/core-", "@img/sharp-", "@parcel/watcher-", "@rollup/rollup-", "@next/swc-")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`packages` are Debian's, each with the reason; `facts` and `doubts` as in Split."""

    packages: tuple[tuple[str, str], ...] = ()
    facts: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def check_browsers(names: Iterable[str]) -> None:
    """Raise Unfit for packages that need a browser."""
    found = sorted(_BROWSERS & set(names))
    if found:
        raise Unfit("packages", f"{found[0]} brings or drives a browser, whose libraries nobody has counted here")


def wanted(names: frozenset[str], installed: Iterable[Package], lock: str) -> Wanted:
    """What the packages that are in the image need of a slim system. `names` are all that are known of, `lock` is the
    lock file's name or empty."""
    packages = {one: name for name in sorted(names & _DEBIAN.keys()) for one in _DEBIAN[name]}
    doubts = [f"{name} starts {_PROGRAMS[name]}" for name in sorted(names & _PROGRAMS.keys())]
    doubts = [f"{one}, which the final image does not have" for one in doubts]
    if not lock:
        doubts.append("no lock file was read, so which packages are installed, and what they need, is not known")
    builds = sorted({one.name for one in installed if _is_addon(one)})
    unknown = [name for name in builds if name not in _SELF_CONTAINED and name not in _DEBIAN and not _optional(name)]
    if unknown:
        doubts.append(f"what {listed(unknown)} compiles or fetches may need libraries that the final image lacks")
    facts = []
    if lock and not unknown:
        known = [name for name in builds if not _optional(name) and name not in _DEBIAN]
        what = f"what {listed(known)} compile or fetch needs the C library only" if known else ""
        facts.append(f"{lock}: {what or 'none of its packages is known to need more of the system'}")
    return Wanted(tuple((one, f"{name} needs it") for one, name in packages.items()), tuple(facts), tuple(doubts))


def starts_programs(name: str) -> bool:
    """Whether a package is one that starts programs of the system."""
    return name in _PROGRAMS


def _is_addon(package: Package) -> bool:
    if package.name in _TOOLS:
        return False
    return bool(package.builds) if package.builds is not None else not package.needs.isdisjoint(_TOOLS)


def _optional(name: str) -> bool:
    """Packages for one platform each, which bring a finished binary: `@esbuild/linux-x64`."""
    return name.startswith(_PLATFORMS)
