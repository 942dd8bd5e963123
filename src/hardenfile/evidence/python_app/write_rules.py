"""The tables of what writes, by the dotted name of what is called.

``()`` stands for a call and ``[]`` for an item, so ``pathlib.Path().mkdir`` is the method of any ``Path(…)``. The facts
are those of the standard library's and the packages' own reference documentation.
"""

from dataclasses import dataclass

RECEIVER = -1
"""In place of an argument's position: the object that the method is called on."""


@dataclass(frozen=True, slots=True)
class Write:
    """A call that writes where its arguments say.

    ``at`` holds the position and the keyword of each path. With ``mode`` (position, keyword, default) only a mode that
    writes does; with ``optional`` a call without the argument writes nothing; with ``default`` it writes there.
    """

    at: tuple[tuple[int, str], ...]
    directory: bool = False
    mode: tuple[int, str, str] | None = None
    optional: bool = False
    default: str | None = None


def _file(position: int, keyword: str) -> Write:
    return Write(((position, keyword),))


def _folder(position: int, keyword: str) -> Write:
    return Write(((position, keyword),), directory=True)


def _opened(position: int, keyword: str, mode: int = 1, default: str = "r", mode_keyword: str = "mode") -> Write:
    return Write(((position, keyword),), mode=(mode, mode_keyword, default))


def _optional(position: int, keyword: str) -> Write:
    return Write(((position, keyword),), optional=True)


def _unpacked(position: int, keyword: str) -> Write:
    return Write(((position, keyword),), directory=True, default=".")


_BOTH = Write(((0, "src"), (1, "dst")))
_ITSELF = Write(((RECEIVER, ""),))
_ITSELF_FOLDER = Write(((RECEIVER, ""),), directory=True)

WRITES: dict[str, Write] = {
    "builtins.open": _opened(0, "file"),
    "io.open": _opened(0, "file"),
    "codecs.open": _opened(0, "filename"),
    "gzip.open": _opened(0, "filename"),
    "gzip.GzipFile": _opened(0, "filename"),
    "bz2.open": _opened(0, "filename"),
    "lzma.open": _opened(0, "filename"),
    "tarfile.open": _opened(0, "name"),
    "zipfile.ZipFile": _opened(0, "file"),
    "wave.open": _opened(0, "f"),
    "aiofiles.open": _opened(0, "file"),
    "anyio.open_file": _opened(0, "file"),
    "h5py.File": _opened(0, "name"),
    "dbm.open": _opened(0, "file", mode_keyword="flag"),
    "shelve.open": _opened(0, "filename", default="c", mode_keyword="flag"),
    "pathlib.Path().open": Write(((RECEIVER, ""),), mode=(0, "mode", "r")),
    "pathlib.Path().write_text": _ITSELF,
    "pathlib.Path().write_bytes": _ITSELF,
    "pathlib.Path().touch": _ITSELF,
    "pathlib.Path().unlink": _ITSELF,
    "pathlib.Path().chmod": _ITSELF,
    "pathlib.Path().symlink_to": _ITSELF,
    "pathlib.Path().hardlink_to": _ITSELF,
    "pathlib.Path().mkdir": _ITSELF_FOLDER,
    "pathlib.Path().rmdir": _ITSELF_FOLDER,
    "pathlib.Path().rename": Write(((RECEIVER, ""), (0, "target"))),
    "pathlib.Path().replace": Write(((RECEIVER, ""), (0, "target"))),
    "os.mkdir": _folder(0, "path"),
    "os.makedirs": _folder(0, "name"),
    "os.rmdir": _folder(0, "path"),
    "os.removedirs": _folder(0, "name"),
    "os.remove": _file(0, "path"),
    "os.unlink": _file(0, "path"),
    "os.truncate": _file(0, "path"),
    "os.chmod": _file(0, "path"),
    "os.utime": _file(0, "path"),
    "os.mkfifo": _file(0, "path"),
    "os.rename": _BOTH,
    "os.renames": Write(((0, "old"), (1, "new"))),
    "os.replace": _BOTH,
    "os.symlink": _file(1, "dst"),
    "os.link": _file(1, "dst"),
    "aiofiles.os.mkdir": _folder(0, "path"),
    "aiofiles.os.makedirs": _folder(0, "name"),
    "aiofiles.os.remove": _file(0, "path"),
    "aiofiles.os.unlink": _file(0, "path"),
    "aiofiles.os.rename": _BOTH,
    "aiofiles.os.replace": _BOTH,
    "shutil.copy": _file(1, "dst"),
    "shutil.copy2": _file(1, "dst"),
    "shutil.copyfile": _file(1, "dst"),
    "shutil.copymode": _file(1, "dst"),
    "shutil.copystat": _file(1, "dst"),
    "shutil.copytree": _folder(1, "dst"),
    "shutil.rmtree": _folder(0, "path"),
    "shutil.move": _BOTH,
    "shutil.unpack_archive": _unpacked(1, "extract_dir"),
    "shutil.make_archive": _file(0, "base_name"),
    "zipfile.ZipFile().extract": _unpacked(1, "path"),
    "zipfile.ZipFile().extractall": _unpacked(0, "path"),
    "tarfile.open().extract": _unpacked(1, "path"),
    "tarfile.open().extractall": _unpacked(0, "path"),
    "urllib.request.urlretrieve": _optional(1, "filename"),
    "logging.FileHandler": _file(0, "filename"),
    "logging.handlers.RotatingFileHandler": _file(0, "filename"),
    "logging.handlers.TimedRotatingFileHandler": _file(0, "filename"),
    "logging.handlers.WatchedFileHandler": _file(0, "filename"),
    "logging.basicConfig": _optional(99, "filename"),
    "loguru.logger.add": _file(0, "sink"),
    "numpy.save": _file(0, "file"),
    "numpy.savez": _file(0, "file"),
    "numpy.savez_compressed": _file(0, "file"),
    "numpy.savetxt": _file(0, "fname"),
    "joblib.dump": _file(1, "filename"),
    "torch.save": _file(1, "f"),
    "cv2.imwrite": _file(0, "filename"),
    "matplotlib.pyplot.savefig": _file(0, "fname"),
    "PIL.Image.Image().save": _file(0, "fp"),
    "openpyxl.Workbook().save": _file(0, "filename"),
    "docx.Document().save": _file(0, "path_or_stream"),
    "werkzeug.datastructures.FileStorage().save": _file(0, "dst"),
    "pandas.ExcelWriter": _file(0, "path"),
    "pandas.DataFrame().to_csv": _optional(0, "path_or_buf"),
    "pandas.DataFrame().to_parquet": _optional(0, "path"),
    "pandas.DataFrame().to_excel": _file(0, "excel_writer"),
    "pandas.DataFrame().to_json": _optional(0, "path_or_buf"),
    "pandas.DataFrame().to_pickle": _file(0, "path"),
    "pandas.DataFrame().to_feather": _file(0, "path"),
    "pandas.DataFrame().to_hdf": _file(0, "path_or_buf"),
    "pandas.DataFrame().to_html": _optional(0, "buf"),
    "joblib.Memory": _optional(0, "location"),
    "xlsxwriter.Workbook": _file(0, "filename"),
    "polars.DataFrame().write_csv": _optional(0, "file"),
    "polars.DataFrame().write_parquet": _file(0, "file"),
    "pyarrow.parquet.write_table": _file(1, "where"),
    "transformers.PreTrainedModel().save_pretrained": _folder(0, "save_directory"),
    "reportlab.pdfgen.canvas.Canvas": _file(0, "filename"),
    "pdfkit.from_string": _optional(1, "output_path"),
    "pdfkit.from_url": _optional(1, "output_path"),
    "chromadb.PersistentClient": _folder(0, "path"),
    "lmdb.open": _folder(0, "path"),
    "tinydb.TinyDB": _file(0, "path"),
    "diskcache.Cache": _folder(0, "directory"),
    "django.core.files.storage.FileSystemStorage": _optional(0, "location"),
}
"""Calls that write. Deleting and renaming count: they write the folder that holds the file."""

