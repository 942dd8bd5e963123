"""From a command line to the modules it starts: wrappers taken off, ``python`` and the servers understood."""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence

from .launch import Launch, Target, options
from .model import Tree
from .servers import SERVERS, http_server

_PYTHON = re.compile(r"(?:python|pypy)(?:\d+(?:\.\d+)*)?t?")
_PYTHON_FLAGS = frozenset("bBdEhiIOPqRsSuvVxt?")
_NESTED = 10  # wrappers around one another
_OTHERS = frozenset({"honcho", "supervisord", "uwsgi", "circusd", "foreman", "mod_wsgi-express"})
_RUN_FLAGS = frozenset(
    "frozen locked isolated all-extras all-groups offline quiet q verbose v active exact dev only-dev n".split()
)


def launch(
    argv: Sequence[str], tree: Tree, *, workdir: str, env: Mapping[str, str], console_scripts: Mapping[str, str]
) -> Launch:
    """What a command line starts. Total: what is not understood becomes a problem."""
    result = Launch(tree, posixpath.join("/", workdir), dict(env), console_scripts)
    start(result, list(argv))
    return result


def start(launch: Launch, argv: list[str]) -> None:
    """Follow one command line, wrappers and all, and add to the launch."""
    for _ in range(_NESTED):
        while argv and re.fullmatch(r"[A-Za-z_]\w*=.*", argv[0], re.DOTALL):
            name, _, value = argv.pop(0).partition("=")
            launch.env[name] = value
        if not argv:
            launch.problems.append("no command to follow")
            return
        name = posixpath.basename(argv[0])
        wrapper = _WRAPPERS.get(name)
        if wrapper is None:
            _command(launch, name, argv)
            return
        argv = wrapper(launch, argv[1:])
    launch.problems.append("too many commands around one another")


def _command(launch: Launch, name: str, argv: list[str]) -> None:
    words = argv[1:]
    if _PYTHON.fullmatch(name):
        _python(launch, words)
    elif _is_script(launch, argv[0]):
        _script(launch, argv[0], words)
    elif name in launch.scripts:
        launch.module(launch.scripts[name])
    elif name in SERVERS:
        SERVERS[name](launch, words)
    elif name == "django-admin":
        _django(launch, words)
    elif name in _OTHERS:
        launch.problems.append(f"{name} starts programs of its own configuration, which is not read")
    else:
        launch.problems.append(f"{name} is no command that starts a Python application as far as is known here")


def _is_script(launch: Launch, word: str) -> bool:
    if "/" not in word and not word.endswith(".py"):
        return False
    content = launch.tree.read(launch.path(word), 200) if launch.tree.exists(launch.path(word)) else None
    return content is not None and (word.endswith(".py") or re.match(rb"#![^\n]*\bpython", content) is not None)


def _python(launch: Launch, words: Sequence[str]) -> None:
    """Options as in ``python --help``: letters without a value may stand together, ``-c`` and ``-m`` end them."""
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        letters = rest.pop(0)[1:]
        if letters.startswith("-"):
            if letters == "-check-hash-based-pycs":
                del rest[:1]
            continue
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in _PYTHON_FLAGS:
                continue
            value = letters or (rest.pop(0) if rest else "")
            letters = ""
            if letter == "m":
                _python_module(launch, value, rest)
                return
            if letter == "c":
                launch.problems.append("python -c: code on the command line is not read")
                return
    if not rest or rest[0] == "-":
        launch.problems.append("python without a script: what it runs comes from elsewhere")
    else:
        _script(launch, rest[0], rest[1:])


def _python_module(launch: Launch, name: str, words: Sequence[str]) -> None:
    launch.roots.append(launch.workdir)
    own = launch.path(name.replace(".", "/"))
    if launch.tree.exists(f"{own}/__main__.py") or launch.tree.exists(f"{own}.py"):
        launch.module(name, main=True)
    elif name == "http.server":
        http_server(launch, words)
    elif name == "django":
        _django(launch, words)
    elif name in SERVERS:
        SERVERS[name](launch, words)
    elif name == "debugpy":
        given = options(words, ("wait-for-client",), {"m": "module"}, stop=True)
        port = given.last("listen", "5678")
        launch.address(port if ":" in port else f":{port}", "debugpy --listen", None)
        rest = ["-m", given.last("module"), *given.words] if given.last("module") else given.words
        _python(launch, rest)
    else:
        launch.module(name, main=True)


