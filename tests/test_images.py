import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardenfile.errors import UsageError
from hardenfile.evidence import image_rows
from hardenfile.evidence.images import BaseImage, Images, ImageUser, explain, runtime_of
from hardenfile.evidence.reference import ImageReference

IMAGES = Images()
DIGEST = "sha256:" + "0123456789abcdef" * 4


def reference(text: str) -> ImageReference:
    parsed = ImageReference.parse(text)
    assert parsed is not None, text
    return parsed


def known(text: str, images: Images = IMAGES) -> BaseImage:
    image = images.look_up(reference(text))
    assert image is not None, text
    return image


# reference | family libc tool shell | default user | own user's numbers | confidence; "-" is an empty string
TABLE = """
debian                                             | debian glibc useradd bash       | root         | -           | H
debian:12                                          | debian glibc useradd bash       | root         | -           | H
debian:trixie-slim                                 | debian glibc useradd bash       | root         | -           | H
ubuntu                                             | ubuntu glibc useradd bash       | root         | -           | H
ubuntu:22.04                                       | ubuntu glibc useradd bash       | root         | -           | M
ubuntu:noble                                       | ubuntu glibc useradd bash       | root         | -           | H
alpine:3.20                                        | alpine musl busybox ash         | root         | -           | H
busybox:1.37-musl                                  | busybox musl busybox ash        | root         | -           | M
scratch                                            | scratch none - -                | root         | -           | H
rockylinux:9                                       | rpm glibc useradd bash          | root         | -           | M
rockylinux:9-minimal                               | rpm glibc - bash                | root         | -           | M
almalinux:9                                        | rpm glibc useradd bash          | root         | -           | M
centos:7                                           | rpm glibc useradd bash          | root         | -           | H
fedora:41                                          | rpm glibc useradd bash          | root         | -           | H
oraclelinux:9-slim                                 | rpm glibc useradd bash          | root         | -           | H
redhat/ubi9                                        | rpm glibc useradd bash          | root         | -           | H
registry.access.redhat.com/ubi9/ubi:9.4            | rpm glibc useradd bash          | root         | -           | H
registry.access.redhat.com/ubi9/ubi-minimal        | rpm glibc - bash                | root         | -           | H
amazonlinux:2023                                   | rpm glibc - bash                | root         | -           | M
photon:5.0                                         | rpm glibc - bash                | root         | -           | M
opensuse/leap:15.6                                 | rpm glibc - bash                | root         | -           | M
gcr.io/distroless/static-debian12                  | distroless glibc - -            | root         | 65532:65532 | H
gcr.io/distroless/static-debian12:nonroot          | distroless glibc - -            | 65532        | 65532:65532 | H
gcr.io/distroless/cc:debug-nonroot-amd64           | distroless glibc - ash          | 65532        | 65532:65532 | H
gcr.io/distroless/java21-debian12                  | distroless glibc - -            | root         | 65532:65532 | H
gcr.io/distroless/nodejs22-debian12:nonroot        | distroless glibc - -            | 65532        | 65532:65532 | H
gcr.io/distroless/python3-debian12                 | distroless glibc - -            | root         | 65532:65532 | H
cgr.dev/chainguard/node                            | wolfi glibc - -                 | 65532        | 65532:65532 | M
node:22                                            | debian glibc useradd bash       | root         | 1000:1000   | H
node:lts-alpine3.20                                | alpine musl busybox ash         | root         | 1000:1000   | H
node:22-bookworm-slim                              | debian glibc useradd bash       | root         | 1000:1000   | H
python:3.12                                        | debian glibc useradd bash       | root         | -           | H
python:3.12-alpine3.20                             | alpine musl busybox ash         | root         | -           | H
python:3.13-windowsservercore-ltsc2022             | windows unknown - -             | ContainerAdministrator | - | H
golang:1.24-alpine                                 | alpine musl busybox ash         | root         | -           | H
golang:1.26-nanoserver                             | windows unknown - -             | ContainerUser | -          | H
rust:1-slim-bookworm                               | debian glibc useradd bash       | root         | -           | H
ruby:3.4-slim                                      | debian glibc useradd bash       | root         | -           | H
elixir:1.18-otp-27-alpine                          | alpine musl busybox ash         | root         | -           | H
eclipse-temurin:21-jre                             | ubuntu glibc useradd bash       | root         | -           | H
eclipse-temurin:21-jre-alpine-3.23                 | alpine musl busybox ash         | root         | -           | H
eclipse-temurin:21-jdk-ubi9-minimal                | rpm glibc - bash                | root         | -           | H
openjdk:8-jdk-alpine                               | alpine musl busybox ash         | root         | -           | M
openjdk:11-jre-slim                                | debian glibc useradd bash       | root         | -           | M
openjdk:17                                         | rpm glibc useradd bash          | root         | -           | M
openjdk:17-jdk-slim                                | debian glibc useradd bash       | root         | -           | M
amazoncorretto:21                                  | rpm glibc - bash                | root         | -           | H
amazoncorretto:21-alpine                           | alpine musl busybox ash         | root         | -           | H
maven:3.9-eclipse-temurin-21                       | ubuntu glibc useradd bash       | root         | -           | H
maven:3.9-eclipse-temurin-21-alpine                | alpine musl busybox ash         | root         | -           | H
maven:3.9-amazoncorretto-21-debian                 | debian glibc useradd bash       | root         | -           | H
maven:3.6.3-jdk-8                                  | debian glibc useradd bash       | root         | -           | H
gradle:8-jdk21                                     | ubuntu glibc useradd bash       | root         | 1000:1000   | H
gradle:8-jdk21-ubi9                                | rpm glibc - bash                | root         | 101:101     | H
gcc:15                                             | debian glibc useradd bash       | root         | -           | H
buildpack-deps:24.04-scm                           | ubuntu glibc useradd bash       | root         | -           | H
mcr.microsoft.com/dotnet/sdk:8.0                   | debian glibc useradd bash       | root         | 1654:1654   | H
mcr.microsoft.com/dotnet/sdk:10.0                  | ubuntu glibc useradd bash       | root         | 1654:1654   | H
mcr.microsoft.com/dotnet/sdk:10.0-alpine3.23       | alpine musl busybox ash         | root         | 1654:1654   | H
mcr.microsoft.com/dotnet/aspnet:6.0                | debian glibc useradd bash       | root         | -           | H
mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled | distroless glibc - -            | $APP_UID     | 1654:1654   | H
mcr.microsoft.com/dotnet/runtime:8.0-azurelinux3.0-distroless | distroless glibc - - | $APP_UID     | 1654:1654   | H
mcr.microsoft.com/dotnet/framework/sdk:4.8         | windows unknown - -             | ContainerAdministrator | - | M
mcr.microsoft.com/windows/servercore:ltsc2022      | windows unknown - -             | ContainerAdministrator | - | M
mcr.microsoft.com/windows/nanoserver:ltsc2022      | windows unknown - -             | ContainerUser | -          | M
php:8.4-fpm                                        | debian glibc useradd bash       | root         | 33:33       | H
php:8.4-fpm-alpine3.20                             | alpine musl busybox ash         | root         | 82:82       | H
composer:2                                         | alpine musl busybox ash         | root         | -           | H
nginx:1.27                                         | debian glibc useradd bash       | root         | 101:101     | H
nginx:1-alpine-slim                                | alpine musl busybox ash         | root         | 101:101     | H
nginx:1.16-alpine                                  | alpine musl busybox ash         | root         | 100:101     | M
nginxinc/nginx-unprivileged:alpine                 | alpine musl busybox ash         | 101          | 101:101     | H
httpd:2.4-alpine                                   | alpine musl busybox ash         | root         | 82:82       | H
caddy:2                                            | alpine musl busybox ash         | root         | -           | H
traefik:v3.5                                       | alpine musl busybox ash         | root         | -           | H
haproxy:3.2                                        | debian glibc useradd bash       | haproxy      | 99:99       | H
haproxy:2.3                                        | debian glibc useradd bash       | root         | -           | H
postgres:17                                        | debian glibc useradd bash       | root         | 999:999     | H
postgres:17-alpine                                 | alpine musl busybox ash         | root         | 70:70       | H
mysql:8.4                                          | rpm glibc useradd bash          | root         | 999:999     | H
mariadb:11                                         | ubuntu glibc useradd bash       | root         | 999:999     | H
mongo:8                                            | ubuntu glibc useradd bash       | root         | 999:999     | H
redis:7                                            | debian glibc useradd bash       | root         | 999:999     | H
redis:7-alpine                                     | alpine musl busybox ash         | root         | 999:1000    | H
rabbitmq:4-management-alpine                       | alpine musl busybox ash         | root         | 100:101     | H
memcached:1-alpine                                 | alpine musl busybox ash         | memcache     | 11211:11211 | H
elasticsearch:9.0.1                                | rpm glibc useradd bash          | 1000:0       | 1000:0      | H
docker.elastic.co/kibana/kibana:8.15.0             | ubuntu glibc useradd bash       | 1000         | 1000:1000   | H
jenkins/jenkins:lts-alpine                         | alpine musl busybox bash        | jenkins      | 1000:1000   | H
grafana/grafana:11.0.0                             | alpine musl busybox bash        | 472          | 472:0       | M
prom/prometheus                                    | busybox unknown - ash           | nobody       | 65534:65534 | H
jetty:12                                           | ubuntu glibc useradd bash       | jetty        | 999:999     | M
bitnami/postgresql:17                              | debian glibc useradd bash       | 1001         | 1001:0      | M
quay.io/jupyter/scipy-notebook                     | ubuntu glibc useradd bash       | 1000         | 1000:100    | H
registry.access.redhat.com/ubi9/python-312         | rpm glibc useradd bash          | 1001         | 1001:0      | H
apache/spark:4.0.1                                 | ubuntu glibc useradd bash       | spark        | 185:185     | H
flink:2.0                                          | ubuntu glibc useradd bash       | root         | 9999:9999   | H
flink:2.2                                          | ubuntu glibc useradd bash       | flink        | 9999:9999   | H
curlimages/curl:8.10.1                             | alpine musl busybox ash         | curl_user    | 100:101     | H
nvidia/cuda:12.4.1-devel-ubuntu22.04               | ubuntu glibc useradd bash       | root         | -           | M
quay.io/keycloak/keycloak:26.0                     | rpm glibc - bash                | 1000         | 1000:0      | H
denoland/deno:alpine                               | alpine unknown busybox ash      | root         | 1000:1000   | H
denoland/deno:2.0.0                                | debian glibc useradd bash       | root         | 1993:1993   | H
denoland/deno:bin                                  | scratch none - -                | root         | -           | H
ghcr.io/astral-sh/uv:0.5.1                         | scratch none - -                | root         | -           | H
ghcr.io/astral-sh/uv:python3.12-bookworm-slim      | debian glibc useradd bash       | root         | -           | M
hexpm/elixir:1.17.2-erlang-27.0-debian-bookworm-20240701-slim | debian glibc useradd bash | root      | -           | M
"""


