"""The table of base images: what its rows may say, and how the words of a tag choose among their facts."""

import functools
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

from hardenfile.errors import UsageError

Facts = dict[str, Any]

USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "family": ("debian", "ubuntu", "alpine", "busybox", "rpm", "scratch", "distroless", "wolfi", "windows", "other"),
    "libc": ("glibc", "musl", "none", "unknown"),
    "user_tool": ("useradd", "busybox", ""),
    "shell": ("bash", "sh", "ash", ""),
    "confidence": ("H", "M", "L"),
}
_TEXTS = ("default_user", "needs_root", "workdir", "runtime", "eol", "source", "notes")
_WORD_LISTS = ("entrypoint", "cmd", "writable", "ports", "volumes")
_NUMBER_LISTS = ("taken_uids", "taken_gids")
_FLAGS = ("drops", "onbuild")
FIELDS = (*_CHOICES, *_TEXTS, *_WORD_LISTS, *_NUMBER_LISTS, *_FLAGS, "app_user", "env")

# What holds for an image about which nothing else is said.
_PLAIN: Mapping[str, Any] = {
    "default_user": "root",
    "app_user": None,
    "needs_root": "",
    "workdir": "/",
    "runtime": "",
    "eol": "",
    "notes": "",
    "entrypoint": [],
    "cmd": [],
    "writable": [],
    "ports": [],
    "volumes": [],
    "taken_uids": [],
    "taken_gids": [],
    "drops": False,
    "onbuild": False,
    "env": {},
}


@functools.cache
def shipped() -> Facts:
    """The packaged table, read once: keys os, mirror, marker, image."""
    return tomllib.loads(resources.files(__package__).joinpath("base_images.toml").read_text(encoding="utf-8"))


def facts_for(row: Mapping[str, Any], tag: str | None) -> Facts:
    """Every field of a BaseImage but its name, for the image of this row that `tag` names; None: no tag is known."""
    if tag is None:
        # Only a digest is given: which of the row's variants it is cannot be known.
        return _merge([_os(row["os"]), row, {"confidence": "L"}])
    markers = [marker for marker in shipped()["marker"] if _marks(marker["tag"], tag)]
    variants = [variant for variant in row.get("variant", ()) if _tag_fits(variant, tag)]
    own = _os(row["os"])
    named = [variant for variant in variants if "os" in variant]
    # What the tag says in words beats what follows from its version, and both beat the name.
    by_words = next((variant["os"] for variant in reversed(named) if "tag" in variant), None)
    by_version = next((variant["os"] for variant in reversed(named) if "tag" not in variant), None)
    marked = next((marker["os"] for marker in markers if "os" in marker), None)
    os = by_words or marked or by_version or row["os"]
    family = _os(os)["family"]
    variants = [variant for variant in variants if variant.get("on", os) in (os, family)]
    described = (
        # Only what a marker says can be news to the row.
        os != marked
        or family == own["family"]
        or family in row.get("also", ())
        or any("on" in variant for variant in variants)
    )
    if family == "windows" and own["family"] != "windows":
        return _merge([_os(os), *markers, _only(row, "confidence", "source")])
    if not described:
        kept = _only(row, "default_user", "needs_root", "drops", "onbuild", "source")
        return _merge([_os(os), *markers, kept, {"confidence": "L", "unknown": ["entrypoint", "cmd"], "workdir": ""}])
    return _merge([_os(os), *markers, row, *variants])


def plain_facts(row: Mapping[str, Any]) -> Facts:
    """Every field of a BaseImage but its name, for a row that a user wrote, which has no variants."""
    start = _os(row["os"] if "os" in row else row.get("family", "other"))
    return _merge([start, {"confidence": "H", "source": "your configuration"}, row])


