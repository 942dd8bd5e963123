"""Whole applications: Flask, FastAPI, Django, uploads, logs, and the traps in between."""

import pytest

from tests.support.python_app import of_kind, paths, ports, read

FLASK = {
    "config.py": """
        import os
        basedir = os.path.abspath(os.path.dirname(__file__))
        class Config:
            SECRET_KEY = os.environ.get("SECRET_KEY") or "x"
            SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL") or "sqlite:///" + os.path.join(basedir, "app.db")
            UPLOAD_FOLDER = os.path.join(basedir, "uploads")
    """,
    "shop/__init__.py": """
        import logging
        import os
        from logging.handlers import RotatingFileHandler
        from flask import Flask
        from config import Config

        def create_app():
            app = Flask(__name__)
            app.config.from_object(Config)
            from shop.views import bp
            app.register_blueprint(bp)
            if not os.path.exists("logs"):
                os.mkdir("logs")
            app.logger.addHandler(RotatingFileHandler("logs/shop.log"))
            return app
    """,
    "shop/views.py": """
        import os
        from flask import Blueprint, current_app, request
        from werkzeug.utils import secure_filename
        bp = Blueprint("views", __name__)

        @bp.route("/upload", methods=["POST"])
        def upload():
            file = request.files["file"]
            name = secure_filename(file.filename)
            file.save(os.path.join(current_app.config["UPLOAD_FOLDER"], name))
            path = os.path.join(current_app.root_path, "static", name)
            file.save(path)
    """,
    "run.py": """
        from shop import create_app
        app = create_app()
        if __name__ == "__main__":
            app.run(host="0.0.0.0", port=80)
    """,
}


def test_a_flask_application() -> None:
    application = read(FLASK, "python run.py")
    assert [(f.kind, f.path or f.port, f.directory, f.file, f.line) for f in application.findings] == [
        ("write", "/app", True, "config.py", 6),
        ("write", "/app/app.db", False, "config.py", 6),
        ("write", "/app/uploads", True, "config.py", 7),
        ("port", 80, False, "run.py", 5),
        ("write", "/app/logs", True, "shop/__init__.py", 14),
        ("write", "/app/logs/shop.log", False, "shop/__init__.py", 15),
        ("write", "/app/uploads", True, "shop/views.py", 11),
        ("write", "/app/shop/static", True, "shop/views.py", 13),
    ]
    assert application.entries == ("run.py",)
    assert application.modules == 4
    assert application.problems == ()
    assert application.complete


def test_what_only_a_script_does_is_left_out_behind_a_server() -> None:
    """Under gunicorn `__name__` is not "__main__": neither the port nor the writes there are the application's."""
    application = read(FLASK, "gunicorn -b :8000 run:app")
    assert ports(application) == [8000]
    files = {
        "main.py": "app = 1\nif __name__ == '__main__':\n    import extra\n    open('/d/f', 'w')",
        "extra.py": "open('/e', 'w')",
    }
    assert paths(read(files, "gunicorn main:app")) == []
    assert paths(read(files, "python main.py")) == [("/e", False), ("/d/f", False)]
    assert paths(read(files, "python -m main")) == [("/e", False), ("/d/f", False)]


@pytest.mark.parametrize(
    ("requirement", "path"),
    [
        ("requirements.txt:Flask-SQLAlchemy==3.1.1", "/app/instance/rel.db"),
        ("requirements.txt:flask_sqlalchemy>=3", "/app/instance/rel.db"),
        ("requirements.txt:Flask-SQLAlchemy==2.5.1", "/app/shop/rel.db"),
        ('poetry.lock:[[package]]\nname = "flask-sqlalchemy"\nversion = "3.0.2"', "/app/instance/rel.db"),
        ('Pipfile.lock:"flask-sqlalchemy": {\n  "version": "==2.4.0"\n}', "/app/shop/rel.db"),
        ("requirements.txt:flask", None),
        ("requirements.txt:Flask-SQLAlchemy", None),
    ],
)
def test_where_a_relative_sqlite_file_of_flask_lies(requirement: str, path: str | None) -> None:
    """Flask-SQLAlchemy 3 takes the instance folder and 2 the package's: without a version it is not guessed."""
    name, _, content = requirement.partition(":")
    source = (
        "from flask import Flask\napp = Flask(__name__)\napp.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///rel.db'"
    )
    application = read({name: content, "shop/__init__.py": source}, "gunicorn shop:app")
    files = [finding.path for finding in of_kind(application, "write") if not finding.directory]
    assert files == ([path] if path is not None else [])
    assert application.complete is (path is not None)


