"""What the literals of an application's sources say."""

from pathlib import Path

import pytest

from hardenfile.evidence.context import BuildContext
from hardenfile.evidence.python_app.model import Finding
from hardenfile.evidence.sources import Scan, scan_sources


def scan(root: Path, files: dict[str, str | bytes], *, skip: tuple[str, ...] = ()) -> Scan:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return scan_sources(BuildContext(root), [""], skip=skip)


def of(root: Path, name: str, text: str, kind: str = "") -> list[Finding]:
    return [one for one in scan(root, {name: text}).findings if not kind or one.kind == kind]


@pytest.mark.parametrize(
    ("name", "text", "path", "directory"),
    [
        ("m.go", 'f, err := os.Create("/data/out.txt")', "/data/out.txt", False),
        ("m.go", 'os.MkdirAll("/var/lib/thing", 0o755)', "/var/lib/thing", True),
        ("m.go", 'const dir = "/srv/state"\nfunc f() { os.WriteFile(dir+"/x", b, 0600) }', "/srv/state", True),
        ("m.go", 'os.OpenFile("/srv/a.log", os.O_APPEND|os.O_WRONLY, 0644)', "/srv/a.log", False),
        ("m.go", 'os.WriteFile(filepath.Join("/data", name), b, 0600)', "/data", True),
        ("m.go", 'os.Create(fmt.Sprintf("/data/run-%d.txt", n))', "/data", True),
        ("a.rs", 'let f = File::create("/data/a")?; // it\'s', "/data/a", False),
        ("a.rs", 'fs::create_dir_all("/data/b")?;', "/data/b", True),
        ("a.rs", 'OpenOptions::new().append(true).open("/srv/c")', "/srv/c", False),
        ("A.java", 'new FileOutputStream("/data/a");', "/data/a", False),
        ("A.java", 'Files.createDirectories(Paths.get("/data/up"));', "/data/up", True),
        ("A.java", 'File d = new File("/data/dir");\nd.mkdirs();', "/data/dir", True),
        ("A.kt", 'File("/data/k.txt").writeText(x)', "/data/k.txt", False),
        ("a.js", "fs.writeFileSync('/data/x', y)", "/data/x", False),
        ("a.js", "fs.createWriteStream(`/data/${name}.log`)", "/data", True),
        ("a.js", "const D = process.env.DATA_DIR || '/data';\nfs.mkdirSync(D)", "/data", True),
        ("a.ts", "multer({ dest: '/uploads/' })", "/uploads", True),
        ("a.rb", "FileUtils.mkdir_p '/data/ruby'", "/data/ruby", True),
        ("a.rb", 'File.open("/data/r", "w") { |f| f.puts 1 }', "/data/r", False),
        ("a.php", "<?php file_put_contents('/data/p', $x);", "/data/p", False),
        ("a.php", "<?php $f = fopen('/data/log', 'a+');", "/data/log", False),
        ("a.cs", 'using var w = new StreamWriter("/data/c");', "/data/c", False),
        ("a.cs", 'Directory.CreateDirectory(Path.Combine("/data", "keys"));', "/data/keys", True),
        ("a.c", 'FILE *f = fopen("/data/x", "wb");', "/data/x", False),
        ("a.c", 'int f = open("/data/x", O_CREAT | O_WRONLY, 0600);', "/data/x", False),
        ("a.ex", 'File.write!("/data/e", "x")', "/data/e", False),
        ("a.pl", "open(my $f, '>', '/data/pl');", "/data/pl", False),
        ("a.lua", 'local f = io.open("/data/l", "w")', "/data/l", False),
        ("a.py", "with open('/data/py', 'w') as f: pass", "/data/py", False),
        ("a.go", 'db, _ := sql.Open("sqlite3", "sqlite:///data/app.db")', "/data/app.db", False),
        ("A.java", 'String u = "jdbc:h2:file:/data/h2";', "/data/h2", False),
        ("m.go", 'os.WriteFile("/etc/app.conf", b, 0600)', "/etc/app.conf", False),
    ],
)
def test_a_writing_call_with_a_literal_names_its_path(
    tmp_path: Path, name: str, text: str, path: str, directory: bool
) -> None:
    found = of(tmp_path, name, text)
    assert [(one.kind, one.path, one.directory) for one in found] == [("write", path, directory)]
    assert found[0].file == name


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.go", "os.Create(name)", "only the run knows"),
        ("a.js", 'fs.mkdirSync("uploads")', "uploads"),
        ("a.js", 'fs.writeFile(path.join(__dirname, "logs/a.txt"), x)', "logs/a.txt"),
        ("a.js", 'fs.createWriteStream(path.join(db.dir, "/error.log"))', "/error.log"),
        ("a.php", "<?php move_uploaded_file($a, __DIR__ . '/upload/' . $b);", "/upload/"),
        ("a.py", 'create_engine("sqlite:///app.db")', "app.db"),
        ("a.py", 'open(folder + "/a.conf", "w")', "/a.conf"),
    ],
)
def test_a_writing_call_elsewhere_has_no_path(tmp_path: Path, name: str, text: str, said: str) -> None:
    found = of(tmp_path, name, text)
    assert [(one.kind, one.path) for one in found] == [("write", None)]
    assert said in found[0].what


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.js", "app.get('/data/items', f); router.post('/uploads/x', f); fetch('/home/x/y')"),
        ("A.java", '@GetMapping("/data")\npublic String data() { return "/config/x"; }'),
        ("m.go", 'http.HandleFunc("/data", h); r.Handle("/storage/x", s); mux.GET("/run/it", h)'),
        ("a.tsx", '<Link to="/home/a/b" href="/data">x</Link>'),
        ("a.rb", "get '/run/all' do\nend"),
        ("a.js", "fs.readFileSync('/data/x'); require('/srv/lib/x')"),
        ("m.go", 'os.ReadFile("/var/lib/x"); os.Open("/data/x")'),
        ("a.c", 'fopen("/data/x", "r"); open("/data/x", O_RDONLY);'),
        ("a.php", "<?php $f = fopen('/data/x', 'rb');"),
        ("a.py", "f = open('/srv/x/y', 'r')"),
        ("a.js", "const fs = { mkdir(path, done) { done() } }"),
        ("m.go", 'os.Create("/tmp/x"); os.WriteFile("/dev/null", b, 0); os.MkdirAll(os.TempDir()+"/x", 0)'),
        ("m.go", 'x := "/etc/ssl/certs"; y := "/usr/share/zoneinfo"; z := "/proc/self/stat"'),
        ("m.go", '// os.Create("/data/x")\n/* os.Chown("/srv", 1, 1) */'),
        ("a.py", '"""Writes with open("/data/x", "w")."""\n# os.chown("/srv/x", 0, 0)\n'),
        ("m.go", 'func (f *fs) MkdirAll(p string) {}\nurl := "https://host/var/lib/x"'),
        ("m.rs", "socket.listen(1024)?;"),
    ],
)
def test_what_is_no_write_is_not_reported(tmp_path: Path, name: str, text: str) -> None:
    assert of(tmp_path, name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "path"),
    [
        ("m.go", 'const state = "/var/lib/thing"', "/var/lib/thing"),
        ("A.java", 'Path p = Path.of("/data/files");', "/data/files"),
        ("a.js", 'const uploadDir = "/uploads"', "/uploads"),
        ("a.php", "<?php $c['directory'] = getenv('DATA_DIR') ?: '/var/www/html/data';", "/var/www/html/data"),
        ("a.js", 'x = "http://a/b"; s = "/srv/app/state.json"', "/srv/app/state.json"),
    ],
)
def test_a_path_where_state_is_kept_may_be_written(tmp_path: Path, name: str, text: str, path: str) -> None:
    assert [(one.kind, one.path) for one in of(tmp_path, name, text)] == [("unknown", path)]


