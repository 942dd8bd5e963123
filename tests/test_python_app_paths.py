"""What a path is worth: constants, joins, the environment, and where it stops being known."""

import textwrap

import pytest

from tests.support.python_app import of_kind, paths, ports, read

# An expression, and where a file opened by it lies; "/" at the end: somewhere in that folder; None: unknown.
PATHS: list[tuple[str, str | None]] = [
    ("'/d/f'", "/d/f"),
    ("b'/d/f'", "/d/f"),
    ("r'/d/f'", "/d/f"),
    ("'f'", "/app/f"),
    ("'./x/../f'", "/app/f"),
    ("'//d//f'", "/d/f"),
    ("'/d' '/f'", "/d/f"),
    ("'/d' + '/f'", "/d/f"),
    ("f'/d/f'", "/d/f"),
    ("f'{FOLDER}/f'", "/d/f"),
    ("f'/d/{{f}}'", "/d/{f}"),
    ("f'{FOLDER}/{name}.txt'", "/d/"),
    ("f'/d/a{name}/b'", "/d/"),
    ("f'/d/{name:>5}'", "/d/"),
    ("f'/d/{name!r}'", "/d/"),
    ("f'/d/\\x41'", None),
    ("f'{name}/f'", None),
    ("f'/{name}'", None),
    ("f'/d/{name}/../f'", None),
    ("f'log_{name}'", "/app/"),
    ("'/d/%s' % 'f'", "/d/f"),
    ("'%s/%s.txt' % (FOLDER, name)", "/d/"),
    ("'/d/100%%'  % ()", "/d/100%"),
    ("'/d/{}'.format('f')", "/d/f"),
    ("'{0}/{x}'.format(FOLDER, x='f')", "/d/f"),
    ("'{}/{:03d}'.format(FOLDER, 7)", "/d/"),
    ("'/d/X'.replace('X', 'f')", "/d/f"),
    ("' /d/f '.strip()", "/d/f"),
    ("'/D/F'.lower()", "/d/f"),
    ("'/d/'.rstrip('/') + '/f'", "/d/f"),
    ("str(Path('/d') / 'f')", "/d/f"),
    ("os.fspath(Path('/d/f'))", "/d/f"),
    ("os.path.join('/d', 'f')", "/d/f"),
    ("os.path.join('/x', '/d', 'f')", "/d/f"),
    ("os.path.join(FOLDER, name)", "/d/"),
    ("os.path.join(FOLDER, secure_filename(name))", "/d/"),
    ("os.path.join(FOLDER, *parts)", None),
    ("os.path.join(name, 'f')", None),
    ("os.path.join('sub', name)", "/app/sub/"),
    ("os.path.abspath('f')", "/app/f"),
    ("os.path.realpath(os.path.join('/d', '..', 'd', 'f'))", "/d/f"),
    ("os.path.normpath('/d/./f')", "/d/f"),
    ("os.path.dirname('/d/f/g') + '/h'", "/d/f/h"),
    ("os.path.join('/d', os.path.basename('/x/f'))", "/d/f"),
    ("os.path.join('/d', os.path.basename(name))", "/d/"),
    ("os.path.join(os.path.dirname(__file__), 'f')", "/app/f"),
    ("os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'f')", "/f"),
    ("os.getcwd() + '/f'", "/app/f"),
    ("os.curdir + os.sep + 'f'", "/app/f"),
    ("os.path.expanduser('~/f')", None),
    ("os.path.expanduser('/d/f')", "/d/f"),
    ("os.path.expandvars('$X/f')", None),
    ("os.path.expandvars('/d/f')", "/d/f"),
    ("Path('/d', 'f')", "/d/f"),
    ("Path('/d') / 'f'", "/d/f"),
    ("Path('/d') / name / 'f'", "/d/"),
    ("Path() / 'f'", "/app/f"),
    ("Path.cwd() / 'f'", "/app/f"),
    ("Path.home() / 'f'", None),
    ("Path('~/f').expanduser()", None),
    ("Path(__file__).parent / 'f'", "/app/f"),
    ("Path(__file__).resolve().parent.parent / 'f'", "/f"),
    ("Path(__file__).parents[1] / 'f'", "/f"),
    ("Path('/d/x').with_name('f')", "/d/f"),
    ("Path('/d/x').with_suffix('.f')", "/d/"),
    ("Path('/d').joinpath('a', 'f')", "/d/a/f"),
    ("Path('/d/f').absolute().as_posix()", "/d/f"),
    ("Path('/d/a.b').parent / Path('/x/f.g').name", "/d/f.g"),
    ("Path('/d/a.b').parent / Path('/x/f.g').stem", "/d/f"),
    ("pathlib.PurePosixPath('/d') / 'f'", "/d/f"),
    ("INDIRECT", "/d/f"),
    ("LATE", "/d/late"),
    ("(x := '/d/f')", "/d/f"),
    ("PAIR_B", "/d/b"),
    ("'/d/f' if name else '/d/f'", "/d/f"),
    ("'/d/f' if name else '/d/g'", None),
    ("TWICE", None),
    ("ADDED", None),
    ("LOOPED", None),
    ("name", None),
    ("missing", None),
    ("folder() / 'f'", "/d/f"),
    ("either()", None),
    ("Config.FOLDER + '/f'", "/d/f"),
    ("Child.FOLDER + '/f'", "/d/f"),
    ("Config().path", "/d/own"),
    ("Record.folder", None),
    ("cast(str, '/d/f')", "/d/f"),
    ("os.environ['SET'] + '/f'", "/set/f"),
    ("os.environ['UNSET'] + '/f'", None),
    ("os.environ.get('UNSET', '/d') + '/f'", "/d/f"),
    ("os.environ.get('SET', '/d') + '/f'", "/set/f"),
    ("os.environ.get('UNSET', default=FOLDER) + '/f'", "/d/f"),
    ("os.getenv('UNSET', '/d') + '/f'", "/d/f"),
    ("os.getenv('UNSET') + '/f'", None),
    ("(os.getenv('UNSET') or '/d') + '/f'", "/d/f"),
    ("('' or '/d') + '/f'", "/d/f"),
    ("(name or '/d') + '/f'", None),
    ("config('UNSET', default='/d') + '/f'", "/d/f"),
    ("settings.DATA + '/f'", "/d/f"),
    ("tempfile.gettempdir() + '/f'", "temp"),
    ("os.path.join(tempfile.mkdtemp(), 'f')", "temp"),
    ("os.path.join(tempfile.mkdtemp(dir='/d'), 'f')", "/d/"),
]
HEAD = """
    import os, pathlib, tempfile
    from dataclasses import dataclass
    from pathlib import Path
    from typing import cast
    from decouple import config
    from werkzeug.utils import secure_filename
    import settings
    FOLDER = "/d"
    INDIRECT = os.path.join(FOLDER, "f")
    PAIR_A, PAIR_B = "/d/a", "/d/b"
    TWICE = "/d/1"
    TWICE = "/d/2"
    ADDED = "/d"
    ADDED += "/x"
    LOOPED = LOOPED + "/x"
    class Config:
        FOLDER = "/d"
        def __init__(self):
            self.path = "/d/own"
    class Child(Config):
        pass
    @dataclass
    class Record:
        folder: str = "/d"
    def folder():
        return Path("/d")
    def either():
        if FOLDER:
            return "/a"
        return "/b"
    def f(name, parts):
        open({}, "w")
    LATE = "/d/late"
"""