def test_the_instance_folder_of_a_package_is_beside_it() -> None:
    source = "from flask import Flask\napp = Flask(__name__)\nimport os\nos.makedirs(app.instance_path)"
    assert paths(read({"a/__init__.py": "", "a/web/__init__.py": source}, "gunicorn a.web:app")) == [
        ("/app/instance", True)
    ]
    assert paths(read({"web.py": source}, "gunicorn web:app")) == [("/app/instance", True)]
    two = {"web.py": source, "main.py": "import web, other", "other.py": "from flask import Flask\nFlask(__name__)"}
    assert paths(read({**two, "sub/other.py": ""})) == [("/app/instance", True)]
    two["main.py"], two["sub/other.py"] = "import web, sub.other", two["other.py"]
    assert paths(read(two)) == []


def test_a_database_that_the_environment_names_is_unknown() -> None:
    source = "import os\nfrom sqlalchemy import create_engine\ncreate_engine({})"
    for url in ("os.environ['DATABASE_URL']", "os.environ.get('DATABASE_URL')", "f'{kind}:///x.db'"):
        assert of_kind(read({"main.py": source.format(url)}), "unknown"), url
    for url in (
        "os.environ.get('DATABASE_URL', 'postgresql://db/x')",
        "f'mysql+{x}://{y}'",
        "URL.create('postgresql')",
    ):
        head = "from sqlalchemy.engine import URL\n"
        assert read({"main.py": head + source.format(url)}).findings == (), url
    relative = read({"main.py": source.format("'sqlite:///rel.db'")})
    assert paths(relative) == [("/app/rel.db", False), ("/app", True)]
    named = read({"main.py": source.format("os.environ['DATABASE_URL']")}, env={"DATABASE_URL": "sqlite:////d/x.db"})
    assert sorted(paths(named)) == [("/d", True), ("/d/x.db", False)]


FASTAPI = {
    "app/main.py": """
        from pathlib import Path
        import aiofiles, shutil
        from fastapi import FastAPI, UploadFile
        from .settings import settings
        from app import storage

        app = FastAPI()

        @app.post("/a")
        async def a(file: UploadFile):
            target = Path(settings.upload_dir) / file.filename
            async with aiofiles.open(target, "wb") as out:
                await out.write(await file.read())

        @app.post("/b")
        def b(file: UploadFile):
            with storage.place(file.filename).open("wb") as out:
                shutil.copyfileobj(file.file, out)
    """,
    "app/settings.py": """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            upload_dir: str = "/data/uploads"
        settings = Settings()
    """,
    "app/storage.py": """
        from pathlib import Path
        ROOT = Path("/data/files")
        ROOT.mkdir(parents=True, exist_ok=True)
        def place(name: str) -> Path:
            return ROOT / name
    """,
}


def test_a_fastapi_application() -> None:
    application = read(FASTAPI, "uvicorn app.main:app --host 0.0.0.0 --port 80")
    assert ports(application) == [80]
    assert paths(application) == [("/data/uploads", True), ("/data/files", True), ("/data/files", True)]
    assert application.complete


