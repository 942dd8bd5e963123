"""split-stages, Rust: where Cargo leaves a program, and what the crates of the lock file need when it runs."""

from pathlib import Path

import pytest

from tests.support.split import split as split_stages

MANIFEST = '[package]\nname = "app"\nversion = "1.0.0"\n'
FILES = {"Cargo.toml": MANIFEST, "src/main.rs": "fn main() {}\n"}


def lock(*names: str) -> str:
    return "".join(f'[[package]]\nname = "{name}"\nversion = "1.0.0"\n\n' for name in ("app", *names))


def split(tmp_path: Path, text: str, files: dict[str, str]) -> tuple[str, str]:
    """With what every context of the module holds."""
    return split_stages(tmp_path, text, {"Cargo.lock": lock(), **files})


def cargo(run: str, start: str, base: str = "rust:1.82-bookworm", more: str = "") -> str:
    return f"FROM {base}\n{more}WORKDIR /app\nCOPY . .\nRUN {run}\nCMD {start}\n"


@pytest.mark.parametrize(
    ("run", "start", "program"),
    [
        ("cargo build --release", '["/app/target/release/app"]', "/app/target/release/app"),
        ("cargo build", '["target/debug/app"]', "/app/target/debug/app"),
        ("cargo build --profile dist", '["target/dist/app"]', "/app/target/dist/app"),
        ("cargo +nightly build -r", '["target/release/app"]', "/app/target/release/app"),
        ("CARGO_TARGET_DIR=/out cargo build --release", '["/out/release/app"]', "/out/release/app"),
        ("cargo build --release --target-dir out", '["out/release/app"]', "/app/out/release/app"),
        ("cargo install --path . --root /usr/local", '["app"]', "/usr/local/bin/app"),
        ("cargo build -r && cp target/release/app /usr/local/bin/", '["app"]', "/usr/local/bin/app"),
        ("cargo build -r && mv target/release/app /bin/server", '["server"]', "/bin/server"),
        ("cargo build -r && strip target/release/app", "exec target/release/app --x=$X", "/app/target/release/app"),
    ],
)
def test_where_the_program_lands(tmp_path: Path, run: str, start: str, program: str) -> None:
    found = split(tmp_path, cargo(run, start), FILES)
    assert found == (
        "safe",
        f"debian:bookworm-slim\nWORKDIR /app\nCOPY --from=build {program} {program}\nCMD {start}\n",
    )


@pytest.mark.parametrize(
    "run",
    [
        "cargo build --release --target-dir $OUT",
        "CARGO_TARGET_DIR=$OUT cargo build --release",
        "cargo build --release || true",
        "cargo install ripgrep",
        "cargo build --release && ln -s target/release/app app",
        "cargo build --release && ./post-build.sh",
    ],
)
def test_what_cannot_be_followed_is_refused(tmp_path: Path, run: str) -> None:
    reason, _ = split(tmp_path, cargo(run, '["./app"]'), FILES)
    assert reason in ("artefact", "unknown-stack", "unclear-step")


@pytest.mark.parametrize(
    ("manifest", "sources", "names"),
    [
        ('[[bin]]\nname = "one"\npath = "src/main.rs"\n', ["src/main.rs"], ["one"]),
        ("", ["src/main.rs", "src/bin/two.rs", "src/bin/three/main.rs"], ["app", "two", "three"]),
        ("autobins = false\n", ["src/main.rs"], []),
    ],
)
def test_the_programs_of_a_package(tmp_path: Path, manifest: str, sources: list[str], names: list[str]) -> None:
    files = {"Cargo.toml": MANIFEST + manifest, **dict.fromkeys(sources, "fn main() {}\n")}
    for name in ("app", "one", "two", "three"):
        reason, _ = split(tmp_path, cargo("cargo build -r", f'["target/release/{name}"]'), files)
        assert reason == ("safe" if name in names else "artefact")


@pytest.mark.parametrize(
    ("crates", "base", "installed"),
    [
        (["openssl-sys"], "rust:1.82-bookworm", "libssl3 ca-certificates"),
        (["openssl-sys"], "rust:1.82-bullseye", "libssl1.1 ca-certificates"),
        (["openssl-sys", "openssl-src"], "rust:1.82-bookworm", "ca-certificates"),
        (["pq-sys"], "rust:1.82-bookworm", "libpq5"),
        (["ring", "rustls", "rustls-native-certs"], "rust:1.82-bookworm", "ca-certificates"),
        (["ring", "webpki-roots", "libz-sys", "windows-sys"], "rust:1.82-bookworm", ""),
    ],
)
def test_what_crates_need_is_installed(tmp_path: Path, crates: list[str], base: str, installed: str) -> None:
    files = {**FILES, "Cargo.lock": lock(*crates)}
    safety, final = split(tmp_path, cargo("cargo build -r", '["target/release/app"]', base), files)
    assert safety == "safe"
    line = next((line for line in final.split("\n") if "install" in line), "")
    assert line.partition("--no-install-recommends ")[2].removesuffix(" \\") == installed


@pytest.mark.parametrize("crate", ["gstreamer-sys", "gtk-sys", "libloading"])
def test_a_crate_that_is_not_known_is_a_doubt(tmp_path: Path, crate: str) -> None:
    files = {**FILES, "Cargo.lock": lock(crate)}
    assert crate in split(tmp_path, cargo("cargo build -r", '["target/release/app"]'), files)[0]


def test_a_static_program_that_starts_by_a_shell_gets_an_image_with_one(tmp_path: Path) -> None:
    target = "x86_64-unknown-linux-musl"
    text = cargo(f"cargo build -r --target {target}", f"target/{target}/release/app $X", "rust:1.82")
    safety, final = split(tmp_path, text, FILES)
    assert safety == "safe"
    assert final.startswith("debian:trixie-slim\n")


def test_a_program_of_musl_that_is_not_static_needs_its_alpine(tmp_path: Path) -> None:
    text = cargo(
        "cargo build -r",
        '["target/release/app"]',
        "rust:1.82-alpine",
        'ENV RUSTFLAGS="-C target-feature=-crt-static"\n',
    )
    assert split(tmp_path, text, FILES)[0] == "unknown-libc"


def test_a_library_that_the_build_links_is_a_doubt(tmp_path: Path) -> None:
    files = {**FILES, "build.rs": 'fn main() { println!("cargo:rustc-link-lib=foo"); }\n'}
    assert "build.rs links" in split(tmp_path, cargo("cargo build -r", '["target/release/app"]'), files)[0]


def test_the_libraries_of_the_toolchain_stay_behind(tmp_path: Path) -> None:
    text = cargo("cargo build -r", '["target/release/app"]', more='ENV RUSTFLAGS="-C prefer-dynamic"\n')
    assert split(tmp_path, text, FILES)[0] == "artefact"


def test_migrations_that_are_compiled_in_are_not_needed(tmp_path: Path) -> None:
    files = {**FILES, "src/main.rs": "fn main() { sqlx::migrate!(); }\n", "migrations/1.sql": "select 1;\n"}
    assert split(tmp_path, cargo("cargo build -r", '["target/release/app"]'), files)[0] == "safe"


def test_migrations_that_are_read_when_it_runs_go_along(tmp_path: Path) -> None:
    main = 'fn main() { Migrator::new(Path::new("./migrations")); }\n'
    files = {**FILES, "src/main.rs": main, "migrations/1.sql": "select 1;\n"}
    safety, final = split(tmp_path, cargo("cargo build -r", '["target/release/app"]'), files)
    assert safety == "safe"
    assert "COPY --from=build /app/migrations /app/migrations\n" in final
