"""The transforms there are: the built-in ones, and those that installed packages add."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import entry_points
from typing import Any, TypeVar

from .errors import UsageError, nearest
from .profiles import DEFAULT, PROFILES
from .rules import answers
from .transform import Transform

ENTRY_POINTS = "hardenfile.transforms"  # the group that third parties register their Transform classes in

_Any = TypeVar("_Any", Transform, type[Transform])


@cache
def catalog() -> Mapping[str, type[Transform]]:
    """Every transform by its id, in the order in which the plan runs them. Raises UsageError on a duplicate id."""
    from .transforms import BUILTIN

    found: dict[str, type[Transform]] = {one.id: one for one in BUILTIN}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            loaded = point.load()
        except Exception as error:
            raise UsageError(f"the entry point {point.value} cannot be loaded: {error}") from error
        if not (isinstance(loaded, type) and issubclass(loaded, Transform)):
            raise UsageError(f"the entry point {point.value} is no Transform")
        if loaded.id in found:
            raise UsageError(f"two transforms are called {loaded.id!r}: {found[loaded.id].__module__}, {point.value}")
        found[loaded.id] = loaded
    return {one.id: one for one in in_order(found.values())}


def in_order(transforms: Iterable[_Any]) -> list[_Any]:
    """Sorted by what each wants to come after; where that leaves a choice, by id."""
    by_id = {one.id: one for one in transforms}
    sorter = TopologicalSorter({key: [name for name in one.after if name in by_id] for key, one in by_id.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise UsageError(f"the transforms wait for each other: {' after '.join(error.args[1])}") from None
    ordered: list[_Any] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [by_id[key] for key in ready]
        sorter.done(*ready)
    return ordered


def named(name: str, known: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The ids that a name stands for: a transform's own, a family of profiles.py, or another tool's id (`DL3020`).

    Raises UsageError for a name that nobody knows.
    """
    known = catalog() if known is None else known
    if name in known:
        return (name,)
    if name in PROFILES:
        return PROFILES[name].ids(known)
    found = tuple(key for key, one in known.items() if answers(one, name))
    if not found:
        raise UsageError(f"no transform, family or finding is called {nearest(name, (*known, *PROFILES))}")
    return found


def choose(
    *,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    profile: str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    transforms: Iterable[Transform] | None = None,
) -> list[Transform]:
    """The transforms to run, in order: those of the profile, or those that `select` names, but for `ignore`.

    Raises UsageError for a name or option that nobody knows.
    """
    known = catalog()
    options = options or {}
    if profile is not None:
        if profile not in PROFILES:
            raise UsageError(f"no profile is called {nearest(profile, PROFILES)}")
        for key, values in PROFILES[profile].options.items():
            options = {**options, key: {**values, **options.get(key, {})}}
    if transforms is not None:
        given = list(transforms)
        doubled = next((one.id for at, one in enumerate(given) if any(one.id == two.id for two in given[:at])), None)
        if doubled:
            raise UsageError(f"the transform {doubled!r} is given twice")
        names: dict[str, Any] = {**known, **{one.id: one for one in given}}
    else:
        given = [build(one, options.get(one.id, {})) for one in known.values()]
        names = dict(known)
    for name in options:
        if name not in names:
            raise UsageError(f"no transform is called {nearest(name, names)}")
    left_out = {key for name in ignore for key in named(name, names)}
    if select is not None:
        wanted = {key for name in select for key in named(name, names)}
    elif transforms is not None and profile is None:
        wanted = set(names)
    else:
        wanted = set(PROFILES[profile or DEFAULT].ids(names))
    return in_order(one for one in given if one.id in wanted - left_out)


def build(kind: type[Transform], options: Mapping[str, Any]) -> Transform:
    """A transform with its options. Raises UsageError for an unknown option or a value of the wrong type."""
    known = {one.name.replace("_", "-"): one for one in fields(kind)}
    values: dict[str, Any] = {}
    for name, value in options.items():
        field = known.get(name.replace("_", "-"))
        if field is None:
            raise UsageError(f"{kind.id} has no option {nearest(name, known)}")
        default = field.default
        if isinstance(default, tuple) and isinstance(value, list | tuple) and all(isinstance(x, str) for x in value):
            value = tuple(value)
        elif type(value) is not type(default):
            raise UsageError(f"{kind.id}: {name} takes {_kind(default)}, not {value!r}")
        choices = field.metadata.get("choices")
        if choices and value not in choices:
            raise UsageError(f"{kind.id}: {name} is one of {', '.join(choices)}, not {value!r}")
        values[field.name] = value
    return kind(**values)


def _kind(default: object) -> str:
    names = {bool: "true or false", int: "a whole number", str: "a text", tuple: "a list of texts"}
    return names.get(type(default), type(default).__name__)