DJANGO = {
    "manage.py": """
        import os, sys
        def main():
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_.settings")
            from django.core.management import execute_from_command_line
            execute_from_command_line(sys.argv)
        if __name__ == "__main__":
            main()
    """,
    "site_/__init__.py": "",
    "site_/wsgi.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_.settings')",
    "site_/settings/__init__.py": "from .base import *",
    "site_/settings/base.py": """
        import os
        from pathlib import Path
        BASE_DIR = Path(__file__).resolve().parent.parent.parent
        INSTALLED_APPS = ["django.contrib.admin", "blog", "shop.apps.ShopConfig"]
        MIDDLEWARE = ["site_.middleware.Log"]
        ROOT_URLCONF = "site_.urls"
        DATABASES = {
            "default": {
                "ENGINE": os.environ.get("SQL_ENGINE", "django.db.backends.sqlite3"),
                "NAME": BASE_DIR / "db.sqlite3",
            }
        }
        CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "/cache"}}
        MEDIA_ROOT = BASE_DIR / "media"
        STATIC_ROOT = os.path.join(BASE_DIR, "static")
    """,
    "site_/middleware.py": "class Log:\n    def __call__(self, request):\n        open('/log/requests', 'a')",
    "site_/urls.py": "from django.urls import include, path\nurlpatterns = [path('', include('blog.urls'))]",
    "blog/__init__.py": "",
    "blog/urls.py": "from . import views",
    "blog/views.py": "from django.conf import settings\nimport os\nopen(os.path.join(settings.MEDIA_ROOT, 'x'), 'w')",
    "blog/models.py": "class Post(models.Model):\n    def save(self, *args):\n        super().save(*args)",
    "blog/management/commands/load.py": "open('/loaded', 'w')",
    "blog/templatetags/extra.py": "open('/tags', 'w')",
    "shop/apps.py": "class ShopConfig(AppConfig):\n    def ready(self):\n        from . import signals",
    "shop/signals.py": "open('/signals', 'w')",
    "unused.py": "open('/unused', 'w')",
}
DJANGO_WRITES = {
    ("/app/db.sqlite3", False),
    ("/app", True),
    ("/cache", True),
    ("/app/media", True),
    ("/app/static", True),
    ("/log/requests", False),
    ("/app/media/x", False),
    ("/tags", False),
    ("/signals", False),
}


@pytest.mark.parametrize(
    "command", ["python manage.py runserver 0.0.0.0:80", "gunicorn -b :80 site_.wsgi", "uvicorn --port 80 site_.wsgi:x"]
)
def test_a_django_project(command: str) -> None:
    application = read(DJANGO, command)
    assert ports(application) == [80]
    assert set(paths(application)) == DJANGO_WRITES
    assert application.problems == ()
    assert application.complete


def test_a_management_command_is_read_where_it_runs() -> None:
    assert set(paths(read(DJANGO, "python manage.py load"))) == DJANGO_WRITES | {("/loaded", False)}


def test_django_takes_its_settings_from_the_environment() -> None:
    files = {"wsgi.py": "", "other.py": "MEDIA_ROOT = '/m'"}
    env = {"DJANGO_SETTINGS_MODULE": "other"}
    assert paths(read(files, "gunicorn wsgi", env=env)) == [("/m", True)]
    missing = read(files, "gunicorn wsgi", env={"DJANGO_SETTINGS_MODULE": "gone.settings"})
    assert missing.problems == ("Django's settings gone.settings are not in the build context",)
    assigned = {"wsgi.py": "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'other'", "other.py": "MEDIA_ROOT = '/m'"}
    assert paths(read(assigned, "gunicorn wsgi")) == [("/m", True)]


def test_flask_session_on_files_has_a_folder_of_its_own() -> None:
    assert paths(read({"main.py": "SESSION_TYPE = 'filesystem'"})) == [("/app/flask_session", True)]
    assert paths(read({"main.py": "SESSION_TYPE = 'filesystem'\nSESSION_FILE_DIR = '/s'"})) == [("/s", True)]
    assert paths(read({"main.py": "SESSION_TYPE = 'redis'"})) == []


def test_an_engine_that_is_not_known_may_be_sqlite() -> None:
    source = "import os\nDATABASES = {'default': {'ENGINE': os.environ['E'], 'NAME': 'x'}}"
    assert of_kind(read({"main.py": source}), "unknown")
    assert paths(read({"main.py": source}, env={"E": "django.db.backends.sqlite3"})) == [
        ("/app/x", False),
        ("/app", True),
    ]
    assert read({"main.py": source}, env={"E": "django.db.backends.postgresql"}).findings == ()


CELERY = {
    "proj/__init__.py": "from .celery import app",
    "proj/celery.py": """
        from celery import Celery
        app = Celery("proj", include=["proj.jobs"])
        app.autodiscover_tasks(["mail"])
    """,
    "proj/jobs.py": "open('/jobs', 'w')",
    "mail/tasks.py": "open('/mail', 'w')",
}


