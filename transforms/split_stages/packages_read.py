"""Which packages the build has installed in the end, by the commands of apt, apk, dnf and their like in order."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .split import Unfit
from .steps import Step

_FAMILY = {
    **dict.fromkeys(("apt-get", "apt", "aptitude"), "apt"),
    "apk": "apk",
    **dict.fromkeys(("dnf", "yum", "microdnf", "tdnf"), "rpm"),
    "zypper": "zypper",
}
_FOREIGN = frozenset(("apt-key", "add-apt-repository", "dpkg", "rpm"))
_INSTALL = frozenset("install add in groupinstall reinstall".split())
_REMOVE = frozenset("remove purge erase rm del delete".split())
_UPGRADE = frozenset("upgrade dist-upgrade full-upgrade safe-upgrade up dup".split())
_NOTHING = frozenset(
    "update clean autoclean dist-clean distclean check makecache check-update list info search show policy refresh ref "
    "cache stats help version repolist lr repos".split()
)
_UNUSED = frozenset(("autoremove", "auto-remove", "autopurge"))
# Options with a value of their own, by the manager.
_VALUED = {
    "apt": frozenset(
        "-o --option -c --config-file -t --target-release --default-release -a --host-architecture".split()
    ),
    "apk": frozenset(
        "-t --virtual -X --repository -p --root --keys-dir --repositories-file --cache-dir --arch --wait "
        "--cache-max-age --progress-fd".split()
    ),
    "rpm": frozenset(("-c", "--config", "--installroot", "--releasever", "--enablerepo", "--disablerepo", "--setopt")),
    "zypper": frozenset(("-r", "--repo", "--from", "-t", "--type", "-p", "--plus-repo")),
}
# Options that leave what is installed from where as it is; what is not among them is refused.
_PLAIN = {
    "apt": re.compile(
        r"-[yqfmV]+\Z|-q+=\d\Z|--(?:yes|assume-yes|quiet|fix-missing|fix-broken|no-install-recommends|install-recommends"
        r"|no-install-suggests|install-suggests|allow-downgrades|allow-change-held-packages|allow-remove-essential"
        r"|show-progress|no-upgrade|reinstall|force-yes|purge|auto-remove|autoremove|ignore-missing|no-show-upgraded)\Z"
    ),
    "apk": re.compile(
        r"-[UuqvlfI]+\Z|--(?:no-cache|update|update-cache|upgrade|quiet|verbose|latest|no-progress|purge|force"
        r"|force-refresh|force-overwrite|no-interactive|available|clean-protected|rdepends|no-network|cache-predownload)\Z"
    ),
    "rpm": re.compile(
        r"-[yqv]+\Z|--(?:assumeyes|quiet|verbose|nodocs|best|nobest|allowerasing|skip-broken|refresh|noplugins"
        r"|setopt=[\w.]+=[\w./-]+|noautoremove)\Z"
    ),
    "zypper": re.compile(
        r"-[nylq]+\Z|--(?:non-interactive|no-confirm|no-recommends|auto-agree-with-licenses|quiet|no-refresh|clean-deps"
        r"|allow-downgrade|force-resolution|no-gpg-checks)\Z"
    ),
}
_NAME = re.compile(r"([A-Za-z0-9][\w.+-]*)((?:[=<>~]|~=|>=|<=).*)?\Z")
_PINNED = re.compile(r"[a-z0-9][a-z0-9+.-]*=[\w.:+~*-]+\Z")


@dataclass(frozen=True, slots=True)
class Package:
    """One that is installed in the end. `spec` is how the file asks for it (`curl=7.*`); `flags` the command's own.

    `removed`: it is taken away again, and what it brought along is left (`apt-get remove` without autoremove).
    """

    name: str
    spec: str
    step: Step
    flags: tuple[str, ...]
    removed: bool = False


@dataclass(slots=True)
class Installed:
    """What the package manager did, by the end of the build."""

    manager: str = ""
    program: str = ""
    packages: dict[str, Package] = field(default_factory=dict)
    update: str = ""
    upgrade: str = ""
    environment: str = ""
    groups: list[str] = field(default_factory=list)


def read_installed(steps: Sequence[Step]) -> Installed:
    """The packages after all the steps. Raises Unfit where they are not known, or come from elsewhere."""
    found = Installed()
    virtual: dict[str, list[str]] = {}
    for step in steps:
        _one(step, found, virtual)
    return found


def _one(step: Step, found: Installed, virtual: dict[str, list[str]]) -> None:
    if step.name in _FOREIGN:
        raise _elsewhere(step)
    manager = _FAMILY.get(step.name)
    if manager is None:
        raise _unclear(step)
    if found.manager not in ("", manager):
        raise Unfit("packages", "it installs by two package managers", step.run)
    subcommand, options, names = _parsed(step, manager)
    if subcommand in _NOTHING or subcommand == "":
        if subcommand == "update" and manager == "rpm" and not names:
            subcommand = "upgrade"
        elif subcommand == "update" and manager == "apt":
            found.update = found.update or " ".join(["update", *options])
            return
        else:
            return
    if not step.always or (step.command is not None and step.command.after in ("||", "&")):
        raise Unfit("packages", f"whether `{step.text[:60]}` runs cannot be told", step.run)
    found.manager, found.program = manager, found.program or step.name
    found.environment = found.environment or _frontend(step)
    if subcommand in _UPGRADE:
        found.upgrade = found.upgrade or " ".join([subcommand, *options])
    elif subcommand in _UNUSED:
        _forget(found)
    elif subcommand in _REMOVE:
        _remove(step, manager, options, names, found, virtual)
    elif subcommand in _INSTALL:
        _install(step, manager, options, names, found, virtual, group=subcommand == "groupinstall")
    else:
        raise _unclear(step)


def _parsed(step: Step, manager: str) -> tuple[str, list[str], list[str]]:
    """The subcommand, the options with their values, and the other words."""
    subcommand, options, names = "", [], []
    words = iter([part for word in _words(step) for part in word.split()])
    for word in words:
        if not word.startswith("-"):
            if subcommand:
                names.append(word)
            else:
                subcommand = word
        elif word in _VALUED[manager]:
            options += [word, next(words, "")]
        else:
            options.append(word)
    if subcommand == "group" and names[:1] == ["install"]:
        return "groupinstall", options, names[1:]
    return subcommand, options, names


def _words(step: Step) -> Iterator[str]:
    parsed = step.command.words[1:] if step.command is not None else ()
    for at, word in enumerate(step.arguments):
        if word is not None:
            yield word
            continue
        raw = parsed[at].joined
        if not _PINNED.match(raw):
            raise Unfit("packages", f"what `{step.text[:60]}` installs is only known in the build", step.run)
        yield raw  # a version with a star, which is no file's name


_HARMLESS = re.compile(
    r"(?:-o|--option=?)?\s*(?:Acquire|Dpkg|APT::Install|APT::Get)\b.*|(?:--setopt[ =])[\w.]+=[\w./-]+\Z"
)


def _checked(step: Step, manager: str, options: list[str]) -> tuple[str, ...]:
    """The options. Raises Unfit for one that changes where packages come from, or that is not known."""
    kept = []
    words = iter(options)
    for word in words:
        text = f"{word} {next(words, '')}" if word in _VALUED[manager] else word
        if manager == "apk" and re.match(r"(?:-t |--virtual[ =])", text):
            continue
        harmless = manager in ("apt", "rpm") and _HARMLESS.match(text)
        if not harmless and not _PLAIN[manager].match(text):
            message = f"`{step.name} {word}` is not followed: the packages may come from elsewhere"
            raise Unfit("packages", message, step.run)
        kept.append(text)
    return tuple(kept)


def _install(
    step: Step,
    manager: str,
    options: list[str],
    names: list[str],
    found: Installed,
    virtual: dict[str, list[str]],
    *,
    group: bool,
) -> None:
    flags = _checked(step, manager, options)
    if group or any(name.startswith("@") and manager == "rpm" for name in names):
        if all("evelopment" in " ".join(names) for _ in names):
            found.groups += names
            return
        raise Unfit("packages", f"what is in the group that `{step.text[:60]}` installs is not known", step.run)
    label = _virtual(options)
    if label:
        virtual[label] = []
    for spec in names:
        name = _name(step, manager, spec)
        if label and name in found.packages and not found.packages[name].removed:
            continue  # it stays when the label goes
        if label:
            virtual[label].append(name)
        else:
            for members in virtual.values():
                if name in members:
                    members.remove(name)
        found.packages[name] = Package(name, spec, step, flags)


def _virtual(options: list[str]) -> str:
    for at, word in enumerate(options):
        if word in ("-t", "--virtual"):
            return options[at + 1]
        if word.startswith("--virtual="):
            return word.partition("=")[2]
    return ""


def _name(step: Step, manager: str, spec: str) -> str:
    parsed = _NAME.match(spec)
    if parsed is None or "@" in spec or spec.endswith((".deb", ".rpm", ".apk")) or (manager == "apt" and "/" in spec):
        raise _elsewhere(step)
    name = parsed[1]
    if manager == "apt" and (name.endswith("-") or (name.endswith("+") and not name.endswith("++"))):
        raise Unfit("packages", f"`{spec}` is not followed", step.run)
    if manager == "rpm" and re.search(r"\Aepel-|-release(?:-|\Z)|\Aremi-", name):
        raise _elsewhere(step)
    return name


def _remove(
    step: Step, manager: str, options: list[str], names: list[str], found: Installed, virtual: dict[str, list[str]]
) -> None:
    whole = manager == "apk" or step.name in ("dnf", "microdnf", "tdnf")
    whole = whole or any(word in ("--auto-remove", "--autoremove", "--clean-deps") for word in options)
    for spec in names:
        parsed = _NAME.match(spec) or re.match(r"(\.[\w.+-]+)\Z", spec)
        if parsed is None:
            raise _unclear(step)
        for name in virtual.pop(parsed[1], [parsed[1]]):
            package = found.packages.get(name)
            if package is not None and whole:
                del found.packages[name]
            elif package is not None:
                found.packages[name] = Package(name, package.spec, package.step, package.flags, removed=True)
    if whole:
        _forget(found)


def _forget(found: Installed) -> None:
    """What removed packages brought along goes as well."""
    for name in [name for name, package in found.packages.items() if package.removed]:
        del found.packages[name]


def _frontend(step: Step) -> str:
    assigned = step.command.assignments if step.command is not None else ()
    return next((word.joined for word in assigned if word.joined.startswith("DEBIAN_FRONTEND=")), "")


def _elsewhere(step: Step) -> Unfit:
    return Unfit("packages", f"`{step.text[:60]}` brings packages from elsewhere than the distribution", step.run)


def _unclear(step: Step) -> Unfit:
    return Unfit("packages", f"what `{step.text[:60]}` does to the packages is not followed", step.run)