def rows_of(table: str) -> Iterator[tuple[str, ...]]:
    for line in table.strip().split("\n"):
        yield tuple(cell.strip() for cell in line.split("|"))


@pytest.mark.parametrize(("text", "system", "default_user", "numbers", "confidence"), list(rows_of(TABLE)))
def test_what_is_known_of_an_image(text: str, system: str, default_user: str, numbers: str, confidence: str) -> None:
    image = known(text)
    user = f"{image.app_user.uid}:{image.app_user.gid}" if image.app_user else "-"
    assert [word or "-" for word in (image.family, image.libc, image.user_tool, image.shell)] == system.split()
    assert (image.default_user, user, image.confidence) == (default_user, numbers, confidence)


@pytest.mark.parametrize(
    ("text", "entrypoint", "cmd"),
    [
        ("node:22", ("docker-entrypoint.sh",), ("node",)),
        ("node:8", None, ("node",)),
        ("python:3.12-alpine", (), ("python3",)),
        ("golang:1.24", (), ("bash",)),
        ("golang:1.24-alpine", (), ("/bin/sh",)),
        ("eclipse-temurin:21-jre", ("/__cacert_entrypoint.sh",), ()),
        ("eclipse-temurin:21", ("/__cacert_entrypoint.sh",), ("jshell",)),
        ("php:8.4-apache", ("docker-php-entrypoint",), ("apache2-foreground",)),
        ("php:8.4-fpm-alpine", ("docker-php-entrypoint",), ("php-fpm",)),
        ("maven:3", ("/usr/local/bin/mvn-entrypoint.sh",), ("mvn",)),
        ("tomcat:10.1", (), ("catalina.sh", "run")),
        ("nginx:1.17", None, ("nginx", "-g", "daemon off;")),
        ("gcr.io/distroless/static", (), ()),
        ("gcr.io/distroless/static:debug", ("/busybox/sh",), ()),
        ("gcr.io/distroless/java17-debian12:debug", ("/usr/bin/java", "-jar"), ()),
        ("quay.io/keycloak/keycloak", ("/opt/keycloak/bin/kc.sh",), ()),
        ("perl:5", (), None),
        ("golang:1.24-nanoserver", None, None),
    ],
)
def test_what_an_image_starts(text: str, entrypoint: tuple[str, ...] | None, cmd: tuple[str, ...] | None) -> None:
    assert (known(text).entrypoint, known(text).cmd) == (entrypoint, cmd)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("nginx:1.27", "nginx master"),
        ("httpd:2.4", "Apache master"),
        ("php:8.4-apache", "Apache master"),
        ("wordpress:6", "starts as root"),
        ("docker:dind", "dockerd"),
        ("docker:27", "dockerd"),
        ("lscr.io/linuxserver/plex", "s6 init"),
        ("rocker/rstudio:4", "s6 init"),
        ("phusion/baseimage:noble-1.0.2", "my_init"),
        ("mcr.microsoft.com/windows/servercore:ltsc2022", "Windows"),
        ("node:22-windowsservercore", "Windows"),
    ],
)
def test_images_that_need_root_say_why(text: str, part: str) -> None:
    assert part in known(text).needs_root


