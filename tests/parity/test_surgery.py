"""Longer tables in transformers: the same folder computes the same there."""

import numpy as np
import pytest
from conftest import ALBERT, BERT, PIECES, disturb, rows

from keras_bert_zoo import build
from keras_bert_zoo.tasks.surgery import extend_positions, extend_segments, extend_vocabulary
from keras_bert_zoo.text import WordPiece

torch = pytest.importorskip("torch")
hf = pytest.importorskip("transformers")
pytestmark = pytest.mark.parity


@pytest.mark.parametrize("config", [BERT, ALBERT], ids=["bert", "albert"])
def test_transformers_reads_it(config, tmp_path):
    model = disturb(build(config, task="masked_lm"))
    model.tokenizer = WordPiece("".join(f"{piece}\n" for piece in PIECES).encode())
    longer = extend_segments(extend_positions(extend_vocabulary(model, ["ab", "##bc"]), 57), 5)
    longer.save_folder(tmp_path / "model")
    theirs = hf.AutoModelForMaskedLM.from_pretrained(tmp_path / "model").eval()
    given = rows([40, 57], 57, vocab=43)
    given["segment_ids"] = given["token_ids"] % 5
    named = zip(("input_ids", "token_type_ids", "attention_mask"), given.values(), strict=True)
    with torch.no_grad():
        expected = theirs(**{key: torch.tensor(array, dtype=torch.long) for key, array in named}).logits.numpy()
    text = given["padding_mask"] == 1
    np.testing.assert_allclose(np.asarray(longer(given))[text], expected[text], atol=5e-6)
    if config is BERT:
        assert hf.BertTokenizerFast(str(tmp_path / "model" / "vocab.txt")).tokenize("abca") == ["ab", "##c", "##a"]
