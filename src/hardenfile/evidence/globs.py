"""Go's `filepath.Match` patterns, and the `**` that .dockerignore adds to them.

Facts: Go's path/filepath and github.com/moby/patternmatcher.
"""

_STATES = 5_000


def is_glob(source: str) -> bool:
    """Whether a COPY or ADD source is a pattern; where none of `* ? [` is, a backslash stands for itself."""
    escaped = False
    for char in source:
        if not escaped and char in "*?[":
            return True
        escaped = char == "\\" and not escaped
    return False


def clean(path: str) -> str:
    """The shortest name of a path, as Go's `filepath.Clean` finds it on Linux: `..` above `/` is dropped."""
    rooted = path.startswith("/")
    parts: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".." or not rooted:
            parts.append(part)
    return ("/" if rooted else "") + "/".join(parts) or "."


def below_root(path: str) -> str:
    """A path as a builder takes it: relative to the context's root, which it cannot leave; "" is the root itself."""
    return clean("/" + path)[1:]


class _State(dict[str, "_State"]):
    """A set of places, and where each character leads from there, found when it is first asked for."""

    __slots__ = ("glob", "places")

    def __init__(self, glob: "Glob", places: int) -> None:
        self.glob = glob
        self.places = places

    def __missing__(self, char: str) -> "_State":
        self[char] = state = self.glob._after(self.places, char)
        return state


class Glob:
    """A pattern that is tried at all its places at once: as with Go's regexp, none is slow on any path.

    Place i means that i steps of the pattern are done; sets of places are bits of an integer. With `deep`, a `**`
    takes any number of whole folders, or at the end all the rest. `slashes` is how many of them a match can have, when
    not `deep`. Raises ValueError for a bad pattern.

    A .dockerignore goes through both `filepath.Match`, which looks for faults as far as the first star between other
    things, and Go's regexp, which lets `]` and `-` begin a set but no range run backwards; `deep` does the same. Left
    out: what Go's regexp makes of `\\d` or `[*]` in a .dockerignore; here they are a `d` and a star.
    """

    def __init__(self, pattern: str, deep: bool = False) -> None:
        self._literals: dict[str, int] = {}
        self._sets: list[tuple[int, bool, list[tuple[str, str]]]] = []
        self._any = self._stars = self._rest = self._optional = self._folders = 0
        self._size = at = 0
        self._deep = deep
        self._loose = False
        while at < len(pattern):
            self._loose |= deep and self._size > 0 and pattern[at] == "*"
            at = self._read(pattern, at)
        self.slashes = pattern.count("/") + len(self._sets)  # a set may hold the slash: `[^a]` does
        self._states: dict[int, _State] = {}

    def matches(self, path: str) -> bool:
        """Whether the whole of a path matches."""
        if len(self._states) > _STATES:
            self._states = {}
        state = self._state(self._closed(1))
        for char in path:
            state = state[char]
            if not state.places:
                return False
        return bool(state.places >> self._size)

    def _read(self, pattern: str, at: int) -> int:
        """Take the step that starts at an offset, and return the offset after it."""
        here, char, at = 1 << self._size, pattern[at], at + 1
        if char == "*":
            if not self._deep or not pattern.startswith("*", at):
                self._stars |= here
                return at
            at += 2 if pattern.startswith("*/", at) else 1
            if at == len(pattern):
                self._rest |= here
            else:
                self._optional |= here
                self._folders |= here << 1
                self._size += 2
            return at
        if char == "[":
            at = self._read_set(pattern, at)
        elif char == "?":
            self._any |= here
        else:
            if char == "\\":
                char, at = _unescape(pattern, at - 1)
            self._literals[char] = self._literals.get(char, 0) | here
        self._size += 1
        return at

    def _read_set(self, pattern: str, at: int) -> int:
        never = ("",) if self._loose else ("", "-", "]")
        negated = pattern.startswith("^", at)
        at += negated
        ranges: list[tuple[str, str]] = []
        while not ranges or not pattern.startswith("]", at):
            if pattern[at : at + 1] in never:
                raise ValueError("a [ that is not well closed")
            low, at = _unescape(pattern, at)
            high = low
            if pattern.startswith("-", at) and not (self._loose and pattern.startswith("-]", at)):
                if pattern[at + 1 : at + 2] in never:
                    raise ValueError("a range with no end")
                high, at = _unescape(pattern, at + 1)
                if self._deep and high < low:
                    raise ValueError("a range that runs backwards")
            ranges.append((low, high))
        self._sets.append((1 << self._size, negated, ranges))
        return at + 1

    def _state(self, places: int) -> _State:
        if places not in self._states:
            self._states[places] = _State(self, places)
        return self._states[places]

    def _after(self, places: int, char: str) -> _State:
        moving = self._literals.get(char, 0)
        for place, negated, ranges in self._sets:
            if any(low <= char <= high for low, high in ranges) != negated:
                moving |= place
        staying = 0 if char == "\n" else self._rest | self._folders  # Go's dot takes no line feed
        if char == "/":
            moving |= self._folders
        else:
            moving |= self._any
            staying |= self._stars
        return self._state(self._closed((places & moving) << 1 | places & staying))

    def _closed(self, places: int) -> int:
        """The places, and those that are reached from them by taking no folder at all."""
        fresh = places & self._optional
        while fresh:
            reached = fresh << 1 | fresh << 2
            fresh = reached & ~places & self._optional
            places |= reached
        return places


def _unescape(pattern: str, at: int) -> tuple[str, int]:
    """The character at an offset, escaped or not, and the offset after it."""
    at += pattern[at] == "\\"
    if at == len(pattern):
        raise ValueError("a backslash at the end")
    return pattern[at], at + 1
