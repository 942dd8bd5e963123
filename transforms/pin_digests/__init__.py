"""Name images by the digest that their tag stands for."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Document
from hardenfile.evidence import Evidence
from hardenfile.evidence.pins import Pin, Pins, Unresolved
from hardenfile.rewrite.edit import Edit
from hardenfile.transform import Change, Refusal, Safety, Transform

from .places import Place, places

_KINDS = {
    "application/vnd.oci.image.index.v1+json": "an index",
    "application/vnd.docker.distribution.manifest.list.v2+json": "an index",
    "application/vnd.oci.image.manifest.v1+json": "a single image",
    "application/vnd.docker.distribution.manifest.v2+json": "a single image",
}


@dataclass(frozen=True)
class PinDigests(Transform):
    """A tag is a name that moves; a digest is the image itself. The tag stays for people to read."""

    refresh: bool = False
    contexts: tuple[str, ...] = ()

    id = "pin-digests"
    title = "Pin images by their digest"
    safety = "`safe` with a lock file or `--online`, else refused"
    rules = ("OWASP R13", "Sonar S7023", "hadolint DL3006")
    # What is pinned are the images of the file as it will be.
    after = ("add-checksum", "add-user", "chown-copies", "numeric-user", "prefer-copy", "split-stages")
    why = "a tag can be moved to another image between two builds, a digest cannot"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        asked = False
        for found in places(document, self.contexts):
            if not isinstance(found, Place):
                yield Refusal(self.id, found.reason, found.message, found.line)
            elif found.pinned and not (self.refresh and found.reference.tag is not None and evidence.pins is not None):
                continue
            elif evidence.pins is not None:
                yield from self._pin(found, evidence.pins)
            elif not asked:
                asked = True
                message = f"no digest of {found.reference.familiar} is known: `hardenfile lock`, or --online, gets them"
                yield Refusal(self.id, "offline", message, found.line)

    def _pin(self, place: Place, pins: Pins) -> Iterator[Change | Refusal]:
        reference = place.reference
        try:
            pin = pins.pin(reference)
        except Unresolved as error:
            yield Refusal(self.id, "unknown", str(error), place.line)
            return
        if pin is None:
            message = f"{reference.familiar} is not in {pins.name}: `hardenfile lock` adds it"
            yield Refusal(self.id, "unknown", message, place.line)
        elif pin.digest != reference.digest:
            latest = ":latest" if reference.tag is None else ""
            yield Change(
                self.id,
                f"{'Move' if place.pinned else 'Pin'} {_shown(reference.familiar, place.pinned)} in {place.where}",
                place.line,
                Safety.SAFE,
                (Edit(place.end, f"{latest}@{pin.digest}"),),
                (_fact(pins.name, pin),),
                self.rules,
                self.why,
            )


def _shown(name: str, pinned: bool) -> str:
    return name.partition("@")[0] if pinned else name


def _fact(who: str, pin: Pin) -> str:
    kind = _KINDS.get(pin.media_type, "")
    parts = [f"{who} has it as {pin.digest}", kind, f"resolved {pin.resolved}" if pin.resolved else ""]
    return ", ".join(part for part in parts if part)
