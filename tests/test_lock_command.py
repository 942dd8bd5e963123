"""`hardenfile lock` and what follows from it, against Debian's docker-registry: lock, diff, fix, check, refresh."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardenfile.evidence.lock import LOCK_NAME, Lock
from hardenfile.evidence.reference import ImageReference
from tests.support.cli import Cli
from tests.support.docker_registry import docker_registry, push, require
from tests.support.images import OCI_INDEX, image, index, sha256
from tests.support.web import Reply, Request, Web, reply

OLD = index({"linux/amd64": image(), "linux/arm64/v8": image("arm64")}, oci=True, created="2024-05-06T07:08:09Z")
NEW = index({"linux/amd64": image(oci=True)}, oci=True, created="2999-01-01T00:00:00Z")
SINGLE = image(created="2024-05-06T07:08:09Z", config={"User": "65532", "WorkingDir": "/srv", "Cmd": ["serve"]})


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    require("docker-registry")
    folder = tmp_path_factory.mktemp("registry")
    with docker_registry(folder, folder / "storage") as running:
        push(running, "library/python", "3.12", OLD)
        push(running, "docker/dockerfile", "1", SINGLE)
        push(running, "team/tool", "latest", SINGLE)
        push(running, "team/new", "1", NEW)
        yield running


@pytest.fixture
def cli(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Cli:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nobody"))
    return Cli(tmp_path, capsysbinary, monkeypatch)


def dockerfile(host: str) -> str:
    return (
        "# syntax=docker/dockerfile:1\nARG V=3.12\nFROM python:${V} AS build\n"
        f"RUN --mount=from={host}/team/tool,target=/t ls\nFROM python:3.12\n"
        f"COPY --from={host}/team/tool /tool /tool\nCOPY --from=build /a /a\n"
    )


def read(folder: Path) -> Lock:
    return Lock.read(folder / LOCK_NAME)


def digest(lock: Lock, name: str) -> str:
    reference = ImageReference.parse(name)
    assert reference is not None
    return lock.images[reference].digest


def test_lock_then_diff_is_pinned_and_settled(cli: Cli, host: str) -> None:
    path = cli.write("app/Dockerfile", dockerfile(host))
    mirror = ("--mirror", f"docker.io=http://{host}")
    before = cli("diff", "app", "--select", "pin-digests")
    assert before.out == b"" and "[pin-digests:offline]" in before.err and "hardenfile lock" in before.err

    locked = cli("lock", ".", *mirror)
    assert locked.code == 0 and locked.out == b"", locked.err
    lock = read(cli.folder)
    assert len(lock.images) == 3
    assert digest(lock, "python:3.12") == OLD.digest
    assert digest(lock, f"{host}/team/tool:latest") == digest(lock, "docker/dockerfile:1") == SINGLE.digest
    pin = lock.images[ImageReference("docker.io", "library/python", "3.12")]
    assert pin.media_type == OCI_INDEX and pin.resolved

    assert cli("check", "app", "--select", "pin-digests").code == 1
    fixed = cli("fix", "app", "--select", "pin-digests")
    assert fixed.code == 0
    after = path.read_text()
    assert after == (
        f"# syntax=docker/dockerfile:1@{SINGLE.digest}\nARG V=3.12@{OLD.digest}\nFROM python:${{V}} AS build\n"
        f"RUN --mount=from={host}/team/tool:latest@{SINGLE.digest},target=/t ls\nFROM python:3.12@{OLD.digest}\n"
        f"COPY --from={host}/team/tool:latest@{SINGLE.digest} /tool /tool\nCOPY --from=build /a /a\n"
    )
    assert cli("check", "app", "--select", "pin-digests").code == 0
    assert cli("check", "app", "--select", "pin-digests", "--locked").code == 0
    data = (cli.folder / LOCK_NAME).read_bytes()
    again = cli("lock", ".", *mirror)
    assert again.code == 0 and "up to date" in again.err
    assert (cli.folder / LOCK_NAME).read_bytes() == data, "what is pinned in the files by now must stay locked"


def test_verify_brings_the_platforms(cli: Cli, host: str) -> None:
    cli.write("Dockerfile", "FROM python:3.12\n")
    assert cli("lock", "--verify", "--mirror", f"docker.io=http://{host}").code == 0
    (pin,) = read(cli.folder).images.values()
    assert pin.platforms == ("linux/amd64", "linux/arm64/v8")


def test_refresh_moves_what_moved_and_says_so(cli: Cli, host: str) -> None:
    path = cli.write("Dockerfile", f"FROM {host}/moving:1\nFROM {host}/team/tool\n")
    push(host, "moving", "1", OLD)
    assert cli("lock").code == 0
    assert cli("fix", ".", "--select", "pin-digests").code == 0
    held = (cli.folder / LOCK_NAME).read_bytes()
    push(host, "moving", "1", SINGLE)

    assert cli("lock").code == 0
    assert (cli.folder / LOCK_NAME).read_bytes() == held, "without --refresh nothing moves"
    looked = cli("lock", "--refresh", "--check")
    assert looked.code == 1 and f"{host}/moving:1: {OLD.digest} -> {SINGLE.digest}" in looked.err
    assert (cli.folder / LOCK_NAME).read_bytes() == held
    moved = cli("lock", "--refresh")
    assert moved.code == 0 and f"{host}/moving:1: {OLD.digest} -> {SINGLE.digest}" in moved.lines
    assert "team/tool" not in moved.err
    kept, fresh = Lock.parse(held), read(cli.folder)
    tool = ImageReference(host, "team/tool", "latest")
    assert fresh.images[tool] == kept.images[tool], "an entry that still holds keeps its time"

    assert cli("check", ".", "--select", "pin-digests").code == 0, "what has a digest stays"
    assert cli("fix", ".", "--select", "pin-digests", "--refresh").code == 0
    assert path.read_text() == f"FROM {host}/moving:1@{SINGLE.digest}\nFROM {host}/team/tool:latest@{SINGLE.digest}\n"
    assert cli("lock", "--refresh", "--check").code == 0


def test_check_says_what_is_missing_and_asks_nobody(cli: Cli) -> None:
    cli.write("Dockerfile", "FROM registry.invalid/app:1\nADD https://files.invalid/a /a\n")
    ran = cli("lock", "--check")
    assert ran.code == 1
    assert [line.partition(":  ")[0] for line in ran.lines][:2] == [
        f"registry.invalid/app:1: not in {cli.folder / LOCK_NAME}",
        f"https://files.invalid/a: not in {cli.folder / LOCK_NAME}",
    ]
    assert not (cli.folder / LOCK_NAME).exists()


def test_what_cannot_be_had_is_an_error_and_the_rest_is_written(cli: Cli, host: str) -> None:
    cli.write("Dockerfile", f"FROM {host}/team/tool\nFROM {host}/gone:1\n")
    ran = cli("lock")
    assert ran.code == 2
    assert any(line.startswith(f"error: {host}/gone:1: ") for line in ran.lines)
    assert [one.repository for one in read(cli.folder).images] == ["team/tool"]
    told = cli("diff", ".", "--select", "pin-digests")
    assert f"tool:latest@{SINGLE.digest}" in told.out.decode() and "[pin-digests:unknown]" in told.err


def test_locked_makes_a_missing_entry_an_error(cli: Cli, host: str) -> None:
    cli.write("Dockerfile", f"FROM {host}/team/tool\n")
    ran = cli("diff", ".", "--locked", "--select", "pin-digests")
    assert ran.code == 2 and ran.out == b""
    assert "is not locked: there is no hardenfile.lock" in ran.err
    assert cli("lock").code == 0
    assert cli("diff", ".", "--locked", "--select", "pin-digests").code == 0
    cli.write("Dockerfile", f"FROM {host}/team/tool\nADD https://files.invalid/a /a\nFROM {host}/gone:1\n")
    ran = cli("fix", ".", "--locked", "--select", "pin-digests,add-checksum")
    assert ran.code == 2 and f"it is not in {cli.folder / LOCK_NAME}" in ran.err
    assert "sha256" not in (cli.folder / "Dockerfile").read_text()
    both = cli("diff", ".", "--locked", "--online")
    assert both.code == 2 and "does not go with --online" in both.err


def test_online_asks_for_what_the_lock_does_not_hold(cli: Cli, host: str) -> None:
    cli.write("Dockerfile", f"FROM {host}/team/tool\nFROM {host}/gone:1\nFROM python:3.12\n")
    held = f'version = 1\n[image."{host}/team/tool:latest"]\ndigest = "sha256:{"7" * 64}"\n'
    cli.write(LOCK_NAME, held)
    ran = cli("diff", ".", "--online", "--mirror", f"docker.io=http://{host}", "--select", "pin-digests")
    assert ran.code == 0, ran.err
    assert f"tool:latest@sha256:{'7' * 64}" in ran.out.decode() and f"3.12@{OLD.digest}" in ran.out.decode()
    assert f"{host}/gone:1: " in ran.err.replace("\n    ", " ") and "[pin-digests:unknown]" in ran.err
    assert (cli.folder / LOCK_NAME).read_text() == held


def test_online_the_image_itself_says_who_it_runs_as(cli: Cli, host: str) -> None:
    """Of an image that is not listed nothing is known offline; its config says that it is no root's."""
    cli.write("Dockerfile", f"FROM {host}/team/tool\nCOPY a /a\n")
    cli.write("a", "x")
    offline = cli("diff", ".", "--select", "add-user", "--output-format", "json")
    online = cli("diff", ".", "--select", "add-user", "--online", "--output-format", "json")
    (was,), (now,) = (json.loads(ran.out)["files"] for ran in (offline, online))
    assert "already-non-root" not in {one["reason"] for one in was["refusals"]}
    assert {one["reason"] for one in now["refusals"]} == {"already-non-root"}


