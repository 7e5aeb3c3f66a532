"""Mix-and-check (Fusion, NDSS 2023): exact bounds, plans, campaigns, and protection of an inference of one's own.

A client that does not trust a server sends every query in ``B`` copies, mixes them with ``T`` public samples whose
labels it knows, and accepts only if the copies agree and the public samples are right.

>>> import fusion
>>> fusion.bound(R=8, B=2, T=4).worst.pr_success
Fraction(4, 95)
>>> plan = fusion.plan(R=512, lambda_=40)
>>> (plan.B, plan.T, plan.slack)
(5, 4, 0)

Probabilities are exact ``fractions.Fraction``; ``bits`` beside them is ``-log2`` as a float. Numbers such as accuracies may be
given as ``Fraction``, ``int``, ``str`` (``"0.8"``, ``"80%"``, ``"4/5"``) or ``float``, which is read as Python prints it.
A mistake in arguments, scripts or models raises ``ValueError``; input and output raise ``OSError``.
"""

from ._bounds import Bound, Plan, Row, bound, plan
from ._campaigns import Interrupted, Result, Strategy, attack, load
from ._costs import Cost, Model, PredictedCost, Prediction, bench, predict
from ._native import __version__
from ._protect import Disagreement, MixAndCheck, Verdict, measure_disagreement

__all__ = [
    "Bound", "Cost", "Disagreement", "Interrupted", "MixAndCheck", "Model", "Plan", "PredictedCost", "Prediction", "Result", "Row",
    "Strategy", "Verdict", "__version__", "attack", "bench", "bound", "load", "measure_disagreement", "plan", "predict",
]
