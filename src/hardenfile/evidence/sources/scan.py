"""Walks what the Dockerfile copies and reads each source file once."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hardenfile.evidence.context import BuildContext
from hardenfile.evidence.python_app.model import FILE_LIMIT, Finding

from .languages import is_foreign, language_of
from .reader import read_source
from .settings import is_settings, read_settings

_BUDGET = 64_000_000  # bytes read in all
_SERVER_SIDE = re.compile(
    r"\brequire\(|\bprocess\.(?:env|argv|exit|cwd)|\bmodule\.exports\b|\bDeno\.|\bBun\.|from ['\"]node:"
)
_LONGEST_LINE = 20_000  # characters; what has longer ones was written by a program


@dataclass(frozen=True, slots=True)
class Scan:
    """`files` is how many were read, `languages` which, most files first; `problems` what could not be read."""

    findings: tuple[Finding, ...]
    files: int
    languages: tuple[str, ...]
    problems: tuple[str, ...]


def scan_sources(context: BuildContext, roots: Sequence[str], *, skip: Collection[str] = ()) -> Scan:
    """Read the sources below files and folders of the context, but for the languages in `skip`. Never raises.

    Findings come by literals: what is put together at run time is a write with no path at most.
    """
    findings: list[Finding] = []
    problems: dict[str, None] = {}
    counts: dict[str, int] = {}
    seen: set[str] = set()
    files, budget = 0, _BUDGET
    on_server = False  # scripts of a page are no application
    for root in roots:
        prefix = len(root.strip("/")) + 1 if root.strip("/.") else 0
        for entry in context.walk(root):
            if entry.path in seen or entry.kind != "file":
                continue
            seen.add(entry.path)
            below = entry.path[prefix:] or entry.path.rpartition("/")[2]
            parts = below.split("/")
            on_server = on_server or parts[-1] in ("package.json", "deno.json")
            language = language_of(parts[-1])
            if language is None and not is_settings(parts[-1]):
                continue
            if (language is not None and language.name in skip) or is_foreign(parts, language):
                continue
            if entry.size > FILE_LIMIT:
                problems[f"{entry.path}: more than {FILE_LIMIT} bytes, so it was not read"] = None
                continue
            if entry.size > budget:
                problems[f"the sources have more than {_BUDGET} bytes, so not all were read"] = None
                continue
            data = context.read(entry.path, FILE_LIMIT)
            if data is None:
                problems[f"{entry.path}: could not be read"] = None
                continue
            budget -= len(data)
            files += 1
            text = data.decode("utf-8", "replace").replace("\r\n", "\n")
            if language is None:
                findings += read_settings(entry.path, text)
                continue
            if len(text) > _LONGEST_LINE and max(map(len, text.split("\n"))) > _LONGEST_LINE:
                problems[f"{entry.path}: written by a program, so it was not read"] = None
                continue
            counts[language.name] = counts.get(language.name, 0) + 1
            on_server = on_server or (language.name == "javascript" and _SERVER_SIDE.search(text) is not None)
            findings += read_source(entry.path, text, language)
    if not on_server:
        counts.pop("javascript", None)
    languages = sorted(counts, key=lambda name: (-counts[name], name))
    return Scan(tuple(findings), files, tuple(languages), tuple(problems))