def test_cooldown_leaves_young_images_out(cli: Cli, host: str) -> None:
    cli.write("Dockerfile", f"FROM {host}/team/new:1\nFROM python:3.12\nFROM {host}/team/tool\n")
    mirror = ("--mirror", f"docker.io=http://{host}")
    ran = cli("lock", "--cooldown", "7", *mirror)
    assert ran.code == 0
    assert any(line.startswith(f"{host}/team/new:1: {NEW.digest} is younger than 7 days") for line in ran.lines)
    assert {one.repository for one in read(cli.folder).images} == {"library/python", "team/tool"}
    assert cli("lock", *mirror).code == 0
    assert len(read(cli.folder).images) == 3


def test_what_no_file_names_is_dropped_when_the_whole_tree_is_seen(cli: Cli, host: str) -> None:
    cli.write("a/Dockerfile", f"FROM {host}/team/tool\n")
    cli.write("b/Dockerfile", f"FROM {host}/team/new:1\n")
    assert cli("lock", ".").code == 0
    assert cli("lock", "a").code == 0
    assert len(read(cli.folder).images) == 2, "who looks at a part cannot know"
    (cli.folder / "b/Dockerfile").unlink()
    ran = cli("lock", ".")
    assert ran.code == 0 and f"{host}/team/new:1: no longer named, dropped" in ran.lines
    assert [one.repository for one in read(cli.folder).images] == ["team/tool"]


