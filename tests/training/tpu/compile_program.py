"""A program that TensorFlow has lowered, compiled by libtpu for a TPU that is not here, one replica a chip; a program
of its own, because TensorFlow has the process of the tests.

JAX_PLATFORMS=cpu python tests/training/tpu/compile_program.py STAGE.stablehlo v5e:2x4
"""

import json
import sys
from pathlib import Path

import numpy as np
from jax._src import compiler
from jax._src.interpreters import mlir
from jax._src.lib import xla_client
from jaxlib.mlir.dialects import stablehlo

from keras_bert_zoo.training.tpu.program import collectives, leaving
from keras_bert_zoo.training.tpu.topologies import devices_of, prepare_process


def compiled(program, topology):
    devices = devices_of(topology)
    places = np.array([[device.id] for device in devices])
    options = compiler.get_compile_options(num_replicas=len(devices), num_partitions=1, device_assignment=places)
    with mlir.make_ir_context() as context:
        module = stablehlo.deserialize_portable_artifact(context, program)
        for block in module.body.operations:
            take_out_copies(block)
        return devices[0].client.compile(module, xla_client.DeviceList(tuple(devices)), options)


def take_out_copies(operation):
    """TensorFlow's hints for layouts, which jax's StableHLO does not know."""
    for region in operation.regions:
        for block in region.blocks:
            for inner in list(block.operations):
                take_out_copies(inner.operation)
                if inner.operation.name == "mhlo.copy":
                    inner.operation.results[0].replace_all_uses_with(inner.operation.operands[0])
                    inner.operation.erase()


if __name__ == "__main__":
    prepare_process()
    made = compiled(Path(sys.argv[1]).read_bytes(), sys.argv[2])
    text = made.hlo_modules()[0].to_string()
    found = {"bytes": made.get_compiled_memory_stats().peak_memory_in_bytes}
    print(json.dumps(found | {"collectives": collectives(text), "leaves_the_device": leaving(text)}))
