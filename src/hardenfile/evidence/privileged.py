"""Programs that need root when they start, and those that step down from it by themselves."""

from collections.abc import Iterable
from typing import NamedTuple

from .start import StartCommand


class NeedsRoot(NamedTuple):
    """A reason code and a sentence for a refusal."""

    reason: str
    message: str
    line: int | None


_DROPS = frozenset({"gosu", "su-exec", "setpriv", "chpst", "runuser", "setuidgid", "s6-setuidgid", "su"})
_SERVERS = {
    "nginx": "nginx's master process starts as root and opens its port and its logs",
    "openresty": "OpenResty's master process starts as root and opens its port and its logs",
    "httpd": "httpd's parent process starts as root and opens its port and its logs",
    "httpd-foreground": "httpd's parent process starts as root and opens its port and its logs",
    "apache2": "Apache's parent process starts as root and opens its port and its logs",
    "apache2ctl": "Apache's parent process starts as root and opens its port and its logs",
    "apachectl": "Apache's parent process starts as root and opens its port and its logs",
    "apache2-foreground": "Apache's parent process starts as root and opens its port and its logs",
    "sshd": "sshd needs root to change to the user that logs in",
    "crond": "cron needs root to run jobs as their users",
    "cron": "cron needs root to run jobs as their users",
    "dockerd": "the Docker daemon needs root",
    "dockerd-entrypoint.sh": "the Docker daemon needs root",
    "containerd": "containerd needs root",
    "systemd": "systemd needs root",
    "supervisord": "supervisord starts its programs as the users that its configuration names",
    "s6-svscan": "s6 needs root to start services as their users",
    "s6-overlay-init": "s6 needs root to start services as their users",
    "runsvdir": "runit needs root to start services as their users",
    "my_init": "the base image's init needs root",
    "rsyslogd": "rsyslogd opens the system's log",
    "dnsmasq": "dnsmasq opens low ports and drops by itself",
    "named": "named opens port 53 and drops by itself",
    "openvpn": "OpenVPN makes network devices",
    "wg-quick": "WireGuard makes network devices",
    "smbd": "smbd changes to the user that connects",
    "vsftpd": "vsftpd changes to the user that logs in",
    "proftpd": "ProFTPD changes to the user that logs in",
    "postfix": "Postfix starts its parts as their users",
    "dovecot": "Dovecot changes to the user that logs in",
    "slapd": "slapd opens port 389 and drops by itself",
    "squid": "Squid opens its logs and drops by itself",
    "keepalived": "keepalived changes network addresses",
}
_ACTS = {
    "chown": "changes owners",
    "chgrp": "changes groups",
    "useradd": "creates a user",
    "adduser": "creates a user",
    "usermod": "changes a user",
    "groupmod": "changes a group",
    "apt-get": "installs packages",
    "apt": "installs packages",
    "apk": "installs packages",
    "yum": "installs packages",
    "dnf": "installs packages",
    "microdnf": "installs packages",
    "service": "starts a system service",
    "systemctl": "starts a system service",
    "rc-service": "starts a system service",
    "iptables": "changes the firewall",
    "sysctl": "changes the kernel's settings",
    "mount": "mounts a file system",
    "update-ca-certificates": "changes the system's certificates",
    "sudo": "asks for root",
    "mknod": "makes devices",
    "setcap": "changes a file's capabilities",
    "ldconfig": "changes the loader's cache",
    "a2enmod": "changes Apache's configuration",
    "a2ensite": "changes Apache's configuration",
}
_INITS = ("/init", "/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd", "/usr/sbin/init")


def needs_root(commands: Iterable[StartCommand]) -> NeedsRoot | None:
    """The first command at start that cannot do its work without root, or that gives root up by itself."""
    commands = [command for command in commands if command.program is not None]
    for command in commands:
        if command.program in _DROPS:
            message = f"{command.where} steps down from root by itself with {command.program}"
            return NeedsRoot("drops", message, command.line)
    for command in commands:
        program = command.program or ""
        if program in _SERVERS:
            return NeedsRoot("needs-root", f"{_SERVERS[program]} ({command.where})", command.line)
        if command.words[0] in _INITS:
            return NeedsRoot("needs-root", f"{command.where} starts the init {command.words[0]}", command.line)
        if program in _ACTS:
            return NeedsRoot("needs-root", f"{command.where} {_ACTS[program]} at run time with {program}", command.line)
    return None
