"""Each rule of the tables, by one line of source that only it can report."""

import posixpath
from itertools import chain

import pytest

from hardenfile.evidence.python_app import libraries, rules, write_rules
from tests.support.python_app import of_kind, paths, ports, read

# The dotted name of a rule, the source that calls it, and the path it must report; "/" at the end marks a folder.
WRITES = [
    ("builtins.open", "open('/d/f', 'w')", "/d/f"),
    ("io.open", "import io\nio.open('/d/f', 'a')", "/d/f"),
    ("codecs.open", "import codecs\ncodecs.open('/d/f', 'w', 'utf-8')", "/d/f"),
    ("gzip.open", "import gzip\ngzip.open('/d/f', 'wb')", "/d/f"),
    ("gzip.GzipFile", "from gzip import GzipFile\nGzipFile('/d/f', 'w')", "/d/f"),
    ("bz2.open", "import bz2\nbz2.open('/d/f', mode='wb')", "/d/f"),
    ("lzma.open", "import lzma\nlzma.open('/d/f', 'x')", "/d/f"),
    ("tarfile.open", "import tarfile\ntarfile.open('/d/f', 'w:gz')", "/d/f"),
    ("zipfile.ZipFile", "import zipfile\nzipfile.ZipFile('/d/f', 'a')", "/d/f"),
    ("wave.open", "import wave\nwave.open('/d/f', 'wb')", "/d/f"),
    ("aiofiles.open", "import aiofiles\nasync def f():\n    async with aiofiles.open('/d/f', 'w') as g: ...", "/d/f"),
    ("anyio.open_file", "import anyio\nasync def f():\n    await anyio.open_file('/d/f', 'w')", "/d/f"),
    ("h5py.File", "import h5py\nh5py.File('/d/f', 'r+')", "/d/f"),
    ("dbm.open", "import dbm\ndbm.open('/d/f', 'c')", "/d/f"),
    ("shelve.open", "import shelve\nshelve.open('/d/f')", "/d/f"),
    ("pathlib.Path().open", "from pathlib import Path\nPath('/d/f').open('w')", "/d/f"),
    ("pathlib.Path().write_text", "from pathlib import Path\nPath('/d/f').write_text('')", "/d/f"),
    ("pathlib.Path().write_bytes", "import pathlib\npathlib.Path('/d', 'f').write_bytes(b'')", "/d/f"),
    ("pathlib.Path().touch", "from pathlib import Path as P\nP('/d/f').touch()", "/d/f"),
    ("pathlib.Path().unlink", "from pathlib import Path\nPath('/d/f').unlink()", "/d/f"),
    ("pathlib.Path().chmod", "from pathlib import Path\nPath('/d/f').chmod(0o600)", "/d/f"),
    ("pathlib.Path().symlink_to", "from pathlib import Path\nPath('/d/f').symlink_to('/x')", "/d/f"),
    ("pathlib.Path().hardlink_to", "from pathlib import Path\nPath('/d/f').hardlink_to('/x')", "/d/f"),
    ("pathlib.Path().mkdir", "from pathlib import Path\nPath('/d/f').mkdir(parents=True)", "/d/f/"),
    ("pathlib.Path().rmdir", "from pathlib import Path\nPath('/d/f').rmdir()", "/d/f/"),
    ("pathlib.Path().rename", "from pathlib import Path\nPath('/d/f').rename('/d/f')", "/d/f"),
    ("pathlib.Path().replace", "from pathlib import Path\nPath('/d/f').replace('/d/f')", "/d/f"),
    ("os.mkdir", "import os\nos.mkdir('/d/f')", "/d/f/"),
    ("os.makedirs", "import os\nos.makedirs('/d/f', exist_ok=True)", "/d/f/"),
    ("os.rmdir", "import os\nos.rmdir('/d/f')", "/d/f/"),
    ("os.removedirs", "import os\nos.removedirs('/d/f')", "/d/f/"),
    ("os.remove", "import os\nos.remove('/d/f')", "/d/f"),
    ("os.unlink", "import os\nos.unlink('/d/f')", "/d/f"),
    ("os.truncate", "import os\nos.truncate('/d/f', 0)", "/d/f"),
    ("os.chmod", "import os\nos.chmod('/d/f', 0o600)", "/d/f"),
    ("os.utime", "import os\nos.utime('/d/f')", "/d/f"),
    ("os.mkfifo", "import os\nos.mkfifo('/d/f')", "/d/f"),
    ("os.rename", "import os\nos.rename('/d/f', '/d/f')", "/d/f"),
    ("os.renames", "import os\nos.renames('/d/f', '/d/f')", "/d/f"),
    ("os.replace", "import os\nos.replace(src='/d/f', dst='/d/f')", "/d/f"),
    ("os.symlink", "import os\nos.symlink('/x', '/d/f')", "/d/f"),
    ("os.link", "import os\nos.link('/x', '/d/f')", "/d/f"),
    ("aiofiles.os.mkdir", "import aiofiles.os\naiofiles.os.mkdir('/d/f')", "/d/f/"),
    ("aiofiles.os.makedirs", "from aiofiles import os\nos.makedirs('/d/f')", "/d/f/"),
    ("aiofiles.os.remove", "import aiofiles.os\naiofiles.os.remove('/d/f')", "/d/f"),
    ("aiofiles.os.unlink", "import aiofiles.os\naiofiles.os.unlink('/d/f')", "/d/f"),
    ("aiofiles.os.rename", "import aiofiles.os\naiofiles.os.rename('/d/f', '/d/f')", "/d/f"),
    ("aiofiles.os.replace", "import aiofiles.os\naiofiles.os.replace('/d/f', '/d/f')", "/d/f"),
    ("shutil.copy", "import shutil\nshutil.copy('/x', '/d/f')", "/d/f"),
    ("shutil.copy2", "import shutil\nshutil.copy2('/x', '/d/f')", "/d/f"),
    ("shutil.copyfile", "import shutil\nshutil.copyfile('/x', '/d/f')", "/d/f"),
    ("shutil.copymode", "import shutil\nshutil.copymode('/x', '/d/f')", "/d/f"),
    ("shutil.copystat", "import shutil\nshutil.copystat('/x', '/d/f')", "/d/f"),
    ("shutil.copytree", "import shutil\nshutil.copytree('/x', '/d/f')", "/d/f/"),
    ("shutil.rmtree", "import shutil\nshutil.rmtree('/d/f')", "/d/f/"),
    ("shutil.move", "import shutil\nshutil.move('/d/f', '/d/f')", "/d/f"),
    ("shutil.unpack_archive", "import shutil\nshutil.unpack_archive('a.zip', '/d/f')", "/d/f/"),
    ("shutil.make_archive", "import shutil\nshutil.make_archive('/d/f', 'zip', '/x')", "/d/f"),
    ("zipfile.ZipFile().extract", "import zipfile\nzipfile.ZipFile('a').extract('b', '/d/f')", "/d/f/"),
    (
        "zipfile.ZipFile().extractall",
        "import zipfile\nwith zipfile.ZipFile('a') as z:\n    z.extractall('/d/f')",
        "/d/f/",
    ),
    ("tarfile.open().extract", "import tarfile\ntarfile.open('a').extract('b', path='/d/f')", "/d/f/"),
    ("tarfile.open().extractall", "import tarfile\ntarfile.open('a', 'r:xz').extractall('/d/f')", "/d/f/"),
    ("urllib.request.urlretrieve", "import urllib.request\nurllib.request.urlretrieve('http://x', '/d/f')", "/d/f"),
    ("logging.FileHandler", "import logging\nlogging.FileHandler('/d/f')", "/d/f"),
    (
        "logging.handlers.RotatingFileHandler",
        "from logging.handlers import RotatingFileHandler\nRotatingFileHandler('/d/f', maxBytes=1)",
        "/d/f",
    ),
    (
        "logging.handlers.TimedRotatingFileHandler",
        "import logging.handlers\nlogging.handlers.TimedRotatingFileHandler('/d/f')",
        "/d/f",
    ),
    (
        "logging.handlers.WatchedFileHandler",
        "from logging import handlers\nhandlers.WatchedFileHandler(filename='/d/f')",
        "/d/f",
    ),
    ("logging.basicConfig", "import logging\nlogging.basicConfig(level=10, filename='/d/f')", "/d/f"),
    ("loguru.logger.add", "from loguru import logger\nlogger.add('/d/f', rotation='1 MB')", "/d/f"),
    ("numpy.save", "import numpy as np\nnp.save('/d/f', [])", "/d/f"),
    ("numpy.savez", "import numpy as np\nnp.savez('/d/f', a=[])", "/d/f"),
    ("numpy.savez_compressed", "import numpy\nnumpy.savez_compressed('/d/f')", "/d/f"),
    ("numpy.savetxt", "import numpy\nnumpy.savetxt('/d/f', [])", "/d/f"),
    ("joblib.dump", "import joblib\njoblib.dump({}, '/d/f')", "/d/f"),
    ("joblib.Memory", "from joblib import Memory\nMemory('/d/f')", "/d/f"),
    ("torch.save", "import torch\ntorch.save({}, '/d/f')", "/d/f"),
    ("cv2.imwrite", "import cv2\ncv2.imwrite('/d/f', None)", "/d/f"),
    ("matplotlib.pyplot.savefig", "import matplotlib.pyplot as plt\nplt.savefig('/d/f')", "/d/f"),
    ("PIL.Image.Image().save", "from PIL import Image\nImage.open('x').resize((1, 1)).save('/d/f')", "/d/f"),
    ("openpyxl.Workbook().save", "import openpyxl\nb = openpyxl.load_workbook('x')\nb.save('/d/f')", "/d/f"),
    ("docx.Document().save", "from docx import Document\nDocument().save('/d/f')", "/d/f"),
    (
        "werkzeug.datastructures.FileStorage().save",
        "from flask import request\ndef up():\n    request.files['x'].save('/d/f')",
        "/d/f",
    ),
    ("pandas.ExcelWriter", "import pandas as pd\npd.ExcelWriter('/d/f')", "/d/f"),
    ("pandas.DataFrame().to_csv", "import pandas as pd\npd.DataFrame().to_csv('/d/f')", "/d/f"),
    ("pandas.DataFrame().to_parquet", "import pandas\npandas.read_csv('x').to_parquet('/d/f')", "/d/f"),
    ("pandas.DataFrame().to_excel", "def f(frame):\n    frame.to_excel('/d/f')", "/d/f"),
    ("pandas.DataFrame().to_json", "def f(frame):\n    frame.to_json('/d/f')", "/d/f"),
    ("pandas.DataFrame().to_pickle", "def f(frame):\n    frame.to_pickle('/d/f')", "/d/f"),
    ("pandas.DataFrame().to_feather", "def f(frame):\n    frame.to_feather('/d/f')", "/d/f"),
    ("pandas.DataFrame().to_hdf", "def f(frame):\n    frame.to_hdf('/d/f')", "/d/f"),
    ("pandas.DataFrame().to_html", "def f(frame):\n    frame.to_html('/d/f')", "/d/f"),
    ("xlsxwriter.Workbook", "import xlsxwriter\nxlsxwriter.Workbook('/d/f')", "/d/f"),
    ("polars.DataFrame().write_csv", "import polars\npolars.DataFrame().write_csv('/d/f')", "/d/f"),
    ("polars.DataFrame().write_parquet", "def f(frame):\n    frame.write_parquet('/d/f')", "/d/f"),
    ("pyarrow.parquet.write_table", "import pyarrow.parquet as pq\npq.write_table(None, '/d/f')", "/d/f"),
    ("transformers.PreTrainedModel().save_pretrained", "def f(model):\n    model.save_pretrained('/d/f')", "/d/f/"),
    ("reportlab.pdfgen.canvas.Canvas", "from reportlab.pdfgen import canvas\ncanvas.Canvas('/d/f')", "/d/f"),
    ("pdfkit.from_string", "import pdfkit\npdfkit.from_string('x', '/d/f')", "/d/f"),
    ("pdfkit.from_url", "import pdfkit\npdfkit.from_url('x', output_path='/d/f')", "/d/f"),
    ("chromadb.PersistentClient", "import chromadb\nchromadb.PersistentClient(path='/d/f')", "/d/f/"),
    ("lmdb.open", "import lmdb\nlmdb.open('/d/f')", "/d/f/"),
    ("tinydb.TinyDB", "from tinydb import TinyDB\nTinyDB('/d/f')", "/d/f"),
    ("diskcache.Cache", "from diskcache import Cache\nCache('/d/f')", "/d/f/"),
    (
        "django.core.files.storage.FileSystemStorage",
        "from django.core.files.storage import FileSystemStorage\nFileSystemStorage(location='/d/f')",
        "/d/f",
    ),
]
SQLITE = [
    ("sqlite3.connect", "import sqlite3\nsqlite3.connect('/d/f')"),
    ("aiosqlite.connect", "import aiosqlite\naiosqlite.connect('/d/f')"),
    ("duckdb.connect", "import duckdb\nduckdb.connect('/d/f')"),
    ("peewee.SqliteDatabase", "from peewee import SqliteDatabase\nSqliteDatabase('/d/f')"),
    ("sqlalchemy.create_engine", "from sqlalchemy import create_engine\ncreate_engine('sqlite:////d/f?timeout=1')"),
    ("sqlalchemy.engine.create_engine", "import sqlalchemy.engine as e\ne.create_engine('sqlite+pysqlite:////d/f')"),
    (
        "sqlalchemy.ext.asyncio.create_async_engine",
        "from sqlalchemy.ext.asyncio import create_async_engine\ncreate_async_engine('sqlite+aiosqlite:////d/f')",
    ),
    ("sqlmodel.create_engine", "from sqlmodel import create_engine\ncreate_engine('sqlite:////d/f')"),
    ("databases.Database", "import databases\ndatabases.Database('sqlite:////d/f')"),
    ("dataset.connect", "import dataset\ndataset.connect('sqlite:////d/f')"),
    ("dj_database_url.parse", "import dj_database_url\ndj_database_url.parse('sqlite:////d/f')"),
    ("dj_database_url.config", "import dj_database_url\ndj_database_url.config(default='sqlite:////d/f')"),
    ("environ.Env().db", "import environ\nenv = environ.Env()\nenv.db('DATABASE_URL', default='sqlite:////d/f')"),
]
PORTS = [
    ("flask.Flask().run", "from flask import Flask\napp = Flask(__name__)\napp.run(port=81)"),
    ("quart.Quart().run", "import quart\nquart.Quart(__name__).run('0.0.0.0', 81)"),
    ("flask_socketio.SocketIO().run", "from flask_socketio import SocketIO\ns = SocketIO()\ns.run(None, '', 81)"),
    ("dash.Dash().run", "import dash\ndash.Dash().run(port=81)"),
    ("dash.Dash().run_server", "import dash\ndash.Dash().run_server(port=81)"),
    ("bottle.run", "from bottle import run\nrun(host='0.0.0.0', port=81)"),
    ("sanic.Sanic().run", "import sanic\nsanic.Sanic('a').run(port=81)"),
    ("uvicorn.run", "import uvicorn\nuvicorn.run(None, host='0.0.0.0', port=81)"),
    ("uvicorn.Config", "import uvicorn\nuvicorn.Server(uvicorn.Config(None, port=81))"),
    ("waitress.serve", "from waitress import serve\nserve(None, port=81)"),
    ("werkzeug.serving.run_simple", "from werkzeug.serving import run_simple\nrun_simple('0.0.0.0', 81, None)"),
    ("gevent.pywsgi.WSGIServer", "from gevent.pywsgi import WSGIServer\nWSGIServer(('', 81), None)"),
    ("eventlet.listen", "import eventlet\neventlet.listen(('', 81))"),
    ("aiohttp.web.run_app", "from aiohttp import web\nweb.run_app(None, port=81)"),
    ("aiohttp.web.TCPSite", "from aiohttp import web\nweb.TCPSite(None, '0.0.0.0', 81)"),
    ("tornado.web.Application().listen", "import tornado.web\ntornado.web.Application([]).listen(81)"),
    (
        "tornado.httpserver.HTTPServer().listen",
        "from tornado.httpserver import HTTPServer\nHTTPServer(None).listen(81)",
    ),
    ("tornado.httpserver.HTTPServer().bind", "from tornado.httpserver import HTTPServer\nHTTPServer(None).bind(81)"),
    ("http.server.HTTPServer", "from http.server import HTTPServer\nHTTPServer(('', 81), None)"),
    ("http.server.ThreadingHTTPServer", "from http.server import *\nThreadingHTTPServer(('', 81), None)"),
    ("socketserver.TCPServer", "import socketserver\nsocketserver.TCPServer(('', 81), None)"),
    ("socketserver.ThreadingTCPServer", "import socketserver\nsocketserver.ThreadingTCPServer(('', 81), None)"),
    ("socketserver.UDPServer", "import socketserver\nsocketserver.UDPServer(('', 81), None)"),
    ("xmlrpc.server.SimpleXMLRPCServer", "from xmlrpc.server import SimpleXMLRPCServer\nSimpleXMLRPCServer(('', 81))"),
    ("wsgiref.simple_server.make_server", "from wsgiref.simple_server import make_server\nmake_server('', 81, None)"),
    ("socket.socket().bind", "import socket\ns = socket.socket()\nADDRESS = ('', 81)\ns.bind(ADDRESS)"),
    ("socket.create_server", "import socket\nsocket.create_server(('', 81))"),
    ("asyncio.start_server", "import asyncio\nasyncio.start_server(None, '0.0.0.0', 81)"),
    ("grpc.server().add_insecure_port", "import grpc\ns = grpc.server(None)\ns.add_insecure_port('[::]:81')"),
    ("grpc.aio.server().add_insecure_port", "import grpc\ngrpc.aio.server().add_insecure_port('0.0.0.0:81')"),
    ("prometheus_client.start_http_server", "from prometheus_client import start_http_server\nstart_http_server(81)"),
    ("gradio.Blocks().launch", "import gradio as gr\nwith gr.Blocks() as demo: ...\ndemo.launch(server_port=81)"),
    ("gradio.Interface().launch", "import gradio\ngradio.Interface(None).launch(server_port=81)"),
    ("websockets.serve", "import websockets\nwebsockets.serve(None, '0.0.0.0', 81)"),
]


