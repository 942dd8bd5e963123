"""The life of a pull request, rule by rule, with nobody asked."""

from dataclasses import replace

import pytest

from hardenfile.bot.decide import Action, Do, Hardened, Now, Standing, decide, in_place, look, made_by_us
from hardenfile.bot.forge import Commit, PullRequest
from hardenfile.bot.marker import Marker

LABEL = "hardenfile-rebuild"
NOW = Now("k1", "hardenfile/dockerfile-k1", "main", "blob1", "tree1", "config1", "1.0")
DONE = Hardened("output1", "result1")
MARKER = Marker("k1", "blob1", "1.0", "config1", "output1", "result1", "tree1", "head1")


def pull(marker: Marker | None = MARKER, number: int = 7, **changed: object) -> PullRequest:
    body = f"{marker or ''}\nWords."
    return replace(PullRequest(number, NOW.branch, "head1", "main", "Title", body, True), **changed)  # type: ignore[arg-type]


def closed(marker: Marker | None = MARKER, **changed: object) -> PullRequest:
    return pull(marker, **{"open": False, **changed})  # type: ignore[arg-type]


def standing(*pulls: PullRequest, **now: str) -> Standing:
    return Standing(replace(NOW, **now), pulls, LABEL)


def both(one: Standing, hardened: Hardened = DONE, ours: bool = True, room: bool = True) -> Do:
    """What a whole run would do."""
    first = look(one, room)
    return first.do if first.do is not Do.HARDEN else decide(one, hardened, ours).do


def test_nothing_stands_yet() -> None:
    assert both(standing()) is Do.OPEN


def test_nothing_to_change() -> None:
    assert both(standing(), Hardened()) is Do.NOTHING


def test_no_file_and_no_pull_request() -> None:
    assert look(standing(input="")).do is Do.NOTHING


def test_the_limit_keeps_files_from_being_read() -> None:
    assert look(standing(), room=False).do is Do.NOTHING
    assert look(standing(pull()), room=False).do is Do.NOTHING
    assert look(standing(pull(), input="blob2"), room=False).do is Do.HARDEN, "those that are open are kept"


def test_unchanged_is_known_without_reading() -> None:
    assert look(standing(pull())) == Action(Do.NOTHING, "#7 is up to date", pull())


@pytest.mark.parametrize("what", ["input", "tree", "config", "version", "base"])
def test_whatever_moved_has_the_file_read(what: str) -> None:
    assert look(standing(pull(), **{what: "other"})).do is Do.HARDEN


@pytest.mark.parametrize("what", ["tree", "config", "version"])
def test_the_same_output_is_no_reason_to_write(what: str) -> None:
    assert both(standing(pull(), **{what: "other"})) is Do.NOTHING


def test_another_output_is() -> None:
    assert both(standing(pull(), tree="tree2"), Hardened("output2", "result2")) is Do.UPDATE


@pytest.mark.parametrize("what", ["input", "base"])
def test_a_moved_base_file_or_branch_is(what: str) -> None:
    assert both(standing(pull(), **{what: "other"})) is Do.UPDATE


def test_others_commits() -> None:
    theirs = pull(head="theirs")
    assert both(standing(theirs), ours=False) is Do.HANDS_OFF
    assert both(standing(theirs, input="blob2"), Hardened(), ours=False) is Do.HANDS_OFF, "not closed either"
    assert both(standing(replace(theirs, labels=(LABEL,))), ours=False) is Do.UPDATE


def test_what_was_commented_on_is_not_read_again() -> None:
    marker = MARKER.but(hands_off="theirs")
    assert look(standing(pull(marker, head="theirs"), input="blob2")).do is Do.NOTHING
    assert look(standing(pull(marker, head="more of theirs"))).do is Do.NOTHING
    assert look(standing(pull(marker, head="theirs", labels=(LABEL,)))).do is Do.HARDEN
    assert look(standing(pull(marker), input="blob2")).do is Do.HARDEN, "they took their commits back"


def test_our_own_commit_without_its_marker() -> None:
    """A run ended between the branch and the body."""
    assert both(standing(pull(head="head2"))) is Do.UPDATE


def test_labels_and_people_that_a_killed_run_left_out() -> None:
    assert both(standing(pull(MARKER.but(pending="yes")))) is Do.UPDATE


