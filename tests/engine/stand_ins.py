"""Build images that the cases of split-stages start from: the hub's own, or stand-ins made of what the engine has.

A stand-in brings what the cases ask of the real image (the toolchain, a compiler, environment and entrypoint) and is
kept under the real name, so that the next run finds it.
"""

import subprocess
from collections.abc import Mapping
from types import MappingProxyType

from tests.engine.docker import Engine

_APT = "apt-get update && apt-get install -y --no-install-recommends {} && rm -rf /var/lib/apt/lists/*"
_COMPILER = f"RUN {_APT.format('gcc g++ libc6-dev make pkg-config')}"
_HANDS_ON = r"""RUN printf '#!/bin/sh\nexec "$@"\n' > {0} && chmod +x {0}"""

STAND_INS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "golang:1.27-bookworm": ("FROM golang:1.27", _COMPILER),
        "golang:1.27-alpine3.23": (
            "FROM alpine:3.23",
            "COPY --from=golang:1.27 /usr/local/go /usr/local/go",
            "COPY --from=golang:1.27 /root/.cache /root/.cache",
            "ENV GOPATH=/go GOTOOLCHAIN=local "
            "PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            'RUN mkdir -p "$GOPATH/src" "$GOPATH/bin" && chmod -R 1777 "$GOPATH"',
            "WORKDIR $GOPATH",
        ),
        "node:20": ("FROM node:20-slim", f"RUN {_APT.format('gcc g++ make python3 git curl')}"),
        "node:20-bookworm": ("FROM node:20",),
        "node:20-bookworm-slim": ("FROM node:20-slim",),
        "node:20-alpine3.23": ("FROM node:20-alpine",),
        "python:3.11": (
            "FROM python:3.11-slim",
            f"RUN {_APT.format('gcc g++ libc6-dev make python3-dev python3-venv git curl')}",
        ),
        "python:3.11-bookworm": ("FROM python:3.11",),
        "python:3.11-slim-bookworm": ("FROM python:3.11-slim",),
        "eclipse-temurin:17-jdk": (
            "FROM debian:bookworm-slim",
            f"RUN mkdir -p /usr/share/man/man1 && {_APT.format('openjdk-17-jdk-headless')} && mkdir -p /opt/java "
            "&& ln -s /usr/lib/jvm/java-17-openjdk-amd64 /opt/java/openjdk",
            "ENV JAVA_HOME=/opt/java/openjdk "
            "PATH=/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
            "LANG=en_US.UTF-8 LANGUAGE=en_US:en LC_ALL=en_US.UTF-8",
            _HANDS_ON.format("/__cacert_entrypoint.sh"),
            'ENTRYPOINT ["/__cacert_entrypoint.sh"]',
            'CMD ["jshell"]',
        ),
        "eclipse-temurin:17-jre": (
            "FROM debian:bookworm-slim",
            f"RUN mkdir -p /usr/share/man/man1 && {_APT.format('openjdk-17-jre-headless')} && mkdir -p /opt/java "
            "&& ln -s /usr/lib/jvm/java-17-openjdk-amd64 /opt/java/openjdk",
            "ENV JAVA_HOME=/opt/java/openjdk "
            "PATH=/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
            "LANG=en_US.UTF-8 LANGUAGE=en_US:en LC_ALL=en_US.UTF-8",
            _HANDS_ON.format("/__cacert_entrypoint.sh"),
            'ENTRYPOINT ["/__cacert_entrypoint.sh"]',
        ),
        # Maven's plugins cannot be had everywhere: javac and jar do what `mvn package` does for a folder of classes.
        "maven:3.9-eclipse-temurin-17": (
            "FROM eclipse-temurin:17-jdk",
            "RUN cat > /usr/bin/mvn <<'EOF'",
            "#!/bin/sh",
            'case "$*" in *package*) ;; *) exit 0 ;; esac',
            "set -e",
            'text() { sed -n "s|^  <$1>\\(.*\\)</$1>|\\1|p" pom.xml | head -n 1; }',
            "mkdir -p target/classes",
            "javac -d target/classes $(find src/main/java -name '*.java')",
            'jar --create --date 2020-01-01T00:00:00Z --file "target/$(text artifactId)-$(text version).jar" \\',
            "    --main-class Main -C target/classes .",
            "EOF",
            _HANDS_ON.format("/usr/local/bin/mvn-entrypoint.sh"),
            "RUN chmod +x /usr/bin/mvn",
            "ENV MAVEN_HOME=/usr/share/maven MAVEN_CONFIG=/root/.m2",
            'ENTRYPOINT ["/usr/local/bin/mvn-entrypoint.sh"]',
            'CMD ["mvn"]',
        ),
        "rust:1-bookworm": (
            "FROM debian:bookworm-slim",
            f"RUN {_APT.format('cargo gcc libc6-dev ca-certificates')}",
            "ENV RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo "
            "PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
    }
)


def provide(engine: Engine, tag: str) -> None:
    """See to it that the engine has an image, by the hub or by a stand-in. Raises AssertionError."""
    if _there(tag):
        return
    if tag not in STAND_INS:
        raise AssertionError(f"the engine has no {tag}, and nothing is known to stand in for it")
    lines = STAND_INS[tag]
    provide(engine, lines[0].removeprefix("FROM "))
    engine.docker("build", "--network=host", "--quiet", "--tag", tag, "-", stdin="\n".join((*lines, "")), timeout=900)


def _there(tag: str) -> bool:
    for command in (("image", "inspect", tag), ("pull", "--quiet", tag)):
        if subprocess.run(["docker", *command], capture_output=True, timeout=600).returncode == 0:
            return True
    return False