@pytest.mark.parametrize(
    ("name", "text", "port"),
    [
        ("m.go", 'http.ListenAndServe(":80", nil)', 80),
        ("m.go", 'net.Listen("tcp", "0.0.0.0:443")', 443),
        ("m.go", 'srv := &http.Server{Addr: ":81"}', 81),
        ("a.js", "app.listen(80, () => {})", 80),
        ("a.js", "const port = process.env.PORT || 3000", 3000),
        ("A.java", "new ServerSocket(80)", 80),
        ("a.rs", 'TcpListener::bind("0.0.0.0:80")', 80),
        ("a.rs", "SocketAddr::from(([0, 0, 0, 0], 82))", 82),
        ("a.cs", 'builder.WebHost.UseUrls("http://*:80");', 80),
        ("a.py", "app.run(host='0.0.0.0', port=80)", 80),
        ("application.properties", "#x\nserver.port=80\n", 80),
        ("application.yml", "server:\n  # c\n  port: ${PORT:81}\n", 81),
        ("appsettings.json", '{"Urls": "http://*:80"}', 80),
        ("appsettings.json", '{"Kestrel": {"Endpoints": {"Http": {"Url": "http://*:82"}}}}', 82),
    ],
)
def test_ports_that_are_listened_on(tmp_path: Path, name: str, text: str, port: int) -> None:
    assert [(one.kind, one.port) for one in of(tmp_path, name, text)] == [("port", port)]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.go", "os.Chown(p, 1, 1)", "os.Chown"),
        ("m.go", "syscall.Setuid(1000)", "syscall.Setuid"),
        ("m.go", 'exec.Command("sudo", "reboot")', "sudo"),
        ("a.js", "process.setuid('www-data')", "process.setuid"),
        ("a.c", 'chroot("."); ', "chroot"),
        ("a.c", "socket(AF_INET, SOCK_RAW, 1)", "raw socket"),
        ("a.rb", "Process::Sys.setuid(1)", "setuid"),
        ("a.php", "<?php posix_setuid(33);", "posix_setuid"),
        ("m.go", 'net.Dial("unix", "/var/run/docker.sock")', "Docker"),
    ],
)
def test_calls_that_need_root(tmp_path: Path, name: str, text: str, said: str) -> None:
    found = of(tmp_path, name, text)
    assert [one.kind for one in found] == ["root"]
    assert said in found[0].what


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    text = '/* a\n\nb */\nfunc f() {\n\tos.Create(\n\t\t"/data/x")\n}\r\nfunc g() { os.Create("/data/y") }\n'
    assert [(one.path, one.line) for one in of(tmp_path, "m.go", text)] == [("/data/x", 5), ("/data/y", 8)]


