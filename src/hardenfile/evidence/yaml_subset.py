"""A reader for the YAML that people write by hand: block and flow collections, quotes, anchors, block scalars.

Every scalar is its text, as in YAML's failsafe schema (yaml.org, 10.1): what `true` or `80` mean is the caller's. What
is beyond this raises `UnreadError`; a tagged value alone becomes a `Tagged`. Merge keys stay as they are, under `<<`.
"""

import re
from dataclasses import dataclass


class UnreadError(Exception):
    """Something that this reader does not know, with its line."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value with a tag, such as `!reset`; what it means is not known here."""

    tag: str


Node = str | Tagged | list["Node"] | dict[str, "Node"]

_KEY = re.compile(
    r"""(?P<key>"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|(?:[^\s\-?:,\[\]{}#&*!|>'"%@`]|[-?:](?=\S))(?:[^:#]|:(?=\S)|(?<=\S)\#)*?)
    [ ]*:(?:[ ]+(?P<rest>.*)|[ ]*)\Z""",
    re.X,
)
_COMMENT = re.compile(r"(?:\A|[ \t])#.*\Z")
_PROPERTY = re.compile(r"(?P<mark>[&!])(?P<name>[^\s,\[\]{}]*)(?:[ ]+|\Z)")
_HEADER = re.compile(r"(?P<style>[|>])(?P<rest>[-+0-9]*)(?:[ ]+#.*)?\Z")
_QUOTED = re.compile(r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:''|[^'])*')(?:[ ]*|[ ]+\#.*)\Z""", re.S | re.X)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.S)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
_FLOW = re.compile(
    r"""\s*(?:(?P<sign>[\[\]{},])|(?P<quoted>"(?:\\.|[^"\\])*"|'(?:''|[^'])*')
    |(?P<plain>[^\s,\[\]{}"'](?:[^,\[\]{}]*[^\s,\[\]{}])?))""",
    re.X,
)
_FLOW_KEY = re.compile(r"""\s*("(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[\w./$-]+)\s*:(?=\s|\Z|["'\[{])""")
_FLOW_SIGN = re.compile(r"\s*([,\]}])")
_DEEPEST = 60


def read_yaml(text: str) -> Node:
    """The one document of a text. Raises `UnreadError`, and nothing else."""
    reader = _Reader(text)
    try:
        return reader.document()
    except RecursionError:
        raise UnreadError("nested too deeply") from None


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
        self.at = 0
        self.depth = 0
        self.anchors: dict[str, Node] = {}

    def document(self) -> Node:
        self._skip()
        while self.at < len(self.lines) and re.match(r"%|---[ ]*(?:#.*)?\Z", self.lines[self.at]):
            self.at += 1
            self._skip()
        node = self.block(0) if self.at < len(self.lines) else ""
        self._skip()
        if self.at < len(self.lines) and not re.match(r"\.\.\.\s*\Z", self.lines[self.at]):
            raise self._odd("more than one document" if self.lines[self.at].startswith("---") else "this indentation")
        return node

    def _odd(self, what: str) -> UnreadError:
        return UnreadError(f"line {self.at + 1}: {what} is not read here")

    def _skip(self) -> None:
        while self.at < len(self.lines) and not _COMMENT.sub("", self.lines[self.at]).strip():
            self.at += 1

    def _indent(self) -> int:
        """The indentation of the next line that holds something; -1 at the end, and where a document ends."""
        self._skip()
        if self.at >= len(self.lines) or re.match(r"(?:---|\.\.\.)(?:\s|\Z)", self.lines[self.at]):
            return -1
        line = self.lines[self.at]
        indent = len(line) - len(line.lstrip(" "))
        if line[indent] == "\t":
            raise self._odd("a tab that indents")
        return indent

    def block(self, least: int) -> Node:
        """The collection or scalar that begins in the next line."""
        indent = self._indent()
        if indent < least:
            return ""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._odd("such a depth")
        rest = self.lines[self.at][indent:]
        if re.match(r"-(?: |\Z)", rest):
            node: Node = self._sequence(indent)
        elif re.match(r"\?(?: |\Z)", rest):
            raise self._odd("a complex key")
        elif self._key(rest):
            node = self._mapping(indent)
        else:
            self.at += 1
            node = self._value(rest, indent - 1)
        self.depth -= 1
        return node

    def _key(self, rest: str) -> re.Match[str] | None:
        if not rest or rest[0] in "[{":
            return None
        return _KEY.match(rest if rest[0] in "\"'" else _COMMENT.sub("", rest).rstrip())

    def _mapping(self, indent: int) -> Node:
        found: dict[str, Node] = {}
        while self._indent() == indent:
            rest = self.lines[self.at][indent:].rstrip()
            match = self._key(rest)
            if match is None:
                raise self._odd("this line of a mapping")
            key = _unquote(match["key"]) if match["key"][0] in "\"'" else match["key"]
            self.at += 1
            # The value with its comment: a # may belong to a string.
            found[key] = self._value(rest[match.start("rest") :] if match["rest"] else "", indent, in_mapping=True)
        if self._indent() > indent:
            raise self._odd("this indentation")
        return found

    def _sequence(self, indent: int) -> Node:
        found: list[Node] = []
        while self._indent() == indent and re.match(r"-(?: |\Z)", self.lines[self.at][indent:]):
            line = self.lines[self.at]
            rest = line[indent + 1 :].lstrip(" ")
            if rest and (re.match(r"-(?: |\Z)", rest) or self._key(rest)):
                self.lines[self.at] = " " * (len(line) - len(rest)) + rest
                found.append(self.block(indent + 1))
            else:
                self.at += 1
                found.append(self._value(rest, indent))
        if self._indent() > indent:
            raise self._odd("this indentation")
        return found

    def _value(self, rest: str, indent: int, *, in_mapping: bool = False) -> Node:
        """What stands behind a key or a dash, in its line or below; `at` is behind that line."""
        rest = rest.strip() if not rest.lstrip().startswith("#") else ""
        anchor = tag = ""
        while (mark := _PROPERTY.match(rest)) is not None:
            anchor, tag = (mark["name"], tag) if mark["mark"] == "&" else (anchor, mark["name"] or "!")
            rest = rest[mark.end() :]
        rest = "" if rest.startswith("#") else rest
        if not rest:
            below = self._indent()
            same = in_mapping and below == indent and re.match(r"-(?: |\Z)", self.lines[self.at][indent:])
            node = self.block(indent if same else indent + 1)
        else:
            node = self._inline(rest, indent)
        if tag:
            node = Tagged(tag)
        if anchor:
            self.anchors[anchor] = node
        return node

    def _inline(self, rest: str, indent: int) -> Node:
        header = _HEADER.match(rest)
        if header is not None:
            return self._scalar_block(header, indent)
        if rest[0] == "*":
            name = _COMMENT.sub("", rest)[1:].strip()
            if name not in self.anchors:
                self.at -= 1
                raise self._odd(f"the alias *{name}")
            return self.anchors[name]
        if rest[0] in "\"'":
            while not (match := _QUOTED.match(rest)):
                if self.at >= len(self.lines) or not self.lines[self.at].strip():
                    raise self._odd("a string of several lines")
                rest += " " + self.lines[self.at].strip()
                self.at += 1
            return _unquote(match["text"])
        if rest[0] in "[{":
            while True:
                try:
                    return self._flow(rest)
                except EOFError:
                    if self.at >= len(self.lines):
                        raise self._odd("a bracket that stays open") from None
                    rest = f"{_COMMENT.sub('', rest)} {_COMMENT.sub('', self.lines[self.at]).strip()}"
                    self.at += 1
        if rest[0] in "@`%|>":
            raise self._odd(f"a value that begins with {rest[0]}")
        words = [_COMMENT.sub("", rest).strip()]
        while _COMMENT.sub("", rest) == rest and self._indent() > indent:
            rest = self.lines[self.at].strip()
            if self._key(rest):
                raise self._odd("a key below a value")
            words.append(_COMMENT.sub("", rest).strip())
            self.at += 1
        if re.search(r":(?: |\Z)", words[0]):
            self.at -= 1
            raise self._odd("a second colon")
        return " ".join(words)

    def _scalar_block(self, header: re.Match[str], indent: int) -> str:
        if re.search(r"\d", header["rest"]):
            raise self._odd("an indentation indicator")
        lines: list[str] = []
        inner = None
        while self.at < len(self.lines):
            line = self.lines[self.at]
            here = len(line) - len(line.lstrip(" "))
            if line.strip():
                if here <= indent:
                    break
                inner = here if inner is None else inner
                if here < inner:
                    raise self._odd("this indentation")
            lines.append(line[inner or 0 :] if line.strip() else "")
            self.at += 1
        kept = len(lines)
        while kept and not lines[kept - 1]:
            kept -= 1
        end = "" if header["rest"] == "-" or not kept else "\n"
        if header["rest"] == "+":
            end = "\n" * (len(lines) - kept + 1)
        if kept == len(lines) and self.at == len(self.lines):
            end = ""  # the text ends with no line feed
        lines = lines[:kept]
        if header["style"] == "|":
            return "\n".join(lines) + end
        return _folded(lines) + end

    def _flow(self, text: str) -> Node:
        node, end = self._flow_node(text, 0, 0)
        if _COMMENT.sub("", " " + text[end:]).strip():
            raise self._odd("what follows a bracket")
        return node

    def _flow_node(self, text: str, at: int, depth: int) -> tuple[Node, int]:
        if depth > _DEEPEST:
            raise self._odd("such a depth")
        match = _FLOW.match(text, at)
        if match is None:
            raise EOFError if not text[at:].strip() or text[at:].lstrip()[0] in "\"'" else self._odd("this bracket")
        if match["quoted"]:
            return _unquote(match["quoted"]), match.end()
        if match["plain"]:
            plain = match["plain"]
            if plain[0] in "&*!#|>@`%?" or " #" in plain:
                raise self._odd(f"{plain[0]} in brackets")
            return plain, match.end()
        if match["sign"] == "[":
            return self._flow_list(text, match.end(), depth)
        if match["sign"] == "{":
            return self._flow_mapping(text, match.end(), depth)
        raise self._odd("this bracket")

    def _flow_list(self, text: str, at: int, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        while True:
            sign, end = _sign(text, at)
            if sign == "]":
                return items, end
            if sign == ",":
                at = end
                continue
            item, at = self._flow_node(text, at, depth + 1)
            if (isinstance(item, str) and re.search(r":(?: |\Z)", item)) or text[at : at + 1] == ":":
                raise self._odd("a pair in brackets")
            items.append(item)

    def _flow_mapping(self, text: str, at: int, depth: int) -> tuple[Node, int]:
        found: dict[str, Node] = {}
        while True:
            sign, end = _sign(text, at)
            if sign == "}":
                return found, end
            if sign == ",":
                at = end
                continue
            match = re.compile(r"""\s*("(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[\w./$-]+)\s*:(?=\s|\Z|["'\[{])""").match(
                text, at
            )
            if match is None:
                raise EOFError if not text[at:].strip() else self._odd("this key in braces")
            key = _unquote(match[1]) if match[1][0] in "\"'" else match[1]
            sign, _ = _sign(text, match.end())
            found[key], at = ("", match.end()) if sign in (",", "}") else self._flow_node(text, match.end(), depth + 1)


def _folded(lines: list[str]) -> str:
    """Lines joined by blanks, but for empty ones and those indented further (yaml.org, 8.1.3)."""
    text, blank, last = "", 0, None
    for line in lines:
        if not line:
            blank += 1
            continue
        if last is not None:
            kept = last.startswith((" ", "\t")) or line.startswith((" ", "\t"))
            text += "\n" * (blank + 1) if kept else "\n" * blank or " "
        else:
            text += "\n" * blank
        text, blank, last = text + line, 0, line
    return text


def _sign(text: str, at: int) -> tuple[str, int]:
    match = _FLOW_SIGN.match(text, at)
    return (match[1], match.end()) if match else ("", at)


def _unquote(text: str) -> str:
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    return _ESCAPE.sub(_escaped, text[1:-1])


def _escaped(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        return chr(int(code, 16)) if int(code, 16) < 0x110000 else "\ufffd"
    return _ESCAPED.get(match[4], match[4])