@pytest.mark.parametrize(("expression", "path"), PATHS, ids=[row[0] for row in PATHS])
def test_a_path_is_folded(expression: str, path: str | None) -> None:
    source = textwrap.dedent(HEAD).replace("{}", expression, 1)
    application = read({"main.py": source, "settings.py": "DATA = '/d'"}, env={"SET": "/set"})
    if path is None:
        assert paths(application) == []
        assert len(of_kind(application, "unknown")) == 1
    elif path == "temp":
        assert application.findings[0].kind == "temp"
        assert paths(application) == []
    else:
        assert set(paths(application)) == {(path.rstrip("/"), path.endswith("/"))}
        assert application.complete


def test_home_is_known_where_the_image_sets_it() -> None:
    for expression in ("os.path.expanduser('~/f')", "Path.home() / 'f'", "Path('~/f').expanduser()"):
        source = f"import os\nfrom pathlib import Path\nopen({expression}, 'w')"
        assert paths(read({"main.py": source}, env={"HOME": "/home/a"})) == [("/home/a/f", False)]


def test_a_variable_that_may_name_another_path_is_said() -> None:
    source = "import os\nopen(os.environ.get('OUT', '/d/f'), 'w')"
    (finding,) = read({"main.py": source}).findings
    assert "OUT may name another" in finding.what
    (finding,) = read({"main.py": source}, env={"OUT": "/e/f"}).findings
    assert (finding.path, "OUT may name another" in finding.what) == ("/e/f", True)
    (finding,) = read({"main.py": "open('/d/f', 'w')"}).findings
    assert "may name" not in finding.what


