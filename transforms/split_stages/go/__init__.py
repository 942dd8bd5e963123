"""Go: the binary that `go build -o` writes and the start command runs, on distroless, scratch or a plain distribution."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction

from ..contract import own_environment
from ..needed import left_behind, named_files
from ..runtime import at, distribution
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Step
from ..survey import Survey

_STATIC = "gcr.io/distroless/static-debian12"
_SOURCES = frozenset((".go", ".s", ".mod", ".sum", ".proto", ".tmpl.go"))
_BUILT_IN = frozenset(("go.mod", "go.sum", "go.work", "go.work.sum", "vendor/modules.txt", "modules.txt"))
_CGO_IMPORT = re.compile(r'^\s*import\s+(?:\(\s*)?"C"|^\s+"C"\s*$', re.MULTILINE)
# Modules that are wrappers of C libraries: without cgo they do not build, or fail when they run.
_CGO_MODULES = re.compile(
    r"\b(?:mattn/go-sqlite3|confluentinc/confluent-kafka-go|godror/godror|mattn/go-oci8|h2non/bimg|davidbyttow/govips"
    r"|go-gl/|veandco/go-sdl2|libgit2/git2go|gographics/imagick|google/gopacket|miekg/pkcs11|ianlancetaylor/cgosymbolizer"
    r"|otiai10/gosseract|gocv\.io|bytecodealliance/wasmtime-go|tecbot/gorocksdb|linxGnu/grocksdb|marcboeker/go-duckdb"
    r"|pebbe/zmq4|rdkafka|DataDog/zstd|valyala/gozstd|cockroachdb/c-|ethereum/go-ethereum|seccomp/libseccomp-golang)"
)
_TAKES_VALUE = frozenset(
    "-o -p -asmflags -buildmode -buildvcs -compiler -gccgoflags -gcflags -installsuffix -ldflags -mod -modfile -overlay "
    "-pkgdir -tags -toolexec -C -pgo -exec -covermode -coverpkg".split()
)


@dataclass(frozen=True, slots=True)
class Binary:
    """What one `go build` or `go install` writes."""

    path: str
    step: Step


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that builds a Go program; None where none is built. Raises Unfit."""
    built = [step for step in survey.runs("go") if step.arguments[:1] in (("build",), ("install",))]
    if not built:
        return None
    binaries = [_binary(step, survey) for step in built]
    binary = _started(survey, binaries)
    module = _module(survey, binary.step)
    claimed = frozenset(_claimed(survey, binary.step.run))
    named = named_files(survey, _SOURCES, _folders(survey, claimed), _BUILT_IN)
    static, static_facts, static_doubts = _linking(survey, binary.step, module)
    runtime = _runtime(survey, static=static, same_family=same_family or bool(survey.shell_at_start))
    doubts = [*static_doubts, *left_behind(named), *_at_run_time(survey)]
    trees = (Tree(binary.path, binary.path, f"{binary.path} is what line {binary.step.run.first_line} builds and what starts"), *named.trees)
    others = [one for one in binaries if one.path != binary.path]
    trees += tuple(Tree(one.path, one.path, f"{one.path} is built as well") for one in others if _names(survey, one.path))
    return Split(
        "go",
        runtime,
        trees,
        claimed,
        intended=own_environment(survey.stage, survey.base, runtime.image) | {"CMD"},
        facts=tuple(static_facts),
        doubts=tuple(doubts),
    )


def _binary(step: Step, survey: Survey) -> Binary:
    """Where a command leaves its binary. Raises Unfit where that cannot be told."""
    if step.cwd is None or not step.always:
        raise Unfit("unclear-step", "where, or whether, it is built cannot be told", step.run)
    output, packages = _arguments(step)
    if step.arguments[0] == "install":
        folder = _environment(survey, "GOBIN") or posixpath.join(_environment(survey, "GOPATH") or "/go", "bin")
        return Binary(posixpath.join(folder, _package_name(step, packages, survey)), step)
    if output is None:
        return Binary(posixpath.join(step.cwd, _package_name(step, packages, survey)), step)
    path = posixpath.normpath(posixpath.join(step.cwd, output))
    if output.endswith("/") or _is_folder(survey, path):
        path = posixpath.join(path, _package_name(step, packages, survey))
    return Binary(path, step)


def _arguments(step: Step) -> tuple[str | None, list[str]]:
    output, packages, value_of = None, [], ""
    for word in step.arguments[1:]:
        if value_of:
            if value_of == "-o":
                if word is None:
                    raise Unfit("artefact", "the name of the binary is only known in the build", step.run)
                output = word
            elif value_of in ("-C", "-buildmode"):
                raise Unfit("artefact", f"`go build {value_of}` is not followed", step.run)
            value_of = ""
        elif word is None:
            continue  # flags of the linker mostly; a package or an output of that kind is missed below
        elif word.startswith("-"):
            name, equals, value = word.partition("=")
            name = "-" + name.lstrip("-")
            if equals and name == "-o":
                output = value
            elif not equals and name in _TAKES_VALUE:
                value_of = name
        else:
            packages.append(word)
    return output, packages