@pytest.mark.parametrize(("rule", "source", "path"), WRITES, ids=[row[0] for row in WRITES])
def test_a_call_that_writes_is_reported(rule: str, source: str, path: str) -> None:
    assert set(paths(read({"main.py": source}))) == {(path.rstrip("/"), path.endswith("/"))}


@pytest.mark.parametrize(("rule", "source"), SQLITE, ids=[row[0] for row in SQLITE])
def test_an_sqlite_file_needs_its_folder_too(rule: str, source: str) -> None:
    assert set(paths(read({"main.py": source}))) == {("/d/f", False), ("/d", True)}


@pytest.mark.parametrize(("rule", "source"), PORTS, ids=[row[0] for row in PORTS])
def test_a_call_that_listens_is_reported(rule: str, source: str) -> None:
    assert ports(read({"main.py": source})) == [81]


@pytest.mark.parametrize("name", sorted(rules.PRIVILEGED))
def test_a_privileged_call_is_reported(name: str) -> None:
    module, function = name.split(".")
    application = read({"main.py": f"from {module} import {function} as f\n\nf(0, 0)"})
    assert [(finding.kind, finding.line) for finding in application.findings] == [("root", 3)]


@pytest.mark.parametrize("name", sorted(write_rules.TEMPORARY))
def test_a_temporary_file_is_told_from_a_write(name: str) -> None:
    application = read({"main.py": f"import tempfile\n{name}()"})
    assert [(f.kind, f.path, f.directory) for f in application.findings] == [("temp", "/tmp", True)]
    assert of_kind(read({"main.py": f"import tempfile\n{name}()"}, env={"TMPDIR": "/t"}), "temp")[0].path == "/t"
    assert paths(read({"main.py": f"import tempfile\n{name}(dir='/d')"})) == [("/d", True)]


