"""The image with a Java runtime that stands beside an image with a JDK."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..runtime import at, the_base_itself
from ..split import Runtime, Unfit
from ..steps import Role, role
from ..survey import Survey

# Releases of which eclipse-temurin has a JRE.
_RELEASES = frozenset((8, 11, 17, *range(18, 27)))
_OWN_JRE = {
    "eclipse-temurin": re.compile(r"(?P<version>\d[\d._]*)(?:-jdk)?(?P<rest>(?:-[a-z][\w.-]*)?)\Z"),
    "ibm-semeru-runtimes": re.compile(r"(?P<version>open-\d[\w.]*)-jdk(?P<rest>(?:-[a-z][\w.-]*)?)\Z"),
    "sapmachine": re.compile(r"(?P<version>\d[\w.]*)-jdk(?P<rest>(?:-[a-z][\w.-]*)?)\Z"),
}
_VENDOR = re.compile(
    r"(?:eclipse-)?(?P<vendor>temurin|openjdk|amazoncorretto|corretto|ibm-semeru|semeru|sapmachine|graalvm|liberica|zulu|jdk)-?(?P<release>\d+)"
)
_TEMURIN = ("temurin", "jdk")  # of a tag of gradle: temurin is what it takes
_PACKAGES = (
    (re.compile(r"(openjdk-\d+|default)-jdk(-headless)?\Z"), r"\1-jre\2"),
    (re.compile(r"(openjdk\d+)(?:-jdk)?\Z"), r"\1-jre"),
    (re.compile(r"(java-[\d.]+-openjdk)-devel\Z"), r"\1"),
    (re.compile(r"(temurin-\d+)-jdk\Z"), r"\1-jre"),
)
_CODENAME = re.compile(r"-(noble|jammy|focal)\b")


@dataclass(frozen=True, slots=True)
class _Java:
    """Which Java an image has. `release` is its number as the tag says it; `foreign`: it is no build of temurin."""

    release: str
    foreign: str


def jre(survey: Survey, *, same_family: bool) -> Runtime:
    """The image with the Java runtime of the same release and C library. Raises Unfit where there is none."""
    name = survey.name.rpartition("/")[2] if survey.name.endswith(tuple(_OWN_JRE)) else survey.name
    if any(runtime_packages_of(survey)):
        return the_base_itself(survey)
    if name in _OWN_JRE:
        version, text = _own(survey, _OWN_JRE[name])
        return _followed(survey, at(survey, text), version)
    java = _java(survey, name)
    if java.foreign and same_family:
        return the_base_itself(survey)
    if int(java.release) not in _RELEASES:
        raise Unfit("no-runtime", f"eclipse-temurin has no runtime of Java {java.release}")
    text = f"eclipse-temurin:{java.release}-jre{_ending(survey, java)}"
    runtime = at(survey, text, f"{survey.stage.base.text} has Java {java.release}")
    if java.foreign:
        doubt = f"{java.foreign} has no image with the runtime alone: {text} is another build of Java {java.release}"
        if survey.base.family == "rpm":
            doubt += ", on Ubuntu"
        runtime = dataclasses.replace(runtime, doubts=(*runtime.doubts, doubt))
    return _followed(survey, runtime, java.release)


def runtime_packages_of(survey: Survey) -> Iterator[tuple[str, str]]:
    """For each package of a JDK that the file installs, its name and the name of the one with the runtime."""
    for step in survey.runs("apt-get", "apt", "apk", "dnf", "yum", "microdnf"):
        if "install" in step.words or "add" in step.words:
            for word in step.arguments:
                for pattern, runtime in _PACKAGES:
                    found = pattern.match(word or "")
                    if found is not None:
                        yield found[0], found.expand(runtime)


def _own(survey: Survey, pattern: re.Pattern[str]) -> tuple[str, str]:
    """The version that the tag names, and the image of the same name with the runtime."""
    found = pattern.match(survey.tag)
    if found is None or "jre" in survey.tag:
        raise Unfit("no-runtime", f"which Java {survey.stage.base.text} brings cannot be told from its tag")
    tag = f"{found['version']}-jre{found['rest']}"
    return found["version"], dataclasses.replace(survey.reference, tag=tag, digest=None).familiar


def _java(survey: Survey, name: str) -> _Java:
    tag = survey.tag
    if name in ("maven", "gradle"):
        found = _VENDOR.search(tag)
        if found is None:
            raise Unfit("no-runtime", f"which Java {survey.stage.base.text} brings cannot be told from its tag")
        vendor = found["vendor"]
        if re.search("graal|semeru|corretto|openjdk|liberica|zulu|sapmachine", tag) or (
            name == "maven" and vendor == "jdk"
        ):
            return _Java(found["release"], f"the Java of {survey.stage.base.text}")
        return _Java(found["release"], "")
    if name in ("openjdk", "amazoncorretto", "public.ecr.aws/amazoncorretto/amazoncorretto"):
        found = re.match(r"(\d+)", tag)
        if found is not None:
            return _Java(found[1], survey.name)
    raise Unfit("no-runtime", f"which image has the Java runtime of {survey.stage.base.text} alone is not known")


def _ending(survey: Survey, java: _Java) -> str:
    if survey.base.family == "alpine":
        return "-alpine"
    codename = _CODENAME.search(f"-{survey.tag}")
    if codename and not java.foreign:
        return f"-{codename[1]}"
    # The image of the default tag has a user of its own with the number 1000.
    numbered = {"1000", "-u1000", "--uid=1000", "--gid=1000"}
    taken = any(role(step) is Role.ACCOUNT and numbered & {word or "" for word in step.words} for step in survey.steps)
    return "-jammy" if taken else ""


def _followed(survey: Survey, runtime: Runtime, release: str) -> Runtime:
    """The runtime named by the variable of FROM that holds nothing but the release, where there is one."""
    raw = survey.stage.base_word.text
    if "$" not in raw or "$" in runtime.text:
        return runtime
    found = re.search(r"(?:temurin|openjdk|corretto|jdk)-?(\$\{\w+\}|\$\w+)", raw) or re.search(
        r":(\$\{\w+\}|\$\w+)", raw
    )
    variable = found[1] if found else ""
    expected = survey.stage.base.text
    if variable and raw.count("$") >= 1 and release in expected:
        rest = re.escape(raw).replace(re.escape(variable), f"({re.escape(release)})")
        rest = re.sub(r"(?:\\\$\\\{\w+\\\}|\\\$\w+)", r"[^/]+", rest)
        if re.fullmatch(rest, expected):
            return dataclasses.replace(runtime, text=runtime.text.replace(f":{release}-", f":{variable}-", 1))
    if any(
        word in raw
        for word in (f"temurin-{release}", f"corretto-{release}", f"jdk{release}", f"jdk-{release}", f":{release}")
    ):
        return runtime  # what varies is the version of the build tool
    doubt = f"a build argument chooses the Java of {raw}, and {runtime.text} would not follow it"
    return dataclasses.replace(runtime, doubts=(*runtime.doubts, doubt))
