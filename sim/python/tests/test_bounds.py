"""Bounds and plans against published numbers, and their errors."""

from fractions import Fraction

import fusion
import pytest


def test_a_bound_is_exact():
    bound = fusion.bound(R=8, B=2, T=4)
    assert (bound.N, bound.cost, bound.worst.i) == (20, Fraction(5, 2), 1)
    assert bound.worst.pr_success == Fraction(4, 95)
    assert bound.worst.pr_e_t * bound.worst.pr_e_b == Fraction(4, 95)
    assert bound.worst.probability == pytest.approx(2**-bound.worst.bits)
    assert [row.k for row in fusion.bound(8, 2, 4, k=range(1, 4)).rows] == [1, 2, 3]
    assert fusion.bound(8, 2, 4, i="1..8").rows[-1].k == 16


def test_numbers_longer_than_python_reads_at_once():
    row = fusion.bound(4096, 5, 40, i=2048).rows[0]
    assert 0 < row.pr_success < Fraction(1, 2**4000)


def test_accuracies_may_be_of_any_type():
    values = [fusion.bound(8, 2, 4, reject_acc=one).accept for one in (0.8, "0.8", "80%", Fraction(4, 5))]
    assert values == [Fraction(4, 5) ** 4] * 4
    assert fusion.bound(8, 2, 4, honest_acc=1).false_abort == 0


def test_a_plan_is_that_of_the_command_line():
    plan = fusion.plan(R=512, lambda_=40, reject_acc="0.8", honest_acc="0.99", kappa=20)
    assert (plan.T, plan.slack) == (268, 13)
    plan = fusion.plan(512, 40)
    assert (plan.B, plan.T, plan.slack, plan.N) == (5, 4, 0, 2564)
    assert plan.cost == Fraction(641, 128) and plan.bits >= 40 and plan.certificate is not None
    assert plan.bound().worst.pr_success <= Fraction(1, 2**40)
    assert fusion.plan(2048, 50, max_T=100).B == 6


def test_large_numbers_are_whole():
    assert fusion.bound(2**62, 1, 0, i=1).N == 2**62


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: fusion.bound(0, 2, 4), "R must be from 1 to 2^62"),
        (lambda: fusion.bound(8, 2, 4, slack=5), "slack"),
        (lambda: fusion.bound(8, 2, 4, k=range(0)), "not be empty"),
        (lambda: fusion.bound(8, 2, 4, reject_acc=1.5), "from 0 to 1"),
        (lambda: fusion.plan(8, 0), "lambda"),
        (lambda: fusion.plan(8, 40, honest_acc=0.9), "reject-acc"),
    ],
)
def test_mistakes_are_value_errors_that_say_what_is_wrong(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert words in str(error.value)
