"""split-stages, Go: where a binary lands, how it is linked, and what it needs beside itself."""

from pathlib import Path

import pytest

from hardenfile import Outcome, Safety, harden

MOD = "module example.test/shop\n\ngo 1.21\n"
NEEDS_GIN = f"{MOD}\nrequire github.com/gin-gonic/gin v1.9.1\n"
MAIN = "package main\n\nfunc main() {}\n"
CGO = 'package main\n\n// int answer() { return 42; }\nimport "C"\n\nfunc main() { println(C.answer()) }\n'
STATIC = "gcr.io/distroless/static-debian12"


def convert(folder: Path, text: str, files: dict[str, str] | None = None, runtime: str = "auto") -> Outcome:
    """What becomes of a file and its context, unsafe changes too."""
    for name, content in {"go.mod": MOD, "main.go": MAIN, **(files or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    options = {"split-stages": {"runtime": runtime}}
    return harden(text.encode(), context=folder, select=["split-stages"], unsafe=True, options=options)


def dockerfile(build: str, start: str = '["/app"]', base: str = "golang:1.27", env: str = "CGO_ENABLED=0") -> str:
    setting = f"ENV {env}\n" if env else ""
    return f"FROM {base}\n{setting}WORKDIR /src\nCOPY . .\nRUN {build}\nCMD {start}\n"


def copied(outcome: Outcome) -> list[str]:
    """The paths that the final stage takes from the build stage."""
    return [line.split()[-1] for line in outcome.after.text.split("\n") if line.startswith("COPY --from=build")]


def shipped(outcome: Outcome) -> str:
    return outcome.after.stages[-1].base.text


def reasons(outcome: Outcome) -> list[str]:
    return [one.reason for one in outcome.refusals]


@pytest.mark.parametrize(
    ("build", "start", "path"),
    [
        ("go build -o /app .", '["/app"]', "/app"),
        ("go build -o=/app", '["/app"]', "/app"),
        ("go build -v -ldflags '-s -w' -o bin/app .", '["bin/app"]', "/src/bin/app"),
        ("go build", '["./shop"]', "/src/shop"),
        ("go build .", '["/src/shop"]', "/src/shop"),
        ("go build main.go", '["./main"]', "/src/main"),
        ("go build ./cmd/web", '["./web"]', "/src/web"),
        ("go build -o /usr/local/bin ./cmd/web", '["web"]', "/usr/local/bin/web"),
        ("go build -o out/ ./...", '["out/web"]', "/src/out/web"),
        ("go install ./cmd/web", '["web"]', "/go/bin/web"),
        ("GOBIN=/usr/bin go install example.test/shop/cmd/web", '["web"]', "/usr/bin/web"),
        ("cd cmd/web && go build -o /app", '["/app"]', "/app"),
        ("go build -C cmd/web -o app", '["cmd/web/app"]', "/src/cmd/web/app"),
        ("env GOOS=linux go build -o /app .", '["/app"]', "/app"),
        ("go build -o app . && mv app /bin/shop", '["shop"]', "/bin/shop"),
        ("go build -o app . && install -m 0755 app /usr/bin/", '["app"]', "/usr/bin/app"),
        ("go build -o app . && ln -s /src/app /usr/bin/shop", '["shop"]', "/usr/bin/shop"),
    ],
)
def test_the_binary_is_where_go_puts_it(tmp_path: Path, build: str, start: str, path: str) -> None:
    outcome = convert(tmp_path, dockerfile(build, start), {"cmd/web/main.go": MAIN})
    assert path in copied(outcome), (reasons(outcome), outcome.after.text)
    assert [one.safety for one in outcome.changes] == [Safety.SAFE] and shipped(outcome) == STATIC


def test_a_module_of_a_major_version_gives_its_name_without_it(tmp_path: Path) -> None:
    outcome = convert(tmp_path, dockerfile("go build", '["./shop"]'), {"go.mod": "module example.test/shop/v3\n"})
    assert copied(outcome) == ["/src/shop"]


@pytest.mark.parametrize(
    "build",
    [
        "go build -o $(pwd)/app .",
        "go build -buildmode=c-shared -o /app .",
        "go build -linkshared -o /app .",
        "go build -o app . && rm -f app",
        "go build -o /elsewhere .",
    ],
)
def test_what_starts_has_to_be_what_is_built(tmp_path: Path, build: str) -> None:
    assert reasons(convert(tmp_path, dockerfile(build))) == ["artefact"]


def test_a_build_on_a_condition_is_left_alone(tmp_path: Path) -> None:
    outcome = convert(tmp_path, dockerfile("if [ -f main.go ]; then go build -o /app .; fi"))
    assert reasons(outcome) == ["unclear-step"]


@pytest.mark.parametrize(
    ("base", "release"),
    [
        ("golang:1.27-bookworm", "debian:bookworm-slim"),
        ("golang:1.22", "debian:bookworm-slim"),
        ("golang:1.22.3", "debian:bookworm-slim"),
        ("golang:1.20.4", "debian:bullseye-slim"),
        ("golang:1.23", "debian:trixie-slim"),
        ("golang:1.23.4", "debian:bookworm-slim"),
        ("golang:1.18", "debian:bullseye-slim"),
        ("golang:1.22-alpine3.19", "alpine:3.19"),
        ("golang:1.27-trixie", "debian:trixie-slim"),
    ],
)
def test_c_keeps_the_release_that_it_was_built_on(tmp_path: Path, base: str, release: str) -> None:
    build = "apk add --no-cache gcc musl-dev && go build -o /app ." if "alpine" in base else "go build -o /app ."
    outcome = convert(tmp_path, dockerfile(build, base=base, env=""), {"main.go": CGO})
    assert shipped(outcome) == release, reasons(outcome)
    assert outcome.changes[0].safety is Safety.SAFE


@pytest.mark.parametrize("base", ["golang", "golang:1", "golang:1.27", "golang:latest"])
def test_c_on_a_release_that_is_not_known_is_left_alone(tmp_path: Path, base: str) -> None:
    outcome = convert(tmp_path, dockerfile("go build -o /app .", base=base, env=""), {"main.go": CGO})
    assert reasons(outcome) == ["unknown-libc"]


@pytest.mark.parametrize(
    "setting",
    [
        "CGO_ENABLED=0 go build -o /app .",
        "export CGO_ENABLED=0 && go build -o /app .",
        "go env -w CGO_ENABLED=0 && go build -o /app .",
        "env CGO_ENABLED=0 go build -o /app .",
    ],
)
def test_cgo_is_off_in_whatever_way_it_is_said(tmp_path: Path, setting: str) -> None:
    outcome = convert(tmp_path, dockerfile(setting, env=""), {"go.mod": NEEDS_GIN})
    assert shipped(outcome) == STATIC and outcome.changes[0].safety is Safety.SAFE
    assert outcome.after.text.count("CGO_ENABLED=0") == 1


def test_cgo_is_turned_off_for_the_command_where_no_source_needs_it(tmp_path: Path) -> None:
    outcome = convert(tmp_path, dockerfile("go vet . && \\\n    go build -o /app .", env=""))
    assert "    CGO_ENABLED=0 go build -o /app .\n" in outcome.after.text
    assert outcome.changes[0].safety is Safety.SAFE and shipped(outcome) == STATIC


def test_cgo_stays_on_where_the_file_asks_for_it(tmp_path: Path) -> None:
    outcome = convert(tmp_path, dockerfile("go build -o /app .", base="golang:1.22", env="CGO_ENABLED=1"))
    assert shipped(outcome) == "debian:bookworm-slim"


@pytest.mark.parametrize(
    ("base", "build", "static"),
    [
        ("golang:1.20-alpine", "go build -o /app .", True),
        ("golang:alpine", "go build -o /app .", True),
        ("golang:1.22-alpine3.19", "apk add build-base && go build -o /app .", False),
        ("golang:1.22-alpine3.19", "go build -race -o /app .", False),
        ("golang:1.22-alpine3.19", "GOFLAGS=-buildmode=pie go build -o /app .", False),
    ],
)
def test_alpine_has_no_compiler_unless_one_is_added(tmp_path: Path, base: str, build: str, static: bool) -> None:
    outcome = convert(tmp_path, dockerfile(build, base=base, env=""), {"go.mod": NEEDS_GIN})
    assert shipped(outcome) == (STATIC if static else "alpine:3.19"), reasons(outcome)
    assert "CGO_ENABLED" not in outcome.after.text


def program(body: str, *imports: str) -> str:
    lines = "".join(f'import "{one}"\n' for one in imports)
    return f"package main\n\n{lines}\nfunc main() {{ {body} }}\n"


@pytest.mark.parametrize(
    ("body", "files", "paths"),
    [
        ('os.ReadFile("conf/app.yaml")', ["conf/app.yaml", "conf/dev.yaml"], ["/src/conf"]),
        ('template.ParseGlob("views/*.html")', ["views/a.html", "views/b/c.html"], ["/src/views"]),
        ('os.ReadFile("README.md")', ["README.md", "LICENSE"], ["/src/README.md"]),
        ('http.Dir("docs")', ["docs/index.html"], ["/src/docs"]),
        ('viper.SetConfigName("config")', ["config.yaml"], ["/src/config.yaml"]),
        ("os.ReadFile(name)", ["data/a.json", "cmd/x/b.txt"], ["/src/cmd/x/b.txt", "/src/data"]),
        ('os.Open("../shared/x.json")', ["shared/x.json"], ["/src/shared"]),
        ('godotenv.Load(".env")', [".env", ".gitignore"], ["/src/.env"]),
    ],
)
def test_files_that_the_program_may_read_come_along(
    tmp_path: Path, body: str, files: list[str], paths: list[str]
) -> None:
    context = {**dict.fromkeys(files, "x\n"), "main.go": program(body, "os"), "cmd/x/main.go": MAIN}
    outcome = convert(tmp_path, dockerfile("go build -o /app ."), context)
    assert copied(outcome) == ["/app", *paths]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ('exec.Command("ffmpeg", "-i", name)', "starts ffmpeg"),
        ("exec.CommandContext(ctx, name)", "programs that only the run knows"),
        ('http.FileServer(http.Dir("."))', "reads the folder that it starts in"),
        ('os.Getenv("GOROOT")', "Go's own folders"),
        ('os.ReadFile("/usr/share/dict/words")', "/usr/share/dict/words"),
    ],
)
def test_what_the_small_image_lacks_is_a_doubt(tmp_path: Path, body: str, part: str) -> None:
    outcome = convert(tmp_path, dockerfile("go build -o /app ."), {"main.go": program(body, "os/exec")})
    (change,) = outcome.changes
    assert change.safety is Safety.UNSAFE and part in change.why


