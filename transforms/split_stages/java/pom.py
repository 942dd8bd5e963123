"""A Maven project as its pom.xml files tell it, local parents included."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ..compiled import read_xml
from ..survey import Survey

_VARIABLE = re.compile(r"\$\{([^{}]+)\}")
_DEPTH = 8
# Parents that leave the name of the jar as Maven has it.
_KNOWN_PARENTS = frozenset(("spring-boot-starter-parent", "micronaut-parent", "oss-parent"))


@dataclass(frozen=True, slots=True)
class Pom:
    """One project with its local parents, nearest first. `given` are the properties of the command line.

    `external` is the artifactId of a parent that the context does not hold; empty where there is none.
    """

    path: str
    roots: tuple[Element, ...]
    external: str
    given: Mapping[str, str | None]
    profiles: frozenset[str]

    def text(self, name: str) -> str | None:
        """A child of the project itself, variables filled in; None where it is absent or cannot be told."""
        found = child(self.roots[0], name)
        return self.filled(found.text) if found is not None else None

    @property
    def artifact(self) -> str | None:
        return self.text("artifactId")

    @property
    def version(self) -> str | None:
        """Its own version, else its parent's."""
        own = child(self.roots[0], "version")
        if own is None:
            own = child(self.roots[0], "parent", "version")
        return self.filled(own.text) if own is not None else None

    @property
    def packaging(self) -> str:
        return self.text("packaging") or "jar"

    @property
    def final_name(self) -> str | None:
        """The name of the jar without its ending; None where it cannot be told."""
        for section in self.builds():
            found = child(section, "finalName")
            if found is not None:
                return self.filled(found.text)
        if self.artifact is None or self.version is None:
            return None
        return f"{self.artifact}-{self.version}"

    @property
    def output(self) -> str | None:
        """The folder of the results, absolute in the image."""
        for section in self.builds():
            found = child(section, "directory")
            if found is not None:
                named = self.filled(found.text)
                return None if named is None else posixpath.normpath(posixpath.join(self.folder, named))
        return posixpath.join(self.folder, "target")

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def unsure(self) -> str:
        """Why the name of the jar may be another; empty where it is sure."""
        if any("$" in name for name in self.profiles) and child(self.roots[0], "profiles") is not None:
            return f"which profiles of {self.path} hold is only known in the build"
        if self.external not in ("", *_KNOWN_PARENTS):
            return f"the parent {self.external} of {self.path} was not seen"
        return ""

    def builds(self) -> Iterator[Element]:
        """The build sections that hold, nearest first; those of active profiles before their project's own."""
        for root in self.roots:
            for profile in children(root, "profiles", "profile"):
                build = child(profile, "build")
                if build is not None and self._active(profile):
                    yield build
            build = child(root, "build")
            if build is not None:
                yield build

    def _active(self, profile: Element) -> bool:
        identity = child(profile, "id")
        name = (identity.text or "").strip() if identity is not None else ""
        default = child(profile, "activation", "activeByDefault")
        by_default = default is not None and (default.text or "").strip() == "true" and not self.profiles
        return name in self.profiles or by_default

    def plugin(self, name: str) -> list[Element]:
        """What is said of a plugin that the build uses, nearest first; empty where it does not use it."""
        used = [one for section in self.builds() for one in children(section, "plugins", "plugin") if _is(one, name)]
        if not used:
            return []
        managed = [
            one
            for section in self.builds()
            for one in children(section, "pluginManagement", "plugins", "plugin")
            if _is(one, name)
        ]
        return [*used, *managed]

    def setting(self, plugin: list[Element], *names: str) -> str | None:
        """A setting of a plugin, whichever execution has it; None where it is absent, or cannot be told."""
        for one in plugin:
            for section in one.iter():
                if tag(section) == "configuration":
                    found = child(section, *names)
                    if found is not None:
                        return self.filled(found.text)
        return None

    def filled(self, text: str | None, depth: int = 0) -> str | None:
        """A text with its variables filled in; None where one is not known."""
        if text is None or depth > _DEPTH:
            return None
        text = text.strip()
        values = {match[1]: self._property(match[1], depth) for match in _VARIABLE.finditer(text)}
        if None in values.values():
            return None
        return _VARIABLE.sub(lambda match: values[match[1]] or "", text)

    def _property(self, name: str, depth: int) -> str | None:
        if name in self.given:
            return self.given[name]
        for root in self.roots:
            for holder in (*children(root, "profiles", "profile"), root):
                if tag(holder) == "profile" and not self._active(holder):
                    continue
                found = child(holder, "properties", name)
                if found is not None:
                    return self.filled(found.text or "", depth + 1)
        if name in ("project.build.directory", "build.directory"):
            return posixpath.join(self.folder, "target")
        if name in ("project.basedir", "basedir", "project.baseUri"):
            return self.folder
        if name.startswith("project.parent."):
            found = child(self.roots[0], "parent", name.rpartition(".")[2])
            return self.filled(found.text, depth + 1) if found is not None else None
        own = name.removeprefix("project.").removeprefix("pom.")
        if own == "version":
            return self.version if depth < _DEPTH else None
        if own == "build.finalName":
            return self.final_name if depth < _DEPTH else None
        if own in ("artifactId", "name", "packaging"):
            found = child(self.roots[0], own)
            return self.filled(found.text, depth + 1) if found is not None else None
        if own == "groupId":
            found = child(self.roots[0], "groupId")
            if found is None:
                found = child(self.roots[0], "parent", "groupId")
            return self.filled(found.text, depth + 1) if found is not None else None
        return None

    @property
    def modules(self) -> tuple[str, ...]:
        """The folders of its modules, absolute in the image."""
        named = [
            *children(self.roots[0], "modules", "module"),
            *(
                one
                for profile in children(self.roots[0], "profiles", "profile")
                for one in children(profile, "modules", "module")
            ),
        ]
        return tuple(posixpath.normpath(posixpath.join(self.folder, (one.text or "").strip())) for one in named)

    @property
    def dependencies(self) -> bool:
        """Whether it uses a library when it runs."""
        for root in self.roots:
            for one in children(root, "dependencies", "dependency"):
                scope = child(one, "scope")
                if scope is None or (scope.text or "").strip() not in ("test", "provided", "import"):
                    return True
        return False


