"""Whether a source holds a word that a rule speaks of: only then is it worth parsing.

A function of a library counts where the library is named too; a method counts wherever it stands, since the object may
come from another module, but for the few whose names are everywhere. What is overlooked so: a function that an own
module passes on, called where its library is not named.
"""

import re

from .rules import ALL_NAMES, DATABASE_SETTING, DICT_KEYS, RAW_SOCKETS, SESSION_SETTING, SETTINGS

_WORD = re.compile(r"\w+")
_SPECIAL = re.compile(
    r"__name__\s*==|==\s*__name__"
    r"|\.save\(\s*(?![\s)*]|\w+\s*=[^=])"  # a first argument that is neither named nor unpacked
    r"|\.(?:replace|rename)\(\s*[^\s,={}()'\"][^,={}]*\)"  # one argument: a path's, not a text's or a table's
    r"|\.db\(|\blogger\.add\(|\bconfig\.(?:update|setdefault)\("
)
_TOO_COMMON = frozenset({"save", "replace", "rename", "db", "open"})
_ALWAYS = frozenset(
    {"open", "TYPE_CHECKING", "DJANGO_SETTINGS_MODULE", "from_mapping", DATABASE_SETTING, SESSION_SETTING}
)


def _by_library() -> dict[str, frozenset[str]]:
    tables: dict[str, set[str]] = {}
    for name in ALL_NAMES:
        tables.setdefault(name.partition(".")[0], set()).add(name.rpartition(".")[2])
    return {top: frozenset(words) for top, words in tables.items()}


_BY_LIBRARY = _by_library()
_METHODS = frozenset(name.rpartition(".")[2] for name in ALL_NAMES if "()" in name) - _TOO_COMMON
_ANYWHERE = _ALWAYS | _METHODS | RAW_SOCKETS | frozenset(SETTINGS) | DICT_KEYS | _BY_LIBRARY["builtins"]


def matters(text: str) -> bool:
    """Whether any rule could find something in a source; True too often, never too seldom but for the case above."""
    words = set(_WORD.findall(text))
    if not _ANYWHERE.isdisjoint(words) or _SPECIAL.search(text) is not None:
        return True
    return any(top in words and not names.isdisjoint(words) for top, names in _BY_LIBRARY.items())
