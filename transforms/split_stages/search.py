"""Where programs are looked for: the search path of the old image and of the new one."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from hardenfile.evidence.images import BaseImage

from .programs import brought
from .split import Split
from .survey import Survey

_USUAL = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PATH = re.compile(r"\$(?:PATH\b|\{PATH\})")


def search_path(survey: Survey, image: BaseImage) -> list[str]:
    """The folders of PATH on top of an image, with what the file's ENV lines make of it."""
    path = dict(image.env).get("PATH", _USUAL)
    for one in survey.stage.each("ENV"):
        values = survey.stage.values(one)
        for name, value, raw in zip(values[::3], values[1::3], one.args[1::3], strict=False):
            if name.text == "PATH" and value.missing <= {"PATH"}:
                path = value.text if value.known else _PATH.sub(path, raw.strip('"'))
    return [folder for folder in path.split(":") if folder.startswith("/")]


def on_search_path(survey: Survey, split: Split) -> Split:
    """The same conversion, with `ENV PATH` where a file that starts by its bare name would not be found any more."""
    names = {command.words[0] for command in survey.start.commands if command.words and command.words[0]}
    check = survey.stage.final.healthcheck
    if check is not None:
        names.update(check.args[1:2] if check.json else check.value.split())
    folders = search_path(survey, split.runtime.image)
    missing = tuple(
        dict.fromkeys(
            folder for folder in _folders(names - brought(split.runtime.image), split) if folder not in folders
        )
    )
    if not missing:
        return split
    if any(line.startswith("ENV PATH") for line in split.settings):
        return split
    line = f"ENV PATH={':'.join(missing)}:$PATH"
    return replace(split, settings=(*split.settings, line), intended=split.intended | {"ENV PATH"})


def _folders(names: set[str], split: Split) -> Iterator[str]:
    """The folders of the copied files that a bare name stands for."""
    for tree in split.trees:
        folder, name = posixpath.split(tree.target)
        if name in names:
            yield folder