def test_the_diff_vanished() -> None:
    assert both(standing(pull(), input="blob2"), Hardened()) is Do.CLOSE
    assert both(standing(pull(), tree="tree2"), Hardened()) is Do.CLOSE


def test_the_file_is_gone() -> None:
    assert look(standing(pull(), input="")).do is Do.CLOSE


def test_a_close_that_ended_in_the_middle_goes_on() -> None:
    half = pull(MARKER.but(state="closing", input="blob2"))
    assert both(standing(half, input="blob2"), Hardened()) is Do.CLOSE
    assert both(standing(half, input="blob2")) is Do.UPDATE, "there is something to change again"


def test_a_person_closed_it() -> None:
    assert look(standing(closed())).do is Do.NOTHING
    for what in ("tree", "config", "version"):
        assert look(standing(closed(), **{what: "other"})).do is Do.NOTHING
    assert both(standing(closed(), input="blob2")) is Do.OPEN


def test_any_no_for_this_input_counts() -> None:
    newer = closed(MARKER.but(input="blob2"), number=9)
    assert look(standing(newer, closed())).do is Do.NOTHING


def test_closed_without_a_marker_stays_closed() -> None:
    assert look(standing(closed(None), input="blob2")).do is Do.NOTHING


def test_closed_by_the_bot_is_no_no() -> None:
    ours = closed(MARKER.but(state="closing", input="blob2", tree="tree2"))
    assert look(standing(ours, input="blob2", tree="tree2")).do is Do.NOTHING, "known without reading"
    assert look(standing(ours, input="blob2", tree="tree3")).do is Do.HARDEN
    assert both(standing(ours)) is Do.OPEN


def test_merged() -> None:
    merged = closed(merged=True)
    assert look(standing(merged, input="result1", tree="tree2")).do is Do.NOTHING
    assert look(standing(merged, input="result1", version="2.0")).do is Do.HARDEN
    assert both(standing(merged, input="blob3")) is Do.OPEN


def test_merged_and_taken_back() -> None:
    assert look(standing(closed(merged=True))).do is Do.NOTHING


def test_merged_with_no_marker_says_nothing() -> None:
    assert both(standing(closed(None, merged=True))) is Do.OPEN


def test_the_label_reopens() -> None:
    assert both(standing(closed(labels=(LABEL,)))) is Do.REOPEN
    assert both(standing(closed(labels=(LABEL,))), room=False) is Do.REOPEN
    assert both(standing(closed(labels=(LABEL,))), Hardened()) is Do.NOTHING


def test_the_label_rebuilds() -> None:
    assert both(standing(pull(labels=(LABEL,)))) is Do.UPDATE
    assert both(standing(pull(labels=("bug",)))) is Do.NOTHING


def test_an_open_one_without_our_marker_is_somebody_elses() -> None:
    assert look(standing(pull(None))).do is Do.NOTHING
    assert look(standing(pull(MARKER.but(key="other")))).do is Do.NOTHING
    assert look(standing(pull(None), input="")).do is Do.NOTHING, "and is not closed"


OURS = Commit("c1", "Title\n\n- x\n\nHardenfile-Output: output1\nHardenfile-Tree: " + "a" * 40, "a" * 40, ("base1",))


def test_what_the_bot_made() -> None:
    assert made_by_us(OURS)
    assert made_by_us(replace(OURS, message=OURS.message + "\n"))


@pytest.mark.parametrize(
    "other",
    [
        replace(OURS, tree="b" * 40),
        replace(OURS, message="Title"),
        replace(OURS, parents=("base1", "base2")),
        replace(OURS, parents=()),
        replace(OURS, message=OURS.message + "\nHardenfile-Tree: " + "b" * 40),
    ],
    ids=["amended", "no trailer", "merge", "root", "another trailer"],
)
def test_what_others_made(other: Commit) -> None:
    assert not made_by_us(other)


def test_a_commit_in_place_is_made_no_second_time() -> None:
    assert in_place([OURS], "base1", "output1")
    assert not in_place([OURS], "base2", "output1")
    assert not in_place([OURS], "base1", "output2")
    assert not in_place([OURS, OURS], "base1", "output1")
    assert not in_place([], "base1", "output1")
    assert not in_place([replace(OURS, tree="b" * 40)], "base1", "output1")