def test_celery_loads_its_tasks_by_name() -> None:
    assert paths(read(CELERY, "celery -A proj worker")) == [("/mail", False), ("/jobs", False)]


@pytest.mark.parametrize(
    "source",
    [
        "import importlib\nimportlib.import_module('part.inner')",
        "from importlib import import_module as load\nload('part.inner')",
        "__import__('part.inner')",
        "from werkzeug.utils import import_string\nimport_string('part.inner:thing')",
        "from django.utils.module_loading import import_string\nimport_string('part.inner.Thing')",
        "import importlib\ndef f(name):\n    importlib.import_module(f'part.{name}')",
        "import importlib\ndef f(name):\n    importlib.import_module('part.' + name)",
        "import uvicorn\nuvicorn.run('part.inner:app')",
        "from flask import Flask\nFlask('x').config.from_object('part.inner.Config')",
        "from part import inner",
        "import part.inner as i",
        "from part.inner import *",
        "def f():\n    from part import inner",
        "try:\n    import json\nexcept ImportError:\n    import part.inner",
        "import runpy\nrunpy.run_path('part/inner.py')",
        "from importlib.util import spec_from_file_location as spec\nspec('x', '/app/part/inner.py')",
        "import subprocess, sys\nsubprocess.Popen([sys.executable, '-u', 'part/inner.py'])",
        "import subprocess\nsubprocess.run(['python3', '-m', 'part.inner', name])",
        "import os\nos.system('python part/inner.py &')",
    ],
)
def test_a_module_is_followed_however_it_is_named(source: str) -> None:
    assert ("/d/f", False) in paths(read({"main.py": source, "part/inner.py": "open('/d/f', 'w')"}))


@pytest.mark.parametrize(
    "source",
    [
        "import importlib\ndef f(name):\n    importlib.import_module(name)",
        "def f(name):\n    __import__(name)",
        "import runpy\ndef f(name):\n    runpy.run_path(name)",
    ],
)
def test_a_module_whose_name_is_not_known_is_said(source: str) -> None:
    application = read({"main.py": source})
    assert [finding.line for finding in of_kind(application, "unknown")] == [3 if "import " in source else 2]
    assert not application.complete


@pytest.mark.parametrize(
    "source",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import part",
        "import typing as t\nif t.TYPE_CHECKING:\n    import part",
        '"""\nimport part\n"""',
        "# import part",
        "x = 'import part'",
        "import importlib\nimportlib.import_module('elsewhere.part')",
    ],
)
def test_a_module_that_is_not_imported_is_not_read(source: str) -> None:
    application = read({"main.py": source, "part.py": "open('/d/f', 'w')"})
    assert application.findings == ()
    assert application.modules == 1


def test_relative_imports() -> None:
    files = {
        "a/__init__.py": "",
        "a/b/__init__.py": "from .c import x\nfrom .. import e",
        "a/b/c.py": "from ..d import y\nx = 1",
        "a/d.py": "open('/d', 'w')\ny = 1",
        "a/e.py": "open('/e', 'w')",
    }
    assert paths(read(files, "gunicorn a.b:app")) == [("/d", False), ("/e", False)]


def test_a_relative_import_out_of_the_package_is_a_problem() -> None:
    application = read({"main.py": "from .x import y"})
    assert application.problems == ("main.py: 'from .x import' leads out of its package",)
    assert not application.complete


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import pkg.gone", True),
        ("from pkg.gone import x", True),
        ("from pkg import gone", False),
        ("try:\n    import pkg.gone\nexcept ImportError:\n    pass", False),
        ("try:\n    from pkg.gone import *\nexcept (KeyError, ModuleNotFoundError):\n    pass", False),
        ("import os\nif os.path.exists('x'):\n    import pkg.gone", False),
        ("from pathlib import Path\nif (Path('a') / 'b').exists():\n    import pkg.gone", False),
        ("try:\n    import pkg.gone\nexcept KeyError:\n    pass", True),
        ("import requests, yaml.nodes", False),
    ],
)
def test_a_module_missing_from_the_context_is_said_once(source: str, said: bool) -> None:
    application = read({"main.py": source + "\n" + source, "pkg/__init__.py": ""})
    assert application.problems == (("pkg.gone, imported by main.py, is not in the build context",) if said else ())
    assert application.complete is not said