@pytest.mark.parametrize(
    ("more", "base"),
    [
        ("USER www-data\n", "debian:bookworm-slim"),
        ("USER nobody\n", STATIC),
        ("USER nobody:nogroup\n", "debian:bookworm-slim"),
        ("USER 1000:1000\n", STATIC),
        ('HEALTHCHECK CMD ["test", "-f", "/tmp/up"]\n', "debian:bookworm-slim"),
        ('HEALTHCHECK CMD ["/app", "check"]\n', STATIC),
        ("HEALTHCHECK NONE\n", STATIC),
    ],
)
def test_what_the_distribution_brings_keeps_it(tmp_path: Path, more: str, base: str) -> None:
    outcome = convert(tmp_path, dockerfile("go build -o /app .", base="golang:1.22").replace("CMD [", f"{more}CMD ["))
    assert shipped(outcome) == base, reasons(outcome)
    assert outcome.changes[0].safety is Safety.SAFE


def test_a_program_that_serves_files_keeps_the_types_that_it_told(tmp_path: Path) -> None:
    files = {"main.go": program('http.ListenAndServe(":80", http.FileServer(http.Dir("site")))', "net/http")}
    text = dockerfile("go build -o /app .", base="golang:1.22-alpine3.19")
    assert shipped(convert(tmp_path, text, files)) == "alpine:3.19"
    text = dockerfile("go build -o /app .", base="golang:1.22")
    assert "media-types" in convert(tmp_path, text, files, runtime="same-family").after.text


def test_a_bare_name_is_still_found(tmp_path: Path) -> None:
    outcome = convert(tmp_path, dockerfile("go install .", '["shop"]'))
    assert "\nENV PATH=/go/bin:$PATH\n" in outcome.after.text
    own = dockerfile("go install .", '["shop"]', env="CGO_ENABLED=0 PATH=/go/bin:/usr/local/go/bin:/usr/bin:/bin")
    assert "$PATH" not in convert(tmp_path, own).after.text
