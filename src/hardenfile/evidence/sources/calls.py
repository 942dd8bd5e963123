"""The calls of each family of languages that write files, open ports, only read, or need root."""

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Calls:
    """`write` ends behind a call's opening bracket; its group `mode` is set where the arguments must ask for writing.

    `bare`: the brackets may be left out. `chained`: calls of a path that was named before them.
    """

    write: re.Pattern[str]
    chained: re.Pattern[str] | None
    bare: bool


_WRITES = {
    "go": r"""os\.(?:Create|Mkdir|MkdirAll|WriteFile|Rename|Symlink|Link|Truncate)|ioutil\.WriteFile
        |afero\.WriteFile|bolt\.Open|bbolt\.Open|leveldb\.OpenFile|pebble\.Open|badger\.DefaultOptions|sqlite\.Open""",
    "rust": r"""File::create(?:_new)?|fs::(?:write|create_dir|create_dir_all|copy|rename|hard_link)
        |create_dir_all|symlink|rolling::(?:daily|hourly|never|minutely)|sled::open
        |(?:OpenOptions::new|File::options)\(\)[^;]{0,200}?\.(?:write|append|create|create_new)\(true\)[^;]{0,200}?\.open
        """,
    "jvm": r"""new\s+(?:FileOutputStream|FileWriter|PrintWriter|PrintStream|FileHandler)|FileOutputStream|FileWriter
        |Files\.(?:write|writeString|createDirectory|createDirectories|createFile|newBufferedWriter|newOutputStream
        |copy|move|createSymbolicLink)|FileUtils\.(?:write\w*|copy\w*|forceMkdir|touch)|transferTo|(?<=\()spit""",
    "js": r"""(?:\w*(?:fs|Fs|fsp|fse|promises)\w*\.)(?:rename|copyFile|cp|mkdtemp|truncate|symlink|move|copy)(?:Sync)?
        |(?:createWriteStream|writeFile|appendFile|mkdir|mkdirp|mkdirs|ensureDir|ensureFile|outputFile|outputJson
        |writeJson)(?:Sync)?|Deno\.(?:writeTextFile|writeFile|mkdir|create)|Bun\.write|LocalStorage
        |new\s+(?:sqlite3\.)?Database|new\s+DatabaseSync|multer\.diskStorage|multer|transports\.File|DailyRotateFile""",
    "ruby": r"""File\.(?:write|binwrite|rename|symlink)|IO\.(?:write|binwrite)|Dir\.mkdir
        |FileUtils\.(?:mkdir|mkdir_p|makedirs|mkpath|touch|cp|cp_r|mv|copy|move|install|ln_s)|Logger\.new
        |ActiveSupport::Logger\.new|SQLite3::Database\.new|YAML::Store\.new|PStore\.new""",
    "php": r"""file_put_contents|move_uploaded_file|(?<![\w>:])(?:mkdir|touch|rename|copy|symlink)
        |new\s+(?:StreamHandler|RotatingFileHandler|SQLite3)|imagepng|imagejpeg""",
    "dotnet": r"""File\.(?:WriteAll\w+|AppendAll\w+|AppendText|Create|CreateText|OpenWrite|Copy|Move)
        |Directory\.CreateDirectory|new\s+(?:StreamWriter|FileStreamWriter)|WriteTo\.File|AddFile|PersistKeysToFileSystem
        |CreateSubdirectory""",
    "c": r"""(?:std::)?(?:ofstream|fstream)(?:\s+\w+)?|(?<![\w.>:])(?:mkdir|creat|mkfifo|rename|symlink)
        |create_director(?:y|ies)|sqlite3_open(?:_v2)?""",
    "beam": r"""File\.(?:write!?|mkdir!?|mkdir_p!?|touch!?|cp!?|cp_r!?|rename!?|stream!)|file:write_file|file:make_dir
        |filelib:ensure_dir""",
    "perl": r"""(?<![\w>:$])(?:mkdir|make_path|mkpath|rename|copy|move|symlink)""",
    "python": r"""os\.(?:mkdir|makedirs|rename|replace|mkfifo|symlink)|shutil\.(?:copy\w*|move)|makedirs
        |(?:Rotating|TimedRotating|Watched)?FileHandler|sqlite3\.connect""",
    "other": r"""writeFile|appendFile|createDirectory\w*|createFile|writeAsString\w*|write\.(?:csv|table)|write_csv
        |saveRDS|sink|mkpath|mkdir|createDir|lfs\.mkdir""",
}
_MODES = {
    "go": r"os\.OpenFile",
    "jvm": r"new\s+RandomAccessFile|RandomAccessFile|FileChannel\.open",
    "js": r"(?:fs|fsp|promises)\.open(?:Sync)?",
    "ruby": r"(?:File|IO)\.(?:open|new)|(?<![\w.:])open|SQLite3",
    "php": r"(?<![\w>:])fopen|new\s+SplFileObject|error_log",
    "dotnet": r"File\.Open|new\s+FileStream",
    "c": r"(?<![\w.>:])(?:fopen|freopen|open|openat)",
    "beam": r"File\.open!?|file:open",
    "perl": r"(?<![\w>:$])open|sysopen",
    "python": r"(?<![\w])open",
    "other": r"io\.open|(?<![\w.])open|fopen|withFile|openFile",
}
MODE = re.compile(
    r"""["'][rbt]*[waxc+][waxbt+]*(?::[\w-]+)?["']|\bO_(?:WRONLY|RDWR|CREAT|CREATE|APPEND)\b|\bfilemode\b
    |FileMode\.(?:Create|CreateNew|Append|OpenOrCreate|Truncate)\b|FileAccess\.(?:Write|ReadWrite)\b|"rwd?s?"
    |["']\s*\+?>|:write\b|:append\b|\bStandardOpenOption\.(?:CREATE|WRITE|APPEND)|(?:Write|Append|ReadWrite)Mode
    |\[\s*(?:write|append)\b|,\s*3\s*,""",
    re.X,
)
_CHAINED = {
    "jvm": r"\.(?:mkdirs?|createNewFile|writeText|appendText|writeBytes|outputStream|bufferedWriter|printWriter)",
    "python": r"\.(?:mkdir|write_text|write_bytes|touch)",
    "other": r"\.(?:writeAs\w+|openWrite|createSync)",
}
_BARE = ("ruby", "beam", "perl", "other")
# Deeper matches such as `chown(` must stand alone: a method of that name may be anything.
ROOT = re.compile(
    r"""\b(?P<call>(?:syscall|unix|os|process|fs|fsp|fse|libc|nix|unistd|posix|Process|Process::Sys|Process::UID
        |File|FileUtils|Files|fs::unix|promises|shutil)(?:\.|::)
        (?:setuid|setgid|seteuid|setegid|setresuid|setresgid|setgroups|initgroups|chroot|l?chown|fchown|chown_R|chownSync
        |lchownSync|fchownSync|mknod|mount|unmount|setOwner|change_privilege|setns|unshare
        |Setuid|Setgid|Setreuid|Setresuid|Setgroups|Chroot|Chown|Lchown|Fchown|Mknod|Mount|Unmount|Setns|Unshare))\s*[(\s]
    |\b(?P<posix>posix_(?:setuid|setgid|seteuid|setegid|initgroups))\s*\(
    |\b(?P<raw>SOCK_RAW|AF_PACKET|net\.ListenIP\b|icmp\.ListenPacket\(\s*"ip[46]?:|gopacket|pcap\.OpenLive|Type::RAW\b)
    |(?P<sudo>\b(?:exec\w*|spawn\w*|system|popen|shell_exec|passthru|Command|CommandContext|Popen|run|call|check_\w+
        |getRuntime\(\)\.exec|ProcessBuilder|Process\.Start|Command::new)\s*\(\s*(?:ctx,\s*)?\[?\s*["'`]sudo(?=["'`\s]))
    |(?P<docker>["'`](?:unix://)?/(?:var/)?run/docker\.sock["'`])""",
    re.X,
)
PLAIN_ROOT = re.compile(
    r"(?<![\w.>:$])(?P<call>setuid|setgid|seteuid|setegid|setresuid|setresgid|setgroups|initgroups|chroot|l?chown"
    r"|fchown|chgrp|mknod|mount)\s*\("
)
PLAIN_ROOT_CALLS = ("c", "php", "perl", "rust")