TRAPS = [
    ("from os import makedirs as md\nmd('/d')", [("/d", True)]),
    ("import os as o\nfrom os import path as p\no.mkdir(p.join('/d', 'e'))", [("/d/e", True)]),
    ("mk = __import__('os').mkdir", []),
    ("import shutil\nmove = shutil.move\nmove('/a', '/b')", [("/a", False), ("/b", False)]),
    ("import os\nos.rename('/a', '/b')", [("/a", False), ("/b", False)]),
    ("from pathlib import Path\nPath('/a').rename('/b')", [("/a", False), ("/b", False)]),
    ("import os\ngetattr(os, 'mkdir')('/d')", [("/d", True)]),
    ("from os import *\nmkdir('/d')", [("/d", True)]),
    ("def open(path, mode): ...\nopen('/d', 'w')", []),
    ("from webbrowser import open\nopen('/d', 'w')", []),
    ("def f(open):\n    open('/d', 'w')", []),
    ("import webbrowser\nwebbrowser.open('w')", []),
    ("import zipfile\nz = zipfile.ZipFile('a')\nz.open('x', 'w')", []),
    ("import sys\nif sys.argv:\n    open('/d', 'w')", [("/d", False)]),
    ("try:\n    open('/d', 'x')\nexcept OSError: ...", [("/d", False)]),
    ("[open('/d', 'w') for x in y]", [("/d", False)]),
    ("f = lambda: open('/d', 'w')", [("/d", False)]),
    ("async def f():\n    with open('/d', 'r+b') as g: ...", [("/d", False)]),
    ("class A:\n    log = open('/d', 'a')", [("/d", False)]),
    ("import json\njson.dump({}, open('/d', 'w'))", [("/d", False)]),
    ("print(1, file=open('/d', 'w'))", [("/d", False)]),
    ("import os\nos.open('/d', os.O_WRONLY | os.O_CREAT)", [("/d", False)]),
    ("from os import open as o, O_RDWR\no('/d', O_RDWR)", [("/d", False)]),
    ("import pickle\nwith open('/d', mode='wb') as f:\n    pickle.dump(1, f)", [("/d", False)]),
    ("import zipfile\nzipfile.ZipFile('a').extractall()", [("/app", True)]),
    ("import torch, io\nb = io.BytesIO()\ntorch.save(1, b)", []),
    ("import pandas as pd, io\npd.DataFrame().to_csv(io.StringIO())\npd.DataFrame().to_csv()", []),
    ("import pandas as pd\npd.DataFrame().to_json(orient='records')", []),
    ("open(0, 'w')\nimport sys\nopen(sys.stdout.fileno(), 'w')", []),
    ("open('/dev/stdout', 'w')\nopen('/proc/self/fd/1', 'w')", []),
    ("import multiprocessing\nmultiprocessing.Lock()", []),
    ("import logging\nclass H(logging.FileHandler): ...\nH('/d')", [("/d", False)]),
    (
        "import logging\nclass H(logging.FileHandler):\n    def __init__(self):\n        super().__init__('/d')",
        [("/d", False)],
    ),
    ("from pathlib import Path\ndef f(p: Path | None):\n    ...\nf(Path('/d'))", []),
    ("text = 'a'\ntext.replace('a', 'b').replace('c', x)", []),
    ("import datetime\ndatetime.datetime.now().replace(tzinfo=None)", []),
    ("from PIL import Image\nwith Image.open('a') as im:\n    im.save('/d')", [("/d", False)]),
    ("from PIL import Image\ndef f(im: Image.Image):\n    im.save('/d')", [("/d", False)]),
    ("import subprocess\nsubprocess.run('echo a > /d; mkdir -p /e', shell=True)", [("/d", False), ("/e", True)]),
    ("import os\nos.system('cp a /d 2> /dev/null | tee -a /e')", [("/d", False), ("/e", False)]),
    ("import subprocess\nsubprocess.run(['bash', '-c', 'touch /d'])", [("/d", False)]),
    ("import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('/run/s')", [("/run/s", False)]),
]


