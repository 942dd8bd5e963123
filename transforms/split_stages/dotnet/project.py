"""A .NET project as its project file and the Directory.Build.props above it tell it."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ..compiled import read_xml
from ..split import Unfit
from ..survey import Survey

ENDINGS = (".csproj", ".fsproj", ".vbproj")
_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Project:
    """One project. `references` are the projects that it uses, `packages` what it takes from NuGet."""

    path: str
    sdk: str
    properties: dict[str, str]
    packages: frozenset[str]
    frameworks: frozenset[str]
    references: tuple[str, ...]

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def assembly(self) -> str:
        """The name of what it makes, without an ending; empty where it cannot be told."""
        name = self.properties.get("AssemblyName", "")
        stem = posixpath.splitext(posixpath.basename(self.path))[0]
        if "$(" in name:
            name = name.replace("$(MSBuildProjectName)", stem)
            return "" if "$(" in name else name
        return name or stem

    @property
    def release(self) -> str:
        """The release of .NET that it is for (`8.0`); empty where it names none, or several."""
        found = re.fullmatch(r"net(?:coreapp)?(\d+\.\d+)(?:-\w+)?", self.properties.get("TargetFramework", ""))
        return found[1] if found else ""

    def says(self, name: str) -> bool:
        """Whether a property is set to true."""
        return self.properties.get(name, "").lower() == "true"


def read_project(survey: Survey, path: str) -> Project | None:
    """The project of a file of the image; None where the context does not hold it. Raises Unfit for broken XML."""
    text = survey.text(path)
    if text is None:
        return None
    root = read_xml(text, survey.layout.source_of(path))
    properties: dict[str, str] = {}
    for shared in reversed(list(_above(survey, posixpath.dirname(path)))):
        properties.update(_properties(shared))
    properties.update(_properties(root))
    sdk = root.get("Sdk", "") or next((one.get("Name", "") for one in _all(root, "Sdk")), "")
    if not sdk:
        raise Unfit("artefact", f"{survey.layout.source_of(path)} names no Sdk")
    return Project(
        path,
        sdk.partition("/")[0],
        properties,
        frozenset(one.get("Include", "") for one in _all(root, "PackageReference")),
        frozenset(one.get("Include", "") for one in _all(root, "FrameworkReference")),
        tuple(
            posixpath.normpath(posixpath.join(posixpath.dirname(path), one.get("Include", "").replace("\\", "/")))
            for one in _all(root, "ProjectReference")
        ),
    )


def needs_web(survey: Survey, project: Project, seen: frozenset[str] = frozenset()) -> bool:
    """Whether it, or a project that it uses, needs what only the image of ASP.NET has."""
    if project.sdk in ("Microsoft.NET.Sdk.Web", "Microsoft.NET.Sdk.Razor"):
        return True
    if any("AspNetCore" in name for name in (*project.frameworks, *project.packages)):
        return True
    for path in project.references:
        if path not in seen and len(seen) < _DEPTH:
            other = read_project(survey, path)
            if other is None or needs_web(survey, other, seen | {project.path}):
                return True
    return False


def projects_in(survey: Survey, folder: str, *, deep: bool) -> list[str]:
    """The project files in a folder, or anywhere below it."""
    return [
        path
        for path, _ in survey.files
        if path.endswith(ENDINGS)
        and (path.startswith(f"{folder.rstrip('/')}/") if deep else posixpath.dirname(path) == folder)
    ]


def _above(survey: Survey, folder: str) -> Iterator[Element]:
    while True:
        path = posixpath.join(folder, "Directory.Build.props")
        text = survey.text(path)
        if text is not None:
            yield read_xml(text, survey.layout.source_of(path))
            return  # the nearest one alone holds
        if folder == "/":
            return
        folder = posixpath.dirname(folder)


def _properties(root: Element) -> dict[str, str]:
    return {
        _tag(one): (one.text or "").strip()
        for group in root
        if _tag(group) == "PropertyGroup"
        for one in group
        if not one.get("Condition") and not group.get("Condition")
    }


def _all(root: Element, name: str) -> Iterator[Element]:
    return (one for one in root.iter() if _tag(one) == name)


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
