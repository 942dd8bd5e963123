"""Untrusted text in markdown: file names, image names, comments of a Dockerfile, what a server said.

Forges look for mentions, references and addresses in the text *after* markdown was rendered, so a backslash or an
entity does not stop them; nothing inside of code is looked at, and a word joiner (U+2060, without width) parts what
they match.
"""

import re

JOINER = "\u2060"
_PUNCTUATION = re.compile(r"([\\`*_\[\]()#|~^$<>&@!=])")
_ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;"})
# @user, @org/team, #1, owner/name#1, !1, &1, ~label, %milestone, $snippet and [vulnerability:1] are references on one
# forge or the other.
_REFERENCES = re.compile(r"(?<=[@#!&~%$^*])(?=\S)|(?<=\bGH)(?=-)|(?<=\bgh)(?=-)")
_ADDRESSES = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=:)(?=[\w.+-]+@)", re.IGNORECASE)
_HASHES = re.compile(r"\b[0-9a-f]{7,64}\b")
_MAILTO = re.compile(r"(?<=\bmailto)(?=:)|(?<=\bxmpp)(?=:)", re.IGNORECASE)
_LIST = re.compile(r"\A([0-9]*)([-+.):])")  # what would begin a list, a line or a definition at a paragraph's start
_RUN = re.compile(r"`+")


def one_line(text: str) -> str:
    """The text with everything that is not printable (line ends, controls, direction marks, lone bytes) spelled out."""
    return "".join(char if char.isprintable() else _spelled(char) for char in text)


def plain(text: str) -> str:
    """For titles and commit messages, which are no markdown: nothing in it is a mention, a reference or an address."""
    text = _REFERENCES.sub(JOINER, one_line(text))
    return _MAILTO.sub(JOINER, _ADDRESSES.sub(JOINER, text))


def prose(text: str) -> str:
    """For a sentence inside a paragraph, a list item or a table cell: shows as it is and does nothing."""
    parts: list[str] = []
    at = 0
    text = one_line(text).strip(" ")
    for found in _HASHES.finditer(text):  # a commit's id would become a link; in code it does not
        parts += [_escaped(text[at : found.start()]), f"`{found[0]}`"]
        at = found.end()
    parts.append(_escaped(text[at:]))
    return _LIST.sub(r"\g<1>\\\g<2>", "".join(parts))


def code(text: str) -> str:
    """For a name: a code span that the text cannot end."""
    text = one_line(text)
    if not text.strip(" "):
        return "(blank)" if text else "(none)"
    marks = "`" * (max((len(run[0]) for run in _RUN.finditer(text)), default=0) + 1)
    # One space at each end is not shown; it is needed where the text begins or ends with a backtick or with spaces.
    pad = " " if text[0] in " `" or text[-1] in " `" else ""
    return f"{marks}{pad}{text}{pad}{marks}"


def fence(text: str, language: str = "") -> str:
    """For a listing of lines: a fenced block that the text cannot end."""
    marks = "`" * max(3, max((len(run[0]) for run in _RUN.finditer(text)), default=0) + 1)
    lines = "\n".join(one_line(line.replace("\t", "    ")) for line in text.split("\n"))
    return f"{marks}{language}\n{lines}\n{marks}"


def _escaped(text: str) -> str:
    text = _MAILTO.sub(JOINER, _ADDRESSES.sub(JOINER, _REFERENCES.sub(JOINER, text)))
    return "".join(_entity(char) for char in text)


def _entity(char: str) -> str:
    if char in "<>&":
        return char.translate(_ENTITIES)
    return "\\" + char if _PUNCTUATION.fullmatch(char) else char


def _spelled(char: str) -> str:
    if char in "\n\r\t":
        return " "
    byte = ord(char) - 0xDC00
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else ascii(char)[1:-1]