@pytest.mark.parametrize("name", sorted(rules.SETTINGS))
def test_a_setting_that_names_a_folder_is_reported(name: str) -> None:
    assert paths(read({"main.py": f"{name} = '/d'"})) == [("/d", True)]
    assert paths(read({"main.py": f"def f(app):\n    app.config['{name}'] = '/d'"})) == [("/d", True)]


@pytest.mark.parametrize(
    "source",
    [
        "app.config.update(UPLOAD_FOLDER='/d')",
        "app.config.update({'UPLOAD_FOLDER': '/d'})",
        "app.config.from_mapping(UPLOAD_FOLDER='/d')",
        "app.config.setdefault('UPLOAD_FOLDER', '/d')",
        "class Config:\n    UPLOAD_FOLDER = '/d'",
        "UPLOAD_FOLDER: str = '/d'",
    ],
)
def test_a_setting_is_seen_in_each_form(source: str) -> None:
    assert paths(read({"main.py": source})) == [("/d", True)]


def test_a_setting_without_a_folder_writes_nothing_or_the_working_folder() -> None:
    assert paths(read({"main.py": "STATIC_ROOT = None"})) == []
    assert paths(read({"main.py": "MEDIA_ROOT = ''"})) == [("/app", True)]


@pytest.mark.parametrize("name", sorted(rules.SHELLS | {rules.ASYNC_SHELL}))
def test_a_shell_command_is_read(name: str) -> None:
    source = f"import {name.split('.')[0]}\n{name}('cd /x && chown a b')"
    assert [finding.what for finding in read({"main.py": source}).findings] == [f"{name}: chown"]