@pytest.mark.parametrize("text", ["php:8.4-fpm", "node:22", "nginxinc/nginx-unprivileged", "docker:dind-rootless"])
def test_images_that_need_no_root_do_not_say_so(text: str) -> None:
    assert known(text).needs_root == ""


@pytest.mark.parametrize("text", ["postgres", "mysql", "mongo", "cassandra", "redis", "rabbitmq:alpine", "ghost"])
def test_entrypoints_that_step_down(text: str) -> None:
    assert known(text).drops


@pytest.mark.parametrize("text", ["node", "haproxy", "flink:2.2", "nginx"])
def test_entrypoints_that_do_not(text: str) -> None:
    assert not known(text).drops


@pytest.mark.parametrize(
    ("text", "uid", "gid"),
    [
        ("ubuntu:24.04", 1000, 1000),
        ("ubuntu:24.10", 1000, 1000),
        ("python:3.12-bullseye", 100, 65534),
        ("debian:11", 100, 65534),
        ("node:22-alpine", 1000, 1000),
        ("alpine", 65534, 999),
        ("eclipse-temurin:21-jre-noble", 1000, 1000),
        ("mcr.microsoft.com/dotnet/aspnet:8.0", 1654, 1654),
    ],
)
def test_numbers_that_are_taken(text: str, uid: int, gid: int) -> None:
    assert uid in known(text).taken_uids
    assert gid in known(text).taken_gids