def test_constants_come_through_modules_of_the_application() -> None:
    files = {
        "main.py": "import conf.paths as p\nfrom conf import LOGS as L\nopen(p.DATA + '/1', 'w')\nopen(L + '/2', 'w')",
        "conf/__init__.py": "from .paths import LOGS",
        "conf/paths.py": "from .base import *\nDATA = ROOT + '/data'\nLOGS = ROOT + '/log'",
        "conf/base.py": "from .root import *",
        "conf/root.py": "ROOT = '/srv'",
    }
    assert paths(read(files)) == [("/srv/data/1", False), ("/srv/log/2", False)]


def test_file_is_that_of_the_module_that_says_it() -> None:
    files = {
        "main.py": "from pkg.sub import HERE\nopen(HERE / 'f', 'w')",
        "pkg/sub/__init__.py": "from pathlib import Path\nHERE = Path(__file__).parent",
    }
    assert paths(read(files)) == [("/app/pkg/sub/f", False)]


def test_modules_that_import_from_one_another_do_not_end_in_a_loop() -> None:
    files = {
        "main.py": "from a import X, helper\nopen(X, 'w')\nhelper.save('/d/f')",
        "a.py": "from b import X, helper",
        "b.py": "from a import X, helper",
    }
    application = read(files)
    assert paths(application) == []
    assert [f.line for f in of_kind(application, "unknown")] == [2, 3]


def test_a_package_whose_init_imports_its_own_modules() -> None:
    files = {
        "main.py": "import pkg\npkg.disk.save()",
        "pkg/__init__.py": "from . import disk",
        "pkg/disk.py": "def save():\n    open('/d/f', 'w')",
    }
    assert paths(read(files)) == [("/d/f", False)]


def test_pydantic_settings_take_the_environment_first() -> None:
    source = """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            data_dir: str = "/d"
        settings = Settings()
        open(f"{settings.data_dir}/f", "w")
    """
    (finding,) = read({"main.py": source}).findings
    assert (finding.path, "DATA_DIR may name another" in finding.what) == ("/d/f", True)
    assert paths(read({"main.py": source}, env={"DATA_DIR": "/e"})) == [("/e/f", False)]


def test_a_field_that_a_caller_can_set_is_unknown() -> None:
    source = """
        from pydantic import BaseModel
        class Job(BaseModel):
            folder: str = "/d"
            def run(self):
                open(self.folder + "/f", "w")
    """
    assert of_kind(read({"main.py": source}), "unknown")


def test_an_attribute_set_once_in_a_class_is_known_there() -> None:
    source = """
        import os
        class Store:
            def __init__(self, name):
                self.folder = "/d"
                self.name = name
            def save(self):
                open(os.path.join(self.folder, self.name), "w")
            def other(self):
                open(self.name, "w")
    """
    application = read({"main.py": source})
    assert paths(application) == [("/d", True)]
    assert len(of_kind(application, "unknown")) == 1


