"""Mix-and-check around a model behind HTTP: onnxruntime answers, and the client accepts only what the checks allow.

Run it with ``python examples/python/http_onnxruntime.py``; it needs fusion, numpy and onnxruntime.

The server here sees its inputs, so this shows the client's code and not a defence: the last server reads what the slots hold, and
wins. In earnest the batch goes through an inference that hides the inputs, such as a two-party protocol. Then a server can do no better than to choose
slots blindly.
"""

import json
import random
import threading
import urllib.request
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fusion
import numpy
import onnxruntime

EXAMPLES = Path(__file__).resolve().parents[1]
PIXELS = 28 * 28


def digits():
    """Return 1,000 images of uint8, shape (1000, 28, 28), and their labels."""
    images = (EXAMPLES / "data/mnist_t1000-images-idx3-ubyte").read_bytes()[16:]
    labels = (EXAMPLES / "data/mnist_t1000-labels-idx1-ubyte").read_bytes()[8:]
    return numpy.frombuffer(images, numpy.uint8).reshape(-1, 28, 28), numpy.frombuffer(labels, numpy.uint8)


def model(path=EXAMPLES / "models/lenet_mnist_full.onnx"):
    """Return a function from a list of images, as bytes, to their labels."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def label(image):
        pixels = numpy.frombuffer(image, numpy.uint8).reshape(1, 1, 28, 28).astype(numpy.float32) / 255
        return int(session.run(None, {name: pixels})[0].argmax())

    return lambda images: [label(image) for image in images]


def honest(images, labels):
    """Change nothing."""
    return labels


def two_slots(images, labels):
    """Answer two slots wrongly, chosen without reading any."""
    for slot in random.sample(range(len(labels)), 2):
        labels[slot] = (labels[slot] + 1) % 10
    return labels


def reads_its_inputs(images, labels):
    """Answer wrongly all copies of an image that is there more than once: that must be a query."""
    copied = next(image for image, count in Counter(images).items() if count > 1)
    return [(label + 1) % 10 if image == copied else label for image, label in zip(images, labels)]


@contextmanager
def serving(answer, cheat):
    """Serve a model on a free port of this machine. Yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            images = [body[at : at + PIXELS] for at in range(0, len(body), PIXELS)]
            text = json.dumps(cheat(images, answer(images))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            """Print no line for each request."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def ask(address, images):
    """Send a whole batch, and return what the server says."""
    request = urllib.request.Request(address, data=b"".join(images))
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def session(plan, address):
    """Ask for ``R`` digits among fresh publics. Returns the verdict and the true labels."""
    images, labels = digits()
    chosen = random.SystemRandom().sample(range(len(images)), plan.R + plan.T)
    queries, publics = chosen[: plan.R], chosen[plan.R :]
    client = fusion.MixAndCheck(plan, [(images[at].tobytes(), labels[at]) for at in publics])
    verdict = client.run([images[at].tobytes() for at in queries], lambda batch: ask(address, batch))
    return verdict, labels[queries].tolist()


def setting():
    """Plan 8 queries at 20 bits. A model of 98 % accuracy is rejected with probability at most 2^-32, and one of 50 %
    accepted with at most 2^-20."""
    return fusion.plan(R=8, lambda_=20, reject_acc="0.5", honest_acc="0.98", kappa=32)


def main():
    plan = setting()
    print(f"B={plan.B} T={plan.T} slack={plan.slack}: {float(plan.cost):.1f} inferences for each query")
    answer = model()
    for cheat in (honest, two_slots, reads_its_inputs):
        with serving(answer, cheat) as address:
            verdict, truth = session(plan, address)
        print(f"{cheat.__name__:18} {verdict}, true labels {truth}")


if __name__ == "__main__":
    main()
