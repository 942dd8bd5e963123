"""The lossless Dockerfile document; knows nothing of hardening."""

from .document import Diagnostic, Directive, Document, Heredoc, Instruction, Piece, Trivia
from .parse import parse
from .source import Span
from .words import Flag, Word

__all__ = [
    "Diagnostic",
    "Directive",
    "Document",
    "Flag",
    "Heredoc",
    "Instruction",
    "Piece",
    "Span",
    "Trivia",
    "Word",
    "parse",
]
