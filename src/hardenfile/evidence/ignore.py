""".dockerignore, by the rules of github.com/moby/patternmatcher as BuildKit's client applies them to a walk.

The Dockerfile and the .dockerignore are files like others: where a pattern takes them, no COPY can see them, although
every builder still reads them for itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hardenfile.dockerfile.source import BOM

from .globs import Glob, clean

# What Go's strings.TrimSpace takes; Python's strip takes four control characters more.
_GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_LONGEST_LINE = 64 * 1024  # bytes; Go's bufio.Scanner fails there
_META = frozenset("*?[]\\")


@dataclass(frozen=True, slots=True)
class _Rule:
    """One pattern; an exception (`!`) lets in again what the rules before it kept out."""

    pattern: str
    exception: bool
    matches: Callable[[str], bool]

    @property
    def stem(self) -> str:
        """The pattern without a last `/**` and then a last `/*`."""
        return self.pattern.removesuffix("/**").removesuffix("/*")


class Ignore:
    """What the text of a .dockerignore keeps out of the context. Paths are POSIX, relative, clean.

    `problems` are the lines that make a builder give up; the other lines hold all the same.
    """

    def __init__(self, text: str) -> None:
        self.problems: list[str] = []
        self._rules: list[_Rule] = []
        for number, line in enumerate(text.removeprefix(BOM).split("\n"), 1):
            try:
                if rule := _rule(line):
                    self._rules.append(rule)
            except ValueError as error:
                self.problems.append(f"line {number}: {error}")
        stems = [rule.stem for rule in self._rules if rule.exception]
        self._exceptions = [stem + "/" for stem in stems]
        self._plain_exceptions = not any(_META & set(stem) or "^" in stem for stem in stems)
        # For each folder, which rules hold for all that is in it; None where builders do not look inside.
        self._folders: dict[str, frozenset[int] | None] = {"": frozenset()}
        self._verdicts: dict[str, bool] = {}

    def excludes(self, path: str) -> bool:
        """Whether a file is kept out; of a folder, whether it is unless something inside comes back in."""
        if not self._rules or not path:
            return False
        if path not in self._verdicts:
            held = self._inside(path.rpartition("/")[0])
            self._verdicts[path] = held is None or self._judge(path, held)[0]
        return self._verdicts[path]

    def opens(self, folder: str) -> bool:
        """Whether a builder looks into an excluded folder for what an exception might bring back.

        With exceptions that have no pattern in them it looks only where one of their paths leads, which is not quite
        everywhere that one could match: `!a/*/**` brings nothing back.
        """
        if not self._plain_exceptions:
            return True
        return any(stem.startswith(folder + "/") for stem in self._exceptions)

    def _inside(self, folder: str) -> frozenset[int] | None:
        at = len(folder)
        while folder[:at] not in self._folders:
            at = max(folder.rfind("/", 0, at), 0)
        held = self._folders[folder[:at]]
        while at < len(folder):
            at = folder.find("/", at + 1)
            at = len(folder) if at < 0 else at
            part = folder[:at]
            if held is not None:
                excluded, held = self._judge(part, held)
                if excluded and not self.opens(part):
                    held = None
            self._folders[part] = held
        return held

    def _judge(self, path: str, held: frozenset[int]) -> tuple[bool, frozenset[int]]:
        """Whether the last rule that speaks of a path excludes it, and which rules hold for what is inside.

        A rule that would change nothing is not asked, and so does not pass on to what is inside: builders differ here
        from what a look at each path and its parents by themselves would give.
        """
        excluded = False
        hits = set(held)
        for number, rule in enumerate(self._rules):
            if number in held or (rule.exception == excluded and rule.matches(path)):
                hits.add(number)
                excluded = not rule.exception
        return excluded, frozenset(hits)


def _rule(line: str) -> _Rule | None:
    """The rule of a line; None for an empty one or a comment. Raises ValueError where builders give up."""
    if len(line.encode("utf-8", "surrogatepass")) >= _LONGEST_LINE:
        raise ValueError("the line is longer than builders can read")
    if line.startswith("#") or not (line := line.strip(_GO_SPACE)):
        return None
    exception = line.startswith("!")
    if path := line[exception:].strip(_GO_SPACE):
        path = clean(path)
        path = path if path == "/" else path.removeprefix("/")
    pattern = clean(("!" * exception + path).strip(_GO_SPACE))
    exception = pattern.startswith("!")  # asked again, since `./!x` has become one
    pattern = pattern[exception:]
    if not pattern:
        raise ValueError("an exception (!) from nothing")
    try:
        return _Rule(pattern, exception, _matcher(pattern))
    except ValueError as error:
        raise ValueError(f"`{pattern}` is no pattern: {error}") from None


def _matcher(pattern: str) -> Callable[[str], bool]:
    """What tells whether a path matches; most patterns need no more than a comparison."""
    glob = Glob(pattern, deep=True)
    if not _META & set(pattern):
        return pattern.__eq__
    if pattern == "**":
        return lambda path: True
    head, tail = pattern[:-2], pattern[2:]
    if pattern.endswith("**") and not _META & set(head):
        return lambda path: path.startswith(head)
    if pattern.startswith("**") and not _META & set(tail):
        # `**foo` takes any name that ends so; `**/foo` only whole ones.
        return lambda path: path.endswith(tail) or path == tail.removeprefix("/")
    return glob.matches
