""".NET: the folder that `dotnet publish` leaves, on the image of ASP.NET or of the runtime alone."""

import dataclasses
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import within

from ..compiled import cached, check_split, feeding, filled, kept_workdir
from ..contract import own_environment
from ..needed import left_behind, named_files
from ..runtime import at
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Step
from ..survey import Survey
from .project import ENDINGS, Project, needs_web, projects_in, read_project

_SOURCES = frozenset((".cs", ".fs", ".vb", ".cshtml", ".razor"))
_BUILT_IN = frozenset(
    "global.json packages.lock.json launchSettings.json libman.json stylecop.json bundleconfig.json".split()
)
_ONLY_BUILD = (
    *ENDINGS,
    ".sln",
    ".slnx",
    ".props",
    ".targets",
    ".cshtml",
    ".razor",
    ".resx",
    ".ruleset",
    ".user",
    ".proto",
)
_TAKES_VALUE = frozenset(
    "-c --configuration -o --output -r --runtime -f --framework -a --arch --os -v --verbosity --version-suffix "
    "--source -s --manifest --artifacts-path --configfile --packages".split()
)
_CLAIMED = frozenset("restore build publish test clean nuget tool workload msbuild format sln new add pack".split())
_STARTS = re.compile(r"\bProcess\s*\.\s*Start\s*\(|\bnew\s+ProcessStartInfo\b")
_NATIVE = re.compile(
    r"\b(?:DllImport|LibraryImport)\s*\(\s*\"(?!libc\b|libc\.so)([^\"]+)\"|\bNativeLibrary\s*\.\s*Load\b"
)
_SIZE = 1_000_000  # bytes of a source file that are read at most