def test_where_the_lock_goes(cli: Cli, host: str) -> None:
    cli.write("deep/app/Dockerfile", f"FROM {host}/team/tool\n")
    cli.write("deep/.hardenfile.toml", f'[registry]\nmirrors = {{ "docker.io" = ["http://{host}"] }}\n')
    assert cli("lock", "deep/app").code == 0
    assert (cli.folder / "deep" / LOCK_NAME).is_file() and not (cli.folder / LOCK_NAME).exists()
    cli.write("deep/app/Dockerfile", f"FROM {host}/team/tool\nFROM python:3.12\n")
    assert cli("lock", "deep/app").code == 0, "the mirror is the configuration's"
    assert len(read(cli.folder / "deep").images) == 2


def test_named_contexts_are_not_asked_for(cli: Cli, host: str) -> None:
    cli.write("Dockerfile", f"FROM {host}/team/tool\nCOPY --from=assets / /\n")
    cli.write(".hardenfile.toml", '[pin-digests]\ncontexts = ["assets"]\n')
    assert cli("lock").code == 0
    assert len(read(cli.folder).images) == 1


def test_downloads_are_hashed_up_to_a_limit(cli: Cli) -> None:
    content = b"x" * (1 << 20)

    def answer(request: Request) -> Reply:
        if request.target == "/moved":
            return reply(302, Location="/small")
        bodies = {"/small": content, "/large": content + b"x"}
        return reply(200, bodies[request.target]) if request.target in bodies else reply(404, "secret-of-the-server")

    with Web(answer) as web:
        at = f"http://{web.host}"
        text = f"FROM scratch\nADD {at}/moved /a\nADD {at}/large /b\nADD {at}/gone /c\n"
        path = cli.write("Dockerfile", text + f"ADD http://robot:hunter2@{web.host}/small /d\n")
        ran = cli("lock", "--download-limit", "1")
        assert ran.code == 2
        errors = [line for line in ran.lines if line.startswith("error: ")]
        assert errors == [
            f"error: {at}/gone: the server answered with status 404",
            f"error: {at}/large: is larger than the 1 MiB that are allowed",
        ]
        lock = (cli.folder / LOCK_NAME).read_text()
        assert "hunter2" not in lock + ran.err and "secret-of-the-server" not in ran.err
        assert [one.sha256 for one in read(cli.folder).urls.values()] == [sha256(content).removeprefix("sha256:")]
        asked = len(web.requests)
        assert cli("fix", ".", "--select", "add-checksum").code == 0
        assert "--checksum" not in path.read_text(), "no frontend is named that is known to take it"
        fixed = cli("fix", ".", "--select", "add-checksum", "--unsafe")
        assert f"ADD --checksum={sha256(content)} {at}/moved /a\n" in path.read_text()
        assert "hunter2" not in fixed.err
        assert cli("check", ".", "--select", "add-checksum").code == 0
        assert len(web.requests) == asked, "only lock fetches"


