"""From scratch: words learnt from reviews, at first by the company they keep, then by guessing hidden ones, and at last
a judge of reviews.

python examples/from_scratch.py --data $KBZ_DATA --out runs/from_scratch    # hours on a CPU; goes on when killed
python examples/from_scratch.py --data $KBZ_DATA --out runs/try --reviews 500 --steps 50    # minutes

Vocabulary and hidden words come from those of IMDB's 50,000 unlabelled reviews (Maas et al. 2011) that are no labelled
ones; texts that are in both of its parts are left out of the training part.
"""

import argparse
import os
import random
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from words_from_text import begin

from keras_bert_zoo import Corpus, fill_mask, finetune, prepare, pretrain
from keras_bert_zoo.errors import in_a_sentence
from keras_bert_zoo.text import TextVectorization

RECIPE = {
    "objective": {"pairs": "none"},
    "masking": {"unit": "piece"},
    "optimizer": {"rate": 2e-3, "warmup": 0.02, "beta_2": 0.98},
    "stages": 2 * [{"length": 128, "rows": 32, "share": 0.43}, {"length": 512, "rows": 8, "share": 0.07}],
}
WORDS, LENGTH = 20_000, 512


def reviews(archive: Path, folder: str) -> Iterator[str]:
    """The texts of a folder in an archive of IMDB's, without marks of paragraphs."""
    with tarfile.open(archive) as tape:
        for member in tape:
            if member.isfile() and folder in member.name and member.name.endswith(".txt"):
                yield tape.extractfile(member).read().decode("utf-8", "ignore").replace("<br />", " ")


def labelled(archive: Path, part: str, most: int | None) -> tuple[list[str], list[str]]:
    """Reviews of one part and what they say, mixed; `most` of each kind."""
    found = [
        (text, label)
        for label, folder in (("negative", f"{part}/neg"), ("positive", f"{part}/pos"))
        for text in islice(reviews(archive, folder), most)
    ]
    random.Random(0).shuffle(found)
    return [text for text, _ in found], [label for _, label in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("KBZ_DATA"), required="KBZ_DATA" not in os.environ)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--reviews", type=int, help="so many of each kind only")
    given = parser.parse_args()
    with in_a_sentence():
        run(Path(given.data) / "imdb", given.out, given.steps, given.reviews)


def run(imdb: Path, out: Path, steps: int, most: int | None) -> None:
    """All of it, from the archives; `most` reviews of each kind."""
    train, test = (labelled(imdb / "aclImdb_labelled.tar.xz", part, most) for part in ("train", "test"))
    known = {*train[0], *test[0]}
    (out / "texts").mkdir(parents=True, exist_ok=True)
    unlabelled = islice(reviews(imdb / "aclImdb_unsup.tar.xz", "unsup"), most)
    texts = [" ".join(text.split()) for text in unlabelled if text not in known]
    (out / "texts" / "reviews.txt").write_text("\n".join(texts) + "\n", "utf-8")

    words = TextVectorization.learn(texts, size=WORDS)
    prepare(out / "texts", out / "shards", words, split="line")
    if not (out / "start").is_dir():
        begin(Corpus(out / "shards"), "bert_tiny").save_folder(out / "start")
    pretrained = pretrain(RECIPE, out / "pretrained", out / "shards", weights=str(out / "start"), steps=steps)
    for text in ("one of the [MASK] movies i have ever seen", "the [MASK] was great but the story was boring"):
        print(text, [guess["token"] for guess in fill_mask(text, pretrained.model)[0]])

    leaks = set(test[0])
    kept = [place for place, text in enumerate(train[0]) if text not in leaks]
    judge = finetune(
        out / "pretrained" / "model",
        train=([train[0][place] for place in kept], [train[1][place] for place in kept]),
        test=test,
        split=(0.1, 0.0),
        out=out / "judge",
        learning_rate=3e-4,
        pooling="mean",
        epochs=3,
        length=LENGTH,
        overwrite=True,
    )
    print(judge.model.answer(["What a waste of two hours.", "I laughed and I cried; see it."]))


if __name__ == "__main__":
    main()
