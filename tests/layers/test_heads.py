import numpy as np
from conftest import ALBERT, disturb, rows

from keras_bert_zoo import build


def test_places_are_picked_from_all():
    model = disturb(build(ALBERT, task="masked_lm"))
    given = rows([7, 9], 9)
    everywhere = np.asarray(model(given))
    assert everywhere.shape == (2, 9, 41)
    places = np.array([[3, 1, 5], [8, 8, 0]], "int32")
    picked = np.asarray(model(given | {"mask_positions": places}))
    np.testing.assert_allclose(picked, np.take_along_axis(everywhere, places[..., None], 1), atol=1e-6)


def test_the_token_table_is_tied():
    model = build(ALBERT, task="masked_lm")
    given = rows([5], 5)
    before = np.asarray(model(given))
    table = model.encoder.embeddings.tokens.embeddings
    table.assign(np.asarray(table) * np.where(np.arange(41) == 40, 3, 1)[:, None])
    after = np.asarray(model(given | {"token_ids": given["token_ids"] * 0 + 5}))
    unused = np.asarray(model({k: v * 0 + 5 if k == "token_ids" else v for k, v in given.items()}))
    np.testing.assert_array_equal(after, unused)
    assert 40 not in given["token_ids"]
    np.testing.assert_allclose(np.asarray(model(given))[..., 40], before[..., 40] * 3, rtol=1e-4)
