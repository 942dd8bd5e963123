"""A first look at a Python source without parsing it: what it imports, and how deep it nests.

LibCST's parser takes about 0.1 ms a line, and its recursion in native code ends the whole process on some ten thousand
nested brackets. So a source is parsed only where it holds a word that a rule knows, and only where it is not nested
deeper than any real program. Every pattern here runs in time linear in the source: an open string ends with the file.
"""

import re
from dataclasses import dataclass

NESTING_LIMIT = 600
"""What `nesting` may say of a source that is parsed; the native parser stands 1,000 levels and not 20,000."""

_REPEATS_LIMIT = 2_000  # of lambda, for and elif, which nest to the right across commas
_PATTERN_LIMIT = 8  # brackets in one `case`: the parser's time doubles with each, 2.6 s at 20
_STRING = r"""(?:'''(?:\\.|[^\\])*?(?:'''|\Z)|\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)
              |'(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z)|"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z))"""
_REST_OF_LINE = r"(?:[^\n;#\\]|\\\n)*"
_STATEMENT = re.compile(
    rf"""(?P<skip>\#[^\n]*|{_STRING})
       |(?:^|(?<=[;:]))[ \t\f]*+(?:
          from[ \t\\\n]*+(?P<dots>\.*+)[ \t]*+(?:(?P<module>(?!import\b)[.\w]++)[ \t\\\n]++)?import\b[ \t\\\n]*+
              (?P<names>\((?:\#[^\n]*+|[^)#])*\)|{_REST_OF_LINE})
         |import[ \t\\]++(?P<plain>{_REST_OF_LINE}))""",
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_TOKEN = re.compile(
    rf"""(?P<skip>\#[^\n]*|\\\n) |(?P<string>{_STRING}) |(?P<open>[(\[{{]) |(?P<close>[)\]}}]) |(?P<comma>,)
       |(?P<end>\n|;) |(?P<repeat>\b(?:lambda|for|elif)\b) |(?P<case>\bcase\b) |(?P<other>\w++|[-+*/%@&|^~<>=!.]++)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"#[^\n]*")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class Import:
    """``import module`` (no names) or ``from module import names``; leading dots stay in ``module``."""

    module: str
    names: tuple[str, ...]
    line: int


def text_of(content: bytes) -> str:
    """The source as text good enough to look for words in: LF line ends, no byte lost."""
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def imports(text: str) -> tuple[Import, ...]:
    """Every import statement, in functions and branches too; not what only looks like one in a string or a comment."""
    found: list[Import] = []
    line, counted = 1, 0
    for match in _STATEMENT.finditer(text):
        if match["skip"] is not None:
            continue
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        if match["plain"] is not None:
            found += (Import(name, (), line) for name in _names(match["plain"]))
        else:
            module = match["dots"] + (match["module"] or "")
            found.append(Import(module, tuple(_names(match["names"])), line))
    return tuple(found)


def _names(text: str) -> list[str]:
    plain = _COMMENT.sub("", text).replace("\\\n", " ").strip().strip("()")
    return [part.split()[0] for part in plain.split(",") if part.strip()]


def dotted_strings(text: str) -> tuple[str, ...]:
    """String literals that read like the name of a module: how Django's settings name them."""
    literals = (match["skip"] for match in _STATEMENT.finditer(text))
    bare = (literal.strip("'\"") for literal in literals if literal and not literal.startswith("#"))
    return tuple(dict.fromkeys(name for name in bare if _DOTTED.fullmatch(name)))


def nesting(text: str) -> int:
    """An upper bound on how deep the syntax tree of a source is: its tokens since the last comma, level by level."""
    deepest = chain = outer = repeats = 0
    in_case = False
    levels: list[int] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            levels.append(chain)
            outer += chain + 1
            chain = 0
            if in_case and len(levels) > _PATTERN_LIMIT:
                return NESTING_LIMIT + 1
        elif kind == "close":
            chain = (levels.pop() if levels else 0) + 1
            outer = max(0, outer - chain)
        elif kind == "comma":
            chain = 0
        elif kind == "end":
            if match[0] == ";" or not levels:
                levels.clear()
                chain = outer = 0
                in_case = False
        elif kind != "skip":
            chain += 1 if kind == "string" or match[0][0].isalnum() else len(match[0])  # `---x` nests three deep
            in_case = in_case or kind == "case"
            repeats += kind == "repeat"
        deepest = max(deepest, outer + chain)
    return deepest if repeats <= _REPEATS_LIMIT else max(deepest, NESTING_LIMIT + 1)
