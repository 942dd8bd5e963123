"""Whether a Go binary needs a C library when it runs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..steps import Step
from ..survey import Survey
from .artefact import Call, calls
from .sources import Sources, modules

# Modules that are wrappers of C libraries: without cgo they do not build, or fail when they run.
_WRAPPERS = re.compile(
    r"\b(?:mattn/go-sqlite3|confluentinc/confluent-kafka-go|godror/godror|mattn/go-oci8|h2non/bimg|davidbyttow/govips"
    r"|go-gl/|veandco/go-sdl2|libgit2/git2go|gographics/imagick|google/gopacket|miekg/pkcs11|otiai10/gosseract|gocv\.io"
    r"|bytecodealliance/wasmtime-go|tecbot/gorocksdb|linxGnu/grocksdb|(?:marcboeker|duckdb)/(?:go-)?duckdb|pebbe/zmq4"
    r"|DataDog/zstd|valyala/gozstd|seccomp/libseccomp-golang|ianlancetaylor/cgosymbolizer|gordonklaus/portaudio"
    r"|chai2010/webp|kolesa-team/go-webp|strukturag/libheif|u2takey/go-utils|gotk3/gotk3|fyne-io|fyne\.io|webview/webview)"
)
_COMPILERS = re.compile(r"\b(?:gcc|g\+\+|clang|build-base|alpine-sdk|build-essential|musl-dev|libc6?-dev|tcc|zig)\b")


@dataclass(frozen=True, slots=True)
class Linking:
    """`static`: it needs no C library. `without_cgo` are calls that gain CGO_ENABLED=0 so that it is so."""

    static: bool
    facts: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    without_cgo: tuple[Call, ...] = ()


def read_linking(survey: Survey, built: Sequence[Call], sources: Sources, *, known_release: bool) -> Linking:
    """How the binaries of some calls are linked. `known_release`: there is an image with the same C library."""
    found = [_linked(survey, call, sources) for call in built]
    if all(one is not None for one in found):
        return Linking(True, tuple(dict.fromkeys(one for one in found if one)))
    open_calls = tuple(call for call, one in zip(built, found, strict=True) if one is None)
    line = open_calls[0].step.run.first_line
    if any(_bound(call, survey) for call in open_calls):
        return Linking(False, (f"the flags of line {line} make a binary that needs the system's loader",))
    if any(_cgo_setting(call, survey) == "1" for call in open_calls):
        return Linking(False, (f"line {line} builds with CGO_ENABLED=1, so the binary needs the C library",))
    wrapper = next((match[0] for name in modules(survey)[0] if (match := _WRAPPERS.search(name))), "")
    if not has_compiler(survey):
        fact = f"no C compiler is in {survey.stage.base.text}, so nothing but Go is in the binary"
        return Linking(True, (fact, "CGO_ENABLED=0 says so to the linker"), (), open_calls)
    if sources.cgo:
        return Linking(False, (f'{sources.cgo[0]} imports "C", so the binary needs the C library',))
    if wrapper:
        return Linking(False, (f"the module {wrapper} wraps a C library",))
    required, vendored = modules(survey)
    if (
        (not required or vendored)
        and not sources.unread
        and not any(one.packages and _fetches(one) for one in open_calls)
    ):
        whose = "no vendored module does" if required else "no go.mod requires another module"
        facts = (
            f'no source imports "C", and {whose}: with CGO_ENABLED=0 the binary holds the same code, and is static',
        )
        return Linking(True, facts, (), open_calls)
    if known_release:
        return Linking(False, ("CGO_ENABLED is not 0, so the binary may need the C library",))
    why = "whether the modules that are not in the context need cgo, which CGO_ENABLED=0 turns off, was not seen"
    return Linking(True, ("CGO_ENABLED=0 makes the binary static",), (why,), open_calls)


def _fetches(call: Call) -> bool:
    return any("@" in (package or "") for package in call.packages)


def _linked(survey: Survey, call: Call, sources: Sources) -> str | None:
    """Why the binary of a call is static as the file is; None where it is not known to be."""
    line = call.step.run.first_line
    if _bound(call, survey):
        return None
    setting = _cgo_setting(call, survey)
    if setting == "0":
        return f"CGO_ENABLED=0 holds in line {line}, so the binary is static"
    if setting:
        return None
    if not has_compiler(survey) and go_version(survey) >= (1, 20):
        return f"{survey.stage.base.text} has no C compiler, so Go builds without cgo and the binary is static"
    flags = call.flags
    linker = flags.get("-ldflags") or ""
    external = "-linkmode external" in linker or "-linkmode=external" in linker
    external = external and re.search(r"-extldflags[= ]['\"]?[^'\"]*-static\b", linker) is not None
    if external and survey.base.libc == "musl":
        return f"line {line} links the C library statically"
    tags = set(re.split(r"[ ,]", flags.get("-tags") or ""))
    required, vendored = modules(survey)
    if {"netgo", "osusergo"} <= tags and not sources.cgo and (not required or vendored):
        return f'line {line} takes Go\'s own code for names and users, and no source imports "C": the binary is static'
    return None


def _bound(call: Call, survey: Survey) -> bool:
    """Whether the binary needs the system's loader, or a C library, whatever CGO_ENABLED says."""
    flags = call.flags
    more = " ".join(_given(call, survey, name) for name in ("GOFLAGS", "GOEXPERIMENT"))
    return (
        flags.get("-buildmode") == "pie"
        or bool({"-race", "-msan", "-asan"} & flags.keys())
        or (re.search(r"-buildmode=pie|-race|-linkshared|boringcrypto", more) is not None)
    )