def _script(launch: Launch, script: str, words: Sequence[str]) -> None:
    path = launch.path(script)
    if launch.tree.exists(f"{path}/__main__.py"):
        launch.roots.append(path)
        path = f"{path}/__main__.py"
    else:
        launch.roots.append(posixpath.dirname(path))
    launch.targets.append(Target(path, True, True))
    if posixpath.basename(path) == "manage.py":
        _django(launch, words)


def _django(launch: Launch, words: Sequence[str]) -> None:
    """A management command; ``runserver`` listens."""
    given = options(words, ("noreload", "nothreading", "insecure", "ipv6", "6", "noinput", "traceback", "skip-checks"))
    if given.last("settings"):
        launch.env["DJANGO_SETTINGS_MODULE"] = given.last("settings")
    launch.commands += given.words[:1]
    if given.words[:1] in (["runserver"], ["runserver_plus"]):
        address = (given.words[1:] or ["8000"])[0]
        launch.address(address if ":" in address else f":{address}", "manage.py runserver", 8000)


# -- wrappers: each gives back the words of the command inside


def _env(launch: Launch, words: list[str]) -> list[str]:
    while words and words[0].startswith("-") and words[0] != "--":
        word = words.pop(0)
        if word in ("-u", "--unset", "-C", "--chdir") and words:
            value = words.pop(0)
            if word in ("-C", "--chdir"):
                launch.workdir = launch.path(value)
            else:
                launch.env.pop(value, None)
        elif word in ("-i", "-", "--ignore-environment"):
            launch.env.clear()
    return words[1:] if words[:1] == ["--"] else words


def _after_options(flags: Sequence[str] = (), skip: int = 0) -> Callable[[Launch, list[str]], list[str]]:
    """A wrapper whose options end at the first word that is none, ``skip`` words before the command."""

    def inner(launch: Launch, words: list[str]) -> list[str]:
        return options(words, flags, stop=True).words[skip:]

    return inner


def _runner(launch: Launch, words: list[str]) -> list[str]:
    """``poetry run`` and its kind: the project is installed from its sources, which stay where they are."""
    given = options(words, _RUN_FLAGS, {"m": "module"}, stop=True)
    if given.words[:1] == ["run"]:
        given = options(given.words[1:], _RUN_FLAGS, {"m": "module"}, stop=True)
        launch.editable = True
        if given.last("module"):
            return ["python", "-m", given.last("module"), *given.words]
        return ["python", *given.words] if given.words and given.words[0].endswith(".py") else given.words
    return []


def _newrelic(launch: Launch, words: list[str]) -> list[str]:
    return words[1:] if words[:1] in (["run-program"], ["run-python"]) else []


def _wait(launch: Launch, words: list[str]) -> list[str]:
    return words[words.index("--") + 1 :] if "--" in words else []


_WRAPPERS: dict[str, Callable[[Launch, list[str]], list[str]]] = {
    "env": _env,
    "exec": lambda launch, words: words,
    "nohup": lambda launch, words: words,
    "setsid": _after_options(("w", "f", "c", "wait", "fork", "ctty")),
    "time": _after_options(("p", "v")),
    "nice": _after_options(),
    "stdbuf": _after_options(),
    "timeout": _after_options(("preserve-status", "foreground", "v", "verbose"), skip=1),
    "tini": _after_options(("s", "g", "v", "w")),
    "tini-static": _after_options(("s", "g", "v", "w")),
    "dumb-init": _after_options(("c", "v", "single-child", "verbose")),
    "catatonit": _after_options(("g", "P")),
    "docker-init": _after_options(("s", "g", "v", "w")),
    "gosu": _after_options(skip=1),
    "su-exec": _after_options(skip=1),
    "poetry": _runner,
    "pipenv": _runner,
    "pdm": _runner,
    "uv": _runner,
    "rye": _runner,
    "hatch": _runner,
    "opentelemetry-instrument": _after_options(),
    "ddtrace-run": _after_options(("d", "debug", "p", "profiling", "i", "info")),
    "newrelic-admin": _newrelic,
    "wait-for-it": _wait,
    "wait-for-it.sh": _wait,
}
