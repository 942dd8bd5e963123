"""Leave compilers, sources and caches in a build stage, and ship a small one with what runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from hardenfile.dockerfile import Document
from hardenfile.errors import HardenfileError
from hardenfile.evidence import Evidence
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.verify import rewrite
from hardenfile.transform import Change, Refusal, Safety, Transform, render

from .assemble import Assembled, assemble
from .blockers import check_before, check_start
from .contract import contract, unintended
from .programs import check_programs
from .search import on_search_path
from .split import Split, Unfit
from .stacks import builds, recognise
from .survey import Survey


@dataclass(frozen=True)
class SplitStages(Transform):
    """What only the build needs is not in the image that runs."""

    runtime: str = field(default="auto", metadata={"choices": ("auto", "same-family")})

    id = "split-stages"
    title = "Split the build from what runs"
    safety = "`safe` by evidence, else `unsafe`, or refused"
    about_stage = True
    after = ("prefer-copy",)
    rules = ("CIS 4.3", "dockle CIS-DI-0003", "tally prefer-multi-stage-build")
    why = "compilers, sources and caches in an image are work for scanners and tools for whoever breaks in"

    def propose(self, document: Document, evidence: Evidence) -> Iterator[Change | Refusal]:
        stage = evidence.final_stage(document)
        if stage is None or not builds(stage):
            return
        try:
            check_before(document, stage)
            survey = Survey(stage, evidence)
            check_start(survey)
            split = recognise(survey, same_family=self.runtime == "same-family")
            split = on_search_path(survey, split)
            check_programs(survey, split)
            assembled = assemble(survey, split, lambda template, **values: render(self, template, **values))
            self._check_contract(document, survey, split, assembled.edits)
        except Unfit as unfit:
            yield self.refuse(unfit.at or stage.instruction, unfit.reason, unfit.message)
            return
        yield self._change(survey, split, assembled)

    def _change(self, survey: Survey, split: Split, assembled: Assembled) -> Change:
        needed = assembled.needed
        doubts = (*split.doubts, *split.runtime.doubts, *needed.doubts)
        dropped = f"the build's packages stay behind: {', '.join(needed.dropped)}" if needed.dropped else ""
        trees = tuple(tree.why for tree in split.trees)
        facts = (*split.facts, *split.runtime.facts, *trees, *needed.facts, *([dropped] if dropped else []))
        return self.change(
            survey.stage.instruction,
            f"Build in one stage and ship {split.runtime.text}",
            *assembled.edits,
            safety=Safety.UNSAFE if doubts else Safety.SAFE,
            evidence=tuple(dict.fromkeys(facts)),
            why="; ".join(dict.fromkeys(doubts)),
        )

    def _check_contract(self, document: Document, survey: Survey, split: Split, edits: tuple[Edit, ...]) -> None:
        """Raise Unfit where the new final stage promises its runner anything else than the old one did."""
        before = contract(survey.stage, survey.base)
        try:
            after = rewrite(document, edits)
        except HardenfileError as error:
            raise Unfit("verify", f"the rewrite does not hold: {error}") from error
        found = unintended(before, contract(after.stages[-1], split.runtime.image), split.intended)
        if found:
            raise Unfit("contract", f"the image would not be run as before: {found[0]}")