@dataclass(frozen=True, slots=True)
class Publish:
    """One `dotnet publish`: the folder that it fills, the projects that it may be of."""

    step: Step
    output: str
    projects: tuple[Project, ...]
    options: dict[str, str | None]

    def says(self, project: Project, name: str) -> bool:
        """Whether a property is true, by the command or the project."""
        given = {key.lower(): value for key, value in self.options.items()}
        value = given.get(name.lower())
        return value.lower() == "true" if value else project.says(name)


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that publishes a .NET program; None where none is. Raises Unfit."""
    steps = [step for step in survey.runs("dotnet") if step.arguments[:1] == ("publish",)]
    if not steps:
        if any(step.arguments[:1] == ("build",) for step in survey.runs("dotnet")):
            raise Unfit(
                "artefact", "`dotnet build` leaves what it builds among the sources: only `publish` is followed"
            )
        return None
    if not survey.name.endswith("/sdk"):
        raise Unfit("no-runtime", f"which image has the runtime alone of {survey.stage.base.text} is not known")
    published = [_publish(survey, step) for step in steps]
    publish, project, program = _started(survey, published)
    if cached(publish.step, publish.output):
        raise Unfit("artefact", f"{publish.output} lies in a cache, and in no image", publish.step.run)
    claimed = frozenset(_claimed(survey, published))
    runtime, facts, doubts = _runtime(survey, publish, project)
    trees, more = _files(survey, claimed, publish)
    culture, packages = _culture(survey)
    what = f"{publish.output} is what line {publish.step.run.first_line} publishes, and {program} starts"
    split = Split(
        "dotnet",
        runtime,
        (Tree(publish.output, publish.output, what, built=True), *trees),
        claimed,
        settings=(*kept_workdir(survey, runtime), *culture, *_urls(survey)),
        intended=own_environment(survey.stage, survey.base, runtime.image)
        | {"ENV ASPNETCORE_URLS", "ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "CMD"}
        | {f"EXPOSE {port}/tcp" for port in runtime.image.ports},
        packages=packages,
        facts=facts,
        doubts=(*doubts, *more),
    )
    check_split(survey, split)
    return split


def _publish(survey: Survey, step: Step) -> Publish:
    """What one command publishes, and where to. Raises Unfit where that cannot be told."""
    if step.cwd is None or not step.always:
        raise Unfit("unclear-step", "where, or whether, it is published cannot be told", step.run)
    options, named = _options(step)
    path = step.path(named) if named else step.cwd
    if path is None:
        raise Unfit("artefact", "which project is published cannot be told", step.run)
    if path.endswith(ENDINGS):
        files = [path]
    elif path.endswith((".sln", ".slnx")):
        files = projects_in(survey, posixpath.dirname(path), deep=True)
    else:
        files = projects_in(survey, path, deep=False) or projects_in(survey, path, deep=True)
    projects = tuple(project for file in files if (project := read_project(survey, file)) is not None)
    if not projects:
        raise Unfit("no-manifest", f"no project file of {path} is in the context", step.run)
    output = options.get("-o", options.get("--output", ""))
    if output is None:
        raise Unfit("artefact", "the folder that is published to is only known in the build", step.run)
    if output:
        return Publish(step, step.path(output) or output, projects, options)
    if len(projects) > 1:
        raise Unfit("artefact", "several projects are published, each to a folder of its own", step.run)
    return Publish(step, _usual_output(survey, step, projects[0], options), projects, options)


def _options(step: Step) -> tuple[dict[str, str | None], str]:
    options: dict[str, str | None] = {}
    named, option = "", ""
    for word in step.arguments[1:]:
        if option:
            options[option] = word
            option = ""
        elif word is None:
            continue
        elif re.match(r"(?:-|--|/)p(?:roperty)?[:=]", word):
            for part in re.split("[;,]", re.split("[:=]", word, maxsplit=1)[1]):
                key, _, value = part.partition("=")
                options[key] = value.strip("\"'")
        elif word.startswith("--self-contained"):
            options["SelfContained"] = word.partition("=")[2] or "true"
        elif word == "--no-self-contained":
            options["SelfContained"] = "false"
        elif word in _TAKES_VALUE:
            option = word
        elif word.startswith("-") and re.search("[=:]", word):
            key, value = re.split("[=:]", word, maxsplit=1)
            options[key] = value
        elif not word.startswith(("-", "/p")) and word not in ("true", "false"):
            named = word
        elif word in ("true", "false") and options.get("SelfContained"):
            options["SelfContained"] = word
    return options, named


def _usual_output(survey: Survey, step: Step, project: Project, options: dict[str, str | None]) -> str:
    """Where `dotnet publish` without -o leaves a project."""
    configuration = options.get("-c", options.get("--configuration"))
    framework = options.get("-f", options.get("--framework")) or project.properties.get("TargetFramework", "")
    moved = {"BaseOutputPath", "OutputPath", "PublishDir", "UseArtifactsOutput", "AppendTargetFrameworkToOutputPath"}
    if not configuration or not framework or moved & {*project.properties, *options}:
        message = f"where {survey.layout.source_of(project.path)} is published to cannot be told"
        raise Unfit("artefact", message, step.run)
    rid = options.get("-r", options.get("--runtime")) or project.properties.get("RuntimeIdentifier", "")
    return posixpath.join(project.folder, "bin", configuration, framework, rid or "", "publish")


def _started(survey: Survey, published: list[Publish]) -> tuple[Publish, Project, str]:
    """What starts: the folder that it lies in, its project, its path. Raises Unfit where that is not published."""
    names: list[str] = []
    for command in reversed(survey.start.commands):
        words = [word for word in command.words if word is not None]
        program = next((word for word in words[1:] if word.endswith(".dll")), "") if command.program == "dotnet" else ""
        program = program or (words[0] if words and "/" in words[0] else "")
        if not program:
            continue
        path = posixpath.normpath(posixpath.join(survey.workdir, program))
        for publish in reversed(published):
            if posixpath.dirname(path) != publish.output:
                continue
            for project in publish.projects:
                names.append(f"{project.assembly}.dll")
                if posixpath.basename(path) in (f"{project.assembly}.dll", project.assembly):
                    return publish, project, path
    shown = " or ".join(sorted(set(names))) or " or ".join(one.output for one in published)
    raise Unfit("artefact", f"it publishes {shown}, and what starts is not that", survey.start.at)


def _claimed(survey: Survey, published: list[Publish]) -> Iterator[Step | Instruction]:
    last = max((one.step.run for one in published), key=lambda run: run.begin)
    folders = [one.step.cwd or "/" for one in published]
    folders += [project.folder for one in published for project in one.projects]
    for step in survey.runs("dotnet"):
        if step.run.begin <= last.begin and step.arguments[:1] and step.arguments[0] in _CLAIMED:
            folders.append(step.cwd or "/")
            yield step
    yield from feeding(survey, [folder for folder in folders if folder != "/"], last)


def _runtime(survey: Survey, publish: Publish, project: Project) -> tuple[Runtime, tuple[str, ...], tuple[str, ...]]:
    """The image, what is known of it, and what is not. Raises Unfit where it is another .NET than the project's."""
    doubts: list[str] = []
    where = survey.layout.source_of(project.path)
    if project.sdk == "Microsoft.NET.Sdk.BlazorWebAssembly":
        raise Unfit("artefact", f"{where} is for browsers, and runs on no image")
    found = re.match(r"(\d+\.\d+)(?:\.\d+)?(?=-|\Z)", survey.tag)
    whole = publish.says(project, "SelfContained") or publish.says(project, "PublishAot")
    if (
        not whole
        and found
        and project.release
        and project.release != found[1]
        and not project.properties.get("RollForward")
    ):
        message = f"{where} is for .NET {project.release}, and {survey.stage.base.text} brings {found[1]}"
        raise Unfit("artefact", message, publish.step.run)
    if not found or not project.release:
        doubts.append(f"whether {where} is for the release of .NET that {survey.stage.base.text} brings is not known")
    if whole:
        image, why = "runtime-deps", f"{where} is published with the runtime in it"
    elif needs_web(survey, project):
        image, why = "aspnet", f"{where} is for ASP.NET ({project.sdk})"
    else:
        image, why = "runtime", f"{where} is a console program ({project.sdk})"
    tag = survey.tag
    if re.match(r"\d+\.\d+\.\d+", tag):
        tag = re.sub(r"\A(\d+\.\d+)\.\d+", r"\1", tag)
        doubts.append(f"{survey.tag} is a version of the SDK and of no runtime: {image}:{tag} follows newer ones")
    reference = dataclasses.replace(survey.reference, tag=tag, digest=None)
    text = f"{reference.familiar.rpartition('/sdk')[0]}/{image}:{tag}"
    if "core/" not in text and survey.variable_base and "$" in survey.stage.base_word.text:
        text = _followed(survey, text)
    fact = f"{survey.stage.base.text} is built on the images of the runtime with the same tag"
    return at(survey, text, fact), (why,), tuple(doubts)


