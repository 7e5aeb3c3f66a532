"""The programs and the notebook of examples/python."""

import importlib.util
import json
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[3] / "examples/python"


@pytest.fixture(scope="module")
def http():
    pytest.importorskip("onnxruntime")
    spec = importlib.util.spec_from_file_location("http_onnxruntime", PYTHON / "http_onnxruntime.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def answer(http):
    return http.model()


def session(http, answer, cheat):
    with http.serving(answer, cheat) as address:
        return http.session(http.setting(), address)


def test_an_honest_server_is_accepted(http, answer):
    """Rejected with probability below 2^-20: the model is right on 98.9 % of these digits."""
    verdict, truth = session(http, answer, http.honest)
    assert verdict.accepted and sum(map(int.__ne__, verdict.labels, truth)) <= 4


def test_a_server_that_errs_on_two_slots_gets_no_wrong_answer_accepted(http, answer):
    """It can only be accepted if both slots hold publics, and then the labels are those of the model: with more than two copies it never wins."""
    assert http.setting().B > 2
    for _ in range(3):
        verdict, truth = session(http, answer, http.two_slots)
        assert not verdict.accepted or sum(map(int.__ne__, verdict.labels, truth)) <= 4
        assert verdict.accepted or verdict.reason in ("copies_disagree", "public_wrong")


def test_a_server_that_reads_its_inputs_wins(http, answer):
    """What the page on Python says is not promised: some label is not that of the model."""
    images, _ = http.digits()
    verdict, truth = session(http, answer, http.reads_its_inputs)
    assert verdict.accepted and verdict.labels != truth


def test_the_notebook_runs_and_is_kept_without_output():
    pytest.importorskip("pandas")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    notebook = json.loads((PYTHON / "tradeoff.ipynb").read_text(encoding="utf-8"))
    names = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    assert names["result"].verdict == "pass" and len(pyplot.get_fignums()) == 2
    pyplot.close("all")
