"""The image of the final stage: the counterpart of the base that was built on, of the same family and version."""

from hardenfile.evidence.images import runtime_of
from hardenfile.evidence.reference import ImageReference

from .split import Runtime, Unfit
from .survey import Survey

# What Debian's images of a release are called.
_DEBIAN = {"trixie": "13", "bookworm": "12", "bullseye": "11", "buster": "10"}


def counterpart(survey: Survey) -> Runtime:
    """The smaller variant of the base image itself; the base image where there is none."""
    text = runtime_of(survey.reference, survey.base) or survey.reference.familiar
    if survey.variable_base:
        raw = survey.stage.base_word.text
        text = _with_variables(survey, text)
        if "$" not in text:
            raise Unfit("variable-base", f"{raw}: a build argument chooses the image, and {text} would not follow it")
    return at(survey, text)


def the_base_itself(survey: Survey) -> Runtime:
    """The same image once more: what it brings stays, what the build added goes."""
    return Runtime(
        survey.stage.base_word.text,
        survey.base,
        (f"the final stage starts from {survey.stage.base_word.text} as before",),
    )


def distribution(survey: Survey) -> Runtime:
    """The plain image of the distribution that the base is built on: `debian:bookworm-slim`, `alpine:3.20`.

    Raises Unfit where the tag does not tell the release: another release may bring an older libc.
    """
    base = survey.base
    if base.family == "alpine":
        words = [word for word in survey.tag.split("-") if word.startswith("alpine")]
        release = words[0][len("alpine") :] if words else ""
        text, shown = f"alpine:{release}", f"Alpine {release}"
    else:
        release = survey.codename if base.family == "debian" and survey.codename in _DEBIAN else ""
        text, shown = f"debian:{release}-slim", f"Debian {release}"
    if not release:
        raise Unfit(
            "unknown-libc", f"which release of which distribution {survey.stage.base.text} is built on is not known"
        )
    if survey.variable_base and release not in survey.stage.base_word.text:
        raise Unfit(
            "variable-base", f"a build argument chooses the release that {survey.stage.base_word.text} is built on"
        )
    return at(survey, text, f"{survey.stage.base.text} is built on {shown}")


def at(survey: Survey, text: str, why: str = "", *, static: bool = False) -> Runtime:
    """An image by its name, with what is known of it; a `static` program runs on any.

    Raises Unfit where nothing is known of it, or it has another libc.
    """
    resolved = _resolved(survey, text)
    reference = ImageReference.parse(resolved)
    image = survey.evidence.images.look_up(reference) if reference is not None else None
    if image is None or image.confidence == "L":
        raise Unfit("no-runtime", f"nothing is known of {text}, which the final stage would start from")
    if not static and image.libc != survey.base.libc:
        raise Unfit("other-libc", f"{text} has another C library than {survey.stage.base.text}")
    doubts = []
    if survey.reference.digest is not None and text != survey.stage.base_word.text:
        doubts.append(f"the base image is pinned by digest and {text} is not: pin-digests can do that")
    fact = why or f"{text} is the counterpart of {survey.stage.base.text}"
    return Runtime(text, image, (fact,), tuple(doubts))


def _with_variables(survey: Survey, text: str) -> str:
    """The name with the variables of FROM where their values stand, so that a build argument moves both stages."""
    raw, value = survey.stage.base_word.text, survey.stage.base.text
    if raw == value:
        return text
    start = len(_common(raw, value))
    end = len(_common(raw[::-1], value[::-1]))
    variable, filling = raw[start : len(raw) - end], value[start : len(value) - end]
    if not filling or not text.startswith(value[:start] + filling):
        return text
    return value[:start] + variable + text[start + len(filling) :]


def _resolved(survey: Survey, text: str) -> str:
    raw, value = survey.stage.base_word.text, survey.stage.base.text
    start, end = len(_common(raw, value)), len(_common(raw[::-1], value[::-1]))
    variable = raw[start : len(raw) - end]
    return text.replace(variable, value[start : len(value) - end]) if variable else text


def _common(one: str, other: str) -> str:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs or mine == "$":
            break
        length += 1
    return one[:length]