def test_the_number_1000_is_free_where_nobody_has_it() -> None:
    for text in ("python:3.12", "alpine", "debian:12", "ubuntu:22.04", "gcr.io/distroless/static"):
        assert 1000 not in known(text).taken_uids


# One reference, at least, for every row of the design's table of base images.
DESIGN = """
debian:12 debian:13 ubuntu:22.04 ubuntu:24.04 alpine busybox scratch
rockylinux almalinux centos fedora redhat/ubi9 oraclelinux redhat/ubi9-minimal amazonlinux:2 amazonlinux:2023 photon
opensuse/leap gcr.io/distroless/static gcr.io/distroless/base gcr.io/distroless/cc gcr.io/distroless/java17
gcr.io/distroless/nodejs20 gcr.io/distroless/python3 cgr.dev/chainguard/python node python golang rust ruby elixir
erlang eclipse-temurin openjdk amazoncorretto maven gradle gcc buildpack-deps mcr.microsoft.com/dotnet/sdk
mcr.microsoft.com/dotnet/aspnet mcr.microsoft.com/dotnet/runtime php:cli php:fpm php:apache composer nginx
nginxinc/nginx-unprivileged httpd caddy traefik haproxy postgres mysql mariadb mongo cassandra redis rabbitmq memcached
elasticsearch kibana logstash jenkins/jenkins grafana/grafana prom/prometheus prom/node-exporter wordpress ghost tomcat
jetty bitnami/redis jupyter/base-notebook linuxserver/nginx quay.io/sclorg/python-312-c9s
registry.access.redhat.com/ubi8/nodejs-20 apache/spark flink curlimages/curl nvidia/cuda pytorch/pytorch
tensorflow/tensorflow quay.io/keycloak/keycloak minio/minio hashicorp/vault selenium/standalone-chrome
mcr.microsoft.com/playwright docker:dind mcr.microsoft.com/windows/servercore mcr.microsoft.com/windows/nanoserver
"""


