"""The steps around a Go build, in order: what they leave that the run may need, and which only the build needs."""

import fnmatch
import posixpath
import re
from collections.abc import Iterator

from hardenfile.evidence.paths import within

from ..split import Unfit
from ..steps import Role, Step, role
from ..survey import Survey
from .artefact import Binary, Call, Folders, built, go_call, moved
from .sources import Sources

# Subcommands that leave nothing but caches, go.mod and sources.
_QUIET = frozenset("mod get vet test fmt clean version env list tool work telemetry doc fix help".split())
# Generators of code and checkers: what they leave is compiled, or nothing.
_TOOLS = frozenset(
    "gofmt goimports golangci-lint staticcheck golint revive gosec govulncheck swag templ sqlc wire mockgen mockery "
    "stringer protoc buf oapi-codegen gqlgen ent go-bindata go-bindata-assetfs packr packr2 statik rice pkger dep "
    "glide govendor easyjson msgp ginkgo gotestsum go-junit-report enumer moq counterfeiter goyacc go-enum "
    "deepcopy-gen controller-gen".split()
)
# Programs that watch the sources and build them again.
REBUILD = frozenset(
    "air reflex CompileDaemon gow realize fresh modd dlv gin arelo wgo nodemon watchexec entr bee".split()
)
_HARMLESS = frozenset("--version -version -v -V version --help -help -h help".split())
_LOOKS = frozenset("ls file sha256sum md5sum sha1sum du stat ldd readelf strings size".split())
_CHANGES = frozenset("strip upx upx-ucl chmod chown chgrp objcopy".split())
_SCRATCH = ("/tmp", "/root", "/go", "/var/cache", "/var/lib/apt", "/var/tmp", "/usr/local/go", "/usr/share/doc")


