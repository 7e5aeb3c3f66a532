"""Mix-and-check around an inference of one's own."""

import random
from collections import Counter
from fractions import Fraction

import fusion
import pytest

PLAN = fusion.bound(R=3, B=2, T=4)
QUERIES = ["a", "bb", "ccc"]


def client(plan=PLAN):
    return fusion.MixAndCheck(plan, [("x" * n, n) for n in range(10, 10 + plan.T)])


def test_honest_answers_come_back_in_the_order_of_the_queries():
    guard = client()
    batch = guard.batch(QUERIES)
    assert Counter(batch) == Counter(QUERIES * 2 + ["x" * n for n in range(10, 14)])
    verdict = guard.check(map(len, batch))
    assert verdict and verdict.accepted and verdict.labels == [1, 2, 3] and verdict.reason is None
    assert client().run(QUERIES, lambda batch: [len(one) for one in batch]).labels == [1, 2, 3]


@pytest.mark.parametrize(
    "wrong, reason",
    [
        (lambda at, one: 9 if one == "x" * 12 else len(one), "public_wrong"),
        (lambda at, one: at if one == "a" else len(one), "copies_disagree"),
        (lambda at, one: None if one == "a" else len(one), "malformed"),
        (lambda at, one: 2.0 if one == "bb" else len(one), "malformed"),
        (lambda at, one: 2**32 if one == "bb" else len(one), "malformed"),
        (lambda at, one: -1 if one == "bb" else len(one), "malformed"),
    ],
)
def test_a_rejected_session_gives_no_label(wrong, reason):
    verdict = client().run(QUERIES, lambda batch: [wrong(at, one) for at, one in enumerate(batch)])
    assert not verdict and verdict.labels is None and verdict.reason == reason


def test_slack_is_that_of_the_plan():
    wrong = lambda batch: [9 if one == "x" * 12 else len(one) for one in batch]
    assert client(fusion.bound(3, 2, 4, slack=1)).run(QUERIES, wrong).labels == [1, 2, 3]


def test_copies_are_the_same_object():
    query = object()
    batch = fusion.MixAndCheck(fusion.bound(1, 3, 0), []).batch([query])
    assert all(one is query for one in batch) and len(batch) == 3


def test_everything_is_used_once():
    guard = client()
    batch = guard.batch(QUERIES)
    with pytest.raises(RuntimeError, match="has been given out"):
        guard.batch(QUERIES)
    assert guard.check(map(len, batch)).accepted
    with pytest.raises(RuntimeError, match="over"):
        guard.check(map(len, batch))
    with pytest.raises(RuntimeError, match="the session is over"):
        guard.batch(QUERIES)
    with pytest.raises(RuntimeError, match="no batch"):
        client().check([])


def test_wrong_numbers_are_errors():
    with pytest.raises(ValueError, match="3 public samples, where the plan has T = 4"):
        fusion.MixAndCheck(PLAN, [(0, 0)] * 3)
    with pytest.raises(ValueError, match="public sample 1: its label"):
        fusion.MixAndCheck(PLAN, [(0, 0), (0, "seven"), (0, 0), (0, 0)])
    with pytest.raises(ValueError, match="2 queries, where the plan has R = 3"):
        client().batch(QUERIES[:2])
    guard = client()
    batch = guard.batch(QUERIES)
    with pytest.raises(ValueError, match="9 answers, where the batch has N = 10"):
        guard.check(map(len, batch[:9]))
    with pytest.raises(RuntimeError, match="over"):
        guard.check(map(len, batch))


def test_nothing_is_compared_before_the_last_answer():
    """Wrong from the first slot on: every answer is still taken."""
    guard, taken = client(), []

    def answers(batch):
        for one in batch:
            taken.append(one)
            yield 99

    assert guard.check(answers(guard.batch(QUERIES))).reason is not None
    assert len(taken) == 10


def test_an_exception_of_the_inference_ends_the_session():
    guard = client()
    with pytest.raises(ZeroDivisionError):
        guard.run(QUERIES, lambda batch: 1 // 0)
    with pytest.raises(RuntimeError, match="over"):
        guard.check([0] * 10)
    guard = client()
    guard.batch(QUERIES)
    with pytest.raises(ZeroDivisionError):
        guard.check(1 // n for n in (1, 0))
    with pytest.raises(RuntimeError, match="over"):
        guard.check([0] * 10)


def test_what_is_over_says_so_and_no_number_overflows():
    guard = client()
    with pytest.raises(RuntimeError, match="no batch has been given out"):
        guard.check([])
    with pytest.raises(RuntimeError, match="the session is over"):
        guard.batch(QUERIES)
    for R in (-1, 2**64):
        with pytest.raises(ValueError):
            fusion.MixAndCheck(type("Plan", (), {"R": R, "B": 2, "T": 0, "slack": 0}), [])


def test_no_text_shows_the_order():
    guard = client()
    assert repr(guard) == "MixAndCheck(R=3 B=2 T=4 slack=0: no batch given out)"
    guard.batch(QUERIES)
    assert repr(guard) == "MixAndCheck(R=3 B=2 T=4 slack=0: waiting for answers)"
    assert "x" * 12 not in repr(vars(guard))
    with pytest.raises(TypeError):
        import pickle

        pickle.dumps(guard)


def test_a_server_that_cheats_on_two_slots_wins_as_often_as_the_bound_says():
    """Two slots of R=3, B=2, T=4 win with 3/45. Of 6,000 sessions 400 are expected, with a standard deviation of 19.3. A correct
    program leaves 400 by 130 or more with probability below 1e-9."""
    wins = 0
    for _ in range(6000):
        guard = fusion.MixAndCheck(PLAN, [(0, 7)] * 4)
        guard.batch(QUERIES)
        touched = random.sample(range(10), 2)
        wins += guard.check([8 if slot in touched else 7 for slot in range(10)]).accepted
    assert fusion.bound(3, 2, 4, k=2).rows[0].pr_success == Fraction(3, 45)
    assert abs(wins - 400) < 130


def test_disagreement_and_the_slack_that_follows():
    flips = iter([0, 0] * 999 + [0, 1])
    found = fusion.measure_disagreement(lambda _: next(flips), range(1000))
    assert (found.pairs, found.disagree, found.rate) == (1000, 1, Fraction(1, 1000))
    low, high = found.interval
    assert low <= found.rate <= high < Fraction(3, 100)
    slack = found.slack(T=100, kappa=20)
    assert 0 < slack < 100
    at = lambda slack: Fraction(fusion.bound(8, 2, 100, slack=slack, honest_acc=1 - high).false_abort)
    assert at(slack) <= Fraction(1, 2**20) < at(slack - 1)
    assert 0 < found.slack(T=1000, kappa=20) < 1000, "of numbers longer than Python reads at once"
    assert found.copies_abort(R=8, B=3) == 16 * high
    exact = fusion.measure_disagreement(lambda one: one, range(10), repeats=4)
    assert (exact.pairs, exact.disagree, exact.interval[0]) == (20, 0, 0)
    for inputs, repeats in (([], 2), ([1], 3), ([1], 0)):
        with pytest.raises(ValueError):
            fusion.measure_disagreement(len, inputs, repeats)