@pytest.mark.parametrize("text", DESIGN.split())
def test_every_image_of_the_design_is_known_well(text: str) -> None:
    assert known(text).confidence in ("H", "M")


@pytest.mark.parametrize("text", ["acme/app", "ghcr.io/acme/python:3.12", "my-node:22", "quay.io/node", "alpine/x"])
def test_other_images_are_not(text: str) -> None:
    assert IMAGES.look_up(reference(text)) is None


@pytest.mark.parametrize(
    ("mirrored", "text"),
    [
        ("public.ecr.aws/docker/library/node:22-alpine", "node:22-alpine"),
        ("mirror.gcr.io/library/python:3.12", "python:3.12"),
        ("mirror.gcr.io/grafana/grafana", "grafana/grafana"),
        ("arm64v8/postgres:17-alpine", "postgres:17-alpine"),
        ("docker.io/amd64/redis:7", "redis:7"),
        ("registry.hub.docker.com/library/php:8.4-fpm", "php:8.4-fpm"),
    ],
)
def test_a_mirror_serves_the_same_image(mirrored: str, text: str) -> None:
    assert known(mirrored) == known(text)


def test_a_digest_alone_leaves_the_variant_open() -> None:
    assert known(f"node@{DIGEST}").confidence == "L"
    assert known(f"node:22@{DIGEST}") == known("node:22")


def test_a_system_that_the_row_does_not_describe_is_not_trusted() -> None:
    image = known("httpd:2.4-ubi9")
    assert (image.family, image.app_user, image.entrypoint, image.cmd) == ("rpm", None, None, None)
    assert image.confidence == "L"
    assert image.needs_root


def test_a_word_is_no_part_of_a_word() -> None:
    assert known("python:3.12-alpinist").family == "debian"
    assert known("python:3.12.alpine").family == "alpine"


def test_directories_environment_and_ports() -> None:
    go = known("golang:1.24")
    assert (go.workdir, go.writable, dict(go.env)["GOPATH"]) == ("/go", ("/go",), "/go")
    assert dict(go.env)["PATH"].startswith("/go/bin:/usr/local/go/bin:/usr/local/sbin:")
    assert known("php:8.4-fpm").ports == ("9000",)
    assert known("postgres:17").volumes == ("/var/lib/postgresql/data",)
    assert known("gcr.io/distroless/base:nonroot").workdir == "/home/nonroot"


def test_building_on_them() -> None:
    assert known("python:3-onbuild").onbuild
    assert not known("python:3").onbuild
    assert known("python:3.7-stretch").eol
    assert known("python:3.13").eol == ""


@pytest.mark.parametrize(
    ("text", "counterpart"),
    [
        ("python:3.12", "python:3.12-slim"),
        ("python:3.12-bookworm", "python:3.12-slim-bookworm"),
        ("python:3.12-alpine", "python:3.12-alpine"),
        ("python", ""),
        ("node:22-bookworm", "node:22-bookworm-slim"),
        ("node:22", "node:22-slim"),
        ("golang:1.24", "gcr.io/distroless/static-debian12:nonroot"),
        ("rust:1.80-bookworm", "debian:bookworm-slim"),
        ("rust:1.80", ""),
        ("debian:12", "debian:12-slim"),
        ("debian:bookworm-slim", "debian:bookworm-slim"),
        ("maven:3.9-eclipse-temurin-21", "eclipse-temurin:21-jre"),
        ("maven:3.9-eclipse-temurin-21-alpine", "eclipse-temurin:21-jre-alpine"),
        ("gradle:8-jdk17", "eclipse-temurin:17-jre"),
        ("eclipse-temurin:21-jdk-jammy", "eclipse-temurin:21-jre-jammy"),
        ("nginx:1.27-alpine", "nginxinc/nginx-unprivileged:1.27-alpine"),
        ("mcr.microsoft.com/dotnet/sdk:8.0-alpine", "mcr.microsoft.com/dotnet/aspnet:8.0-alpine"),
        ("gcr.io/distroless/cc:nonroot", "gcr.io/distroless/cc:nonroot"),
        ("postgres:17", ""),
    ],
)
def test_the_runtime_counterpart(text: str, counterpart: str) -> None:
    assert runtime_of(reference(text), known(text)) == counterpart


