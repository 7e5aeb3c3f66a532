"""The logits of onnxruntime, for a folder of networks: N.onnx and N.images (float32, one image after another) give N.logits.

Used by proofs-tests/tests/onnxruntime.rs, whose files leave out what onnxruntime insists on: the types of attributes.
"""

import pathlib
import sys

import numpy
import onnx
import onnxruntime

LISTS = {"kernel_shape", "strides", "pads"}


def session(path):
    model = onnx.load(path)
    for node in model.graph.node:
        for attribute in node.attribute:
            kind = onnx.AttributeProto.INTS if attribute.name in LISTS else onnx.AttributeProto.INT
            attribute.type = kind
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    network = session(path)
    image = network.get_inputs()[0]
    pixels = numpy.fromfile(path.with_suffix(".images"), dtype="<f4").reshape([-1, *image.shape[1:]])
    [logits] = network.run(None, {image.name: pixels})
    logits.astype("<f4").tofile(path.with_suffix(".logits"))
