"""A small corpus of made-up words, for whatever reads shards."""

import random

from keras_bert_zoo.corpus.prepare import prepare

LETTERS = "abcdefghijklmnopqr"
OFTEN = [1 / (i + 1) for i in range(len(LETTERS))]  # so that there is something to learn


def document(draw, sentences):
    """A sentence a line, of words of one to four letters."""
    words = ("".join(draw.choices(LETTERS, OFTEN, k=draw.randint(1, 4))) for _ in range(100 * sentences))
    return "\n".join(" ".join(next(words) for _ in range(draw.randint(2, 8))) for _ in range(sentences))


def write_texts(folder, documents=120, seed=0):
    """A file with documents between blank lines; one stands twice, with other spaces."""
    draw = random.Random(seed)
    texts = [document(draw, draw.randint(1, 12)) for _ in range(documents)]
    texts[7] = texts[3].replace(" ", "  ")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts.txt").write_text("\n\n".join(texts) + "\n")
    return texts


def make_corpus(folder, tokenizer, **settings):
    write_texts(folder / "texts")
    settings = {"split": "blank_line", "sentences": "line", "heldout": 0.1, "shards": 3, "workers": 0} | settings
    return prepare(folder / "texts" / "texts.txt", folder / "corpus", tokenizer, tell=lambda line: None, **settings)