@pytest.mark.parametrize(("source", "expected"), TRAPS, ids=[row[0] for row in TRAPS])
def test_traps_that_are_known(source: str, expected: list[tuple[str, bool]]) -> None:
    application = read({"main.py": source})
    assert sorted(paths(application)) == expected
    assert application.complete


UNKNOWN = [
    "def f(p):\n    open(p, 'w')",
    "def f(mode):\n    open('/d', mode)",
    "def f(*args):\n    open(*args)",
    "def f(**kw):\n    open('/d', **kw)",
    "def f(p):\n    p.write_text('x')",
    "def f(p):\n    p.write_bytes(b'x')",
    "def f(p):\n    p.mkdir(parents=True)",
    "def f(p):\n    p.unlink()",
    "def f(p):\n    p.touch()",
    "def f(p):\n    p.open('w')",
    "def f(p):\n    p.open('name', 'wb')",
    "def f(p):\n    p.open(mode='a')",
    "def f(p, q):\n    p.replace(q)",
    "def f(p):\n    p.rename(p.with_suffix('.old'))",
    "def f(p):\n    p.symlink_to('/x')",
    "def f(z, p):\n    z.extractall(p)",
    "def f(opener):\n    opener('/d', 'w')\nf(open)",
    "def f(p):\n    p.to_csv(x)",
    "from pathlib import Path\ndef f(p: Path):\n    p.mkdir()",
    "from typing import Optional\nimport pathlib\ndef f(p: Optional[pathlib.Path] = None):\n    p.rename('/d')",
    "def f(x):\n    x.save('/d/f.png')",
    "def f(x, name):\n    x.save(name)",
    "import fsspec\nfsspec.open('s3://x', 'w')",
    "import os\ndef f(flags):\n    os.open('/d', flags)",
    "import os\nlist(map(os.remove, names))",
    "import shutil, atexit\natexit.register(shutil.rmtree, '/d')",
    "from os import remove as rm\nlist(map(rm, names))",
    "import atexit\nfrom pathlib import Path\natexit.register(Path('/d').unlink)",
    "import sqlite3\ndef f(p):\n    sqlite3.connect(p)",
    "import subprocess\ndef f(x):\n    subprocess.run(x, shell=True)",
    "import subprocess\ndef f(x):\n    subprocess.run([x, '-v'])",
    "import subprocess\ndef f(x):\n    subprocess.run(x + ['-v'])",
    "import subprocess\ndef f(x):\n    subprocess.run(*x)",
    "import os\ndef f(x):\n    os.system(f'{x} --help')",
    "import os\ndef f(x):\n    os.system('\"')",
    "import subprocess, sys\ndef f(x):\n    subprocess.run([sys.executable, x])",
    "import subprocess\nsubprocess.run(['mkdir', folder])",
    "import os\nMEDIA_ROOT = os.environ['MEDIA']",
]


@pytest.mark.parametrize("source", UNKNOWN)
def test_what_cannot_be_known_is_said(source: str) -> None:
    application = read({"main.py": source})
    assert of_kind(application, "unknown")
    assert not application.complete


NOTHING = [
    "import subprocess\nsubprocess.run(['ffmpeg', '-i', x, y])",
    "import subprocess\ndef f(x):\n    subprocess.run(f'ffmpeg -i {x} out', shell=True)",
    "import subprocess\nsubprocess.check_output('uptime')",
    "import subprocess\nCMD = ['git', 'log']\nsubprocess.run(CMD + extra)",
    "import subprocess\nsubprocess.run(['sh', '-c', 'date'])",
    "def f(form):\n    form.save(commit=False)",
    "def f(model, *args):\n    model.save()\n    model.save(*args)",
    "from django.db import models\nclass A(models.Model):\n    def f(self):\n        self.save('x')",
    "class A:\n    def save(self, p): ...\nA().save('/d/f')",
    "def f(cache, sftp):\n    cache.touch('key')\n    sftp.mkdir('/x')",
    "def f(p):\n    p.open()\n    p.open('name')\n    p.open('name', 'rb')",
    "def f(items):\n    items.remove(3)\n    items.copy()",
    "def f(frame):\n    frame.rename(columns={})",
]


@pytest.mark.parametrize("source", NOTHING)
def test_what_is_no_write_is_not_reported(source: str) -> None:
    application = read({"main.py": source})
    assert application.findings == ()
    assert application.complete