@pytest.mark.parametrize("name", sorted(rules.RUNNERS))
def test_a_list_of_words_is_read(name: str) -> None:
    source = f"import subprocess\nWORDS = ['/bin/mount', '-a']\n{name}(WORDS)"
    assert [finding.what for finding in read({"main.py": source}).findings] == [f"{name}: mount"]


@pytest.mark.parametrize("name", sorted(rules.EXECUTORS))
def test_a_program_that_takes_over_is_read(name: str) -> None:
    before = "'x', " * rules.EXECUTORS[name]
    words = "['sudo', 'x']" if name.startswith("os.execv") else "'sudo', 'x'"
    source = f"import {name.split('.')[0]}\n{name}({before}{words})"
    assert [finding.what for finding in read({"main.py": source}).findings] == [f"{name}: sudo"]


@pytest.mark.parametrize("name", sorted(rules.RAW_SOCKETS))
def test_a_raw_socket_needs_root(name: str) -> None:
    assert of_kind(read({"main.py": f"import socket\nsocket.socket(socket.AF_INET, socket.{name})"}), "root")
    assert of_kind(read({"main.py": f"from socket import *\nfrom socket import {name}\nsocket(1, {name})"}), "root")


@pytest.mark.parametrize("name", sorted(rules.UNSEEN_CODE))
def test_code_that_is_not_read_is_unknown(name: str) -> None:
    application = read({"main.py": f"import {name.split('.')[0]}\n{name.removeprefix('builtins.')}(x)"})
    assert of_kind(application, "unknown") and not application.complete


