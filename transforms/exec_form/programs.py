"""Whether the kernel can start a program by itself: a shell also runs scripts with no `#!` line."""

import posixpath
import re
from typing import NamedTuple

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.stages import Stage
from hardenfile.evidence import Evidence
from hardenfile.evidence.layout import Layout

# What comes as a binary, or as a script whose first line names its interpreter.
_KNOWN = frozenset(
    "sh bash ash dash ksh zsh fish busybox env nice nohup tail cat sleep top less ls tee find xargs date uname "
    "hostname node nodejs npm npx yarn pnpm corepack nodemon ts-node tsx next nuxt vite pm2 pm2-runtime deno bun "
    "serve http-server java jshell mvn gradle sbt lein clojure kotlin scala groovy catalina.sh ruby irb bundle "
    "rails rake puma unicorn rackup thin sidekiq jekyll php php-fpm composer apache2-foreground httpd-foreground "
    "apachectl apache2ctl apache2 httpd nginx caddy traefik haproxy varnishd lighttpd perl plackup starman python "
    "python2 python3 pypy pypy3 pip pip3 gunicorn uvicorn hypercorn daphne waitress-serve flask celery streamlit "
    "fastapi uwsgi django-admin poetry pipenv uv jupyter jupyter-lab jupyter-notebook ipython airflow superset "
    "mkdocs sphinx-build pytest tox scrapy locust supervisord supervisorctl dotnet mix elixir iex erl R Rscript "
    "julia lua go cargo rustc make cmake tini dumb-init gosu su-exec sshd cron crond dockerd redis-server "
    "redis-cli mysqld mysql mysqld_safe mariadbd postgres psql mongod mongo mongosh mongos memcached rabbitmq-server "
    "elasticsearch etcd consul vault prometheus grafana-server openssl curl wget git ssh rsync ping nc socat "
    "iperf3 dnsmasq named squid vim nano htop stress-ng terraform kubectl helm aws ansible ansible-playbook".split()
)
_VERSIONED = re.compile(r"(?:python|pypy|pip|php|php-fpm|node|ruby|perl|lua|java)[0-9.]+\Z")
_SYSTEM = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_MAGIC = (b"#!", b"\x7fELF")
_SIZE = 50_000_000  # bytes; a larger file counts as not seen
_TOUCHES_NOT = re.compile(r"\b(?:chmod|chown|chgrp|dos2unix|ls|test)\b")


class Program(NamedTuple):
    """Whether it is sure that the kernel starts the program as the shell would, or that it cannot, and why."""

    sure: bool
    text: str
    impossible: bool = False


def judge(program: str, stage: Stage, evidence: Evidence) -> Program:
    """Look at the file where the Dockerfile brings one, and else go by the name."""
    row = evidence.base_image(stage)
    layout = Layout(stage, evidence.context, row.workdir if row is not None else None)
    name = posixpath.basename(program)
    for path in _places(program, layout, stage):
        written = next((run for part in stage.chain for run in part.each("RUN") if _may_write(run, path)), None)
        if written is not None:
            return Program(False, f"line {written.first_line} writes {path}, and whether with `#!` was not seen")
        if not layout.fills(path):
            continue
        data = layout.read(path, _SIZE)
        changed = next((run for part in stage.chain for run in part.each("RUN") if _may_change(run, name)), None)
        if data is not None and changed is not None:
            return Program(False, f"line {changed.first_line} may have changed {path} after it was copied")
        if data is not None and data.startswith(_MAGIC):
            kind = "names its interpreter in its first line" if data.startswith(b"#!") else "is an ELF binary"
            return Program(True, f"{path} {kind}")
        if data is not None:
            return Program(False, f"{path} has no `#!` line, so only a shell can start it", impossible=True)
        hidden = any(one.target == path and one.folder is False and not one.stage for one in layout.placed)
        if hidden or path in ("/", program) or posixpath.dirname(path) not in _SYSTEM or name not in _KNOWN:
            return Program(False, f"whether {path} can be started without a shell was not seen")
    folder = posixpath.dirname(program)
    if (name in _KNOWN or _VERSIONED.match(name)) and (not folder or folder in _SYSTEM):
        return Program(True, f"{name} is a program of its own, not a command of the shell")
    return Program(False, f"whether {program} can be started without a shell was not seen")


def _places(program: str, layout: Layout, stage: Stage) -> list[str]:
    if program.startswith("/"):
        return [posixpath.normpath(program)]
    if "/" in program:
        workdir = layout.workdir_at(stage.final)
        return [posixpath.normpath(posixpath.join(workdir, program))] if workdir is not None else []
    path = stage.env.get("PATH")
    folders = [one for one in path.text.split(":") if one.startswith("/")] if path is not None else []
    return [posixpath.join(folder, program) for folder in dict.fromkeys((*folders, *_SYSTEM))]


def _may_write(run: Instruction, path: str) -> bool:
    """Whether a RUN writes a text of its own, or what it downloads, to a path."""
    texts = (run.logical, *(heredoc.body for heredoc in run.heredocs))
    writes = re.compile(rf"(?:>|\b(?:tee|curl|wget)\b[^&|;\n]*\s)\s*[\"']?{re.escape(path)}(?![\w./-])")
    return any(path in text and writes.search(text) for text in texts)


def _may_change(run: Instruction, name: str) -> bool:
    """Whether a RUN names the file and may leave another text in it."""
    texts = (run.logical, *(heredoc.body for heredoc in run.heredocs))
    if not any(name in text for text in texts):
        return False
    if run.json or run.heredocs or run.shell.refusal:
        return True
    for command in run.shell.commands:
        text = run.value[command.span.start : command.span.end]
        if name in text and (command.redirects or not _TOUCHES_NOT.match(text)):
            return True
    return False