UNMISTAKABLE = {
    name.rpartition(".")[2]: write
    for name, write in WRITES.items()
    if name.startswith(("pathlib.Path().", "pandas.DataFrame().", "polars.DataFrame()."))
    or name.endswith((".savefig", ".save_pretrained", ".extractall"))
    if name.rpartition(".")[2] not in ("open", "rename", "replace", "chmod")
}
"""Methods that tell by their name alone that they write, whatever they are called on."""

DATABASE_FILES: dict[str, tuple[int, str]] = {
    "sqlite3.connect": (0, "database"),
    "aiosqlite.connect": (0, "database"),
    "peewee.SqliteDatabase": (0, "database"),
    "duckdb.connect": (0, "database"),
}
SQL_URLS: dict[str, tuple[int, str]] = {
    "sqlalchemy.create_engine": (0, "url"),
    "sqlalchemy.engine.create_engine": (0, "url"),
    "sqlalchemy.ext.asyncio.create_async_engine": (0, "url"),
    "sqlmodel.create_engine": (0, "url"),
    "databases.Database": (0, "url"),
    "dataset.connect": (0, "url"),
    "dj_database_url.parse": (0, "url"),
    "dj_database_url.config": (1, "default"),
    "environ.Env().db": (1, "default"),
}
BUFFERS = frozenset(
    {"io.BytesIO()", "io.StringIO()", "builtins.open()", "pathlib.Path().open()"}
    | {"sys.stdout", "sys.stderr", "sys.stdout.buffer", "flask.Response()", "django.http.HttpResponse()"}
)
"""What stands where a path could, and is none: the file behind it, if any, was opened elsewhere."""

TEMPORARY = frozenset(
    f"tempfile.{name}"
    for name in (
        "NamedTemporaryFile",
        "TemporaryFile",
        "SpooledTemporaryFile",
        "TemporaryDirectory",
        "mkstemp",
        "mkdtemp",
    )
)