def test_a_path_that_is_known_stands_with_what_is_not() -> None:
    (finding,) = read({"main.py": "def f(x):\n    x.save('/d/f.png')"}).findings
    assert (finding.kind, finding.path, finding.line) == ("unknown", "/d/f.png", 2)


ROOT = [
    ("import os\nos.nice(-5)", True),
    ("import os\nos.nice(5)", False),
    ("import os\ndef f(n):\n    os.nice(n)", True),
    ("import os\nos.system('apt-get update && apt-get install -y x')", True),
    ("import os\nos.system('echo apt-get')", False),
    ("import subprocess\nsubprocess.run(['systemctl', 'restart', 'x'])", True),
    ("import subprocess\nsubprocess.run('service x start', shell=True)", True),
    ("import subprocess\nsubprocess.run(['env', 'A=b', 'useradd', 'x'])", True),
    ("import subprocess\nsubprocess.run(['sh', '-c', 'iptables -L'])", True),
    ("import subprocess\nsubprocess.run(['apk', 'add', 'x'])", True),
    ("import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'x'])", True),
    ("import subprocess\nsubprocess.run(['pip', 'install', 'x'])", True),
    ("import subprocess\nsubprocess.run(['pip', 'list'])", False),
    ("import subprocess\nsubprocess.getoutput('sudo id')", True),
    ("import signal, os\nsignal.signal(1, os.chroot)", True),
]


@pytest.mark.parametrize(("source", "expected"), ROOT, ids=[row[0] for row in ROOT])
def test_what_needs_root(source: str, expected: bool) -> None:
    assert bool(of_kind(read({"main.py": source}), "root")) is expected


PORTS = [
    ("from shop import app\napp.run(port=80)", [80]),
    ("from shop import create\ncreate().run(host='0.0.0.0')", [5000]),
    ("def f(server):\n    server.run(host='0.0.0.0', port=80)", [80]),
    ("def f(server):\n    server.run(host='0.0.0.0')", [None]),
    ("def f(job):\n    job.run()\n    job.run('x')", []),
    ("def f(sock):\n    sock.bind(('', 80))", [80]),
    ("def f(widget):\n    widget.bind('<Key>', f)", []),
    ("import socket\nsocket.socket().listen(80)", []),
    ("from http.server import HTTPServer\nclass S(HTTPServer): ...\nS(('', 80), None)", [80]),
    ("import threading\nfrom shop import app\nthreading.Thread(target=app.run)", [None]),
    ("from prometheus_client import start_http_server\nstart_http_server(0)", []),
    ("import uvicorn\ndef f(options):\n    uvicorn.run(None, **options)", [None]),
    ("import uvicorn, os\nuvicorn.run(None, port=int(os.environ.get('PORT', 80)))", [80]),
]


@pytest.mark.parametrize(("source", "expected"), PORTS, ids=[row[0] for row in PORTS])
def test_ports(source: str, expected: list[int | None]) -> None:
    shop = "from flask import Flask\napp = Flask(__name__)\ndef create():\n    made = Flask(__name__)\n    return made"
    assert ports(read({"main.py": source, "shop.py": shop})) == expected


def test_a_port_that_the_environment_may_change_is_said() -> None:
    (finding,) = read({"main.py": "import os, uvicorn\nuvicorn.run(1, port=int(os.environ.get('PORT', 80)))"}).findings
    assert "PORT may name another" in finding.what


def test_an_address_given_to_a_gunicorn_worker_from_within() -> None:
    source = "import os\nos.execvp('gunicorn', ['gunicorn', '-b', ':80', 'x:y'])"
    assert read({"main.py": source}).findings == ()


def test_findings_come_in_the_order_of_file_and_line_and_once() -> None:
    files = {"main.py": "import b, a\nopen('/1', 'w')\nopen('/2', 'w'); open('/2', 'w')", "a.py": "open('/3', 'w')"}
    application = read(files | {"b.py": "open('/4', 'w')"})
    assert [(f.file, f.line, f.path) for f in application.findings] == [
        ("a.py", 1, "/3"),
        ("b.py", 1, "/4"),
        ("main.py", 2, "/1"),
        ("main.py", 3, "/2"),
    ]
