"""Which files are an application's sources, in which language, and which are somebody else's, built, or tests."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """`calls` names its table of calls, `comments` how its comments and strings are written."""

    name: str
    calls: str
    comments: str


_TABLE = """
    go            go      backtick  .go
    rust          rust    char      .rs
    java          jvm     char      .java
    kotlin        jvm     char      .kt .kts
    scala         jvm     char      .scala
    groovy        jvm     quoted    .groovy
    javascript    js      backtick  .js .mjs .cjs .jsx
    typescript    js      backtick  .ts .tsx .mts .cts
    ruby          ruby    hash      .rb .ru .cr
    php           php     php       .php
    csharp        dotnet  char      .cs
    fsharp        dotnet  char      .fs
    visual-basic  dotnet  basic     .vb
    c             c       char      .c .h
    c++           c       char      .cc .cpp .cxx .hpp
    elixir        beam    hash      .ex .exs
    erlang        beam    percent   .erl
    haskell       other   dashes    .hs
    clojure       jvm     semicolon .clj
    swift         other   quoted    .swift
    dart          other   quoted    .dart
    perl          perl    hash      .pl .pm
    lua           other   dashes    .lua
    r             other   hash      .r
    julia         other   hash      .jl
    nim           other   hash      .nim
    python        python  hash      .py
"""
_BY_ENDING = {
    ending: Language(*words[:3])
    for words in (line.split() for line in _TABLE.strip().split("\n"))
    for ending in words[3:]
}

_SKIPPED = frozenset(
    "node_modules bower_components vendor third_party .git .hg .svn target build __pycache__ .venv venv site-packages "
    ".next .nuxt .gradle .mvn .github .yarn .storybook .tox .terraform "
    "test tests spec specs __tests__ __mocks__ testdata e2e cypress".split()
)
_BROWSER = frozenset("public static assets wwwroot dist".split())
_TEST_FILE = re.compile(
    r"(?:_test\.(?:go|py|exs|dart|cc|cpp)|[._-](?:test|spec|stories|cy)\.[mc]?[jt]sx?|_spec\.rb|_test\.rb"
    r"|(?:Test|Tests|IT|Spec)\.(?:java|kt|scala|groovy|cs|php|swift)|\Aconftest\.py|\Atest_.*\.py)\Z|\Atest_.*\.py\Z"
)
_TEST_FOLDER = re.compile(r"[.\w]*[.]?Tests?\Z")
# Tools of the build read these; the application never does.
_BUILD_FILE = re.compile(
    r"(?:webpack|vite|vitest|rollup|babel|jest|karma|tailwind|postcss|eslint|playwright|metro)[.\w-]*\.[mc]?[jt]s\Z"
    r"|(?:gulpfile|Gruntfile|setupTests|setupProxy)\.[mc]?[jt]s\Z|.*\.min\.js\Z|.*\.d\.[mc]?ts\Z|setup\.py\Z"
    r"|(?:build\.rs|build\.gradle\.kts|settings\.gradle\.kts)\Z"
)


def language_of(path: str) -> Language | None:
    """The language of a source file by its name's end; None for what is none."""
    return _BY_ENDING.get(posixpath.splitext(path)[1].lower())


def is_foreign(parts: Sequence[str], language: Language | None) -> bool:
    """Whether a file, by its path below what is copied, is vendored, built, a test, or for a browser."""
    name = parts[-1]
    if any(part in _SKIPPED or _TEST_FOLDER.match(part) for part in parts[:-1]):
        return True
    if language is None:
        return False
    if language.name == "javascript" and any(part in _BROWSER for part in parts[:-1]):
        return True
    return bool(_TEST_FILE.search(name) or _BUILD_FILE.match(name))