def leading_version(tag: str) -> str:
    """The version that a tag starts with: `3.12` of `3.12-slim`, `` where there is none."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", tag)
    return match[1] if match else ""


def checked(row: Mapping[str, object], where: str, more: Iterable[str] = ()) -> Facts:
    """The row with snake_case keys; UsageError for a key that no row has, or a value of the wrong kind.

    `where` names the row in the message; `more` are the keys allowed besides FIELDS.
    """
    known = (*FIELDS, *more)
    result: Facts = {}
    for spelled, value in row.items():
        key = spelled.replace("-", "_")
        if key not in known:
            raise UsageError(f'{where}: unknown key "{spelled}"; did you mean "{_nearest(key, known)}"?')
        expected = _expected(key, value)
        if expected:
            raise UsageError(f"{where}: {spelled} must be {expected}")
        result[key] = value
    return result


def _os(name: str) -> Facts:
    table: Facts = shipped()["os"][name]
    return table


def _merge(layers: Iterable[Mapping[str, Any]]) -> Facts:
    facts: Facts = dict(_PLAIN)
    for layer in layers:
        for key in FIELDS:
            if key in _NUMBER_LISTS:
                facts[key] = sorted({*facts[key], *layer.get(key, ())})
            elif key in layer:
                facts[key] = layer[key]
        if "entrypoint" in layer and "cmd" not in layer:
            # A builder empties the CMD that an image inherits when it sets an ENTRYPOINT.
            facts["cmd"] = []
        facts.update(dict.fromkeys(layer.get("unknown", ())))
    if facts["app_user"] is not None:
        facts["taken_uids"] = sorted({*facts["taken_uids"], facts["app_user"]["uid"]})
        facts["taken_gids"] = sorted({*facts["taken_gids"], facts["app_user"]["gid"]})
    return facts


def _only(row: Mapping[str, Any], *keys: str) -> Facts:
    return {key: row[key] for key in keys if key in row}


def _tag_fits(variant: Mapping[str, Any], tag: str) -> bool:
    if "tag" in variant and not _says(variant["tag"], tag):
        return False
    # What a tag leaves open is the newest there is: `1` is the last 1.x, and `latest` has no upper end at all.
    version = (*_numbers(leading_version(tag)), math.inf)
    if "below" in variant and version >= _numbers(variant["below"]):
        return False
    return "since" not in variant or version >= _numbers(variant["since"])


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _says(words: str, tag: str) -> bool:
    """Whether the tag holds these words whole, as `fpm` in `8.4-fpm-alpine3.20`."""
    return _compiled(rf"(?:^|[-_])(?:{words})(?=$|[-_])").search(tag) is not None


def _marks(words: str, tag: str) -> bool:
    """The same, and behind a dot or a number too: `1.2.3.alpine` is Alpine all the same."""
    return _compiled(rf"(?<![a-z])(?:{words})(?![a-z0-9])").search(tag) is not None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if version else ()


def _expected(key: str, value: object) -> str:
    """What `value` should have been, or nothing where it is sound."""
    if key in _CHOICES:
        return "" if value in _CHOICES[key] else "one of " + ", ".join(f'"{choice}"' for choice in _CHOICES[key])
    if key in _WORD_LISTS:
        return "" if _list_of(str, value) else "a list of strings"
    if key in _NUMBER_LISTS:
        return "" if _list_of(int, value) else "a list of numbers"
    if key in _FLAGS:
        return "" if isinstance(value, bool) else "true or false"
    if key == "app_user":
        return "" if _is_user(value) else 'a table such as { name = "app", uid = 1000, gid = 1000, home = "/home/app" }'
    if key == "env":
        sound = isinstance(value, Mapping) and all(isinstance(word, str) for word in value.values())
        return "" if sound else "a table of strings"
    return "" if isinstance(value, str) else "a string"


def _list_of(kind: type, value: object) -> bool:
    return isinstance(value, list | tuple) and all(type(item) is kind for item in value)


def _is_user(value: object) -> bool:
    if not isinstance(value, Mapping) or not {"uid", "gid"} <= set(value) <= {"name", "uid", "gid", "home"}:
        return False
    numbers = (value["uid"], value["gid"])
    return all(type(number) is int and number >= 0 for number in numbers) and all(
        isinstance(value.get(key, ""), str) for key in ("name", "home")
    )


def _nearest(word: str, known: Iterable[str]) -> str:
    return min(known, key=lambda candidate: _distance(word, candidate))


def _distance(one: str, other: str) -> int:
    """How many letters must be put in, left out or changed to make one word the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        row = list(_next_row(row, index, letter, other))
    return row[-1]


def _next_row(above: list[int], first: int, letter: str, other: str) -> Iterator[int]:
    left = first
    yield left
    for column, against in enumerate(other):
        left = min(left + 1, above[column + 1] + 1, above[column] + (letter != against))
        yield left
