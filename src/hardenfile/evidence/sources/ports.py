"""Ports that a source listens on, by the calls that frameworks have for it."""

from collections.abc import Iterator

from .branches import Branches

_PORT = Branches(
    ((".listen(",), r"""\.listen\(\s*(?:\{[^}]{0,80}?port\s*:\s*)?["']?(?P<listen>\d{1,5})\b"""),
    (
        ("ListenAndServe", ".Run", ".Start", ".Listen"),
        r"""(?:ListenAndServe(?:TLS)?|\.(?:Run|RunTLS|Start|StartTLS|Listen|ListenTLS))\(\s*
        "[\w.\[\]:]*?:(?P<serve>\d{1,5})["]""",
    ),
    (("net.Listen",), r"""net\.Listen(?:Packet|TCP|UDP)?\(\s*"\w+",\s*"[^"\n]*:(?P<net>\d{1,5})["]"""),
    (("Addr",), r"""\bAddr\s*:\s*"[\w.\[\]]*:(?P<addr>\d{1,5})["]"""),
    (("ServerSocket(",), r"""ServerSocket\(\s*(?P<socket>\d{1,5})\b"""),
    (("InetSocketAddress(",), r"""InetSocketAddress\(\s*(?:"[^"\n]*",\s*)?(?P<inet>\d{1,5})\s*\)"""),
    (
        ("::bind(", ".bind(", "::new(", ".serve("),
        r"""(?:::bind|\.bind|::new|\.serve)\(\s*&?"[\d.\[\]:]*:(?P<bind>\d{1,5})["]""",
    ),
    ((".bind(",), r"""\.bind\(\s*\(\s*["'][\d.]*["']\s*,\s*(?P<tuple>\d{1,5})\s*\)"""),
    (("([",), r"""\(\[\s*\d+(?:\s*,\s*\d+){3,7}\s*\]\s*,\s*(?P<array>\d{1,5})\s*\)"""),
    (("UseUrls(",), r"""UseUrls\(\s*"[^"\n]*?:(?P<urls>\d{1,5})\b"""),
    (("ListenAnyIP(", "ListenLocalhost("), r"""Listen(?:AnyIP|Localhost)\(\s*(?P<kestrel>\d{1,5})\b"""),
    (("htons(",), r"""\bhtons\(\s*(?P<htons>\d{1,5})\s*\)"""),
    (
        ("serve(", "run(", "embeddedServer(", "listen(", "Server(", "runApp(", "run_app("),
        r"""\b(?:serve|run|embeddedServer|listen|Server|createServer|runApp|run_app|app\.run)\([^()\n]{0,120}?
        \bport\s*[:=]\s*(?P<keyword>\d{1,5})\b""",
    ),
    ((":port",), r"""\bset\s+:port,\s*(?P<sinatra>\d{1,5})\b"""),
    (
        ("PORT",),
        r"""\b(?:getenv|Getenv|env|ENV|environ)\b[^\n;]{0,20}?\bPORT["'`)\]]*\s*(?:\|\||\?\?|\bor\b|\?:|,)\s*
        (?:Number\(|parseInt\()?["'`]?:?(?P<default>\d{1,5})\b""",
    ),
    (
        ("Server(", "TCPServer.new("),
        r"""(?:Server|HttpServer|TcpServer|TCPServer\.new)\(\s*["'][\d.:]*["']\s*,\s*(?P<php>\d{1,5})\b""",
    ),
    (("ENV.fetch(",), r"""\bport\s+ENV\.fetch\(\s*["']PORT["']\s*\)\s*(?:\{\s*|,\s*)(?P<puma>\d{1,5})"""),
    (("cowboy",), r"""cowboy[^\n]{0,120}?\bport:\s*(?P<cowboy>\d{1,5})\b"""),
)


def ports(text: str, group: str) -> Iterator[tuple[int, int]]:
    """Offsets and port numbers of what listens in a source without comments."""
    pattern = _PORT.within(text)
    for match in pattern.finditer(text) if pattern else ():
        number = int(match[match.lastgroup or 0])
        # Elsewhere a listen() of a socket has the length of its queue.
        if 0 < number < 65536 and (match.lastgroup != "listen" or group in ("js", "other")):
            yield match.start(), number
