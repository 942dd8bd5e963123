"""Ports that a source listens on, by the calls that frameworks have for it."""

import re
from collections.abc import Iterator

_PORT = re.compile(
    r"""\.listen\(\s*(?:\{[^}]{0,80}?port\s*:\s*)?["']?(?P<listen>\d{1,5})\b
    |(?:ListenAndServe(?:TLS)?|\.(?:Run|RunTLS|Start|StartTLS|Listen|ListenTLS))\(\s*"[\w.\[\]:]*?:(?P<serve>\d{1,5})"
    |net\.Listen(?:Packet|TCP|UDP)?\(\s*"\w+",\s*"[^"\n]*:(?P<net>\d{1,5})"
    |\bAddr\s*:\s*"[\w.\[\]]*:(?P<addr>\d{1,5})"
    |ServerSocket\(\s*(?P<socket>\d{1,5})\b
    |InetSocketAddress\(\s*(?:"[^"\n]*",\s*)?(?P<inet>\d{1,5})\s*\)
    |(?:::bind|\.bind|::new|\.serve)\(\s*&?"[\d.\[\]:]*:(?P<bind>\d{1,5})"
    |\.bind\(\s*\(\s*["'][\d.]*["']\s*,\s*(?P<tuple>\d{1,5})\s*\)
    |\(\[\s*\d+(?:\s*,\s*\d+){3,7}\s*\]\s*,\s*(?P<array>\d{1,5})\s*\)
    |UseUrls\(\s*"[^"\n]*?:(?P<urls>\d{1,5})\b
    |Listen(?:AnyIP|Localhost)\(\s*(?P<kestrel>\d{1,5})\b
    |\bhtons\(\s*(?P<htons>\d{1,5})\s*\)
    |\b(?:serve|run|embeddedServer|listen|Server|createServer|runApp|run_app|app\.run)\([^()\n]{0,120}?\bport\s*[:=]\s*
     (?P<keyword>\d{1,5})\b
    |\bset\s+:port,\s*(?P<sinatra>\d{1,5})\b
    |\b(?:getenv|Getenv|env|ENV|environ)\b[^\n;]{0,20}?\bPORT["'`)\]]*\s*(?:\|\||\?\?|\bor\b|\?:|,)\s*
     (?:Number\(|parseInt\()?["'`]?:?(?P<default>\d{1,5})\b
    |(?:Server|HttpServer|TcpServer|TCPServer\.new)\(\s*["'][\d.:]*["']\s*,\s*(?P<php>\d{1,5})\b
    |\bport\s+ENV\.fetch\(\s*["']PORT["']\s*\)\s*(?:\{\s*|,\s*)(?P<puma>\d{1,5})
    |cowboy[^\n]{0,120}?\bport:\s*(?P<cowboy>\d{1,5})\b""",
    re.X,
)


def ports(text: str, group: str) -> Iterator[tuple[int, int]]:
    """Offsets and port numbers of what listens in a source without comments."""
    for match in _PORT.finditer(text):
        number = int(match[match.lastgroup or 0])
        # Elsewhere a listen() of a socket has the length of its queue.
        if 0 < number < 65536 and (match.lastgroup != "listen" or group in ("js", "other")):
            yield match.start(), number