def read_pom(survey: Survey, path: str, given: Mapping[str, str | None], profiles: frozenset[str]) -> Pom | None:
    """The project of a pom.xml of the image; None where the context does not hold it. Raises Unfit for broken XML."""
    roots: list[Element] = []
    external, at = "", path
    for _ in range(_DEPTH):
        text = survey.text(at)
        if text is None:
            break
        roots.append(read_xml(text, survey.layout.source_of(at)))
        parent = child(roots[-1], "parent")
        external = ""
        if parent is None:
            break
        name = child(parent, "artifactId")
        external = (name.text or "").strip() if name is not None else "?"
        relative = child(parent, "relativePath")
        way = (relative.text or "").strip() if relative is not None else "../pom.xml"
        if not way:
            break
        at = posixpath.normpath(posixpath.join(posixpath.dirname(at), way))
        if not at.endswith(".xml"):
            at = posixpath.join(at, "pom.xml")
        text = survey.text(at)
        if text is None or not _declares(text, external):
            break
    return Pom(path, tuple(roots), external, given, profiles) if roots else None


def _declares(text: str, artifact: str) -> bool:
    return f"<artifactId>{artifact}</artifactId>" in text


def tag(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, *names: str) -> Iterator[Element]:
    """The elements at the end of a path of names."""
    for one in element:
        if tag(one) == names[0]:
            if len(names) == 1:
                yield one
            else:
                yield from children(one, *names[1:])


def child(element: Element, *names: str) -> Element | None:
    """The first element at the end of a path of names."""
    return next(children(element, *names), None)


def _is(plugin: Element, name: str) -> bool:
    found = child(plugin, "artifactId")
    return found is not None and (found.text or "").strip() == name
