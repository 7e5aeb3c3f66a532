"""Campaigns of attacks on mix-and-check, and finished runs."""

import json
import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Callable, Optional, Union

from . import _native
from ._values import fraction


class Interrupted(KeyboardInterrupt):
    """A campaign was stopped by Ctrl-C. Its state is saved, and the message says how to continue."""


@dataclass(frozen=True)
class Strategy:
    """What came of one strategy of the server.

    Attributes
    ----------
    name, verdict : str
        Its name; ``"pass"``, ``"refuted"``, ``"inconclusive"`` or ``"error"``.
    trials, win, harmless, caught, error : int
        The number of trials, and of each outcome.
    rate : float or None
        The measured rate of wins.
    interval : tuple of float
        The confidence interval of that rate.
    exact : Fraction or None
        The exact rate of wins that an expectation of the script names, where one does (``win: { equals: .. }``).
    document : dict
        Its part of ``result.json``.
    """

    name: str
    verdict: str
    trials: int
    win: int
    harmless: int
    caught: int
    error: int
    rate: Optional[float]
    interval: tuple
    exact: Optional[Fraction]
    document: dict = field(repr=False)


def _strategy(document: dict) -> Strategy:
    same = {name: document[name] for name in ("name", "verdict", "trials", "win", "harmless", "caught", "error", "rate")}
    wins = [one for one in document["expectations"] if one["clause"].startswith("win equals ")]
    exact = next((fraction(one["expected"]) for one in wins if one["expected"] is not None), None)
    return Strategy(**same, interval=tuple(document["interval"]), exact=exact, document=document)


@dataclass(frozen=True)
class Result:
    """A finished campaign.

    Attributes
    ----------
    verdict : str
        ``"pass"``, ``"refuted"``, ``"inconclusive"`` or ``"error"``.
    strategies : dict of str to Strategy
        What came of each strategy, by name, the honest control among them.
    path : pathlib.Path
        The folder of the run, with ``counts.csv``, ``result.json`` and ``report.html``.
    notes : str
        Remarks on the script.
    document : dict
        ``result.json``.
    """

    verdict: str
    strategies: dict
    path: Path
    notes: str
    document: dict = field(repr=False)

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with a row for each strategy. The column ``exact`` holds fractions."""
        import pandas

        columns = ("verdict", "trials", "win", "harmless", "caught", "error", "rate", "exact")
        rows = [
            {"strategy": one.name, **{name: getattr(one, name) for name in columns}, "low": one.interval[0], "high": one.interval[1]}
            for one in self.strategies.values()
        ]
        return pandas.DataFrame(rows).set_index("strategy")


def load(run: Union[str, os.PathLike]) -> Result:
    """Read a finished run.

    Parameters
    ----------
    run : path
        The folder of a run, or the link ``latest`` beside it.

    Raises
    ------
    ValueError
        If it is not the folder of a finished run.
    """
    path = Path(run).resolve()
    try:
        document = json.loads((path / "result.json").read_text(encoding="utf-8"))
        strategies = {one["name"]: _strategy(one) for one in document["strategies"]}
        return Result(document["verdict"], strategies, path, "", document)
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"{run}: not the folder of a finished run") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path / 'result.json'}: not a result of this version: {error!r}") from error


def attack(
    script: Union[str, os.PathLike],
    *,
    max: Optional[int] = None,
    seed: Optional[int] = None,
    threads: Optional[int] = None,
    progress: Optional[Callable[[dict], Any]] = None,
    out: Union[str, os.PathLike] = "runs",
) -> Result:
    """Run a campaign: attack the protocol, and compare every strategy's rate with the exact one.

    Parameters
    ----------
    script : path or str
        The path of a script, the name of a curated one (``"low-quality"``), or YAML. A ``str`` with a line break is YAML, whose
        relative paths start from the current folder.
    max, seed : int, optional
        The most trials of each strategy and the seed, in place of the script's.
    threads : int, optional
        Worker threads; by default one for each core.
    progress : callable, optional
        Called with each event of ``sim attack --json``, a ``dict``. An exception in it stops the campaign and is raised again.
    out : path
        The folder of all runs.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        With every problem of the script and its place.
    Interrupted
        After Ctrl-C, when the state is saved.
    """
    is_text = isinstance(script, str) and "\n" in script
    listener = None if progress is None else lambda line: progress(json.loads(line))
    try:
        folder, notes = _native.attack(
            None if is_text else Path(script), script if is_text else None, Path(out), seed, max, threads, listener
        )
    except OverflowError as error:
        raise ValueError(f"max, seed or threads: {error}") from None
    except KeyboardInterrupt:
        raise Interrupted(f"the state is saved; continue with: sim attack --resume {Path(out) / 'latest'}") from None
    if folder is None:
        raise RuntimeError(f"the campaign was stopped: {notes}")
    result = load(folder)
    return Result(result.verdict, result.strategies, result.path, notes, result.document)