def test_a_logging_configuration_from_elsewhere_is_unknown() -> None:
    for call in ("dictConfig(load())", "fileConfig('log.ini')"):
        source = f"import logging.config\nlogging.config.{call}"
        assert of_kind(read({"main.py": source}), "unknown"), call
    with_file = {"main.py": "from logging.config import fileConfig\nfileConfig('log.ini')"}
    assert read({**with_file, "log.ini": "[handler_a]\nclass=StreamHandler\n"}).complete
    assert not read({**with_file, "log.ini": "[handler_a]\nclass=FileHandler\n"}).complete


def test_a_logging_configuration_in_the_source_is_read() -> None:
    source = """
        import logging.config
        LOGGING = {
            "version": 1,
            "handlers": {
                "console": {"class": "logging.StreamHandler"},
                "file": {"class": "logging.handlers.RotatingFileHandler", "filename": "log/app.log"},
            },
        }
        logging.config.dictConfig(LOGGING)
    """
    application = read({"main.py": source})
    assert paths(application) == [("/app/log/app.log", False)]
    assert application.complete


def test_loguru_sinks_that_are_no_files_are_nothing() -> None:
    source = "import sys\nfrom loguru import logger\ndef sink(m): ...\nlogger.add({})"
    for argument in ("sys.stderr", "sink", "lambda m: None"):
        assert read({"main.py": source.format(argument)}).findings == ()