def layers() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, marker in enumerate(image_rows.shipped()["marker"]):
        yield f"marker {number}", marker
    for row in image_rows.shipped()["image"]:
        yield row["names"][0], row
        for number, variant in enumerate(row.get("variant", ())):
            yield f"{row['names'][0]} variant {number}", variant


def test_every_row_holds_only_what_a_row_may() -> None:
    more = ("os", "names", "name", "also", "variant", "tag", "on", "below", "since", "unknown")
    systems = image_rows.shipped()["os"]
    families = {system["family"] for system in systems.values()}
    for where, layer in layers():
        facts = {key: value for key, value in layer.items() if key not in more}
        assert image_rows.checked(facts, where) == facts
        assert layer.get("os", "other") in systems, where
        assert layer.get("on", "other") in {*systems, *families}, where
        assert set(layer.get("also", ())) <= families, where
        assert set(layer.get("unknown", ())) <= {"entrypoint", "cmd", "app_user"}, where
        assert re.compile(layer.get("tag", ""))
    for name, system in systems.items():
        facts = {key: value for key, value in system.items() if key != "unknown"}
        assert image_rows.checked(facts, name) == facts


def test_every_row_names_its_source_and_says_how_sure_it_is() -> None:
    for row in image_rows.shipped()["image"]:
        assert row["source"], row["names"]
        assert row["source"].startswith("recalled") == (row["confidence"] == "L"), row["names"]


def test_no_image_is_listed_twice_and_there_are_many() -> None:
    names = IMAGES.names
    full = [name if "*" in name or "?" in name else reference(name).name for name in names]
    assert len(full) == len(set(full))
    assert len(image_rows.shipped()["image"]) >= 90


def test_every_listed_image_is_found_under_its_names() -> None:
    for row in image_rows.shipped()["image"]:
        for name in row["names"]:
            image = known(name.replace("*", "x").replace("?", "9"))
            assert image.source
            assert image.name
    assert known("cgr.dev/chainguard/wolfi-base").name != known("cgr.dev/chainguard/go").name


def test_the_table_is_read_when_it_is_needed() -> None:
    image_rows.shipped.cache_clear()
    images = Images()
    assert image_rows.shipped.cache_info().currsize == 0
    known("node", images)
    assert image_rows.shipped.cache_info().currsize == 1


_tag = (
    st.none()
    | st.from_regex(r"\A[a-z0-9][a-z0-9.-]{0,20}\Z")
    | st.sampled_from(
        [
            "alpine",
            "slim",
            "1-windows",
            "nonroot",
            "debug",
            "9" * 128,
            "1.2.3-rc1-distroless",
            "ubi9",
            "noble",
            "v2",
            "_",
        ]
    )
)


@given(st.sampled_from(IMAGES.names), _tag)
def test_any_tag_of_any_image_is_answered(name: str, tag: str | None) -> None:
    plain = reference(name.replace("*", "x").replace("?", "9"))
    asked = ImageReference(plain.registry, plain.repository, tag)
    image = IMAGES.look_up(asked)
    assert image is not None
    assert image.family in image_rows.shipped()["os"]
    assert image.app_user is None or image.app_user.uid in image.taken_uids
    assert "{" not in runtime_of(asked, image)
    assert explain(asked, image).startswith(asked.familiar + "\n")


