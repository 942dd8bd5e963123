"""Whether uv takes the interpreter of the image: one that it downloads would be missing in the final stage."""

import posixpath
import re

from ..split import Unfit
from ..survey import Survey
from .distributions import read_listed
from .installs import Found, Install


def check_interpreter(survey: Survey, found: Found, minor: str) -> None:
    """Raise Unfit where uv may bring an interpreter of its own, which the final stage would lack."""
    for one in found.installs:
        if one.tool != "uv-sync":
            continue
        downloads = survey.stage.env.get("UV_PYTHON_DOWNLOADS")
        if downloads is not None and downloads.text.lower() in ("0", "never", "false"):
            continue
        folder = one.step.cwd or "/"
        pinned = survey.text(posixpath.join(folder, ".python-version"))
        wanted = re.search(r"requires-python\s*=\s*[\"']([^\"']*)", _manifest(survey, one))
        if not minor or (pinned and not re.match(rf"(?:cpython-)?{re.escape(minor)}(?:\.\d+)?\s*\Z", pinned)):
            raise Unfit("artefact", "uv may download an interpreter of its own", one.step.run)
        if wanted is None or not allows(wanted[1], minor):
            raise Unfit("artefact", "whether uv takes the image's interpreter cannot be told", one.step.run)


def _manifest(survey: Survey, one: Install) -> str:
    return read_listed(survey, one, "pyproject.toml") or ""


def allows(wanted: str, minor: str) -> bool:
    """Whether a version of Python, any patch of it, is within `requires-python`."""
    own = _numbers(minor)
    for part in wanted.split(","):
        parsed = re.match(r"\s*(>=|<=|<|>|~=|==)\s*(\d+(?:\.\d+)*)(\.\*)?\s*\Z", part)
        if parsed is None:
            return False
        sign, named = parsed[1], _numbers(parsed[2])
        if sign == ">=" and not (len(named) <= 2 and own >= named):
            return False
        if sign == "<" and not own < named[:2]:
            return False
        if sign == "~=" and not (len(named) == 2 and own >= named and own[0] == named[0]):
            return False
        if sign == "==" and not (parsed[3] and named == own):
            return False
        if sign in ("<=", ">"):
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