class Workshop:
    """What the steps leave. `binaries` by path; `made` are folders and files that commands made where the sources are;
    `claimed` are the steps that are accounted for; `calls` build something.
    """

    def __init__(self, survey: Survey, sources: Sources, folders: tuple[str, ...]) -> None:
        self.survey = survey
        self.sources = sources
        self.folders = folders  # those that the copies of sources fill
        self.known = Folders(survey)
        self.binaries: dict[str, Binary] = {}
        self.claimed: set[Step] = set()
        self.made: dict[str, Step] = {}
        self.gone: list[tuple[str, Step]] = []
        self.calls: list[Call] = []
        self.doubts: list[str] = []
        self.certificates = False
        for step in survey.steps:
            if self._follow(step):
                self.claimed.add(step)
        for step in survey.runs("mkdir"):
            if step.always and all(self._comes_anyway(path) for path in self._paths(step)):
                self.claimed.add(step)

    def _comes_anyway(self, path: str) -> bool:
        """Whether COPY of a binary, or WORKDIR, makes a folder."""
        changed = any(path in self._paths(other) for other in self.survey.runs("chmod", "chown", "chgrp"))
        return not changed and any(within(one, path) for one in (*self.binaries, self.survey.workdir))

    def lacks(self, path: str) -> bool:
        """Whether a path of the context was taken away again by a command below the COPY that brings it."""
        placed = self.survey.place(path)
        return any(
            (within(path, one) or fnmatch.fnmatchcase(path, one))
            and (placed is None or placed.instruction.begin < step.run.begin)
            for one, step in self.gone
        )

    def _follow(self, step: Step) -> bool:
        """Whether a step is accounted for. Raises Unfit where what it leaves of a binary cannot be told."""
        call = go_call(step)
        if call is not None:
            return self._go(call)
        name = step.name
        program = step.path(step.words[0]) if step.words and step.words[0] and "/" in step.words[0] else None
        if program in self.binaries or (program is None and self._installed(name)):
            if step.arguments and all(word in _HARMLESS for word in step.arguments):
                return True
            return self._installed(name) is not None and name in _TOOLS
        if name in _TOOLS:
            return True
        if name == "git":
            return step.arguments[:1] == ("config",)
        if name == "update-ca-certificates":
            self.certificates = any("/ca-certificates" in (one.target or "") for one in self.survey.layout.placed)
            return True
        if name == "setcap" and any(path in self.binaries for path in self._paths(step)):
            raise Unfit("artefact", "setcap gives rights to the binary that not every builder copies", step.run)
        if name == "ln" and any(path in self.binaries for path in self._paths(step)[:1]):
            return self._copied(step, keeps=True)
        if name in ("cp", "mv", "install"):
            return self._copied(step, keeps=name != "mv")
        if name in _LOOKS or name in _CHANGES:
            return self._on_binaries(step)
        if name in ("rm", "rmdir"):
            return self._removed(step)
        if name in ("mkdir", "touch"):
            return self._made(step)
        return False

    def _installed(self, name: str) -> Binary | None:
        return next((one for one in self.binaries.values() if name and posixpath.basename(one.path) == name), None)

    def _go(self, call: Call) -> bool:
        name = call.words[0]
        if name in ("build", "install"):
            self.calls.append(call)
            for binary in built(call, self.survey, self.sources, self.known):
                self.binaries[binary.path] = binary
            return True
        if name == "get":
            for binary in self._got(call):
                self.binaries.setdefault(binary.path, binary)
        if name == "run":
            line = call.step.run.first_line
            self.doubts.append(f"line {line} runs a program of the sources, and what it leaves was not seen")
        if name == "generate":
            strange = [(at, text) for at, text in self.sources.generators if not _generates_code(text)]
            if strange:
                at, text = strange[0]
                self.doubts.append(f"{at} generates by `{text[:40]}`, and what that leaves was not seen")
        return name in _QUIET or name in ("run", "generate")

    def _got(self, call: Call) -> Iterator[Binary]:
        """`go get` of old installed programs of others; which, cannot be told, but tools have known names."""
        for package in call.packages:
            name = posixpath.basename((package or "").partition("@")[0])
            if name in _TOOLS or name in REBUILD:
                yield Binary(f"/go/bin/{name}", call, package or "", True)

    def _paths(self, step: Step) -> list[str]:
        return [step.path(word) or "" for word in self._words(step)]

    def _inside(self, path: str) -> bool:
        return any(within(path, folder) for folder in self.folders)

    def _copied(self, step: Step, *, keeps: bool) -> bool:
        """cp, mv, install and ln -s: of binaries anywhere, of other files where the sources are."""
        if step.name == "install" and "-d" in step.words:
            return self._made(step)
        paths = self._paths(step)
        if any(word is None for word in step.arguments) or len(paths) < 2 or not step.always:
            return False
        *sources, target = paths
        last = [word for word in step.arguments if word][-1]
        into = target in self.known or last.endswith("/") or len(sources) > 1
        pairs = [(one, posixpath.join(target, posixpath.basename(one)) if into else target) for one in sources]
        if not all(one in self.binaries or (self._inside(one) and self._inside(to)) for one, to in pairs):
            return False
        for one, to in pairs:
            if one in self.binaries:
                self.binaries[to] = moved(self.binaries[one], to)
                if not keeps:
                    del self.binaries[one]
                continue
            self.made[to] = step
            if not keeps:
                self.gone.append((one, step))
        return True

    def _words(self, step: Step) -> list[str]:
        """The arguments that are no options, nor the value of one."""
        found, value = [], False
        for word in step.arguments:
            if word and not value and not word.startswith("-"):
                found.append(word)
            value = step.name in ("install", "mkdir") and word in ("-m", "-o", "-g")
        return found

    def _on_binaries(self, step: Step) -> bool:
        words = self._words(step)
        words = words[1:] if step.name in ("chmod", "chown", "chgrp") else words
        paths = [step.path(word) for word in words]
        known = bool(paths) and all(path in self.binaries for path in paths) and None not in step.arguments
        if known and step.name == "objcopy" and len(paths) > 1:
            return False
        return known

    def _removed(self, step: Step) -> bool:
        """What is taken away is not there to be copied; the rest of the final stage never had it."""
        if step.command is None:
            return False
        targets = []
        for word in step.command.words[1:]:
            raw = word.value if word.value is not None else word.joined.strip("\"'")
            if raw.startswith("-"):
                continue
            if re.search(r"[$`~{}]", raw):
                return False
            path = step.path(raw)
            if path is None or not (self._inside(path) or path.startswith(_SCRATCH)):
                return False
            targets.append(path)
        if not step.always:
            return False
        for path in targets:
            self.gone.append((path, step))
            for at in [one for one in self.binaries if within(one, path) or fnmatch.fnmatchcase(one, path)]:
                del self.binaries[at]
            for at in [one for one in self.made if within(one, path) or fnmatch.fnmatchcase(one, path)]:
                del self.made[at]
        return True

    def _made(self, step: Step) -> bool:
        """Folders and files that are made where the sources are: the run may want them, so they are copied."""
        paths = self._paths(step)
        if any(word is None for word in step.arguments) or not step.always or not paths:
            return False
        if not all(self._inside(path) or path.startswith(_SCRATCH) for path in paths):
            return False
        if step.name == "mkdir" and any(word in ("-m", "--mode") for word in step.arguments):
            return False
        for path in paths:
            if self._inside(path) and path not in self.folders:
                self.made[path] = step
        return True


def _generates_code(text: str) -> bool:
    words = text.split()
    if words[:2] == ["go", "run"]:
        words = [word for word in words[2:] if not word.startswith("-")]
    name = posixpath.basename(words[0].partition("@")[0]) if words else ""
    return name in _TOOLS or name in ("go", "ent", "abigen", "bpf2go", "gofumpt")


def is_setup(step: Step) -> bool:
    """Whether a step makes accounts, folders or files, or installs: what the final stage can repeat with a shell."""
    return role(step) in (Role.ACCOUNT, Role.FILES, Role.PACKAGES)
