import re

import pytest
from conftest import SHAPES

from keras_bert_zoo import ZooError, build
from keras_bert_zoo.distribution import check_layout, make_runtime
from keras_bert_zoo.distribution.layout import LAYOUT


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

    with pytest.raises(ZooError, match="model_parallel=2 must divide the 3 devices"):
        mesh.cut(["cpu:0", "cpu:1", "cpu:2"], 2)
    monkeypatch.setattr(mesh.jax, "process_count", lambda: 2)
    with pytest.raises(ZooError, match="model_parallel=2 is for one host, and there are 2"):
        mesh.cut(["cpu:0", "cpu:1"], 2)