@pytest.mark.parametrize("name", ["imports", "calls"])
def test_every_library_of_the_table_is_found(name: str) -> None:
    by_import, by_call = libraries._tables()
    for key, library in (by_import if name == "imports" else by_call).items():
        env = {library.only_if: "/multi"} if library.only_if else {}
        source = f"import {key}" if name == "imports" else f"import {key.split('.')[0]}\n{key}()"
        found = of_kind(read({"main.py": source}, env=env), "library")
        assert [(f.line, f.file) for f in found] == [(1 if name == "imports" else 2, "main.py")], key
        assert library.name in found[0].what


def test_where_a_library_writes_hangs_on_the_environment() -> None:
    def where(**env: str) -> list[str | None]:
        return [f.path for f in of_kind(read({"main.py": "import matplotlib"}, env=env), "library")]

    assert where() == [None]
    assert where(HOME="/home/a") == ["/home/a/.config/matplotlib"]
    assert where(HOME="/home/a", MPLCONFIGDIR="/m") == ["/m"]
    source = {"main.py": "import transformers"}
    assert of_kind(read(source, env={"XDG_CACHE_HOME": "/c"}), "library")[0].path == "/c/huggingface"
    assert read({"main.py": "import prometheus_client"}).findings == ()


def test_the_tables_above_hold_every_rule() -> None:
    """A rule that is added without a line here has no test."""
    assert {row[0] for row in WRITES} == set(write_rules.WRITES)
    assert {row[0] for row in SQLITE} == set(write_rules.DATABASE_FILES) | set(write_rules.SQL_URLS)
    assert {row[0] for row in PORTS} == set(rules.PORTS)


