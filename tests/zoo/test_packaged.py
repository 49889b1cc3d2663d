"""The zoo's own models, as they come with the package."""

import hashlib
import json
import re

import numpy as np
import pytest
from safetensors.numpy import load_file

from keras_bert_zoo import build, fill_mask
from keras_bert_zoo.zoo.fetch import PACKAGED
from keras_bert_zoo.zoo.presets import ALIASES, PRESETS
from keras_bert_zoo.zoo.releases import OURS, RELEASES

EXPECTED = {  # a word that every one of them must find among its first five
    "The acting was [MASK] and the plot was boring.": {"bad", "awful", "terrible", "poor", "horrible"},
    "The movie was one of the [MASK] films of the year.": {"best", "worst", "greatest", "first", "finest", "most"},
}


@pytest.fixture(params=OURS)
def name(request):
    return request.param


def test_the_first_release_of_its_name_needs_no_network(name, monkeypatch):
    monkeypatch.setattr("keras_bert_zoo.zoo.fetch.download", None)
    assert next(iter(RELEASES[name])) == "zoo"
    model = build(name, task="masked_lm", weights="pretrained")
    assert not model.load_report.new
    assert model.tokenizer is not None
    for text, words in EXPECTED.items():
        found = {guess["token"].lstrip("▁") for guess in fill_mask(text, model)[0]}
        assert found & words, (text, found)


def test_another_name_of_the_shape_is_not_ours(name, monkeypatch):
    """Who asks for Google's weights gets Google's."""
    asked = []
    monkeypatch.setattr("keras_bert_zoo.zoo.parts.fetch_release", lambda *call: asked.append(call) or PACKAGED / name)
    for other in [name, *(alias for alias, target in ALIASES.items() if target == name)]:
        build(other, task="masked_lm", weights="pretrained")
        assert asked[-1][2].kind == ("packaged" if other == name else "archive")


def test_the_card_is_of_these_weights(name):
    folder = PACKAGED / name
    card, said = (folder / "README.md").read_text(), json.loads((folder / "config.json").read_text())
    weights = folder / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() in card
    tensors = load_file(weights)
    assert {array.dtype for array in tensors.values()} == {np.dtype("float16")}
    held = re.search(r"([\d,]+)\s+parameters", card)[1]
    assert int(held.replace(",", "")) == sum(array.size for array in tensors.values())
    assert said["vocab_size"] == PRESETS[name].vocab_size
    assert re.search(r"\| \| this model \|( before pretraining \|)? random weights \| words \|", card)
    rows = {
        cells[1].split(",")[0].strip(): cells[2]
        for cells in (line.split("|") for line in card.splitlines())
        if len(cells) >= 7
    }
    for measured in ("SST-2", "MRPC", "RTE", "CoLA", "SMS spam"):
        assert re.fullmatch(r" \d+\.\d \(\d\) ", rows[measured]), measured
    assert (folder / "curves.png").stat().st_size < 100_000


def test_all_of_them_fit_into_the_wheel():
    assert sum(path.stat().st_size for path in PACKAGED.rglob("*")) < 15e6
    assert {path.name for path in PACKAGED.iterdir()} == {release.where for release in OURS.values()}