def test_rows_of_the_user() -> None:
    images = Images(
        {
            "acme/base": {
                "os": "debian",
                "user-tool": "useradd",
                "app-user": {"uid": 5000, "gid": 5001},
                "writable": ["/data"],
                "env": {"PATH": "/opt/bin:$PATH"},
            },
            "acme/base:alpine": {"os": "alpine"},
            "registry.acme.test/*": {"family": "rpm"},
            "acme/team-*": {"family": "alpine"},
            "registry.acme.test/python": {"like": "python", "workdir": "/srv"},
            "acme/web": {"like": "node:22-alpine"},
            "node": {"os": "other", "needs_root": "ours starts sshd"},
        }
    )
    base = known("acme/base:7", images)
    assert (base.name, base.family, base.user_tool, base.confidence) == ("acme/base", "debian", "useradd", "H")
    assert (base.app_user, base.writable) == (ImageUser("", 5000, 5001, ""), ("/data",))
    assert dict(base.env)["PATH"].startswith("/opt/bin:/usr/local/sbin")
    assert 5000 in base.taken_uids
    assert base.source == "your configuration"
    assert known("acme/base:alpine", images).user_tool == "busybox"
    assert known("docker.io/acme/team-one:2", images).family == "alpine"
    assert known("registry.acme.test/team/go:1", images).family == "rpm"
    python = known("registry.acme.test/python:3.12-alpine", images)
    assert (python.family, python.cmd, python.workdir) == ("alpine", ("python3",), "/srv")
    assert known("acme/web", images).app_user == ImageUser("node", 1000, 1000, "/home/node")
    assert known("acme/web:7", images).family == "alpine"
    assert known("node:22", images).needs_root == "ours starts sshd"
    assert images.look_up(reference("acme/other")) is None


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("acme/base", {"user-tol": "useradd"}, 'unknown key "user-tol"; did you mean "user_tool"?'),
        ("acme/base", {"taken_uid": []}, 'did you mean "taken_uids"?'),
        ("acme/base", {"family": "debain"}, "family must be one of"),
        ("acme/base", {"user_tool": "adduser"}, "user_tool must be one of"),
        ("acme/base", {"drops": "yes"}, "drops must be true or false"),
        ("acme/base", {"taken_uids": [True]}, "taken_uids must be a list of numbers"),
        ("acme/base", {"cmd": "node app.js"}, "cmd must be a list of strings"),
        ("acme/base", {"app_user": {"name": "app"}}, "app_user must be a table such as"),
        ("acme/base", {"app_user": {"uid": -1, "gid": 0}}, "app_user must be a table such as"),
        ("acme/base", {"env": ["A=b"]}, "env must be a table of strings"),
        ("acme/base", {"workdir": 3}, "workdir must be a string"),
        ("acme/base", {"os": "plan9"}, "os must be one of"),
        ("acme/base", {"like": "acme/other"}, "like must name an image that is listed"),
        ("Acme Base", {}, "this is no image name"),
        ("acme/*base*!", {}, "this is no image name"),
    ],
)
def test_a_wrong_row_is_refused(name: str, row: Mapping[str, object], message: str) -> None:
    with pytest.raises(UsageError) as error:
        Images({name: row})
    assert f'images."{name}"' in str(error.value)
    assert message in str(error.value)


def test_the_explanation_of_an_image() -> None:
    asked = reference("redis:7-alpine")
    text = explain(asked, IMAGES.look_up(asked))
    lines = text.split("\n")
    assert lines[0] == "redis:7-alpine"
    for part in (
        "confidence    H, read in its build files",
        "family        alpine",
        "C library     musl",
        "adds users by BusyBox addgroup and adduser",
        "runs as       root, and its entrypoint steps down from root",
        "own user      redis 999:1000, home /home/redis",
        'ENTRYPOINT    ["docker-entrypoint.sh"]',
        'CMD           ["redis-server"]',
        "WORKDIR       /data",
        "ports         6379",
    ):
        assert "  " + part in lines
    assert not any(line.strip().startswith("needs root") for line in lines)


def test_the_explanation_of_what_is_not_known() -> None:
    nginx = reference("nginx:1.17")
    text = explain(nginx, IMAGES.look_up(nginx))
    assert "ENTRYPOINT    not known" in text
    assert "needs root    its nginx master" in text
    stranger = explain(reference("acme/app:1"), None)
    assert stranger.startswith("acme/app:1\n")
    assert "not listed" in stranger