def test_a_broken_lock_is_told_once_for_all_files(cli: Cli) -> None:
    for name in ("a", "b"):
        cli.write(f"{name}/Dockerfile", "FROM alpine:3\n")
    cli.write(LOCK_NAME, "version = 9\n")
    ran = cli("diff", ".")
    assert ran.code == 2 and sum("version is not 1" in line for line in ran.lines) == 1
    assert cli("lock", ".").code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-",), "standard input has no place"),
        (("nowhere",), "there is no such file"),
        ((".", "--mirror", "hub"), "REGISTRY=MIRROR"),
        ((".", "--mirror", "docker.io=http://me:hunter2@mirror.example.org"), "without credentials"),
        ((".", "--registry-ca", "nowhere.pem"), "there is no such file"),
        ((".", "--cooldown", "-1"), "--cooldown"),
    ],
)
def test_wrong_arguments(arguments: tuple[str, ...], says: str, cli: Cli) -> None:
    cli.write("Dockerfile", "FROM registry.invalid/a:1\n")
    ran = cli("lock", *arguments)
    assert ran.code == 2 and says in ran.err and "hunter2" not in ran.err
    assert ran.lines and all(line.startswith("error: ") for line in ran.lines)


def test_nothing_to_lock(cli: Cli) -> None:
    cli.write("Dockerfile", f"FROM scratch AS one\nFROM one\nFROM debian@{SINGLE.digest}\n")
    ran = cli("lock")
    assert ran.code == 0 and ran.lines == [f"{cli.folder / LOCK_NAME}: not written, there is nothing to put into it"]
    assert not (cli.folder / LOCK_NAME).exists()
    assert cli("lock", "--check").code == 0


def test_no_dockerfile(cli: Cli) -> None:
    assert cli("lock").code == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("registry = 1", "registry takes a table"),
        ("[registry]\nmirror = {}", "registry: unknown key 'mirror' (did you mean 'mirrors'?)"),
        ('[registry]\nmirrors = { "docker.io" = "https://me:hunter2@a.test" }', "takes lists of mirrors by registry"),
        ("[registry]\ninsecure = true", "registry.insecure takes a list of texts, not True"),
    ],
)
def test_a_wrong_registry_table(text: str, says: str, cli: Cli) -> None:
    cli.write("Dockerfile", "FROM registry.invalid/a:1\n")
    cli.write(".hardenfile.toml", text)
    for command in ("lock", "check"):
        ran = cli(command, ".")
        assert ran.code == 2 and says in ran.err.replace("\n", " ") and "hunter2" not in ran.err
