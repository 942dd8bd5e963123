"""A base image by its own config, which is better evidence than any table."""

from dataclasses import replace
from typing import TYPE_CHECKING

from .images import BaseImage

if TYPE_CHECKING:
    from .registry import ImageConfig


def described(config: "ImageConfig", known: BaseImage | None, name: str) -> BaseImage:
    """What the config says, and where no config says anything what the table knows.

    That is the family, the tools and the users: of an image that is not listed they are unknown, with low confidence.
    """
    base = known or _unlisted(name)
    user = config.user.partition(":")[0]
    return replace(
        base,
        default_user="root" if user in ("", "0", "root") else config.user,
        entrypoint=config.entrypoint,
        cmd=config.cmd,
        # What is known of an entrypoint that steps down holds for that entrypoint only.
        drops=base.drops and base.entrypoint == config.entrypoint,
        workdir=config.working_dir or "/",
        env=tuple(config.env.items()),
        ports=tuple(port.removesuffix("/tcp") for port in config.exposed_ports),
        volumes=config.volumes,
        onbuild=bool(config.on_build),
        source=f"the image's own config, {config.digest}",
    )


def _unlisted(name: str) -> BaseImage:
    return BaseImage(
        name=name,
        family="other",
        libc="unknown",
        user_tool="",
        shell="",
        default_user="root",
        app_user=None,
        taken_uids=(),
        taken_gids=(),
        entrypoint=None,
        cmd=None,
        drops=False,
        needs_root="",
        writable=(),
        workdir="",
        env=(),
        ports=(),
        volumes=(),
        runtime="",
        onbuild=False,
        eol="",
        confidence="L",
        source="",
    )
