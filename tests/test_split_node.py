"""split-stages for Node: what lock files say, and which lines a conversion of a small file has."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from hardenfile import harden
from hardenfile.transforms.split_stages.node.locks import Package, read_lock


def npm(**packages: Mapping[str, object]) -> str:
    table = {f"node_modules/{name}": {"version": "1.0.0", **entry} for name, entry in packages.items()}
    return json.dumps({"lockfileVersion": 3, "packages": {"": {}, **table}})


def project(folder: Path, package: Mapping[str, object], lock: str = "", **files: str) -> Path:
    (folder / "package.json").write_text(json.dumps(package), "utf-8")
    if lock:
        (folder / "package-lock.json").write_text(lock, "utf-8")
    (folder / "server.js").write_text('require("express");\n', "utf-8")
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    return folder


def converted(folder: Path, dockerfile: str) -> str:
    outcome = harden(dockerfile.encode(), context=folder, select=["split-stages"])
    return outcome.after.to_bytes().decode()


EXPRESS = {"dependencies": {"express": "^4"}, "devDependencies": {"mocha": "^10"}}
LOCK = npm(express={}, mocha={"dev": True, "bin": {"mocha": "x"}})
PLAIN = "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN {}\nCOPY . .\nCMD {}\n"


def by_name(name: str, text: str) -> dict[str, Package]:
    packages = read_lock(name, text)
    assert packages is not None
    return {one.name: one for one in packages}


def test_npm_7_says_programs_scripts_and_peers() -> None:
    packages = by_name(
        "package-lock.json",
        npm(a={"bin": {"run-a": "x"}, "hasInstallScript": True, "peerDependencies": {"b": "*"}}, b={"dev": True}),
    )
    assert packages["a"].bins == frozenset(("run-a",)) and packages["a"].builds and packages["a"].peers == {"b"}
    assert packages["b"].dev and not packages["a"].dev


def test_npm_6_is_a_tree() -> None:
    text = json.dumps(
        {
            "lockfileVersion": 1,
            "dependencies": {"a": {"requires": {"nan": "1"}, "dependencies": {"nan": {"dev": True}}}},
        }
    )
    packages = by_name("package-lock.json", text)
    assert packages["a"].needs == {"nan"} and packages["a"].builds is None and packages["nan"].dev


def test_yarn_of_both_kinds() -> None:
    first = '# yarn lockfile v1\n\n"@x/a@^1", "@x/a@^2":\n  version "1"\n  dependencies:\n    "@x/b" "^1"\n    c "^1"\n'
    later = '__metadata:\n  version: 8\n\n"@x/a@npm:^1":\n  version: 1\n  dependencies:\n    "@x/b": ^1\n    c: ^1\n'
    for text in (first, later):
        assert by_name("yarn.lock", text)["@x/a"].needs == {"@x/b", "c"}


@pytest.mark.parametrize(
    ("version", "head"), [("5.4", "/@x/a/1.0.0"), ("'6.0'", "/@x/a@1.0.0(y@2)"), ("'9.0'", "'@x/a@1.0.0'")]
)
def test_pnpm_of_three_kinds(version: str, head: str) -> None:
    part = "snapshots" if "9" in version else "packages"
    entry = "    requiresBuild: true\n    dependencies:\n      c: 1.0.0\n"
    text = f"lockfileVersion: {version}\n\n{part}:\n\n  {head}:\n{entry}"
    package = by_name("pnpm-lock.yaml", text)["@x/a"]
    assert package.needs == {"c"} and package.builds


def test_a_lock_that_is_none() -> None:
    assert read_lock("package-lock.json", "{") is None
    assert read_lock("package-lock.json", "[]") is None


@pytest.mark.parametrize(
    ("install", "wanted"),
    [
        ("npm ci", "npm ci --omit=dev"),
        ("npm install", "npm install --omit=dev"),
        ("npm ci --omit=dev", "npm ci --omit=dev"),
        ("npm ci && npm cache clean --force", "npm ci --omit=dev && npm cache clean --force"),
        ("NODE_ENV=production npm ci", "NODE_ENV=production npm ci"),
        ("npm install express", "npm install express"),
        ("npm ci --include=dev", "npm ci --include=dev"),
    ],
)
def test_the_flag_that_leaves_development_out(tmp_path: Path, install: str, wanted: str) -> None:
    after = converted(project(tmp_path, EXPRESS, LOCK), PLAIN.format(install, '["node", "server.js"]'))
    assert f"RUN {wanted}\n" in after
    assert "FROM node:20-slim\n" in after


def test_old_npm_has_another_flag(tmp_path: Path) -> None:
    text = PLAIN.format("npm ci", '["node", "server.js"]').replace("node:20", "node:14")
    assert "RUN npm ci --production\n" in converted(project(tmp_path, EXPRESS, LOCK), text)


def test_a_script_at_installation_makes_it_a_command_of_its_own(tmp_path: Path) -> None:
    package = {**EXPRESS, "scripts": {"prepare": "mocha --version"}}
    after = converted(project(tmp_path, package, LOCK), PLAIN.format("npm ci", '["node", "server.js"]'))
    assert "RUN npm ci\nRUN npm prune --omit=dev\n" in after
    assert "COPY --from=build /app /app\n" in after


@pytest.mark.parametrize(
    ("start", "files"),
    [
        ('["node", "-r", "mocha/register", "server.js"]', {}),
        ('["npx", "watcher"]', {}),
        ('["node_modules/.bin/watcher"]', {}),
        ('["node", "server.js"]', {"helper__js": "module.exports = 'mocha';\n"}),
    ],
)
def test_development_stays_where_something_names_it(tmp_path: Path, start: str, files: dict[str, str]) -> None:
    lock = npm(express={}, mocha={"dev": True, "bin": {"watcher": "x"}})
    after = converted(project(tmp_path, EXPRESS, lock, **files), PLAIN.format("npm ci", start))
    assert "--omit" not in after and "AS build" in after


def test_a_peer_that_a_package_may_load_stays(tmp_path: Path) -> None:
    lock = npm(express={"peerDependencies": {"mocha": "*"}}, mocha={"dev": True})
    assert "--omit" not in converted(project(tmp_path, EXPRESS, lock), PLAIN.format("npm ci", '["node", "server.js"]'))


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        ("node", "node:slim"),
        ("node:latest", "node:slim"),
        ("node:lts", "node:lts-slim"),
        ("node:14-stretch", "node:14-stretch-slim"),
        ("docker.io/library/node:22.1-bookworm", "docker.io/library/node:22.1-bookworm-slim"),
    ],
)
def test_the_slim_variant_of_the_very_tag(tmp_path: Path, base: str, wanted: str) -> None:
    text = PLAIN.format("npm ci", '["node", "server.js"]').replace("node:20", base)
    assert f"\nFROM {wanted}\n" in converted(project(tmp_path, EXPRESS, LOCK), text)


def test_carriage_returns_stay(tmp_path: Path) -> None:
    text = PLAIN.format("npm ci", '["node", "server.js"]').replace("\n", "\r\n")
    after = converted(project(tmp_path, EXPRESS, LOCK), text)
    assert "AS build\r\n" in after and "\n" not in after.replace("\r\n", "")


def test_two_folders_are_one(tmp_path: Path) -> None:
    for name in ("client", "server"):
        (tmp_path / name).mkdir()
        project(tmp_path / name, EXPRESS, LOCK)
    text = (
        "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN cd client && npm ci && npm run build\n"
        'RUN npm --prefix server ci\nCMD ["node", "server/server.js"]\n'
    )
    after = converted(tmp_path, text)
    assert "COPY --from=build /app /app\n" in after and "--omit" not in after
