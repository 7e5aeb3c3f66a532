"""Predicted costs against measured ones."""

from pathlib import Path

import fusion
import pytest

MODELS = Path(__file__).resolve().parents[3] / "examples/models"
SMALL = MODELS / "small_mnist.onnx"
FAMILIES = ["cheetah", "cryptflow2-ot", "cryptflow2-he", "delphi", "aby", "aby-32"]


@pytest.mark.parametrize("backend", ["cheetah", "cryptflow2-ot"])
def test_what_is_predicted_is_measured(backend):
    predicted = fusion.predict(SMALL, batch=3)
    assert list(predicted) == FAMILIES
    one, cost = predicted[backend], fusion.bench(SMALL, backend=backend, batch=3)
    assert (one.reasons, one.batch, one.network) == ((), 3, "wan")
    each = one.per_inference
    assert (each.client_sent_bytes, each.server_sent_bytes) == (cost.client_sent_bytes, cost.server_sent_bytes)
    assert cost.rounds <= each.rounds < 2 * cost.rounds
    assert each.lan_s < each.wan_s == each.network_s
    assert cost.wan_s - cost.wall_s <= each.wan_s < 2 * (cost.wan_s - cost.wall_s)
    assert one.session.sent_bytes == pytest.approx(3 * each.sent_bytes) and one.session.rounds == pytest.approx(3 * each.rounds)


def test_a_family_that_cannot_compute_a_model_says_all_reasons():
    predicted = fusion.predict(MODELS / "lenet_mnist_full.onnx", frac_bits=20, network="20ms,400mbit")
    refused = {name: one.reasons for name, one in predicted.items() if one.reasons}
    assert list(refused) == ["cheetah", "cryptflow2-he", "delphi"]
    assert len(refused["cryptflow2-he"]) >= 3 and predicted["cheetah"].session is None
    assert predicted["aby"].session.network_s < predicted["aby"].session.wan_s


@pytest.mark.parametrize("argument", [{"batch": 0}, {"network": "fast"}, {"frac_bits": 99}, {"truncation": "none"}, {"scale": "x"}])
def test_mistakes_are_value_errors(argument):
    with pytest.raises(ValueError, match=next(iter(argument)).replace("_", "-")):
        fusion.predict(SMALL, **argument)
