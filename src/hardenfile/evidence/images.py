"""What a base image offers a rewrite: its users, its tools, and what it starts."""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from hardenfile.errors import UsageError

from . import image_rows
from .reference import ImageReference

_NONE: Mapping[str, Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ImageUser:
    """A user of an image; `name` and `home` are empty where they are not known."""

    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True)
class BaseImage:
    """What is known of one image; base_images.toml says where each fact was read.

    None means not known; an empty tuple or string means known to have none (an empty `workdir` means not known).
    """

    name: str
    family: str
    libc: str
    user_tool: str
    shell: str
    default_user: str
    app_user: ImageUser | None
    taken_uids: tuple[int, ...]
    taken_gids: tuple[int, ...]
    entrypoint: tuple[str, ...] | None
    cmd: tuple[str, ...] | None
    drops: bool
    needs_root: str
    writable: tuple[str, ...]
    workdir: str
    env: tuple[tuple[str, str], ...]
    ports: tuple[str, ...]
    volumes: tuple[str, ...]
    runtime: str
    onbuild: bool
    eol: str
    confidence: str
    source: str
    notes: str = ""


class Images:
    """The images that are known: the shipped table, and rows that the user adds in the configuration."""

    def __init__(self, extra: Mapping[str, Mapping[str, object]] = _NONE) -> None:
        """`extra` maps an image, as `acme/base`, `acme/base:3` or `registry.acme.test/*`, to its row.

        A row holds fields of BaseImage (`app_user` as a table), `os`, an operating system whose facts it starts from,
        or `like`, a listed image that it is the same as, with the tag given there or else its own.
        Raises UsageError for an unknown key or a wrong value.
        """
        self._extra = dict(_users_row(name, row) for name, row in extra.items())

    def look_up(self, reference: ImageReference) -> BaseImage | None:
        """What is known of this image; None where it is not listed.

        The words of the tag beat the name: `python:3.12-alpine` has Alpine's facts. A reference by digest alone comes
        back with confidence L, since nothing says which variant it is.
        """
        tagged = f"{reference.name}:{reference.tag}"
        own = self._extra[tagged] if tagged in self._extra else _by_name(self._extra, reference.name)
        if own is not None:
            return self._users_image(own, reference)
        return _shipped_image(_unmirrored(reference))

    @property
    def names(self) -> tuple[str, ...]:
        """The names and patterns of all images listed, the user's first."""
        return (*self._extra, *(name for row in image_rows.shipped()["image"] for name in row["names"]))

    def _users_image(self, row: dict[str, Any], reference: ImageReference) -> BaseImage | None:
        model = ImageReference.parse(row["like"]) if "like" in row else None
        if model is None:
            return _image(row["name"], image_rows.plain_facts(row))
        if model.tag is None:
            model = replace(model, tag=reference.tag, digest=reference.digest)
        alike = Images().look_up(model)
        given = {key: value for key, value in row.items() if key in image_rows.FIELDS}
        return alike and replace(alike, name=row["name"], **_typed({"source": "your configuration", **given}))


@lru_cache(maxsize=1024)
def _shipped_image(reference: ImageReference) -> BaseImage | None:
    """What the shipped table says of an image; the same for every file of a run."""
    row = _by_name(_shipped_rows(), reference.name)
    if row is None:
        return None
    tag = reference.tag or ("latest" if reference.digest is None else None)
    return _image(row.get("name", row["names"][0]), image_rows.facts_for(row, tag))


@cache
def _shipped_rows() -> dict[str, dict[str, Any]]:
    return {_full(name) or name: row for row in image_rows.shipped()["image"] for name in row["names"]}


def runtime_of(reference: ImageReference, image: BaseImage) -> str:
    """The image's runtime counterpart with its placeholders filled, or `` where there is none for this tag."""
    tag = reference.tag or "latest"
    release = re.search(r"(?:jdk|jre|temurin|openjdk|corretto|semeru|graalvm)-?(\d+)", tag)
    codename = re.search(r"\b(?:trixie|bookworm|bullseye|buster|noble|jammy|focal|resolute)\b", tag)
    filling = {
        "name": replace(reference, tag=None, digest=None).familiar,
        "tag": tag,
        "version": image_rows.leading_version(tag),
        "jdk": release[1] if release else "",
        "codename": codename[0] if codename else "",
    }

    def fill(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: filling.get(match[1], ""), text)

    def empty(text: str) -> bool:
        return any(not filling.get(name) for name in re.findall(r"\{(\w+)\}", text))

    kept = re.sub(r"\[([^]]*)\]", lambda match: "" if empty(match[1]) else match[1], image.runtime)
    return "" if empty(kept) else fill(kept)


