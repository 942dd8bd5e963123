"""The plan: what `harden` gives back, and what it does with transforms that misbehave."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import hardenfile
from hardenfile import Change, DidNotSettle, Document, HardenfileError, Overlap, Refusal, Safety, Transform, UsageError
from hardenfile.dockerfile import Span
from hardenfile.evidence import Evidence
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import lines_after, lines_before, replace
from hardenfile.transforms.add_user import AddUser
from hardenfile.transforms.prefer_copy import PreferCopy

SOURCE = b"# app\nFROM alpine:3\n\nADD main.py /app/\nADD data.tar.gz /app/\nADD util.py /app/\nCMD main\n"

Proposals = Iterable[Change | Refusal]


@dataclass(frozen=True)
class Scripted(Transform):
    """Proposes what a test wants."""

    script: Callable[["Scripted", Document], Proposals] = field(kw_only=True)

    id = "scripted"
    title = "Do as the test says"
    rules = ("test 1",)

    def propose(self, document: Document, evidence: Evidence) -> Proposals:
        return self.script(self, document)


@dataclass(frozen=True)
class Early(Scripted):
    """Runs before the scripted one, whatever their names say."""

    id = "zz-early"


@dataclass(frozen=True)
class Late(Scripted):
    """Runs after it."""

    id = "aa-late"
    after = ("zz-early",)


def run(
    script: Callable[[Scripted, Document], Proposals], source: bytes = SOURCE, unsafe: bool = False
) -> hardenfile.Outcome:
    return hardenfile.harden(source, transforms=[Scripted(script=script)], unsafe=unsafe)


def replace_text(transform: Scripted, document: Document, old: str, new: str, safety: Safety = Safety.SAFE) -> Change:
    """A change of the only place that reads `old`, held against the instruction that it stands in."""
    start = document.text.index(old)
    at = next(one for one in document.instructions if one.span.end > start)
    return transform.change(at, f"{old!r} to {new!r}", Edit(Span(start, start + len(old)), new), safety=safety)


# --- what comes back


def test_an_outcome_has_the_names_and_types_that_the_interface_promises() -> None:
    outcome = hardenfile.harden(SOURCE, path="app/Dockerfile", select=["prefer-copy"])
    assert isinstance(outcome.before, Document)
    assert isinstance(outcome.after, Document)
    assert outcome.before.to_bytes() == SOURCE
    assert outcome.changed is True
    first, second = outcome.changes
    assert (first.transform, first.title, first.line) == ("prefer-copy", "Use COPY instead of ADD", 4)
    assert second.line == 6
    assert first.safety is Safety.SAFE
    assert str(first.safety) == "safe"
    assert "CIS 4.9" in first.rules
    assert first.evidence
    assert all(isinstance(fact, str) for fact in (*first.evidence, *first.rules, first.why))
    (refusal,) = outcome.refusals
    assert (refusal.transform, refusal.reason, refusal.line) == ("prefer-copy", "archive", 5)
    assert "data.tar.gz" in refusal.message
    assert (outcome.held, outcome.advice) == ((), ())
    assert [type(one) for one in (outcome.changes, outcome.refusals, outcome.steps)] == [tuple, tuple, tuple]
    assert [(step.transform, step.changes) for step in outcome.steps] == [("prefer-copy", outcome.changes)]
    assert outcome.diff().split("\n")[:2] == ["--- a/app/Dockerfile", "+++ b/app/Dockerfile"]
    assert outcome.after.to_bytes() == SOURCE.replace(b"ADD main", b"COPY main").replace(b"ADD util", b"COPY util")


def test_a_document_has_the_names_that_the_interface_promises() -> None:
    doc = hardenfile.parse('FROM a AS b\nCOPY --chown=1 --link ["x", "/y/"]\nONBUILD RUN <<-E cat\n\tz\nE\nFOO\n')
    assert (doc.escape, len(doc.stages), doc.text.encode()) == ("\\", 1, doc.to_bytes())
    copy, onbuild = doc.instructions[1:3]
    assert (copy.keyword, copy.first_line, copy.last_line, copy.args, copy.json) == ("COPY", 2, 2, ("x", "/y/"), True)
    assert [(flag.name, flag.value) for flag in copy.flags] == [("chown", "1"), ("link", None)]
    assert onbuild.sub is not None
    assert (onbuild.sub.keyword, copy.sub, onbuild.last_line) == ("RUN", None, 5)
    (heredoc,) = onbuild.heredocs
    assert (heredoc.name, heredoc.expand, heredoc.chomp, heredoc.fd, heredoc.body) == ("E", True, True, 0, "\tz\n")
    (problem,) = doc.diagnostics
    assert (problem.line, problem.severity) == (6, "error")
    assert "FOO" in problem.message


def test_nothing_to_do() -> None:
    outcome = hardenfile.harden("FROM alpine:3\nCOPY a /a\n", select=["prefer-copy"])
    assert outcome.changed is False
    assert outcome.diff() == ""
    assert outcome.after is outcome.before
    assert (outcome.changes, outcome.held, outcome.advice, outcome.refusals, outcome.steps) == ((), (), (), (), ())


def test_the_source_may_be_bytes_text_a_path_or_a_document(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(SOURCE)
    after = {
        hardenfile.harden(source, select=["prefer-copy"]).after.to_bytes()
        for source in (SOURCE, SOURCE.decode(), tmp_path / "Dockerfile", hardenfile.parse(SOURCE))
    }
    assert after == {SOURCE.replace(b"ADD main", b"COPY main").replace(b"ADD util", b"COPY util")}
    with pytest.raises(UsageError, match="none: cannot be read: No such file"):
        hardenfile.harden(tmp_path / "none")


def test_the_context_is_evidence(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"\x1f\x8b\x08")
    source = b"FROM alpine:3\nADD blob /\n"
    assert [one.reason for one in hardenfile.harden(source, select=["prefer-copy"]).refusals] == ["unseen"]
    for context in (tmp_path, str(tmp_path)):
        outcome = hardenfile.harden(source, select=["prefer-copy"], context=context)
        assert [one.reason for one in outcome.refusals] == ["archive"]
    with pytest.raises(UsageError, match=r"the context .*none is no folder"):
        hardenfile.harden(source, context=tmp_path / "none")


def test_a_file_with_errors_is_left_alone_and_says_so() -> None:
    outcome = hardenfile.harden(b"FROM alpine:3\nADD main.py /\nNOSUCH thing\n")
    assert outcome.changed is False
    assert outcome.after is outcome.before
    assert [(one.line, one.severity) for one in outcome.before.errors] == [(3, "error")]


@pytest.mark.parametrize("source", [b"", b"\n\n", b"# only words\n", b"ARG A=1\n", b"RUN x\n", b"\xff\xfeF\x00", b"\\"])
def test_hostile_sources_come_back_as_they_were(source: bytes) -> None:
    outcome = hardenfile.harden(source)
    assert outcome.after.to_bytes() == source
    assert not outcome.changed


def test_an_unknown_target_lists_the_stages() -> None:
    source = b"FROM a AS build\nFROM b\nFROM c AS run\n"
    with pytest.raises(UsageError, match=r"no stage is called 'runtime'.*build, 1, run"):
        hardenfile.harden(source, target="runtime")
    for target in ("build", "BUILD", "0", "2", "run"):
        assert hardenfile.harden(source, target=target).before.to_bytes() == source


# --- which transforms run, and with what


def test_select_and_ignore() -> None:
    assert {one.transform for one in hardenfile.harden(SOURCE, select=["prefer-copy"]).changes} == {"prefer-copy"}
    assert not hardenfile.harden(SOURCE, select=[]).changed
    ignoring = hardenfile.harden(SOURCE, ignore=["prefer-copy"], unsafe=True)
    told = (*ignoring.changes, *ignoring.held)
    assert "prefer-copy" not in {one.transform for one in told} | {one.transform for one in ignoring.refusals}


@pytest.mark.parametrize(
    "arguments",
    [{"select": ["prefer-cpoy"]}, {"ignore": ["prefer-cpoy"]}, {"options": {"prefer-cpoy": {}}}],
    ids=["select", "ignore", "options"],
)
def test_an_unknown_id_names_the_nearest(arguments: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError, match=r"'prefer-cpoy' \(did you mean 'prefer-copy'\?\)"):
        hardenfile.harden(SOURCE, **arguments)  # type: ignore[arg-type]


def test_options_by_id_are_the_instances_with_those_options() -> None:
    source = b"FROM debian:12\nCMD sleep 9\n"
    by_id = hardenfile.harden(
        source, options={"add-user": {"uid": 2000}}, select=["add-user", "prefer-copy"], unsafe=True
    )
    by_instance = hardenfile.harden(source, transforms=[AddUser(uid=2000), PreferCopy()], unsafe=True)
    assert by_id.diff() == by_instance.diff()
    assert (by_id.changes, by_id.refusals) == (by_instance.changes, by_instance.refusals)
    assert "USER 2000" in by_id.diff()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"uidd": 1}, r"add-user has no option 'uidd' \(did you mean 'uid'\?\)"),
        ({"uid": "1"}, "uid takes a whole number, not '1'"),
        ({"uid": True}, "uid takes a whole number, not True"),
        ({"name": 1}, "name takes a text, not 1"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        hardenfile.harden(SOURCE, options={"add-user": options})


def test_options_do_not_reach_instances_so_both_together_are_refused() -> None:
    with pytest.raises(UsageError, match="options are for transforms by id"):
        hardenfile.harden(SOURCE, options={"add-user": {"uid": 2000}}, transforms=[AddUser()])


def test_a_transform_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="'add-user' is given twice"):
        hardenfile.harden(SOURCE, transforms=[AddUser(), AddUser(uid=2000)])


def test_the_order_in_which_transforms_are_named_means_nothing() -> None:
    ran: list[str] = []

    def note(transform: Scripted, document: Document) -> Proposals:
        ran.append(transform.id)
        return ()

    early, late = Early(script=note), Late(script=note)
    hardenfile.harden(SOURCE, transforms=[late, early])
    hardenfile.harden(SOURCE, transforms=[early, late])
    assert ran == ["zz-early", "aa-late"] * 2
    sources = {
        hardenfile.harden(SOURCE, transforms=given, unsafe=True).after.text
        for given in ([AddUser(), PreferCopy()], [PreferCopy(), AddUser()])
    }
    assert len(sources) == 1


# --- lines


def insert_two(transform: Scripted, document: Document) -> Iterator[Change]:
    """Two lines above the second instruction, once."""
    if "LABEL" not in document.text:
        second = document.instructions[1]
        yield transform.change(second, "Label", lines_before(second, ["LABEL a=1", "LABEL b=2"]))


def test_lines_are_those_of_the_original_after_earlier_transforms_moved_them() -> None:
    def every(transform: Scripted, document: Document) -> Iterator[Change | Refusal]:
        for one in document.instructions:
            if one.keyword == "ADD" and "main" in one.value:
                yield transform.change(one, "safe", replace(one, one.split.keyword_span, "COPY"))
            elif one.keyword == "ADD" and "util" in one.value:
                edit = replace(one, one.split.keyword_span, "COPY")
                yield transform.change(one, "unsafe", edit, safety=Safety.UNSAFE)
            elif one.keyword == "CMD":
                yield transform.advise(one, "advice", "because")
            else:
                yield transform.refuse(one, one.keyword.lower(), one.value)

    outcome = hardenfile.harden(SOURCE, transforms=[Late(script=every), Early(script=insert_two)])
    assert b"LABEL a=1\nLABEL b=2\nCOPY main.py" in outcome.after.to_bytes()
    assert [(one.title, one.line) for one in outcome.changes] == [("Label", 4), ("safe", 4)]
    assert [(one.title, one.line) for one in outcome.held] == [("unsafe", 6)]
    assert [(one.title, one.line, one.why) for one in outcome.advice] == [("advice", 7, "because")]
    lines = [(one.reason, one.line) for one in outcome.refusals]
    # What was added stands where it was added: above line 4.
    assert lines == [("from", 2), ("label", 4), ("label", 4), ("add", 5)]


def test_lines_below_the_last_one_stay_in_the_file() -> None:
    def append(transform: Scripted, document: Document) -> Iterator[Change]:
        last = document.instructions[-1]
        if last.keyword != "USER":
            yield transform.change(last, "User", lines_after(last, ["USER 1"]))

    def refuse(transform: Scripted, document: Document) -> Iterator[Refusal]:
        yield transform.refuse(document.instructions[-1], "last", "it is the last")

    outcome = hardenfile.harden(b"FROM a\nCMD x", transforms=[Early(script=append), Late(script=refuse)])
    assert outcome.after.to_bytes() == b"FROM a\nCMD x\nUSER 1"
    assert [one.line for one in outcome.refusals] == [2]


# --- safety


def make_copy(safety: Safety) -> Callable[[Scripted, Document], Proposals]:
    def script(transform: Scripted, document: Document) -> Iterator[Change]:
        if "ADD main" in document.text:
            yield replace_text(transform, document, "ADD main", "COPY main", safety)

    return script


def test_unsafe_changes_are_held_until_they_are_asked_for() -> None:
    held = run(make_copy(Safety.UNSAFE))
    assert not held.changed
    assert [(one.safety, one.line) for one in held.held] == [("unsafe", 4)]
    assert held.changes == ()
    applied = run(make_copy(Safety.UNSAFE), unsafe=True)
    assert applied.changed
    assert applied.held == ()
    assert [one.safety for one in applied.changes] == ["unsafe"]


def test_what_is_held_back_only_after_other_changes_is_told_too() -> None:
    def script(transform: Scripted, document: Document) -> Iterator[Change | Refusal]:
        yield transform.refuse(document.instructions[0], "now" if "LABEL" in document.text else "first", "as it is")
        if "ADD main" in document.text:
            yield replace_text(transform, document, "ADD main", "COPY main")
        if "LABEL" in document.text:
            yield replace_text(transform, document, "CMD main", "CMD other", Safety.UNSAFE)

    outcome = hardenfile.harden(SOURCE, transforms=[Early(script=script), Late(script=insert_two)])
    assert [(one.title, one.line) for one in outcome.held] == [("'CMD main' to 'CMD other'", 7)]
    # But what a transform that has worked says of its own result is no news.
    assert [one.reason for one in outcome.refusals] == ["first"]


def test_advice_is_never_applied() -> None:
    outcome = run(make_copy(Safety.ADVICE), unsafe=True)
    assert not outcome.changed
    assert [one.safety for one in outcome.advice] == ["advice"]
    assert (outcome.changes, outcome.held) == ((), ())


# --- transforms that misbehave


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("# app\n", "", "comment would be lost: # app"),
        ("/app/\nADD data", "/app/ \\\nADD data", "outside the instruction's own lines"),
        ("ADD util.py /app/", "ADD util.py /app/ \\", "would"),
        ("ADD util.py /app/\nCMD main\n", "ADD util.py /app/\n# CMD main\n", "1 instructions|instructions where"),
        ("CMD main\n", "NOSUCH main\n", "would be refused: unknown instruction"),
        ("ADD util.py /app/", "ADD util.py", "would be refused: ADD requires"),
        ("CMD main", "RUN <<EOF", "would be refused|would read"),
        ("# app\n", "# escape=`\n# app\n", "directives would change"),
    ],
    ids=["comment", "across", "swallow", "comment-out", "unknown", "arguments", "heredoc", "directive"],
)
@pytest.mark.parametrize("safety", [Safety.SAFE, Safety.UNSAFE])
def test_a_rewrite_that_breaks_something_is_dropped_and_told(old: str, new: str, says: str, safety: Safety) -> None:
    def script(transform: Scripted, document: Document) -> Iterator[Change]:
        if "ADD main" in document.text:
            yield replace_text(transform, document, "ADD main", "COPY main", safety)
        if old in document.text:
            yield replace_text(transform, document, old, new, safety)

    outcome = run(script, unsafe=True)
    assert outcome.after.to_bytes() == SOURCE.replace(b"ADD main", b"COPY main")
    assert [one.line for one in outcome.changes] == [4]
    (refusal,) = outcome.refusals
    assert (refusal.transform, refusal.reason) == ("scripted", "verify")
    assert repr(old) in refusal.message
    assert any(part in refusal.message for part in says.split("|"))
    # Nobody can apply it, so it is not held back either.
    assert outcome.held == ()


def test_what_a_dropped_rewrite_was_about_is_told_by_its_original_line() -> None:
    def script(transform: Scripted, document: Document) -> Iterator[Change]:
        yield replace_text(transform, document, "CMD main", "NOSUCH")

    outcome = hardenfile.harden(SOURCE, transforms=[Early(script=insert_two), Late(script=script)])
    assert [(one.reason, one.line) for one in outcome.refusals] == [("verify", 7)]


def test_overlapping_edits_of_one_transform_raise() -> None:
    def script(transform: Scripted, document: Document) -> Iterator[Change]:
        yield replace_text(transform, document, "ADD main.py", "COPY main.py")
        yield replace_text(transform, document, "main.py /app/", "main.py /srv/")

    with pytest.raises(Overlap, match=r"^Dockerfile: scripted: edits overlap"):
        run(script)


def test_an_edit_outside_of_the_file_raises() -> None:
    def script(transform: Scripted, document: Document) -> Iterator[Change]:
        yield transform.change(document.instructions[0], "Far away", Edit(Span(9_999, 9_999), "x"))

    with pytest.raises(HardenfileError, match=r"^Dockerfile: scripted: .*9999"):
        run(script)


def test_an_exception_names_the_transform_and_the_file() -> None:
    def at_once(transform: Scripted, document: Document) -> Proposals:
        raise KeyError("gone")

    def later(transform: Scripted, document: Document) -> Iterator[Change]:
        yield replace_text(transform, document, "ADD main", "COPY main")
        raise KeyError("gone")

    for script in (at_once, later):
        with pytest.raises(HardenfileError, match=r"^Dockerfile: scripted failed on this file \(KeyError: 'gone'\)$"):
            run(script)


def counter(until: int) -> Callable[[Scripted, Document], Proposals]:
    """Adds one line a round until there are so many."""

    def script(transform: Scripted, document: Document) -> Iterator[Change]:
        labels = document.text.count("LABEL")
        if labels < until:
            yield transform.change(
                document.instructions[0], "More", lines_after(document.instructions[-1], [f"LABEL n={labels}"])
            )

    return script


def test_the_plan_goes_on_until_a_round_moves_nothing() -> None:
    outcome = run(counter(7))
    assert outcome.after.text.count("LABEL") == 7
    assert len(outcome.steps) == 7
    assert outcome.diff().count("\n+LABEL") == 7


def test_a_plan_that_still_moves_after_eight_rounds_did_not_settle() -> None:
    with pytest.raises(DidNotSettle, match=r"^Dockerfile: .*8 rounds"):
        run(counter(8))


def test_two_transforms_that_undo_each_other_did_not_settle() -> None:
    def undo(transform: Scripted, document: Document) -> Iterator[Change]:
        if "COPY main" in document.text:
            yield replace_text(transform, document, "COPY main", "ADD main")

    with pytest.raises(DidNotSettle):
        hardenfile.harden(SOURCE, transforms=[PreferCopy(), Scripted(script=undo)])


# --- a second run


@pytest.mark.parametrize("unsafe", [False, True])
def test_a_second_run_changes_nothing(unsafe: bool) -> None:
    first = hardenfile.harden(SOURCE, unsafe=unsafe)
    again = hardenfile.harden(first.after.to_bytes(), unsafe=unsafe)
    assert first.changed
    assert not again.changed
    assert again.changes == ()
