"""Rust: the program that `cargo build` or `cargo install` leaves and the start command runs."""

import posixpath
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import within

from ..compiled import cached, check_split, feeding, filled, kept_workdir, made, needs_shell, spelled
from ..contract import own_environment
from ..needed import left_behind, named_files
from ..runtime import at, distribution
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Step
from ..survey import Survey, listed
from .crates import Needs, read_needs
from .manifest import Workspace, read_workspace

_STATIC = "gcr.io/distroless/static-debian12"
_NEWEST = "trixie"
_SOURCES = frozenset((".rs", ".proto", ".lalrpop", ".pest", ".capnp", ".fbs"))
_BUILT_IN = frozenset(
    "Cargo.toml Cargo.lock rust-toolchain rust-toolchain.toml rustfmt.toml clippy.toml deny.toml diesel.toml "
    "sqlx-data.json Cross.toml Trunk.toml release.toml config.toml recipe.json cliff.toml bacon.toml".split()
)
_TAKES_VALUE = frozenset(
    "--bin --example --test --bench -p --package --exclude --target --target-dir --manifest-path --profile -F "
    "--features "
    "--jobs -j --color --config --message-format --root --path --git --branch --tag --rev --version --index --registry "
    "--recipe-path --artifact-dir --out-dir -Z -C".split()
)
# Packages that crates are built with, and no program needs when it runs.
_PROGRAMS = frozenset(
    "musl-tools musl-dev protobuf-compiler protobuf protoc libprotobuf-dev protobuf-dev libclang-dev clang-dev "
    "llvm-dev mold lld nasm cargo rustc rust openssl-libs-static".split()
)
_STARTS = re.compile(r"\b(?:process::)?Command::new\s*\(")
_LINKS = re.compile(r"rustc-link-lib|#\[link\s*\(\s*name")
_EMBEDS_MIGRATIONS = re.compile(r"\b(?:sqlx::)?migrate!|\bembed_migrations!")
_RUN_TIME_MIGRATIONS = re.compile(r"\bMigrator::new\b|\bFileBasedMigrations\b")
_COMPILED_TEMPLATES = frozenset(("askama", "rinja", "sailfish", "maud", "askama_derive"))
_RUN_TIME_TEMPLATES = frozenset(("tera", "handlebars", "minijinja", "liquid", "rocket_dyn_templates"))