def test_settings_name_logs_and_databases(tmp_path: Path) -> None:
    result = scan(
        tmp_path,
        {
            "application.yaml": "logging:\n  file:\n    name: /var/log/a.log\nspring:\n  url: jdbc:h2:file:./d\n",
            "logback.xml": "<appender><!-- <file>/no</file> --><file>/srv/logs/b.log</file></appender>",
            "appsettings.json": '{"ConnectionStrings": {"A": "Data Source=/data/a.db;Cache=x"}}',
            "application-test.properties": "server.port=1",
            "appsettings.Broken.json": "{",
        },
    )
    assert sorted(str(one.path) for one in result.findings) == [
        "/data/a.db",
        "/srv/logs/b.log",
        "/var/log/a.log",
        "None",
    ]


def test_uwsgi_names_sockets_logs_and_users(tmp_path: Path) -> None:
    text = "[uwsgi]\n; c = 1\nhttp = :80\nsocket = /run/app.sock\nlogto=/var/log/u.log\nuid = www-data\nmodule=a:b\n"
    found = [(one.kind, one.path, one.port, one.line) for one in of(tmp_path, "uwsgi.ini", text)]
    assert found == [
        ("port", None, 80, 3),
        ("write", "/run/app.sock", None, 4),
        ("write", "/var/log/u.log", None, 5),
        ("root", None, None, 6),
    ]


def test_foreign_and_test_code_is_not_read(tmp_path: Path) -> None:
    text = 'os.Create("/data/x")'
    names = "vendor/a.go node_modules/a.js src/test/java/A.java a_test.go tests/a.py a.test.ts gulpfile.js x.min.js"
    result = scan(tmp_path, dict.fromkeys(names.split(), text))
    assert (result.files, result.languages, result.findings) == (0, (), ())


def test_a_folder_that_is_copied_by_its_name_is_read(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "a.go").write_text('os.Create("/data/x")')
    assert scan_sources(BuildContext(tmp_path), ["build", "build/a.go"]).files == 1


def test_languages_are_those_of_an_application(tmp_path: Path) -> None:
    page = scan(tmp_path, {"index.html": "<p>", "app.js": "document.title = 'x'", "a.css": ""})
    assert page.languages == ()
    server = scan(tmp_path, {"package.json": "{}", "a.go": "", "b.go": "", "c.py": ""}, skip=("python",))
    assert server.languages == ("go", "javascript")


def test_what_cannot_be_read_is_said_once(tmp_path: Path) -> None:
    result = scan(
        tmp_path, {"big.go": b"x" * 1_000_001, "line.js": "x" * 30_000, "bytes.go": b'os.Create("/data/\xff")'}
    )
    assert [one.split(":")[0] for one in result.problems] == ["big.go", "line.js"]
    assert [one.path for one in result.findings] == [None]


def test_hostile_sources_end(tmp_path: Path) -> None:
    for text in (
        '"' * 5000,
        "a:" * 20000,
        "os.Create(" * 3000,
        "/*" * 20000,
        "x = " + '"a",' * 5000,
        "`" + "\\" * 9999,
    ):
        of(tmp_path, "m.go", text)
        of(tmp_path, "a.rb", text)
    assert of(tmp_path, "m.go", "os.Create(" * 50)[0].kind == "write"