READS = re.compile(
    r"""(?:ReadFile|ReadDir|os\.Open|os\.Stat|readFile(?:Sync)?|readdir(?:Sync)?|existsSync|statSync|createReadStream
    |FileInputStream|FileReader|readAllBytes|readString|readAllLines|Files\.(?:lines|exists|isRegularFile)
    |ReadAll\w+|OpenRead|OpenText|StreamReader|File\.Exists|Directory\.Exists|file_get_contents|file_exists|is_file
    |is_dir|readfile|parse_ini_file|(?:include|require)(?:_once)?|File\.(?:read|exists?\?|file\?|stat|readlines)
    |YAML\.load_file|fs::read\w*|File::open|read_to_string|opendir|ifstream|access|stat|require|import|from|sendFile
    |LoadX509KeyPair|read_file|express\.static)\s*!?\(?\s*["'`]?\Z""",
    re.X,
)
"""Ends where a literal begins that is only read."""


@cache
def calls_of(group: str) -> Calls:
    """The table of a family of languages."""
    opening = r"\s*\(" if group not in _BARE else r"""!?(?:\s*\(|[ \t]+(?=[\w"'@:$/\\]))"""
    if group == "jvm":
        opening = r"""\s*(?:\(|(?=["']))"""  # Clojure has no bracket behind the name
    mode = f"|(?P<mode>{_MODES[group]})" if group in _MODES else ""
    write = re.compile(rf"(?<![\w$])(?P<call>{_WRITES[group]}{mode}){opening}", re.X)
    chained = re.compile(rf"(?P<call>{_CHAINED[group]})\s*\(", re.X) if group in _CHAINED else None
    return Calls(write, chained, group in _BARE)
