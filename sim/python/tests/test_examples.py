"""The programs and the notebook of examples/python."""

import importlib.util
import json
from pathlib import Path

import fusion
import pytest

PYTHON = Path(__file__).resolve().parents[3] / "examples/python"


@pytest.fixture(scope="module")
def http():
    pytest.importorskip("onnxruntime")
    return loaded("http_onnxruntime")


@pytest.fixture(scope="module")
def answer(http):
    return http.model()


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, PYTHON / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def session(http, answer, cheat):
    with http.serving(answer, cheat) as address:
        return http.session(http.setting(), address)


def test_an_honest_server_is_accepted(http, answer):
    """The model is right on 98.9 % of these digits. More than 13 of 64 publics are wrong with probability below 1e-13, and more than 5 of 8
    queries with probability below 2e-10."""
    verdict, truth = session(http, answer, http.honest)
    assert verdict.accepted and sum(map(int.__ne__, verdict.labels, truth)) <= 5


def test_a_server_that_errs_on_two_slots_gets_no_wrong_answer_accepted(http, answer):
    """With more than two copies it never wins: it is accepted only if both slots hold publics, and the labels are the model's."""
    assert http.setting().B > 2
    for _ in range(3):
        verdict, truth = session(http, answer, http.two_slots)
        assert not verdict.accepted or sum(map(int.__ne__, verdict.labels, truth)) <= 5
        assert verdict.accepted or verdict.reason in ("copies_disagree", "public_wrong")


def test_a_server_that_reads_its_inputs_wins(http, answer):
    """What the page on Python says is not promised: some label is not that of the model."""
    images, _ = http.digits()
    verdict, truth = session(http, answer, http.reads_its_inputs)
    assert verdict.accepted and verdict.labels != truth


def test_an_inference_in_spu_is_protected():
    """The model errs on a query with probability 0.011, and on more than one of two with probability below 2e-4."""
    pytest.importorskip("spu", reason="spu is not installed: it has wheels for Python 3.10 and 3.11 alone")
    pytest.importorskip("onnx")
    plan, (honest, touched), truth = loaded("spu_mix_and_check").main(R=2, lambda_=4, measured=100)
    assert plan.slack >= 1 and honest.accepted and sum(map(int.__ne__, honest.labels, truth)) <= 1
    assert touched.accepted or touched.reason in ("copies_disagree", "public_wrong")


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


def test_the_code_of_the_page_runs(capsys):
    page = (PYTHON.parents[1] / "docs/python.md").read_text(encoding="utf-8")
    first, costs, protect, disagreement = [block.split("```")[0] for block in page.split("```python\n")[1:]]
    names = {"inputs": range(500), "answer_one": lambda number: number % 10, "used": []}
    exec(first, names)
    assert capsys.readouterr().out == "4/95\n" and (names["plan"].B, names["plan"].T) == (5, 4)
    names["model"] = PYTHON.parent / "models/small_mnist.onnx"
    exec(costs, names)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(fusion.predict(names["model"]))
    names |= {"queries": [11, 12], "use": names["used"].extend, "infer": lambda batch: [number % 10 for number in batch]}
    T = fusion.plan(R=2, lambda_=40, reject_acc="0.8", honest_acc="0.99", kappa=20).T
    names["publics"] = [(number, number % 10) for number in range(T)]
    exec(protect, names)
    assert names["used"] == [1, 2]
    exec(disagreement, names)
    assert names["found"].rate == 0