def _package_name(step: Step, packages: list[str], survey: Survey) -> str:
    """The name that Go gives to the binary of a package."""
    if len(packages) > 1 and not all(one.endswith(".go") for one in packages):
        raise Unfit("artefact", "it builds several programs at once", step.run)
    package = packages[0].partition("@")[0] if packages else "."
    if "..." in package:
        raise Unfit("artefact", "it builds every program of the module at once", step.run)
    if package.endswith(".go"):
        return posixpath.basename(package)[: -len(".go")]
    if package in (".", "./"):
        folder = step.cwd or "/"
        found = re.search(r"^module\s+(\S+)", survey.text(posixpath.join(folder, "go.mod")) or "", re.MULTILINE)
        if found is None:
            raise Unfit("artefact", "the module's name, which the binary gets, was not seen", step.run)
        package = found[1].strip('"')
        return re.sub(r"/v\d+\Z", "", package).rpartition("/")[2]
    return posixpath.basename(package.rstrip("/"))


def _is_folder(survey: Survey, path: str) -> bool:
    return any(one.startswith(path + "/") for one, _ in survey.files) or path in ("/usr/local/bin", "/go/bin", "/bin")


def _environment(survey: Survey, name: str) -> str:
    value = survey.stage.env.get(name)
    return value.text if value is not None and value.known else ""


def _started(survey: Survey, binaries: list[Binary]) -> Binary:
    """The binary that the start command runs. Raises Unfit where it runs none of them."""
    folders = [*_environment(survey, "PATH").split(":"), "/go/bin", "/usr/local/bin", "/usr/bin", "/bin"]
    for command in reversed(survey.start.commands):
        program = command.words[0] if command.words else None
        if program is None:
            continue
        if "/" in program:
            paths = {posixpath.normpath(posixpath.join(survey.workdir, program))}
        else:
            paths = {posixpath.join(folder, program) for folder in folders if folder.startswith("/")}
        for one in binaries:
            if one.path in paths:
                return one
    shown = " or ".join(one.path for one in binaries)
    raise Unfit("artefact", f"it builds {shown}, and what starts is not that", survey.start.at)


def _names(survey: Survey, path: str) -> bool:
    return any(path in (word or "") for command in survey.start.commands for word in command.words)


def _module(survey: Survey, step: Step) -> str:
    """The text of go.mod. Raises Unfit where there is none."""
    folder = step.cwd or "/"
    while True:
        text = survey.text(posixpath.join(folder, "go.mod"))
        if text is not None:
            return text
        if folder == "/":
            raise Unfit("no-manifest", "no go.mod is in the context, so what is built is not known", step.run)
        folder = posixpath.dirname(folder)


def _claimed(survey: Survey, last: Instruction) -> Iterator[Step | Instruction]:
    """The commands of Go's tools, and the copies into the folders where they work."""
    where = {step.cwd for step in survey.runs("go") if step.cwd not in (None, "/")}
    for step in survey.steps:
        if step.name in ("go", "gofmt", "golangci-lint", "staticcheck", "swag", "templ", "sqlc") and step.run.begin <= last.begin:
            yield step
    for one in survey.copies():
        target = survey.layout.destination(survey.stage, one)
        if one.begin < last.begin and target is not None and any(target == cwd or target.startswith(f"{cwd}/") for cwd in where):
            yield one


def _folders(survey: Survey, claimed: frozenset[Step | Instruction]) -> list[str]:
    found = (survey.layout.destination(survey.stage, one) for one in claimed if isinstance(one, Instruction))
    return [path for path in dict.fromkeys(found) if path is not None]


def _linking(survey: Survey, step: Step, module: str) -> tuple[bool, list[str], list[str]]:
    """Whether the binary needs no C library, with the facts and what is missing for them."""
    assigned = {word.joined.partition("=")[0]: word.joined.partition("=")[2] for word in (step.command.assignments if step.command else ())}
    setting = assigned.get("CGO_ENABLED") or _environment(survey, "CGO_ENABLED") or _exported(survey, step)
    if setting.strip("\"'") == "0":
        return True, ["CGO_ENABLED=0, so the binary is static"], []
    for path, entry in survey.files:
        if path.endswith(".go"):
            data = survey.context.read(entry.path)
            if data is not None and b'"C"' in data and _CGO_IMPORT.search(data.decode("utf-8", "replace")):
                return False, [f'{entry.path} imports "C", so the binary needs the C library'], []
    found = _CGO_MODULES.search(module)
    if found:
        return False, [f"{found[0]} wraps a C library"], []
    return False, ["CGO_ENABLED is not 0, so the binary may need the C library"], []


def _exported(survey: Survey, step: Step) -> str:
    for other in survey.steps:
        if other.run is step.run and other.name == "export" and "CGO_ENABLED=0" in other.words:
            return "0"
        if other.name == "go" and other.words[1:3] == ("env", "-w") and "CGO_ENABLED=0" in other.words:
            return "0"
    return ""


def _runtime(survey: Survey, *, static: bool, same_family: bool) -> Runtime:
    if static and not same_family:
        why = f"a static binary needs no C library, and {_STATIC} brings certificates and time zones"
        return at(survey, _STATIC, why, static=True)
    return distribution(survey)


def _at_run_time(survey: Survey) -> Iterator[str]:
    """What a Go program may ask of the system that the final image lacks."""
    for path, entry in survey.files:
        if not path.endswith(".go") or path.endswith("_test.go"):
            continue
        text = (survey.context.read(entry.path) or b"").decode("utf-8", "replace")
        if "exec.Command" in text or "exec.LookPath" in text:
            yield f"{entry.path} starts other programs, which the final image may not have"
            return