def _given(call: Call, survey: Survey, name: str) -> str:
    value = survey.stage.env.get(name)
    return call.env.get(name) or (value.text if value is not None else "")


def _cgo_setting(call: Call, survey: Survey) -> str:
    """What CGO_ENABLED is for a call: 0, 1, `?` where only the build knows, empty where nothing sets it."""
    if "CGO_ENABLED" in call.env:
        return call.env["CGO_ENABLED"] if call.env["CGO_ENABLED"] in ("0", "1") else "?"
    setting = ""
    value = _before(survey, call)
    if value is not None:
        setting = value
    for step in survey.steps:
        if step.run.begin > call.step.run.begin or step is call.step:
            break
        if step.run is call.step.run and step.name == "export":
            for word in step.arguments:
                if word is None and "CGO_ENABLED" in step.text:
                    setting = "?"
                elif word is not None and word.startswith("CGO_ENABLED="):
                    setting = word.partition("=")[2] if step.always else "?"
    for other in calls(survey) if not setting else ():
        if other.words[:2] == ("env", "-w") and other.step.run.begin <= call.step.run.begin:
            for word in other.words[2:]:
                setting = word[12:] if word and word.startswith("CGO_ENABLED=") else setting
    return setting


def _before(survey: Survey, call: Call) -> str | None:
    """What ENV, or an ARG, sets above the call; `?` where a build argument does."""
    found = None
    for one in survey.stage.each("ENV", "ARG"):
        if one.begin > call.step.run.begin:
            break
        values = survey.stage.values(one)
        if one.keyword == "ENV":
            for name, value in zip(values[::3], values[1::3], strict=False):
                if name.text == "CGO_ENABLED":
                    found = value.text if value.known and not value.by_default else "?"
        elif any(word.partition("=")[0] == "CGO_ENABLED" for word in one.args) and found is None:
            found = "?"
    return found


def has_compiler(survey: Survey) -> bool:
    """Whether a C compiler is in the image that builds, as far as it can be excluded."""
    if survey.base.family != "alpine" or survey.name not in ("golang", "docker.io/library/golang"):
        return True
    if any(_installs_one(step) for step in survey.steps):
        return True
    if {"CC", "CXX"} & survey.stage.env.keys():
        return True
    return any(one.flag("from") is not None for one in survey.copies())


def _installs_one(step: Step) -> bool:
    known = step.command is not None and not step.why
    return not known or (step.name in ("apk", "curl", "wget", "tar") and _COMPILERS.search(step.text) is not None)


def go_version(survey: Survey) -> tuple[int, int]:
    """The version that the tag of a golang image names; a tag without one is a recent one."""
    found = re.match(r"(\d+)\.(\d+)", survey.tag)
    return (int(found[1]), int(found[2])) if found else (1, 99)


def default_release(survey: Survey) -> str:
    """The Debian release of a golang image whose tag names none.

    From the history of docker-library/golang's versions.json: the first Debian variant of each version when it was last
    built. Empty for what is still being built: it may move.
    """
    found = re.fullmatch(r"1\.(\d+)(?:\.(\d+))?", survey.tag)
    if found is None or survey.base.family != "debian":
        return ""
    minor, patch = int(found[1]), int(found[2] or 99)
    for release, first in _RELEASES.items():
        if patch >= first.get(minor, 1000):
            return release
    return ""


# The first patch release of each minor version that was built on a release of Debian by default, the newest first.
_RELEASES = {
    "trixie": {23: 12, 24: 6, 25: 0, 26: 0},
    "bookworm": {19: 10, 20: 5, 21: 0, 22: 0, 23: 0, 24: 0},
    "bullseye": {16: 7, 17: 0, 18: 0, 19: 0, 20: 0},
}
