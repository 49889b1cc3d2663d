import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from conftest import SHAPES

from keras_bert_zoo import ZooError, build
from keras_bert_zoo.distribution import check_layout, make_runtime
from keras_bert_zoo.distribution.layout import LAYOUT
from keras_bert_zoo.distribution.values import whole


@pytest.fixture(scope="module", params=SHAPES)
def variables(request):
    return build(SHAPES[request.param], task="pretraining").trainable_variables


def test_every_rule_fits_a_variable_of_its_rank(variables):
    paths = [variable.path for variable in variables]
    check_layout(paths)
    for rule, axes in LAYOUT.items():
        assert {len(variable.shape) for variable in variables if re.fullmatch(rule, variable.path)} == {len(axes)}


def test_a_rule_that_fits_none_is_named(variables):
    with pytest.raises(
        ZooError, match=r"The layout's rule 'attention/query/kernel' fits no variable .* pretraining/enc"
    ):
        check_layout([variable.path for variable in variables], [*LAYOUT, "attention/query/kernel"])


def test_models_are_cut_on_jax_alone():
    with pytest.raises(ZooError, match="model_parallel=2 is for JAX: set KERAS_BACKEND=jax"):
        make_runtime("mirrored", 2)
    with pytest.raises(ZooError, match="model_parallel"):
        make_runtime("mirrored", 0)


def test_devices_that_models_cannot_share(monkeypatch):
    from keras_bert_zoo.distribution import mesh

    with pytest.raises(ZooError, match="model_parallel=2 must divide the 3 devices of a host"):
        mesh.cut(["cpu:0", "cpu:1", "cpu:2"], 2)
    monkeypatch.setattr(mesh.jax, "process_count", lambda: 2)
    with pytest.raises(ZooError, match="model_parallel=2 must divide the 1 devices of a host"):
        mesh.cut(["cpu:0", "cpu:1"], 2)


def test_a_value_out_of_the_parts_of_a_process():
    """Columns on one device, and the others on the next; another process has them too."""
    value = np.arange(12.0).reshape(3, 4)
    cut = [(slice(None), slice(0, 2)), (slice(None), slice(2, 4))]
    parts = [SimpleNamespace(index=index, data=value[index]) for index in cut]
    array = SimpleNamespace(
        shape=value.shape,
        dtype=value.dtype,
        is_fully_addressable=False,
        is_fully_replicated=False,
        addressable_shards=parts,
    )
    np.testing.assert_array_equal(whole(SimpleNamespace(value=array)), value)
    np.testing.assert_array_equal(whole(keras.Variable(value)), value.astype("float32"))
