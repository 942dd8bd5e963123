"""What is known beyond the Dockerfile: its context, its base images, the application."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hardenfile.dockerfile import Document
from hardenfile.dockerfile.stages import Stage
from hardenfile.errors import UsageError

if TYPE_CHECKING:
    from .context import BuildContext
    from .images import BaseImage, Images
    from .pins import Pins
    from .reference import ImageReference
    from .registry import ImageConfig


@dataclass(frozen=True)
class Evidence:
    """What the transforms may lean on. `context` is None where nothing is known of one.

    `target` is the stage that ships, by name or index; None is the last one.
    """

    context: "BuildContext | None" = None
    target: str | None = None
    image_rows: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    pins: "Pins | None" = None
    """Who knows digests of images and checksums of downloads; None where nobody is asked."""
    configs: "Callable[[ImageReference, str | None], ImageConfig | None] | None" = None
    """What a registry says of an image on a platform; None where none is asked."""
    modules: dict[bytes, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was read of Python modules in this run, by the hash of their content."""
    bases: "dict[tuple[str, str | None], BaseImage | None]" = field(default_factory=dict, repr=False, compare=False)
    """What was found out of base images in this run, by their name and platform."""

    @cached_property
    def images(self) -> "Images":
        """What is known of base images, the user's own rows included."""
        from .images import Images

        return Images(self.image_rows)

    def final_stage(self, document: Document) -> Stage | None:
        """The stage that ships; None in a file with no stage. Raises UsageError where the target is none of them."""
        stages = document.stages
        if self.target is None or not stages:
            return stages[-1] if stages else None
        for stage in reversed(stages):
            if self.target.lower() == stage.name or self.target == str(stage.index):
                return stage
        names = ", ".join(stage.name or str(stage.index) for stage in stages)
        raise UsageError(f"{document.path}: no stage is called {self.target!r}; there are: {names}")

    def base_image(self, stage: Stage) -> "BaseImage | None":
        """What is known of the image at the end of the stage's FROM chain; None where nothing is.

        What the image says of itself beats what is listed of it.
        """
        base, platform = stage.root.base, stage.root.platform
        if not base.known:
            return None
        key = base.text, platform.value if platform is not None else None
        if key not in self.bases:
            self.bases[key] = self._base_image(*key)
        return self.bases[key]

    def _base_image(self, name: str, platform: str | None) -> "BaseImage | None":
        from .described import described
        from .reference import ImageReference

        reference = ImageReference.parse(name)
        if reference is None:
            return None
        known = self.images.look_up(reference)
        if self.configs is None or name == "scratch":
            return known
        wanted = platform if platform is not None and "$" not in (platform or "$") else None
        config = self.configs(reference, wanted)
        return known if config is None else described(config, known, reference.familiar)
