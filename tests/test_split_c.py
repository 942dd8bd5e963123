"""split-stages, C and C++: what one line of the compiler tells, and what it does not."""

from pathlib import Path

import pytest

from hardenfile import Safety, harden

FILES = {"main.c": "int main(void) {\n    return 0;\n}\n", "main.cpp": "int main() {}\n"}


def split(tmp_path: Path, base: str, run: str, start: str = '["/src/app"]') -> tuple[str, str]:
    """The safety or why it is not safe, or the refusal's reason; the image of the final stage."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    text = f"FROM {base}\nWORKDIR /src\nCOPY . .\nRUN {run}\nCMD {start}\n"
    outcome = harden(text.encode(), path="Dockerfile", context=tmp_path, select=["split-stages"], unsafe=True)
    if not outcome.changed:
        return outcome.refusals[0].reason, ""
    final = outcome.after.to_bytes().decode().partition(" AS build\n")[2].partition("FROM ")[2]
    change = outcome.changes[0]
    return "safe" if change.safety is Safety.SAFE else change.why, final.split("\n")[0]


@pytest.mark.parametrize(
    ("base", "run", "image"),
    [
        ("gcc:12-bookworm", "gcc main.c -o app", "debian:bookworm-slim"),
        ("gcc:12-bookworm", "gcc -c main.c -o main.o && gcc -oapp main.o -lpthread -lm", "debian:bookworm-slim"),
        ("gcc:latest", "gcc -static main.c -o app", "gcr.io/distroless/static-debian12"),
        ("gcc:latest", "g++ -static -O2 main.cpp -o app", "gcr.io/distroless/static-debian12"),
        ("debian:12", "cc main.c -o app", "debian:12"),
        ("debian:bookworm", "c++ main.cpp -o app", "debian:bookworm-slim"),
        ("alpine:3.20", "gcc main.c -o app", "alpine:3.20"),
        ("ubuntu:24.04", "clang main.c -o app", "ubuntu:24.04"),
    ],
)
def test_what_a_line_of_the_compiler_proves(tmp_path: Path, base: str, run: str, image: str) -> None:
    assert split(tmp_path, base, run) == ("safe", image)


@pytest.mark.parametrize(
    ("base", "run", "reason"),
    [
        ("gcc:12-bookworm", "gcc main.c -o app -lcurl", "artefact"),
        ("gcc:12-bookworm", "gcc main.c -o app libfoo.so", "artefact"),
        ("gcc:12-bookworm", "gcc main.c -o app $(pkg-config --libs gtk+-3.0)", "artefact"),
        ("gcc:12-bookworm", "gcc main.c -o app -Wl,-rpath,/opt/lib", "artefact"),
        ("gcc:12-bookworm", "gcc main.c -o app -fopenmp", "artefact"),
        ("gcc:12-bookworm", "gcc main.c -o other", "artefact"),
        ("gcc:12-bookworm", "gcc -shared main.c -o app", "artefact"),
        ("gcc:12-bookworm", "g++ main.cpp -o app", "other-libc"),
        ("gcc:12", "gcc main.c -o app", "unknown-libc"),
        ("alpine:3.20", "g++ main.cpp -o app", "artefact"),
        ("gcc:12-bookworm", "gcc main.c -o app && make -C /src install", "unclear-step"),
        ("gcc:12-bookworm", "make", "unknown-stack"),
    ],
)
def test_what_it_does_not_tell_is_refused(tmp_path: Path, base: str, run: str, reason: str) -> None:
    assert split(tmp_path, base, run)[0] == reason


def test_a_static_program_that_a_shell_starts_keeps_one(tmp_path: Path) -> None:
    assert split(tmp_path, "gcc:12-bookworm", "gcc -static main.c -o app", "./app $X") == (
        "safe",
        "debian:bookworm-slim",
    )
