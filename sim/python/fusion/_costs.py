"""Models in fixed point, and what a secure inference of them costs."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

from . import _native
from ._values import Number, answer


@dataclass(frozen=True)
class Cost:
    """The cost of one secure inference, measured by running both parties in this process.

    Attributes
    ----------
    backend, model, network : str
        What was run, and the network for which times are computed.
    batch : int
        Images in one session; all numbers are for one image.
    exact : bool
        Whether every logit equals that of the plaintext reference.
    client_sent_bytes, server_sent_bytes : float
        Bytes on the wire.
    rounds : float
        Messages in sequence.
    wall_s, lan_s, wan_s : float
        Seconds here, and by virtual time on a local and a wide-area network.
    document : dict
        An entry of ``sim bench --json``.
    """

    backend: str
    model: str
    network: Any
    batch: int
    exact: bool
    client_sent_bytes: float
    server_sent_bytes: float
    rounds: float
    wall_s: float
    lan_s: float
    wan_s: float
    document: dict = field(repr=False)


def bench(
    model: Union[str, os.PathLike],
    *,
    backend: Optional[str] = None,
    batch: int = 1,
    network: Optional[str] = None,
    frac_bits: Optional[int] = None,
    seed: Optional[int] = None,
) -> Cost:
    """Measure the cost of one secure inference of an ONNX model.

    Parameters
    ----------
    model : path
        An ONNX model.
    backend : str, optional
        The family of protocols, such as ``"cheetah"`` (the default), ``"delphi"`` or ``"aby"``.
    batch : int
        Images in one session.
    network : str, optional
        ``"lan"``, ``"wan"`` or ``"40ms,100mbit"``.
    frac_bits, seed : int, optional
        Fractional bits, and the seed of the random images.

    Raises
    ------
    ValueError
        If the model or a name is not supported.
    """
    flags = {"backend": backend, "batch": batch, "network": network, "frac_bits": frac_bits, "seed": seed}
    document = answer("bench", (os.fspath(model),), **flags)[0]
    own = ("backend", "model", "network", "batch", "exact")
    each = ("client_sent_bytes", "server_sent_bytes", "rounds", "wall_s", "lan_s", "wan_s")
    per_inference = document["per_inference"]
    return Cost(
        **{name: document[name] for name in own}, **{name: per_inference[name] for name in each}, document=document
    )


@dataclass(frozen=True)
class PredictedCost:
    """What messages cost by the public plan. Setting the parties up and computing come on top.

    Attributes
    ----------
    client_sent_bytes, server_sent_bytes : float
        Bytes of the messages; they are exact.
    rounds : float
        Messages in sequence, at most.
    lan_s, wan_s, network_s : float
        Seconds that the messages take at most on a local and a wide-area network, and on the one that was named.
    """

    client_sent_bytes: float
    server_sent_bytes: float
    rounds: float
    lan_s: float
    wan_s: float
    network_s: float

    @property
    def sent_bytes(self) -> float:
        """Bytes of both parties' messages."""
        return self.client_sent_bytes + self.server_sent_bytes


@dataclass(frozen=True)
class Prediction:
    """The predicted cost of a session by one family of protocols.

    Attributes
    ----------
    backend, model, network : str
        The family, the model, and the network of ``network_s``.
    batch : int
        Images in the session.
    reasons : tuple of str
        Every reason why the family cannot compute the model; empty if it can.
    session, per_inference : PredictedCost or None
        The cost of the whole session, and of one of its images; ``None`` where there are reasons.
    document : dict
        An entry of ``families`` of ``sim bench --predict --json``.
    """

    backend: str
    model: str
    network: str
    batch: int
    reasons: tuple
    session: Optional[PredictedCost]
    per_inference: Optional[PredictedCost]
    document: dict = field(repr=False)


def _predicted(document: Optional[dict]) -> Optional[PredictedCost]:
    if document is None:
        return None
    sent = {name: document[name] for name in ("client_sent_bytes", "server_sent_bytes")}
    return PredictedCost(**sent, **{name: document[name + "_at_most"] for name in ("rounds", "lan_s", "wan_s", "network_s")})


def predict(
    model: Union[str, os.PathLike],
    *,
    batch: int = 1,
    network: Optional[str] = None,
    frac_bits: Optional[int] = None,
    scale: Optional[Number] = None,
    offset: Optional[Number] = None,
    truncation: Optional[str] = None,
) -> dict:
    """Predict what a session of secure inferences costs by every family of protocols, without running it.

    Parameters
    ----------
    model : path
        An ONNX model.
    batch : int
        Images in the session: ``plan.N`` for a session of mix-and-check.
    network : str, optional
        ``"lan"``, ``"wan"`` or ``"40ms,100mbit"``.
    frac_bits : int, optional
        Fractional bits of weights and activations.
    scale, offset : number, optional
        A pixel ``p`` (0 to 255) stands for ``p * scale + offset``. They decide how large values may be.
    truncation : str, optional
        ``"faithful"`` (the default) or ``"one_bit"``.

    Returns
    -------
    dict of str to Prediction
        By the name of the family, such as ``"cheetah"``.

    Raises
    ------
    ValueError
        If the model cannot be read, or an argument is wrong.
    """
    flags = {"batch": batch, "network": network, "frac_bits": frac_bits, "scale": scale, "offset": offset}
    document = answer("bench", (os.fspath(model),), predict=True, truncation=truncation, **flags)[0]
    common = {name: document[name] for name in ("model", "network", "batch")}
    return {
        family["backend"]: Prediction(
            backend=family["backend"], **common, reasons=tuple(family["reasons"]), session=_predicted(family["session"]),
            per_inference=_predicted(family["per_inference"]), document=family,
        )
        for family in document["families"]
    }


class Model:
    """An ONNX model in fixed point, as the simulator computes it: integers, and the same to the last bit everywhere.

    Parameters
    ----------
    path : path
        An ONNX model of supported layers.
    frac_bits : int
        Fractional bits of weights and activations.
    scale, offset : float
        A pixel ``p`` (0 to 255) stands for ``p * scale + offset``.

    Raises
    ------
    ValueError
        With every layer that is not supported.
    """

    def __init__(
        self, path: Union[str, os.PathLike], *, frac_bits: int = 12, scale: float = 1 / 255, offset: float = 0.0
    ) -> None:
        self._model = _native.Model(Path(path), frac_bits, scale, offset)

    @property
    def image(self) -> tuple:
        """Channels, height and width of an image."""
        return tuple(self._model.image)

    @property
    def classes(self) -> int:
        """The number of classes."""
        return self._model.classes

    def answer(self, images: Any) -> tuple:
        """Compute labels and logits.

        Parameters
        ----------
        images : numpy.ndarray of uint8
            Shape ``(n, channels, height, width)``; the axis of one channel may be left out.

        Returns
        -------
        labels : numpy.ndarray of uint32, shape ``(n,)``
        logits : numpy.ndarray of int64, shape ``(n, classes)``
            In fixed point.

        Raises
        ------
        ValueError
            If the array has another type or shape.
        """
        import numpy

        images = numpy.asarray(images)
        channels, height, width = self.image
        legal = {(channels, height, width)} | ({(height, width)} if channels == 1 else set())
        if images.dtype != numpy.uint8 or images.shape[1:] not in legal:
            raise ValueError(f"images of uint8 and shape (n, {channels}, {height}, {width}) are needed, not {images.dtype} {images.shape}")
        labels, logits = self._model.answer(images.tobytes())
        return numpy.array(labels, numpy.uint32), numpy.array(logits, numpy.int64).reshape(len(images), self.classes)
