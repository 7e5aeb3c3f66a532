"""Exact probabilities of a setting, and the cheapest safe settings."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Optional, Union

from ._values import Number, answer, fraction, whole


@dataclass(frozen=True)
class Row:
    """The exact probabilities for a server that touches ``k`` slots and answers them all wrongly.

    Attributes
    ----------
    k : int
        The number of touched slots.
    i : int or None
        The number of whole groups of copies that they can make up.
    wins : int or None
        The number of winning sets of ``k`` slots.
    pr_e_t, pr_e_b, pr_success : Fraction or None
        ``Pr[E_T]``, ``Pr[E_B | E_T]``, and their product, the probability to win. ``None`` where the exact value is too long.
    bits : float or None
        ``-log2(pr_success)``; ``None`` where that is infinite.
    touch_bound : Fraction or None
        An upper bound whatever is done on the touched slots, where it is quickly computed.
    """

    k: int
    i: Optional[int]
    wins: Optional[int]
    pr_e_t: Optional[Fraction]
    pr_e_b: Optional[Fraction]
    pr_success: Optional[Fraction]
    bits: Optional[float]
    touch_bound: Optional[Fraction]

    @property
    def probability(self) -> float:
        """``pr_success`` as a float, from ``bits`` where the exact value is not there."""
        if self.pr_success is not None:
            return float(self.pr_success)
        return 0.0 if self.bits is None else 2.0**-self.bits


def _row(document: dict) -> Row:
    exact = {name: fraction(document[name]) for name in ("pr_e_t", "pr_e_b", "pr_success", "touch_bound")}
    wins = None if document["wins"] is None else whole(str(document["wins"]))
    return Row(k=document["k"], i=document["i"], wins=wins, bits=document["bits"], **exact)


@dataclass(frozen=True)
class Bound:
    """Every exact probability of one setting, as ``sim bound`` prints them.

    Attributes
    ----------
    R, B, T, slack, N : int
        The setting; ``N = R*B + T`` slots.
    rows : tuple of Row
        The rows asked for; by default ``i = 1``, ``i = R`` and the worst.
    worst : Row
        The best that a server can do.
    accept, false_abort : Fraction or None
        How often a model of accuracy ``reject_acc`` is accepted, and an honest one of ``honest_acc`` rejected.
    document : dict
        The JSON of ``sim bound --json``.
    """

    R: int
    B: int
    T: int
    slack: int
    N: int
    rows: tuple
    worst: Row
    accept: Optional[Fraction]
    false_abort: Optional[Fraction]
    document: dict = field(repr=False)

    @property
    def cost(self) -> Fraction:
        """Inferences paid for each query, ``N / R``."""
        return Fraction(self.N, self.R)


def _range(value: Union[None, int, range, str]) -> Optional[str]:
    if not isinstance(value, range):
        return None if value is None else str(value)
    if value.step != 1 or len(value) == 0:
        raise ValueError(f"{value}: a range must have the step 1 and not be empty")
    return f"{value[0]}..{value[-1]}"


def bound(
    R: int,
    B: int,
    T: int,
    slack: int = 0,
    *,
    i: Union[None, int, range, str] = None,
    k: Union[None, int, range, str] = None,
    reject_acc: Optional[Number] = None,
    honest_acc: Optional[Number] = None,
) -> Bound:
    """Compute the exact probabilities of one setting.

    Parameters
    ----------
    R, B, T : int
        Queries, copies of each, and public samples.
    slack : int
        How many wrong public answers the client tolerates.
    i, k : int, range or str, optional
        Rows to compute, by whole queries or by touched slots. ``range(1, 9)`` and ``"1..8"`` are the same eight rows.
    reject_acc, honest_acc : number, optional
        Accuracies of a weak model that should be rejected and of an honest one.

    Returns
    -------
    Bound

    Raises
    ------
    ValueError
        If a number is outside its limits, or a row too long to compute.
    """
    document = answer(
        "bound", R=R, B=B, T=T, slack=slack, i=_range(i), k=_range(k), reject_acc=reject_acc, honest_acc=honest_acc
    )
    accuracy = document["accuracy"] or {}
    return Bound(
        **{name: document[name] for name in ("R", "B", "T", "slack", "N")},
        rows=tuple(map(_row, document["rows"])),
        worst=_row(document["worst"]),
        accept=fraction(accuracy.get("accept")),
        false_abort=fraction(accuracy.get("false_abort")),
        document=document,
    )


@dataclass(frozen=True)
class Plan:
    """The cheapest safe setting, as ``sim plan`` prints it.

    Attributes
    ----------
    R, B, T, slack, N : int
        The setting; ``N = R*B + T`` slots.
    lambda_ : int
        The security bits that were asked for.
    cost : Fraction
        Inferences paid for each query.
    bits : float or None
        The bits of security that the setting has.
    binding : str
        The constraint that decides the setting: ``"groups"``, ``"publics"``, ``"min_T"``, ``"accuracy"``, ...
    certificate : dict or None
        The comparisons that show that no smaller ``N`` suffices.
    document : dict
        The JSON of ``sim plan --json``.
    """

    R: int
    B: int
    T: int
    slack: int
    N: int
    lambda_: int
    cost: Fraction
    bits: Optional[float]
    binding: str
    certificate: Optional[dict] = field(repr=False)
    document: dict = field(repr=False)

    def bound(self, **options: Any) -> Bound:
        """Compute the exact probabilities of this setting; the keywords are those of `fusion.bound`."""
        return bound(self.R, self.B, self.T, self.slack, **options)


def plan(
    R: int,
    lambda_: int,
    *,
    min_T: int = 0,
    max_T: Optional[int] = None,
    price_of_a_public: Optional[Number] = None,
    slack: Optional[int] = None,
    reject_acc: Optional[Number] = None,
    accuracy_lambda: Optional[int] = None,
    honest_acc: Optional[Number] = None,
    kappa: Optional[int] = None,
    substitution: Optional[Number] = None,
) -> Plan:
    """Find the cheapest ``B`` and ``T`` at which every deviation wins with probability at most ``2**-lambda_``.

    Parameters
    ----------
    R, lambda_ : int
        Queries, and bits of security.
    min_T, max_T : int, optional
        The fewest and the most public samples.
    price_of_a_public : number, optional
        What a labelled sample costs beside its inference, in inferences.
    slack : int, optional
        How many wrong public answers the client tolerates; by default 0, or the planner's choice with `honest_acc`.
    reject_acc, accuracy_lambda : number and int, optional
        Accept a model of this accuracy with probability at most ``2**-accuracy_lambda`` (by default ``2**-lambda_``).
    honest_acc, kappa : number and int, optional
        Reject an honest model of this accuracy with probability at most ``2**-kappa``. Both go with `reject_acc`.
    substitution : number, optional
        The most with which a server may win that swaps in another function on all slots.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If a number is outside its limits, or no setting meets the goal.
    """
    document = answer(
        "plan", R=R, lambda_=lambda_, min_T=min_T, max_T=max_T, price_of_a_public=price_of_a_public, slack=slack,
        reject_acc=reject_acc, accuracy_lambda=accuracy_lambda, honest_acc=honest_acc, kappa=kappa,
        substitution=substitution,
    )
    return Plan(
        **{name: document[name] for name in ("R", "B", "T", "slack", "N", "bits", "binding", "certificate")},
        lambda_=document["lambda"],
        cost=Fraction(document["cost"]),
        document=document,
    )