def _followed(survey: Survey, text: str) -> str:
    """The image named by the variable that FROM has for its tag. Raises Unfit where it has another one."""
    found = re.fullmatch(r"(.*/)sdk:(.*)", survey.stage.base_word.text)
    if found is None or "$" in found[1] or not text.endswith(f":{survey.tag}"):
        raw = survey.stage.base_word.text
        raise Unfit("variable-base", f"{raw}: a build argument chooses the image, and {text} would not follow it")
    return f"{text.removesuffix(survey.tag)}{found[2]}"


def _culture(survey: Survey) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """On Alpine, only the SDK has what cultures and time zones need: the setting and the packages."""
    name = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"
    if survey.base.family != "alpine":
        return (), ()
    own = survey.stage.env.get(name)
    if own is not None:
        return (), ()
    why = f"{survey.stage.base.text} has it and sets {name}=false, the image of the runtime does not"
    return (f"ENV {name}=false",), tuple((package, why) for package in ("icu-libs", "icu-data-full", "tzdata"))


def _urls(survey: Survey) -> tuple[str, ...]:
    """Before 8, the image of ASP.NET listens on port 80 and the SDK empties the setting for it."""
    if "ASPNETCORE_URLS" in survey.stage.env or ("ASPNETCORE_HTTP_PORTS", "8080") in survey.base.env:
        return ()
    return ('ENV ASPNETCORE_URLS=""',)


def _files(
    survey: Survey, claimed: frozenset[Step | Instruction], publish: Publish
) -> tuple[tuple[Tree, ...], tuple[str, ...]]:
    """The files beside the published folder, and what is not known of them."""
    folders = filled(survey, claimed)
    inside = survey.workdir == publish.output

    def packed(path: str) -> bool:
        parts = path.split("/")
        below = {"bin", "obj", "Properties", "node_modules"} & set(parts[:-1])
        return inside or path.endswith(_ONLY_BUILD) or bool(below) or _implied(path, survey)

    named = named_files(survey, _SOURCES, folders, _BUILT_IN, (), packed)
    trees = list(named.trees)
    doubts = list(left_behind(named))
    if not inside:
        implied = dict.fromkeys(_top(path, survey) for path, _ in survey.files if _implied(path, survey))
        trees += [Tree(one, one, f"ASP.NET reads {one} from the working directory") for one in implied]
    for path, entry in survey.files:
        if not path.endswith((".cs", ".fs", ".vb")) or not any(within(path, folder) for folder in folders):
            continue
        text = (survey.context.read(entry.path, _SIZE) or b"").decode("utf-8", "replace")
        where = survey.layout.source_of(path)
        if _STARTS.search(text):
            doubts.append(f"{where} starts other programs, which the final image may not have")
        if _NATIVE.search(text):
            doubts.append(f"{where} loads a native library, which was not followed")
        if inside and any(
            f'"{folder}/' in text for folder in folders if folder != "/" and not within(publish.output, folder)
        ):
            doubts.append(f"{where} names a path among the sources")
    return tuple(trees), tuple(dict.fromkeys(doubts))


def _implied(path: str, survey: Survey) -> bool:
    """Whether a host reads the file from the working directory without being told to."""
    below = posixpath.relpath(path, survey.workdir)
    return re.fullmatch(r"appsettings(?:\.[\w-]+)?\.json|wwwroot/.*", below) is not None


def _top(path: str, survey: Survey) -> str:
    return posixpath.join(survey.workdir, posixpath.relpath(path, survey.workdir).split("/")[0])
