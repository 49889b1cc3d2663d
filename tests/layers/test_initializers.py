import numpy as np
from conftest import BERT

from keras_bert_zoo import build


def test_width_and_difference():
    model = build(BERT, hidden_size=48, embedding_size=48, intermediate_size=96)
    weights = {name: np.asarray(v) for name, v in model.variables_by_name().items()}
    kernels = [w for name, w in weights.items() if name.endswith(("kernel", "embeddings")) and w.size > 500]
    assert len(kernels) > 15
    for kernel in kernels:
        assert 0.015 < kernel.std() < 0.02  # 0.02, less what truncation at two deviations takes
        assert abs(kernel).max() <= 0.0401
    expand = "encoder/block_{}/feed_forward/expand/kernel"
    assert not np.allclose(weights[expand.format(0)], weights[expand.format(1)])


def test_range_is_the_config_s():
    model = build(BERT, initializer_range=0.3)
    assert np.asarray(model.variables_by_name()["encoder/embeddings/tokens/embeddings"]).std() > 0.2
