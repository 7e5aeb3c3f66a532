"""Campaigns, finished runs, and models."""

import os
import signal
import threading
from fractions import Fraction
from pathlib import Path

import fusion
import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
schema: fusion/campaign/v1
name: ours
protocol: { R: 8, B: 2, T: 4 }
fidelity: plain
trials: { seed: 1, max: 4096 }
test: { within: 50% }
strategies:
  - { name: guess-one, do: [{ at: { random: 2 }, relabel: next }], expect: { win: { equals: spec } } }
"""


def test_a_campaign_from_text(tmp_path):
    events = []
    result = fusion.attack(SCRIPT, seed=5, threads=1, progress=events.append, out=tmp_path)
    one = result.strategies["guess-one"]
    assert one.exact == Fraction(4, 95)
    assert one.interval[0] <= 4 / 95 <= one.interval[1]
    assert one.trials == one.win + one.harmless + one.caught + one.error > 0
    assert one.rate == pytest.approx(one.win / one.trials)
    assert result.document["seed"] == 5 and (result.path / "report.html").is_file()
    assert {"honest", "guess-one"} == set(result.strategies)
    assert events[-1]["event"] == "result" and events[-1]["verdict"] == result.verdict
    again = fusion.load(tmp_path / "latest")
    assert (again.verdict, again.strategies, again.path) == (result.verdict, result.strategies, result.path)
    most = fusion.attack(SCRIPT, seed=5, threads=2, max=1024, out=tmp_path)
    assert most.strategies["guess-one"].trials <= 1024


def test_a_curated_campaign_passes(tmp_path):
    result = fusion.attack("quickstart", out=tmp_path)
    assert result.verdict == "pass" and all(one.verdict == "pass" for one in result.strategies.values())


def test_a_table_of_a_run(tmp_path):
    pytest.importorskip("pandas")
    result = fusion.attack(SCRIPT, out=tmp_path)
    table = result.to_pandas()
    assert table.loc["guess-one", "win"] == result.strategies["guess-one"].win
    assert table.loc["guess-one", "exact"] == Fraction(4, 95)


def test_mistakes_of_a_script_have_their_places(tmp_path):
    with pytest.raises(ValueError) as error:
        fusion.attack(SCRIPT.replace("R: 8", "R: -8").replace("relabel", "relable"), out=tmp_path)
    assert "script:4:" in str(error.value) and "script:9:" in str(error.value)
    with pytest.raises(ValueError, match="low-quality"):
        fusion.attack("low-qualty", out=tmp_path)
    with pytest.raises(ValueError, match="not the folder of a finished run"):
        fusion.load(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bound_is_no_exact_rate(tmp_path):
    bounded = SCRIPT.replace("win: { equals: spec }", "win: { at_most: 1/2 }")
    assert bounded != SCRIPT
    strategies = fusion.attack(bounded, out=tmp_path).strategies
    assert all(strategy.exact is None for strategy in strategies.values())
    with pytest.raises(ValueError):
        fusion.attack(SCRIPT, max=-1, out=tmp_path)


def test_an_exception_of_the_listener_stops_the_campaign(tmp_path):
    def listener(event):
        raise LookupError(event["event"])

    with pytest.raises(LookupError):
        fusion.attack(SCRIPT, progress=listener, out=tmp_path)


def test_ctrl_c_stops_a_campaign_and_keeps_its_state(tmp_path):
    endless = SCRIPT.replace("max: 4096", "max: 4000000000").replace("within: 50%", "within: 0.01%")
    # A background job of a shell without job control ignores the signal, and Python with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt, match="--resume"):
        fusion.attack(endless, threads=1, out=tmp_path)
    assert (tmp_path / "latest" / "counts.csv").stat().st_size > 0
    assert not (tmp_path / "latest" / "result.json").exists()


def test_a_model_in_fixed_point():
    numpy = pytest.importorskip("numpy")
    model = fusion.Model(ROOT / "examples/models/small_mnist.onnx")
    raw = (ROOT / "examples/data/mnist_t1000-images-idx3-ubyte").read_bytes()[16 : 16 + 50 * 784]
    images = numpy.frombuffer(raw, numpy.uint8).reshape(50, 28, 28)
    truth = numpy.frombuffer((ROOT / "examples/data/mnist_t1000-labels-idx1-ubyte").read_bytes()[8:58], numpy.uint8)
    labels, logits = model.answer(images)
    assert logits.shape == (50, model.classes) and (logits.argmax(1) == labels).all()
    assert (labels == truth).mean() > 0.8
    with pytest.raises(ValueError, match="uint8"):
        model.answer(images.astype(float))
    with pytest.raises(ValueError, match="missing.onnx"):
        fusion.Model("missing.onnx")


def test_the_cost_of_an_inference():
    cost = fusion.bench(ROOT / "examples/models/small_mnist.onnx", network="wan")
    assert cost.exact and cost.client_sent_bytes > 10_000 and cost.wan_s > cost.lan_s > 0
    with pytest.raises(ValueError):
        fusion.bench(ROOT / "examples/models/small_mnist.onnx", backend="no-such")