def explain(reference: ImageReference, image: BaseImage | None) -> str:
    """What hardenfile knows of an image, in plain lines for a person; no final newline."""
    if image is None:
        return (
            f"{reference.familiar}\n"
            "  not listed: hardenfile knows nothing of this image, and takes it as one that offers nothing.\n"
            "  If it is one of your own, describe it in the configuration."
        )
    lines = "\n".join(f"  {label:<14}{text}" for label, text in _explained(reference, image) if text)
    return f"{reference.familiar}\n{lines}"


def _explained(reference: ImageReference, image: BaseImage) -> Iterator[tuple[str, str]]:
    sure = {"H": "read in its build files", "M": "partly or well known", "L": "not sure: counts as unknown"}
    tool = {"useradd": "groupadd and useradd", "busybox": "BusyBox addgroup and adduser", "": "no tool for it"}
    user = image.app_user
    own = f"{user.name or 'a user'} {user.uid}:{user.gid}, home {user.home or 'not known'}" if user else "none"
    yield "listed as", image.name
    yield "confidence", f"{image.confidence}, {sure[image.confidence]}"
    yield "family", image.family
    yield "C library", image.libc
    yield "shell", image.shell or "none"
    yield "adds users by", tool[image.user_tool]
    yield "runs as", image.default_user + (", and its entrypoint steps down from root" if image.drops else "")
    yield "needs root", image.needs_root
    yield "own user", own
    yield "taken", f"uids {_words(image.taken_uids) or 'none'}; gids {_words(image.taken_gids) or 'none'}"
    yield "ENTRYPOINT", _command(image.entrypoint)
    yield "CMD", _command(image.cmd)
    yield "WORKDIR", image.workdir or "not known"
    yield "environment", _words(f"{key}={value}" for key, value in image.env)
    yield "writable", _words(image.writable)
    yield "ports", _words(image.ports)
    yield "volumes", _words(image.volumes)
    yield "ONBUILD", "runs instructions in the build that starts from it" if image.onbuild else ""
    yield "runtime", runtime_of(reference, image)
    yield "end of life", image.eol
    yield "note", image.notes
    yield "source", image.source


def _words(items: Any) -> str:
    return " ".join(str(item) for item in items)


def _command(words: tuple[str, ...] | None) -> str:
    if words is None:
        return "not known"
    return "[" + ", ".join(f'"{word}"' for word in words) + "]" if words else "none"


def _full(name: str) -> str | None:
    """A name or a pattern of names with its registry written out; None where it is neither."""
    shape = re.sub("[*?]", "x", name)
    reference = ImageReference.parse(shape)
    if reference is None:
        return None
    # The letters that stand in for the signs are as many as these: what is filled in, is filled in before them.
    return reference.name.removesuffix(shape) + name if shape != name else reference.name


def _by_name(rows: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any] | None:
    if name in rows:
        return rows[name]
    patterns = [key for key in rows if any(sign in key for sign in "*?") and fnmatch.fnmatchcase(name, key)]
    return rows[max(patterns, key=len)] if patterns else None


def _unmirrored(reference: ImageReference) -> ImageReference:
    """The hub's reference of an image that a mirror serves under another name."""
    for mirror in image_rows.shipped()["mirror"]:
        for start in _spelled_out(mirror["from"]):
            if reference.name.startswith(start):
                registry, _, repository = (mirror["to"] + reference.name.removeprefix(start)).partition("/")
                return replace(reference, registry=registry, repository=repository)
    return reference


def _spelled_out(start: str) -> Iterator[str]:
    """`docker.io/{amd64,i386}/` as one start for each word in the braces."""
    head, brace, rest = start.partition("{")
    if not brace:
        yield start
        return
    words, _, tail = rest.partition("}")
    for word in words.split(","):
        yield head + word + tail


def _users_row(spelled: str, row: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    where = f'images."{spelled}"'
    reference, full = ImageReference.parse(spelled), _full(spelled)
    if full is None:
        raise UsageError(f"{where}: this is no image name")
    facts = {**image_rows.checked(row, where, more=("os", "like")), "name": spelled}
    systems = image_rows.shipped()["os"]
    if facts.get("os", "other") not in systems:
        raise UsageError(f"{where}: os must be one of {', '.join(systems)}")
    if "like" in facts:
        model = ImageReference.parse(facts["like"])
        if model is None or Images().look_up(model) is None:
            raise UsageError(f"{where}: like must name an image that is listed")
    return (f"{full}:{reference.tag}" if reference and reference.tag else full), facts


def _image(name: str, facts: Mapping[str, Any]) -> BaseImage:
    return BaseImage(**{**_typed(facts), "name": name})


def _typed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """TOML's lists and tables as the tuples and classes of BaseImage."""
    typed: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    if typed.get("app_user") is not None:
        typed["app_user"] = ImageUser(**{"name": "", "home": "", **typed["app_user"]})
    if "env" in typed:
        env = {key: value.replace("$PATH", image_rows.USUAL_PATH) for key, value in typed["env"].items()}
        typed["env"] = tuple(env.items())
    return {field.name: typed[field.name] for field in fields(BaseImage) if field.name in typed}
