"""Whether the programs that start, check the health, or set up the final stage are in its image."""

import re
from collections.abc import Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.shell import read_shell
from hardenfile.evidence.images import BaseImage

from .split import Split, Unfit
from .steps import read_steps
from .survey import Survey

# What the full image of a family holds and its small counterpart does not (buildpack-deps, Debian's and Alpine's own).
_ONLY_IN_FULL = frozenset(
    "curl wget git hg svn bzr ssh scp ssh-keyscan gpg dirmngr unzip xz bzip2 file gcc g++ cc c++ make cmake "
    "autoconf automake libtool patch python3 python python2 perl ps top netstat ifconfig ping nc ncat telnet "
    "jq rsync less vim vi nano sudo mysql psql redis-cli convert magick identify ffmpeg go mvn gradle cargo "
    "rustc javac jar jcmd jmap jstack jps keytool dotnet composer bundle gem npm npx yarn pnpm node ruby php "
    "java pkg-config pgrep pkill pidof free uptime watch sysctl ss ip nslookup dig host lsof killall fuser".split()
)

_SUBSTITUTED = re.compile(r"(?:\$\(|`)\s*([\w./-]+)")


def check_programs(survey: Survey, split: Split) -> None:
    """Raise Unfit for a program that the final stage runs and its image is not known to hold."""
    for at, name, where in _run(survey, split):
        if not _there(name, survey, split):
            message = f"{where} runs {name}, which {split.runtime.text} is not known to hold"
            raise Unfit("missing-program", message, at)


def _run(survey: Survey, split: Split) -> Iterator[tuple[Instruction | None, str, str]]:
    start = survey.start
    for command in start.commands if not split.intended >= {"CMD", "ENTRYPOINT"} else ():
        if command.program:
            yield start.at, command.program, command.where
    for where, text in _texts(survey) if not split.intended >= {"CMD", "ENTRYPOINT"} else ():
        for name in _SUBSTITUTED.findall(re.sub(r"(?m)^\s*#.*", "", text)):
            yield start.at, name.rpartition("/")[2], where
    check = survey.stage.final.healthcheck
    if check is not None:
        words = check.args[1:] if check.json else ()
        if words:
            yield check, words[0].rpartition("/")[2], f"the HEALTHCHECK of line {check.first_line}"
        elif not check.json:
            for one in read_shell(check.value.partition(" ")[2]).commands:
                if one.name:
                    yield check, one.name.rpartition("/")[2], f"the HEALTHCHECK of line {check.first_line}"
    last = survey.last(split.claimed)
    for step in read_steps(survey.stage, survey.layout):
        if step.run.begin > last.begin and step.name:
            yield step.run, step.name, f"line {step.run.first_line}"


def _texts(survey: Survey) -> Iterator[tuple[str, str]]:
    """The scripts that start, and shell forms: commands whose output is put in are none of the start's own."""
    for script in survey.start.scripts:
        yield script, (survey.context.read(script) or b"").decode("utf-8", "replace")
    for one in (survey.stage.final.entrypoint, survey.stage.final.cmd, survey.stage.final.healthcheck):
        if one is not None:
            yield f"line {one.first_line}", one.value


def _there(name: str, survey: Survey, split: Split) -> bool:
    if name not in _ONLY_IN_FULL:
        return True
    if split.runtime.text == survey.stage.base_word.text and name not in ("pnpm", "pnpx"):
        return True
    if name in ("pnpm", "pnpx") and any("corepack" in one or "npm" in one for one in split.settings):
        return True  # installed once more
    return name in brought(split.runtime.image) or name in installed(survey)


def brought(image: BaseImage) -> frozenset[str]:
    """The programs of the table above that an image is there for."""
    found: set[str] = set()
    for word, programs in _BRINGS.items():
        if word in image.name:
            found.update(programs.split())
    if image.family == "alpine":
        found.update(
            "wget unzip vi ps top netstat ifconfig ping nc less bzip2 xz pgrep pkill pidof free uptime watch "
            "sysctl ip nslookup lsof killall fuser".split()
        )  # BusyBox applets
    if image.family in ("debian", "ubuntu"):
        found.add("perl")  # perl-base is essential
    return frozenset(found)


_BRINGS = {
    "node": "node npm npx yarn",
    "python": "python python3",
    "ruby": "ruby bundle gem",
    "php": "php",
    "temurin": "java keytool",
    "semeru": "java keytool",
    "sapmachine": "java keytool",
    "tomcat": "java",
    "payara": "java",
    "jetty": "java",
    "corretto": "java",
    "dotnet": "dotnet",
}


def installed(survey: Survey) -> frozenset[str]:
    """The names of the packages that the file installs, which programs are mostly called like."""
    found: set[str] = set()
    for step in survey.runs("apt-get", "apt", "apk", "dnf", "yum", "microdnf"):
        found.update(word.partition("=")[0] for word in step.arguments if word)
    return frozenset(found)