@dataclass(frozen=True, slots=True)
class Call:
    """One `cargo build` or `cargo install`. `options` are the last value of each option."""

    step: Step
    verb: str
    options: dict[str, str | None]

    def path(self, option: str) -> str | None:
        """A path that an option gives, made absolute; None where it is not given."""
        value = self.options.get(option)
        if option in self.options and value is None:
            raise Unfit("artefact", f"{option} is only known in the build", self.step.run)
        return self.step.path(value) if value is not None else None


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that builds a Rust program; None where none is built. Raises Unfit."""
    calls = [call for step in survey.runs("cargo") if (call := _call(step)) is not None]
    if not calls:
        return None
    program, target, call, steps = _started(survey, calls)
    workspace = _workspace(survey, call)
    last = call.step.run
    claimed = frozenset((*_claimed(survey, calls, last), *steps))
    triple = _triple(survey, call)
    flags = _flags(survey, call)
    if "prefer-dynamic" in flags:
        raise Unfit("artefact", "with prefer-dynamic the program needs the libraries of the toolchain", last)
    static = "musl" in triple and "-crt-static" not in flags
    lock = posixpath.join(workspace.root if workspace else call.step.cwd or "/", "Cargo.lock")
    needs = read_needs(survey, lock, survey.codename, debian=survey.base.family == "debian")
    runtime, packages, doubts = _runtime(survey, needs, claimed, static=static, same_family=same_family)
    named, more = _files(survey, claimed, needs)
    split = Split(
        "rust",
        runtime,
        (Tree(program, target, f"{program} is what line {last.first_line} builds and what starts", built=True), *named),
        claimed,
        settings=kept_workdir(survey, runtime),
        intended=own_environment(survey.stage, survey.base, runtime.image) | {"CMD"},
        packages=packages,
        programs=_PROGRAMS | (_headers(survey) if static else frozenset()),
        facts=(*needs.facts, *((f"{triple} is static",) if static else ())),
        doubts=(*doubts, *more),
    )
    check_split(survey, split)
    return split


def _call(step: Step) -> Call | None:
    """What a cargo command builds; None where it builds nothing. Raises Unfit where it cannot be followed."""
    words = [word for word in step.arguments if word is None or not word.startswith("+")]
    while words and words[0] is not None and words[0].startswith("-"):
        words = words[1:]
    verb = words[0] if words else None
    if verb not in ("build", "b", "install", "rustc"):
        return None
    if step.cwd is None or not step.always:
        raise Unfit("unclear-step", "where, or whether, it is built cannot be told", step.run)
    options: dict[str, str | None] = {}
    at = 1
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            break
        if word is None:
            continue
        name, equals, value = word.partition("=")
        if equals and name.startswith("--"):
            options[name] = value
        elif word in _TAKES_VALUE:
            options[word] = words[at] if at < len(words) else None
            at += 1
        else:
            options[word] = ""
    if verb == "install" and "--path" not in options:
        return None  # a tool of the build
    return Call(step, verb, options)


def _workspace(survey: Survey, call: Call) -> Workspace | None:
    folder = call.path("--path") if call.verb == "install" else None
    manifest = call.path("--manifest-path")
    if manifest is not None:
        folder = posixpath.dirname(manifest)
    return read_workspace(survey, folder or call.step.cwd or "/")


def _started(survey: Survey, calls: list[Call]) -> tuple[str, str, Call, tuple[Step, ...]]:
    """The program that starts: where it is, where it goes, what builds it, what copies it. Raises Unfit."""
    built: list[str] = []
    for call in reversed(calls):
        workspace = _workspace(survey, call)
        if workspace is None:
            raise Unfit("no-manifest", "no Cargo.toml is in the context, so what is built is not known", call.step.run)
        folder = _output(survey, call, workspace)
        package = call.options.get("-p") or call.options.get("--package") or ""
        names = workspace.programs(package)
        if call.options.get("--bin"):
            names = tuple(name for name in names if name == call.options["--bin"])
        built += [posixpath.join(folder, name) for name in names]
        for command in reversed(survey.start.commands):
            word = command.words[0] if command.words else None
            if word is None:
                continue
            for path, target in _places(survey, word, folder):
                found = _traced(survey, path)
                if found[0] in built and posixpath.dirname(found[0]) == folder:
                    if cached(call.step, found[0]) and not found[1]:
                        raise Unfit("artefact", f"{found[0]} lies in a cache, and in no image", call.step.run)
                    return path, target, call, found[1]
    raise Unfit("artefact", f"it builds {listed(built) or 'no program'}, and what starts is not that", survey.start.at)


def _places(survey: Survey, word: str, folder: str) -> Iterator[tuple[str, str]]:
    """Where a program that is started by this word may be, and where it goes."""
    if "/" in word:
        path = posixpath.normpath(posixpath.join(survey.workdir, word))
        yield path, path
        return
    given = survey.stage.env.get("PATH")
    # A folder that the file puts on the search path stays there; Cargo's own leaves it with the base image.
    kept = given.text.split(":") if given is not None else []
    for place in dict.fromkeys((*kept, "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")):
        if place.startswith("/"):
            yield posixpath.join(place, word), posixpath.join(place, word)
    yield posixpath.join(folder, word), posixpath.join("/usr/local/bin", word)


def _traced(survey: Survey, path: str) -> tuple[str, tuple[Step, ...]]:
    steps: list[Step] = []
    while (maker := made(survey, path)) is not None and len(steps) < 4:
        steps.append(maker.step)
        path = maker.source
    return path, tuple(steps)


def _output(survey: Survey, call: Call, workspace: Workspace) -> str:
    """The folder that the programs land in. Raises Unfit where it cannot be told."""
    if call.verb == "install":
        root = (
            call.path("--root")
            or _variable(survey, call, "CARGO_INSTALL_ROOT")
            or _variable(survey, call, "CARGO_HOME")
        )
        return posixpath.join(root or "/usr/local/cargo", "bin")
    own = _config(survey, call, workspace)
    target = call.path("--target-dir") or _variable(survey, call, "CARGO_TARGET_DIR") or own.get("target-dir")
    folder = posixpath.normpath(posixpath.join(workspace.root, target or "target"))
    triple = call.options.get("--target", _variable(survey, call, "CARGO_BUILD_TARGET") or own.get("target", ""))
    if triple is None:
        raise Unfit("artefact", "for which target it is built is only known in the build", call.step.run)
    profile = call.options.get("--profile")
    if profile in (None, ""):
        profile = "release" if {"--release", "-r"} & call.options.keys() else "debug"
    return posixpath.join(folder, triple or "", "debug" if profile == "dev" else profile or "debug")


def _config(survey: Survey, call: Call, workspace: Workspace) -> dict[str, str]:
    for name in (".cargo/config.toml", ".cargo/config"):
        text = survey.text(posixpath.join(workspace.root, name))
        if text is not None:
            try:
                build = tomllib.loads(text).get("build", {})
            except tomllib.TOMLDecodeError as error:
                raise Unfit("artefact", f"{name} is no TOML: {error}", call.step.run) from error
            return {key: value for key, value in build.items() if isinstance(value, str)}
    return {}


def _variable(survey: Survey, call: Call, name: str) -> str:
    command = call.step.command
    for word in command.assignments if command is not None else ():
        key, _, value = word.joined.partition("=")
        if key == name:
            if "$" in value:
                raise Unfit("artefact", f"{name} is only known in the build", call.step.run)
            return value.strip("\"'")
    setting = survey.stage.env.get(name)
    return setting.text if setting is not None and setting.known else ""


def _triple(survey: Survey, call: Call) -> str:
    """The target that is built for; empty for the usual one of glibc."""
    workspace = _workspace(survey, call)
    own = _config(survey, call, workspace).get("target", "") if workspace is not None else ""
    given = call.options.get("--target") or _variable(survey, call, "CARGO_BUILD_TARGET") or own
    if not given and survey.name.rpartition("/")[2] == "rust" and survey.base.libc == "musl":
        return "the musl target of the rust image"
    return given


def _flags(survey: Survey, call: Call) -> str:
    texts = [_variable(survey, call, "RUSTFLAGS")]
    texts += [step.text for step in survey.steps if step.run is call.step.run and step.name == "export"]
    for name in (".cargo/config.toml", ".cargo/config"):
        texts.append(survey.text(posixpath.join(call.step.cwd or "/", name)) or "")
    return " ".join(texts)


def _claimed(survey: Survey, calls: list[Call], last: Instruction) -> Iterator[Step | Instruction]:
    """The commands of the toolchain, what they keep their caches warm with, and the copies that feed them."""
    folders = (step.cwd for step in survey.runs("cargo") if step.run.begin <= last.begin)
    inside = list(dict.fromkeys(folder for folder in folders if folder not in (None, "/") and folder))
    for step in survey.steps:
        if step.run.begin > last.begin:
            continue
        caches = step.name in ("mkdir", "rm", "touch", "echo", "printf") and _for_build(step, inside)
        if step.name in ("cargo", "rustup", "strip", "sccache") or caches:
            yield step
    yield from feeding(survey, [*inside, "/usr/local/cargo", "/root/.cargo"], last)


def _for_build(step: Step, folders: list[str]) -> bool:
    """Whether a command only makes or removes sources and results of the build."""
    redirects = step.command.redirects if step.command is not None else ()
    targets = [one.target.value for one in redirects if ">" in one.operator and one.target.value != "/dev/null"]
    if step.name in ("echo", "printf"):
        return bool(targets) and all(_of_build(step, target, folders) for target in targets)
    words = [word for word in spelled(step)[1:] if word is None or not word.startswith("-")]
    return bool(words) and not targets and all(_of_build(step, word, folders) for word in words)


def _of_build(step: Step, word: str | None, folders: list[str]) -> bool:
    path = step.path(word) if word is not None else None
    if path is None or not any(within(path, folder) for folder in folders):
        return False
    parts = path.split("/")
    return path.endswith((".rs", "Cargo.toml", "Cargo.lock")) or bool(
        {"src", "target", "benches", ".cargo"} & set(parts)
    )


def _runtime(
    survey: Survey, needs: Needs, claimed: frozenset[Step | Instruction], *, static: bool, same_family: bool
) -> tuple[Runtime, tuple[tuple[str, str], ...], list[str]]:
    """The image, the packages that it needs for the program, and what is not known."""
    doubts = list(needs.doubts)
    shell = needs_shell(survey, claimed, _PROGRAMS)
    if static and not (shell or same_family):
        why = f"a static program needs no C library, and {_STATIC} brings certificates and time zones"
        return at(survey, _STATIC, why, static=True), (), doubts
    known = survey.codename or survey.base.family != "debian"
    if known or (needs.linked and not static):
        return distribution(survey), needs.packages, doubts
    text = f"debian:{_NEWEST}-slim"
    base = survey.stage.base.text
    if static:
        return at(survey, text, "a static program runs on any", static=True), needs.packages, doubts
    doubts.append(
        f"which release of Debian {base} is built on is not known: its C library must not be newer than that of {text}"
    )
    why = "the program needs the C library alone, and a newer one runs what an older one was for"
    return at(survey, text, why), needs.packages, doubts


def _headers(survey: Survey) -> frozenset[str]:
    """The packages of headers that the file installs: of what a static program uses of them, nothing is left."""
    installs = survey.runs("apt-get", "apt", "apk")
    return frozenset(word for step in installs for word in step.arguments if word and word.endswith("-dev"))


def _files(
    survey: Survey, claimed: frozenset[Step | Instruction], needs: Needs
) -> tuple[tuple[Tree, ...], tuple[str, ...]]:
    """The files beside the program, and what is not known of them."""
    folders = filled(survey, claimed)
    code = [
        (path, (survey.context.read(entry.path) or b"").decode("utf-8", "replace"))
        for path, entry in survey.files
        if path.endswith(".rs") and any(within(path, folder) for folder in folders)
    ]
    text = "\n".join(body for _, body in code)
    inside: set[str] = {".sqlx", ".cargo", "benches", "target"}
    if _EMBEDS_MIGRATIONS.search(text) and not _RUN_TIME_MIGRATIONS.search(text):
        inside.add("migrations")
    if needs.names & _COMPILED_TEMPLATES and not needs.names & _RUN_TIME_TEMPLATES:
        inside.add("templates")
    rocket = {"Rocket.toml"} | ({"templates"} if "rocket_dyn_templates" in needs.names else set())
    implied = rocket if "rocket" in needs.names else set()

    def packed(path: str) -> bool:
        return bool(inside & set(path.split("/")))

    named = named_files(survey, _SOURCES, folders, _BUILT_IN, implied, packed)
    doubts = list(left_behind(named))
    for path, body in code:
        if _STARTS.search(body) and not path.endswith("build.rs"):
            doubts.append(f"{survey.layout.source_of(path)} starts other programs, which the final image may not have")
            break
    doubts += [f"{survey.layout.source_of(path)} links against a library" for path, body in code if _LINKS.search(body)]
    environment = [path for path, _ in survey.files if path == posixpath.join(survey.workdir, ".env")]
    if environment and needs.names & {"dotenv", "dotenvy"}:
        trees = (*named.trees, Tree(environment[0], environment[0], "dotenv reads .env from the working directory"))
        return trees, tuple(doubts)
    return named.trees, tuple(doubts)
