"""Mix-and-check around an inference in SPU: LeNet on ten digits, shared between two parties.

Run it with ``python examples/python/spu_mix_and_check.py``; it needs fusion, onnx, and spu 0.9.5, whose wheels are for Python 3.10 and 3.11
(``pip install spu==0.9.5 onnx``). ``--protocol CHEETAH`` takes Cheetah instead of semi2k, and about twenty times as long.

SPU runs both parties in this process here, as its simulation does, so this shows the client's code and not a defence. SPU's protocols are made for parties that
keep to them: what a server does that does not is what mix-and-check is for. They also compute approximately: the last bits of a logit are another at each
run. So the example first measures how often two answers to one image differ, and chooses the slack that follows.
"""

import argparse
import random
from fractions import Fraction
from pathlib import Path

import fusion
import jax
import numpy
import onnx
import onnx.numpy_helper
import spu
from spu.utils import simulation

EXAMPLES = Path(__file__).resolve().parents[1]
KAPPA = 10  # An honest session has too many wrong publics with probability at most 2^-10.
ALPHA = Fraction(1, 10**3)  # The measured interval misses its rate with probability at most this.


def digits():
    """Return 1,000 images of float32, shape (1000, 1, 28, 28), and their labels."""
    images = (EXAMPLES / "data/mnist_t1000-images-idx3-ubyte").read_bytes()[16:]
    labels = (EXAMPLES / "data/mnist_t1000-labels-idx1-ubyte").read_bytes()[8:]
    pixels = numpy.frombuffer(images, numpy.uint8).reshape(-1, 1, 28, 28)
    return pixels.astype(numpy.float32) / 255, numpy.frombuffer(labels, numpy.uint8)


def weights(path=EXAMPLES / "models/lenet_mnist_full.onnx"):
    """Return weights and biases of the five linear layers, in their order."""
    graph = onnx.load(path).graph
    named = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    linear = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    return [tuple(named[name] for name in node.input[1:]) for node in linear]


def lenet(images, layers):
    """Return the logits of images of shape (n, 1, 28, 28)."""

    def convolved(values, layer, padding):
        weight, bias = layer
        return jax.lax.conv_general_dilated(values, weight, (1, 1), padding) + bias[None, :, None, None]

    def pooled(values):
        window = (1, 1, 2, 2)
        return jax.lax.reduce_window(values, 0.0, jax.lax.add, window, window, "VALID") / 4

    first, second, *dense = layers
    values = pooled(jax.nn.relu(convolved(images, first, [(2, 2), (2, 2)])))
    values = pooled(jax.nn.relu(convolved(values, second, "VALID"))).reshape(len(images), -1)
    for weight, bias in dense[:-1]:
        values = jax.nn.relu(values @ weight.T + bias)
    weight, bias = dense[-1]
    return values @ weight.T + bias


def inference(protocol="SEMI2K"):
    """Return a function from images to their labels, computed on shares by two parties. The labels are taken in the clear, by the client."""
    kind = getattr(spu.ProtocolKind, protocol)
    simulator = simulation.Simulator.simple(2, kind, spu.FieldType.FM64)
    shared, layers = simulation.sim_jax(simulator, lenet), weights()

    def infer(images):
        return numpy.argmax(shared(numpy.stack(images), layers), axis=1).tolist()

    return infer


def disagreement(infer, images, repeats=2):
    """Ask for all images together several times, and measure how often answers to one image differ. Returns the measurement and the first answers."""
    passes = [infer(images) for _ in range(repeats)]
    answers = [iter(of_one) for of_one in zip(*passes)]
    return fusion.measure_disagreement(next, answers, repeats, alpha=ALPHA), passes[0]


def setting(found, R, lambda_):
    """Return the cheapest plan whose slack suffices for what was measured."""
    for slack in range(1, 200):
        plan = fusion.plan(R=R, lambda_=lambda_, slack=slack)
        needed = found.slack(plan.T, KAPPA)
        if needed is not None and needed <= slack:
            return plan
    raise SystemExit("the answers differ too often, or too few were measured, for any slack below 200")


def two_slots(labels):
    """Answer two slots wrongly, chosen without reading any."""
    for slot in random.sample(range(len(labels)), 2):
        labels[slot] = (labels[slot] + 1) % 10
    return labels


def main(protocol="SEMI2K", R=10, lambda_=10, measured=200):
    images, truth = digits()
    infer = inference(protocol)
    chosen = random.SystemRandom().sample(range(len(images)), measured + R)
    queries, asked = chosen[measured:], chosen[:measured]
    found, answers = disagreement(infer, [images[at] for at in asked])
    print(f"{found.disagree} of {found.pairs} pairs of answers differ: the rate is at most {float(found.interval[1]):.4f}")
    plan = setting(found, R, lambda_)
    print(f"R={plan.R} B={plan.B} T={plan.T} slack={plan.slack}: {plan.N} inferences, {plan.bits:.1f} bits")
    print(f"copies of an honest session disagree with probability at most {float(found.copies_abort(plan.R, plan.B)):.3f}")
    # Publics are images whose answer is known, in each session other ones.
    known = [at for at, answer in zip(asked, answers) if answer == truth[at]]
    if len(known) < 2 * plan.T:
        raise SystemExit(f"{2 * plan.T} publics are needed, and {len(known)} images were answered right")
    verdicts = []
    for name, server in [("honest", infer), ("two slots", lambda batch: two_slots(infer(batch)))]:
        publics, known = known[: plan.T], known[plan.T :]
        client = fusion.MixAndCheck(plan, [(images[at], truth[at]) for at in publics])
        verdict = client.run([images[at] for at in queries], server)
        print(f"{name:9} {verdict}, true labels {truth[queries].tolist()}")
        verdicts.append(verdict)
    return plan, verdicts, truth[queries].tolist()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", choices=["SEMI2K", "CHEETAH"], default="SEMI2K")
    parser.add_argument("--measured", type=int, default=200, help="how many images are answered twice")
    arguments = parser.parse_args()
    main(protocol=arguments.protocol, measured=arguments.measured)
