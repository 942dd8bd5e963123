"""Every case: it builds, starts and answers as before, as a user that can write what it must and nothing else."""

import pytest

from tests.engine.docker import Answer
from tests.engine.trial import Trial

pytestmark = pytest.mark.engine


@pytest.fixture
def changed(trial: Trial) -> Trial:
    """A trial that hardenfile changes; what it refuses is test_refused's business."""
    if {"refused", "held"} & trial.case.settings.keys():
        pytest.skip("nothing is applied to this one")
    return trial


def test_the_image_before_is_roots_and_works(trial: Trial) -> None:
    assert all(one.status < 400 for one in trial.before.answers), trial.before.answers
    if "USER" not in trial.hardened.before:
        assert trial.before.processes[0].uids[1] == 0 or trial.case.settings.get("refused") == "drops"


def test_the_changes_are_as_safe_as_the_case_says(trial: Trial) -> None:
    refused, held = trial.case.settings.get("refused"), trial.case.settings.get("held")
    reasons = [one["reason"] for one in trial.hardened.report["refusals"] if one["transform"] == "add-user"]
    if refused is not None:
        assert reasons == [refused] and not trial.hardened.changed
    elif held is not None:
        assert not trial.hardened.changed and any(held in one["why"] for one in trial.hardened.held)
    else:
        assert trial.hardened.changed, trial.hardened.report
        assert trial.case.settings.get("unsafe") or not trial.hardened.held


def test_the_image_after_answers_as_before(changed: Trial) -> None:
    assert changed.after.answers == changed.before.answers


def test_everything_runs_as_the_fixed_user_without_capabilities(changed: Trial) -> None:
    uid, gid = (int(one) for one in changed.case.user.split(":"))
    assert changed.image_after.user == changed.case.user
    for one in changed.after.processes:
        assert set(one.uids) == {uid} and set(one.gids) == {gid} and set(one.groups) <= {gid}, one
        assert one.capabilities == 0, one


def test_what_must_be_written_can_be(changed: Trial) -> None:
    tries = changed.after.reach.tries
    assert {path: tries[path] for path in changed.case.texts("writes")} == dict.fromkeys(
        changed.case.texts("writes"), ""
    )


def test_the_system_and_the_code_cannot_be_written(changed: Trial) -> None:
    must = set(changed.case.texts("writes"))
    assert [path for path, why in changed.after.reach.tries.items() if not why and path not in must] == []


def test_nothing_else_was_given_away(changed: Trial) -> None:
    may = changed.case.texts("may") or changed.case.texts("writes")
    within = changed.after.reach.within(may)
    assert [one for one in changed.given if one not in within] == []


def test_it_survives_with_everything_taken_away(changed: Trial) -> None:
    if not changed.case.settings.get("locked_down"):
        pytest.skip("what it writes is not known")
    assert changed.locked_down.answers == changed.before.answers
    assert all(one.capabilities == 0 for one in changed.locked_down.processes)


def test_the_strict_profile_keeps_users_and_ownership(changed: Trial) -> None:
    image, ran = changed.strict
    uid, gid = (int(one) for one in changed.case.user.split(":"))
    assert image.user == changed.case.user
    assert ran.answers == changed.before.answers
    assert {number for one in ran.processes for number in (*one.uids, *one.gids)} == {uid, gid}
    must = set(changed.case.texts("writes"))
    assert {path for path, why in ran.reach.tries.items() if not why} == must


def test_the_image_has_not_grown(changed: Trial) -> None:
    """An account and a few folders take kilobytes; a tree that is stored again takes megabytes."""
    grown = changed.image_after.size - changed.image_before.size
    if changed.case.settings.get("smaller"):
        assert grown < -10_000_000
    else:
        assert grown < 1_000_000


def test_a_user_line_alone_breaks_it(trial: Trial) -> None:
    """What the refusal, or the rest of the rewrite, is for."""
    says, status = trial.case.settings.get("naive"), trial.case.settings.get("naive_answer")
    if says is None:
        pytest.skip("a USER line alone would do")
    try:
        container = trial.start_naive().ready()
    except AssertionError as error:
        assert status == 0 and says in str(error), error
        trial.naive_says = next(line.strip() for line in str(error).split("\n") if says in line)
    else:
        answer = trial.ask(container)[-1]
        assert answer == Answer(int(status or -1), answer.body) and says in answer.body
        trial.naive_says = answer.body.strip()
