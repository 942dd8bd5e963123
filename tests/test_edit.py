"""Edits and their history, held against a model that keeps one record a character."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardenfile.dockerfile.source import Span
from hardenfile.errors import Overlap
from hardenfile.rewrite.edit import Edit, History, apply

# Few letters, so that what is added often equals what it replaces or stands beside.
TEXTS = st.text("ab\n\r\udcff", max_size=20)


def edit(start: int, end: int, text: str = "") -> Edit:
    return Edit(Span(start, end), text)


@st.composite
def edits_of(draw: st.DrawFn, length: int) -> list[Edit]:
    """Edits of a text of that length, by place, none overlapping another."""
    places = sorted(draw(st.lists(st.integers(0, length), max_size=10)))
    return [edit(start, end, draw(TEXTS)) for start, end in zip(places[::2], places[1::2], strict=False)]


@st.composite
def steps_of(draw: st.DrawFn, original: str) -> list[list[Edit]]:
    """Some steps, each in offsets of what the one before it made."""
    steps = []
    text = original
    for _ in range(draw(st.integers(0, 4))):
        steps.append(draw(edits_of(len(text))))
        text = apply(text, steps[-1])
    return steps


def overlap(one: Edit, other: Edit) -> bool:
    (a, b), (c, d) = one.span, other.span
    return max(a, c) < min(b, d) or (a == b and c < a < d) or (c == d and a < c < b)


@given(st.data(), TEXTS)
def test_apply_is_each_edit_made_from_the_end_back(data: st.DataObject, text: str) -> None:
    edits = data.draw(edits_of(len(text)))
    expected = text
    for each in reversed(edits):
        expected = expected[: each.span.start] + each.text + expected[each.span.end :]
    assert apply(text, edits) == expected


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=4))
def test_edits_overlap_exactly_when_a_pair_of_them_does(places: list[tuple[int, int]]) -> None:
    edits = [edit(min(place), max(place), "x") for place in places]
    if any(overlap(one, other) for index, one in enumerate(edits) for other in edits[:index]):
        with pytest.raises(Overlap, match=r"^edits overlap: characters \d+ to \d+ and \d+ to \d+$"):
            apply("abcdefgh", edits)
    else:
        assert apply("abcdefgh", edits) == apply("abcdefgh", sorted(edits, key=lambda each: each.span))


def test_insertions_at_one_place_keep_their_order_and_precede_the_replacement_there() -> None:
    assert (
        apply("abc", [edit(1, 2, "B"), edit(1, 1, "2"), edit(0, 1, "A"), edit(1, 1, "1"), edit(2, 2, "!")]) == "A21B!c"
    )


@pytest.mark.parametrize("bad", [edit(-1, 0), edit(2, 1), edit(0, 4), edit(4, 4)])
def test_an_edit_outside_the_text_is_an_error(bad: Edit) -> None:
    with pytest.raises(ValueError, match="in a text of 3"):
        apply("abc", [bad])
    history = History("abc")
    with pytest.raises(ValueError, match="in a text of 3"):
        history.apply([edit(0, 0, "x"), bad])
    assert (history.text, history.edits()) == ("abc", ())


def test_a_step_that_overlaps_changes_nothing() -> None:
    history = History("abc")
    history.apply([edit(1, 1, "x")])
    with pytest.raises(Overlap):
        history.apply([edit(0, 2, "y"), edit(1, 3, "z")])
    assert (history.text, history.edits()) == ("axbc", (edit(1, 1, "x"),))


@given(st.data(), TEXTS)
def test_a_history_comes_to_edits_of_the_original(data: st.DataObject, original: str) -> None:
    history = History(original)
    text = original
    for step in data.draw(steps_of(original)):
        history.apply(step)
        text = apply(text, step)
    assert history.text == text
    edits = history.edits()
    assert apply(original, edits) == text
    assert all(one.span.end < other.span.start for one, other in pairwise(edits)), "in order and apart"
    for each in edits:
        removed = original[each.span.start : each.span.end]
        assert removed or each.text, "an edit that changes nothing"
        assert not (removed and each.text) or (removed[0] != each.text[0] and removed[-1] != each.text[-1]), "untrimmed"


@given(st.data(), TEXTS)
def test_origin_of_a_kept_character_is_that_character(data: st.DataObject, original: str) -> None:
    history = History(original)
    sources: list[int | None] = list(range(len(original)))
    for step in data.draw(steps_of(original)):
        history.apply(step)
        for each in reversed(step):
            sources[each.span.start : each.span.end] = [None] * len(each.text)
    origins = [history.origin(offset) for offset in range(len(history.text) + 1)]
    assert origins == sorted(origins), "added text lies between what is kept around it"
    assert origins[-1] == len(original)
    assert [source for source in sources if source is not None] == [
        origin for origin, source in zip(origins, sources, strict=False) if source is not None
    ]


@given(st.data(), TEXTS)
def test_what_was_added_and_deleted_again_leaves_no_trace(data: st.DataObject, original: str) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(original)), max_size=5)))
    history = History(original)
    history.apply([edit(place, place, "XYZ") for place in places])
    history.apply([edit(place + 3 * index + 1, place + 3 * index + 2) for index, place in enumerate(places)])
    history.apply([edit(place + 2 * index, place + 2 * index + 2) for index, place in enumerate(places)])
    assert (history.text, history.edits()) == (original, ())


def test_what_was_deleted_and_put_back_leaves_no_trace() -> None:
    history = History("FROM a\nUSER b\n")
    history.apply([edit(7, 14)])
    history.apply([edit(7, 7, "USER b\n")])
    assert history.edits() == ()


def test_later_steps_fold_into_the_edit_they_touch() -> None:
    history = History("ADD a b\nCMD c\n")
    history.apply([edit(0, 3, "COPY")])
    history.apply([edit(4, 4, " --chown=1:1")])
    history.apply([edit(12, 15, "9:9")])
    assert history.text == "COPY --chown9:91 a b\nCMD c\n"
    assert history.edits() == (edit(0, 3, "COPY --chown9:91"),)


def test_origin_of_added_text_is_the_place_where_it_was_added() -> None:
    history = History("one\ntwo\nthree\n")
    history.apply([edit(4, 8, "2\n"), edit(8, 8, "2.5\n")])
    history.apply([edit(6, 6, "2.2\n")])
    assert history.text == "one\n2\n2.2\n2.5\nthree\n"
    assert [history.origin(history.text.index(line)) for line in ("one", "2\n", "2.2", "2.5", "three")] == [
        0,
        4,
        8,
        8,
        8,
    ]


def test_a_rewritten_line_still_knows_the_characters_it_repeats() -> None:
    history = History("RUN a && b\n")
    history.apply([edit(0, 11, "RUN a --x && b\n")])
    assert history.edits() == (edit(6, 6, "--x "),)
    assert history.origin(history.text.index("b")) == 9


def test_origin_outside_the_text_is_an_error() -> None:
    history = History("ab")
    history.apply([edit(0, 1)])
    for offset in (-1, 2):
        with pytest.raises(ValueError, match="in a text of 1"):
            history.origin(offset)


def test_a_large_file_through_many_rounds() -> None:
    groups = 5_000
    history = History("RUN x\nRUN y\n" * groups)
    for digit in "12345678":
        width = len(history.text) // groups
        history.apply([edit(group * width + 4, group * width + 4, digit) for group in range(groups)])
    assert history.text == "RUN 87654321x\nRUN y\n" * groups
    assert history.edits() == tuple(edit(group * 12 + 4, group * 12 + 4, "87654321") for group in range(groups))
    assert history.origin(len(history.text) - 1) == groups * 12 - 1