def test_a_name_that_a_function_makes_global_is_bound_twice() -> None:
    source = "P = '/a'\ndef f():\n    global P\n    P = '/b'\ndef g():\n    open(P, 'w')"
    assert of_kind(read({"main.py": source}), "unknown")


def test_a_local_name_hides_the_module_s() -> None:
    source = "P = '/a'\ndef f():\n    P = '/b'\n    open(P, 'w')\ndef g(P):\n    open(P, 'w')"
    application = read({"main.py": source})
    assert paths(application) == [("/b", False)]
    assert [finding.line for finding in of_kind(application, "unknown")] == [6]


def test_a_name_of_a_class_is_not_seen_in_its_methods() -> None:
    source = "class A:\n    P = '/a'\n    def f(self):\n        open(P, 'w')\n    open(P, 'w')"
    application = read({"main.py": source})
    assert [(finding.kind, finding.line) for finding in application.findings] == [("unknown", 4), ("write", 5)]


def test_files_found_in_a_folder_are_in_that_folder() -> None:
    source = """
        from pathlib import Path
        for old in Path("/d/cache").glob("*.tmp"):
            old.unlink()
    """
    assert paths(read({"main.py": source})) == [("/d/cache", True)]


def test_chdir_makes_relative_paths_unknown_unless_it_leads_where_we_are() -> None:
    there = "import os\nos.chdir(os.path.dirname(os.path.abspath(__file__)))\nopen('f', 'w')"
    away = "import os\nos.chdir('/srv')\nopen('f', 'w')\nopen('/d/f', 'w')"
    assert paths(read({"main.py": there})) == [("/app/f", False)]
    application = read({"main.py": away})
    assert paths(application) == [("/d/f", False)]
    assert [finding.line for finding in of_kind(application, "unknown")] == [3]


def test_a_chdir_that_does_not_run_changes_nothing() -> None:
    source = "import os\nopen('f', 'w')\nif __name__ == '__main__':\n    os.chdir('/srv')"
    assert paths(read({"main.py": source}, "gunicorn main:app")) == [("/app/f", False)]
    assert paths(read({"main.py": source}, "python main.py")) == []


def test_the_working_folder_is_the_image_s() -> None:
    assert paths(read({"main.py": "open('f', 'w')"}, "python /app/main.py", workdir="/srv/x")) == [("/srv/x/f", False)]
    assert paths(read({"main.py": "open('f', 'w')"}, "python /app/main.py", workdir="/")) == [("/f", False)]


@pytest.mark.parametrize(
    ("expression", "port"),
    [
        ("80", 80),
        ("int('80')", 80),
        ("int(os.environ.get('PORT', 80))", 80),
        ("int(os.environ.get('PORT', '80'))", 80),
        ("int(os.environ['PORT'])", None),
        ("args.port", None),
        ("PORT", 8443),
    ],
)
def test_a_port_is_folded(expression: str, port: int | None) -> None:
    source = f"import os, uvicorn\nPORT = 8443\ndef f(args):\n    uvicorn.run(None, port={expression})"
    assert ports(read({"main.py": source})) == [port]


def test_a_port_in_the_image_s_environment() -> None:
    source = "import os, uvicorn\nuvicorn.run(None, port=int(os.environ['PORT']))"
    assert ports(read({"main.py": source}, env={"PORT": "80"})) == [80]


@pytest.mark.parametrize(
    ("call", "expected"),
    [("app.run()", [5000]), ("app.run(debug=True)", [5000]), ("app.run(**options)", [None]), ("app.run(port=0)", [])],
)
def test_a_default_port(call: str, expected: list[int | None]) -> None:
    assert ports(read({"main.py": f"from flask import Flask\napp = Flask(__name__)\n{call}"})) == expected
