"""Comments taken out of a source by blanks of the same length, so that offsets and lines stay."""

import re

_DOUBLE = r'"(?:\\.|[^"\\\n])*"'
_SINGLE = r"'(?:\\.|[^'\\\n])*'"
_CHAR = r"'(?:\\[^'\n]{1,8}|[^'\\\n])'"  # Rust's lifetimes and C++'s digits have a lone quote
_BACKTICK = r"`(?:\\.|[^`\\])*`"
_TRIPLE = r'"""(?:.|\n)*?"""'
_SLASHES = r"//[^\n]*|/\*(?:.|\n)*?\*/"
_DOCSTRING = r"""(?<![^\n])[ \t]*(?:@(?:module|type)?doc[ \t]+)?(?P<doc>\"{3}(?:.|\n)*?\"{3}|'{3}(?:.|\n)*?'{3})"""


def _compile(strings: str, comments: str) -> re.Pattern[str]:
    return re.compile(f"(?P<string>{strings})|(?P<comment>{comments})")


_FAMILIES = {
    "char": _compile(f"{_TRIPLE}|{_DOUBLE}|{_CHAR}", _SLASHES),
    "quoted": _compile(f"{_TRIPLE}|{_DOUBLE}|{_SINGLE}", _SLASHES),
    "backtick": _compile(f"{_DOUBLE}|{_SINGLE}|{_BACKTICK}", rf"{_SLASHES}|<!--(?:.|\n)*?-->"),
    "php": _compile(f"{_DOUBLE}|{_SINGLE}", rf"{_SLASHES}|#(?!\[)[^\n]*"),
    "hash": re.compile(
        rf"(?P<comment>{_DOCSTRING}|(?<![^\n])=(?:begin|pod|head1)\b(?:.|\n)*?\n=(?:end|cut)\b|(?<![$&])#[^\n]*)"
        rf"|(?P<string>{_TRIPLE}|'''(?:.|\n)*?'''|{_DOUBLE}|{_SINGLE})"
    ),
    "dashes": _compile(f"{_DOUBLE}|{_CHAR}", r"--\[\[(?:.|\n)*?\]\]|\{-(?:.|\n)*?-\}|--[^\n]*"),
    "percent": _compile(_DOUBLE, r"%[^\n]*"),
    "semicolon": _compile(_DOUBLE, r";[^\n]*"),
    "basic": _compile(r'"[^"\n]*"', r"'[^\n]*"),
}
_NOT_END_OF_LINE = re.compile(r"[^\n]")


def blank_comments(text: str, family: str) -> str:
    """The text with spaces for what comments hold; what looks like one inside a string stays."""
    return _FAMILIES[family].sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    return match.group() if match.group("comment") is None else _NOT_END_OF_LINE.sub(" ", match.group())
