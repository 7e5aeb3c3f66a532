"""Mix-and-check around any inference, and how far an approximate one agrees with itself."""

import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Callable, Iterable, Optional, Sequence, Union

from . import _native
from ._values import Number, fraction, text_of

_LABELS = 2**32


@dataclass(frozen=True)
class Verdict:
    """How a session ended.

    Attributes
    ----------
    accepted : bool
        Whether all checks passed.
    labels : list of int or None
        The labels of the queries in their order if accepted, and ``None`` if rejected.
    reason : str or None
        ``"public_wrong"``, ``"copies_disagree"`` or ``"malformed"`` (an answer is no label) if rejected.
    """

    accepted: bool
    labels: Optional[list]
    reason: Optional[str]

    def __bool__(self) -> bool:
        return self.accepted


def _label(answer: Any) -> Optional[int]:
    """Return an answer as a label, or ``None`` if it is none. Nothing is raised: what a server answers shows at the check alone."""
    try:
        label = operator.index(answer)
    except Exception:  # An answer's own code may raise anything.
        return None
    return label if 0 <= label < _LABELS else None


class MixAndCheck:
    """The client of one session around an inference of your own. Each object is used once.

    Parameters
    ----------
    plan : Plan, Bound, or any object with the attributes ``R``, ``B``, ``T`` and ``slack``
        The setting.
    publics : iterable of (sample, label)
        ``T`` public samples with their known labels, integers below ``2**32``. The server must not know
        them; take fresh ones for every session.

    Raises
    ------
    ValueError
        If there are not ``T`` of them, or a label is not an integer from 0 to ``2**32 - 1``.

    Notes
    -----
    The order is drawn from the operating system's randomness, and no method shows it. This class does not hide what a slot holds: the
    inference must do that. A server that sees its inputs recognises copies, and is not stopped. See docs/python.md.

    Examples
    --------
    >>> import fusion
    >>> plan = fusion.plan(R=3, lambda_=10)
    >>> publics = [(number, number % 2) for number in range(100, 100 + plan.T)]
    >>> client = fusion.MixAndCheck(plan, publics)
    >>> client.run([7, 8, 9], lambda batch: [number % 2 for number in batch])
    Verdict(accepted=True, labels=[1, 0, 1], reason=None)
    """

    def __init__(self, plan: Any, publics: Iterable) -> None:
        pairs = list(publics)
        labels = [_label(label) for _, label in pairs]
        if None in labels:
            raise ValueError(f"public sample {labels.index(None)}: its label is not an integer from 0 to 2^32 - 1")
        samples = [sample for sample, _ in pairs]
        try:
            self._client = _native.MixAndCheck(plan.R, plan.B, plan.T, plan.slack, samples, labels)
        except OverflowError as error:
            raise ValueError(f"the plan: {error}") from None

    def batch(self, queries: Iterable) -> list:
        """Return the shuffled batch: ``B`` times each query, the same object, and the public samples. It is given out once.

        Raises
        ------
        ValueError
            If there are not ``R`` queries. The object is then used up.
        RuntimeError
            If a batch has been given out, or the session is over.
        """
        return self._client.batch(list(queries))

    def check(self, answers: Iterable) -> Verdict:
        """Take all answers, in the order of the batch, and give the verdict. Nothing is compared before the last one is there.

        Parameters
        ----------
        answers : iterable
            ``N`` integers below ``2**32`` (NumPy's too). Anything else among them is an answer that is no label,
            and the session is rejected.

        An exception of the iterable ends the session and is raised.

        Raises
        ------
        ValueError
            If there are not ``N`` answers. The session is then over.
        RuntimeError
            If no batch is out, or the session is over.
        """
        try:
            taken = [_label(answer) for answer in answers]
        except BaseException:
            self._client.close()
            raise
        labels, reason = self._client.check(taken)
        return Verdict(labels is not None, labels, reason)

    def run(self, queries: Iterable, infer: Callable[[list], Iterable]) -> Verdict:
        """Give the batch to `infer`, and check the answers that it returns. An exception of `infer` ends the session and is raised."""
        batch = self.batch(queries)
        try:
            answers = infer(batch)
        except BaseException:
            self._client.close()
            raise
        return self.check(answers)

    def __repr__(self) -> str:
        return repr(self._client)


@dataclass(frozen=True)
class Disagreement:
    """How often an inference disagrees with itself.

    Attributes
    ----------
    pairs, disagree : int
        Pairs of answers to the same input, and how many of them differ.
    rate : Fraction
        The measured share ``disagree / pairs``.
    interval : tuple of Fraction
        The confidence interval of the rate, which misses it with probability at most `alpha`.

    Notes
    -----
    The interval takes the pairs as independent, and the inputs as typical of those to come.
    """

    pairs: int
    disagree: int
    rate: Fraction
    interval: tuple

    def slack(self, T: int, kappa: int) -> Optional[int]:
        """Return the least slack at which an honest server has too many wrong publics with probability at most ``2**-kappa``.

        An answer differs from the most frequent one of its input no more often than two answers differ, so the upper end of
        `interval` is taken as the rate at which a public comes back wrong. The publics' labels must be the inference's most
        frequent answers. ``None`` says that no slack below ``T`` suffices. Slack costs security, so give it to `fusion.plan`. It forgives no copies that
        disagree: see `copies_abort`.
        """
        accuracy = str(1 - self.interval[1])
        rejects = lambda slack: fraction(_native.false_abort(T, slack, accuracy)) > Fraction(1, 2**kappa)
        low, high = 0, T
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if rejects(middle) else (low, middle)
        return low if low < T else None

    def copies_abort(self, R: int, B: int) -> Fraction:
        """Return an upper bound on how often the copies of some query of an honest session disagree: ``R (B-1)`` times the
        upper end of `interval`, at most 1. Slack does not help against it; an exact inference or a smaller ``R*B`` does."""
        return min(Fraction(1), R * (B - 1) * self.interval[1])


def measure_disagreement(
    f: Callable[[Any], Any], inputs: Sequence, repeats: int = 2, *, alpha: Number = Fraction(1, 10**6)
) -> Disagreement:
    """Measure how often an approximate inference disagrees with itself.

    Parameters
    ----------
    f : callable
        Answers one input. Two answers must compare with ``!=`` as one truth value.
    inputs : sequence
        Inputs that are typical of those to come.
    repeats : int
        How often each input is asked, an even number from 2 on.
    alpha : number
        The probability with which each interval may miss its rate.

    Returns
    -------
    Disagreement

    Raises
    ------
    ValueError
        If there are no inputs, or `repeats` is odd or below 2.
    """
    if repeats < 2 or repeats % 2 != 0:
        raise ValueError(f"repeats must be an even number from 2 on, not {repeats}")
    if len(inputs) == 0:
        raise ValueError("no inputs")
    answers = [[f(one) for _ in range(repeats)] for one in inputs]
    pairs = [(row[at], row[at + 1]) for row in answers for at in range(0, repeats, 2)]
    disagree = sum(first != second for first, second in pairs)
    error = text_of(Fraction(text_of(alpha)))
    low, high = map(fraction, _native.rate_interval(len(pairs), disagree, error))
    return Disagreement(len(pairs), disagree, Fraction(disagree, len(pairs)), (low, high))