def test_no_rule_fires_on_what_only_reads() -> None:
    source = """
        import gzip, io, os, sqlite3, tarfile, zipfile
        from pathlib import Path
        from sqlalchemy import create_engine
        open("/d/f"); open("/d/f", "rb"); io.open("/d/f", "rt"); gzip.open("/d/f")
        tarfile.open("/d/f", "r:xz"); zipfile.ZipFile("/d/f").read("x"); os.open("/d/f", os.O_RDONLY | os.O_CLOEXEC)
        Path("/d/f").open(); Path("/d/f").read_text(); os.listdir("/d"); os.path.join("/d", "f")
        sqlite3.connect(":memory:"); create_engine("sqlite://"); create_engine("sqlite:///:memory:")
        create_engine("postgresql+psycopg://u@db/x"); sqlite3.connect("file:/d/f?mode=ro", uri=True)
        open("/dev/null", "w"); os.nice(5)
    """
    application = read({"main.py": source})
    assert application.findings == ()
    assert application.complete


def test_every_word_that_a_rule_needs_gets_a_source_parsed() -> None:
    """The first look must not pass over what a rule would find: each line above was found through it."""
    rows = chain(((row[0], row[1]) for row in WRITES), SQLITE, PORTS)
    for rule, source in rows:
        application = read({"main.py": "import part", "part.py": source})
        assert [posixpath.basename(f.file) for f in application.findings if f.kind != "library"], rule
