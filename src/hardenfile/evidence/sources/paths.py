"""String literals that are paths: what a literal means, and what the text around it says of it."""

import posixpath
import re
from dataclasses import dataclass

LITERAL = re.compile(r"""(?P<quote>["'`])(?P<text>(?:(?!(?P=quote))[^\n\\]|\\.){0,300}?)(?P=quote)""")
ABSOLUTE = re.compile(
    r"""(?P<quote>["'`])(?:file:(?://)?|sqlite3?:/{2,3}(?=/)|jdbc:sqlite:|jdbc:h2:(?:file:)?)?
    (?P<text>/(?!/)[\w.@+~-](?:(?!(?P=quote))[^\n\\"'`<>]){0,200}?)(?P=quote)""",
    re.X,
)
DATABASE = re.compile(
    r"""["'`](?P<kind>sqlite3?:/{3}|sqlite:|jdbc:sqlite:|jdbc:h2:file:|(?i:Data\ Source|Filename)=)
    (?P<text>(?!:memory:|memory)[^"'`\s?;]{1,200})""",
    re.X,
)
_HOLE = re.compile(r"\$\{|#\{|\$\(|%[-+0-9.]*[a-zA-Z@]|\{[\w.:!]*\}|(?<=/)\$\w")
_PATH = re.compile(r"/[\w.@+~%=-][\w./@+~%=-]*\Z|/\Z")

STATE = frozenset("var srv opt mnt run media root home".split())
_SHARED_WITH_ROUTES = frozenset("run media root home mnt".split())
_TEMPORARY = re.compile(r"/(?:tmp|var/tmp|dev/(?:shm|null|zero|u?random|tty|full|ptmx|fd|std\w+)|proc/self)(?:/|\Z)")
_READ_ONLY = re.compile(r"/(?:var/)?run/(?:secrets|docker\.sock|containerd|\w+/\w+\.sock)(?:/|\Z)|/var/run/\w+\.sock\Z")
_SYSTEM = frozenset("etc usr bin sbin lib lib32 lib64 proc sys dev boot".split())

_ROUTE = re.compile(
    r"""(?:\.(?:get|post|put|delete|patch|use|all|route|head|options|handle|Handle|HandleFunc|HandlerFunc|Group|Static
    |StaticFS|Get|Post|Put|Delete|Patch|Head|Any|GET|POST|PUT|DELETE|PATCH|HEAD|ANY|Map\w*|Path|PathPrefix|at|nest|mount
    |push|replace|go|redirect|navigate\w*|startsWith|HasPrefix|TrimPrefix|start_with\?|endsWith|match|request|fetch|goto
    |visit|service|scope|to|url|uri|path|antMatchers|requestMatchers|mvcMatchers|permitAll|addMapping|addResourceHandler
    |resource|scope|add_url_rule|register_blueprint|include|redirectTo|sendRedirect|StartsWith\w*|contains)\s*
    |\b(?:fetch|axios\w*|href|src|to|url|Url|URL|uri|endpoint|route|router|Route|redirect\w*|navigate|Link|path|re_path
    |get|post|put|delete|patch|scope|resources|match|namespace|root|visit|action|api\w*|basePath|base|prefix|http\w*|web
    |web::\w+|mount|url_for|link_to|location|pathname|redirect_to|permalink|handle|HandleFunc|NewRequest\w*)\s*
    |@\w+(?:\.\w+)?\s*|\#\[\w+\s*)
    (?:(?:<[^>\n]*>)?\(\s*(?:[\w.]+\s*=\s*|\[\s*|["'`]\w+["'`]\s*,\s*)?|[:=]\s*\{?\s*|\s)\Z""",
    re.X,
)
_FILE_API = re.compile(
    r"""(?:Path\.of|Paths\.get|new\s+File|new\s+FileInfo|new\s+DirectoryInfo|(?:path|filepath|Path|File)\.(?:join|Join
    |resolve|Combine)|os\.(?:Open|Stat|ReadFile|ReadDir|Lstat|RemoveAll|Remove|path\.join)|Path::new|PathBuf::from
    |pathlib\.Path|(?<![\w.])Path|File\.join|(?:rm|unlink|readdir|watch|rmdir)(?:Sync)?|http\.Dir|Dir\.glob|chokidar
    \.watch|os\.DirFS|ResourceLocations?|FileSystemResource|PhysicalFileProvider)\(\s*\Z
    |(?i:\w*(?:dir|directory|folder|filename|file_?path|db_?path|data_?path|cache_?path|log_?path|upload_?path))
    ["')\]]*\s*(?::\s*[\w&'<>\ ]{1,20})?(?::?=|=>|:|,|\|\||\?\?|\?:|\bor\b)\s*\Z""",
    re.X,
)


@dataclass(frozen=True, slots=True)
class Literal:
    """An absolute path, normal and with nothing variable in it. `folder`: what is meant is a folder or inside it."""

    path: str
    folder: bool


def absolute(text: str) -> Literal | None:
    """The path that a literal means, cut at its first variable part; None for none, and for the root alone."""
    hole = _HOLE.search(text)
    if hole is not None:
        text = text[: text.rfind("/", 0, hole.start()) + 1]
    if not _PATH.match(text):
        return None
    path = posixpath.normpath("/" + text.lstrip("/"))
    return Literal(path, text.endswith("/")) if path != "/" else None


def for_anybody(path: str) -> bool:
    """Whether every user may write there, or nothing is ever kept there."""
    return bool(_TEMPORARY.match(path + "/"))


def is_state(path: str, before: str) -> bool:
    """Whether a path that is only mentioned is one that the program may write; `before` is the text in front of it."""
    parts = path.split("/")[1:]
    if for_anybody(path) or _READ_ONLY.match(path) or parts[0] in _SYSTEM:
        return False
    if _FILE_API.search(before):
        return parts[0] not in ("static", "assets", "public", "api")
    if parts[0] not in STATE or len(parts) < 2 or _ROUTE.search(before):
        return False
    return parts[0] not in _SHARED_WITH_ROUTES or (len(parts) > 2 or parts[0] in ("root", "mnt", "run"))
