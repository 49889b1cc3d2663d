"""The text that the zoo's own models learn from: English novels, encyclopaedia articles and film reviews.

python examples/pretraining_text.py --data $KBZ_DATA --out texts
keras-bert-zoo prepare texts --out shards

Left out is every document that is, or holds, a whole text of eight words and more that models are tested on: of the dev
and test parts of SST-2, CoLA, MRPC, RTE and STS-B, of IMDB's labelled reviews, ClaimBuster's test part and XQuAD's
paragraphs. A text that stands there with another word in it, or with don't for SST-2's do n't, is not found.
The articles are those in which IBM marked claims (CE-EMNLP-2015), so that nothing that learns from them can be measured
on these.
"""

import argparse
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from keras_bert_zoo.corpus.documents import Documents
from keras_bert_zoo.errors import ZooError, in_a_sentence

SOURCES = {
    "novels": ("corpora/eltec_eng.tar.xz", "*.xml"),
    "articles": ("corpora/ibm_wikipedia_articles.tar.xz", "*.txt"),
    "reviews": ("imdb/aclImdb_unsup.tar.xz", "*_*.txt"),
}
WORDS = re.compile(r"[a-z0-9]+")
GRAM = 8  # words: a shorter text of a test set says nothing that a document could give away
MARKS = re.compile(r"<br\s*/?>")  # of IMDB's paragraphs, blank lines in our documents
NOTES = re.compile(r"\s?\[REF\]")  # of the articles


def words_of(text: str) -> tuple[str, ...]:
    """Words of a text without case and punctuation, so that a copy with other spaces or dashes is found too."""
    return tuple(WORDS.findall(MARKS.sub(" ", text).lower()))


def test_texts(data: Path) -> Iterator[str]:
    """Those that documents are looked through for."""
    yield from sentences(data)
    yield from (row["text"] for row in json.loads((data / "claims/claimbuster/test.json").read_text("utf-8")))
    for article in json.loads((data / "qa/xquad/xquad.en.json").read_text("utf-8"))["data"]:
        yield from (paragraph["context"] for paragraph in article["paragraphs"])
    with tarfile.open(data / "imdb/aclImdb_labelled.tar.xz") as archive:
        for member in archive:
            if member.isfile() and "_" in Path(member.name).name:
                yield archive.extractfile(member).read().decode("utf-8", "replace")


def sentences(data: Path) -> Iterator[str]:
    """Those of SST-2, RTE, CoLA, MRPC and STS-B."""
    for name in ("sst2/glue/dev.tsv", "sst2/glue/test.tsv", "rte/dev.tsv", "rte/test.tsv"):
        for line in (data / name).read_text("utf-8").splitlines()[1:]:
            yield from line.split("\t")
    for name in ("sst2/sentence_level/dev.tsv", "sst2/sentence_level/test.tsv"):
        yield from (line.split("\t")[0] for line in (data / name).read_text("utf-8").splitlines())
    for name in ("in_domain_dev.tsv", "out_of_domain_dev.tsv"):
        yield from (line.split("\t")[3] for line in (data / "cola" / name).read_text("utf-8").splitlines())
    dev = set((data / "mrpc/dev_ids.tsv").read_text("utf-8").splitlines())
    for part in ("train", "test"):
        for line in (data / f"mrpc/msr_paraphrase_{part}.txt").read_text("utf-8-sig").splitlines()[1:]:
            cells = line.split("\t")
            if part == "test" or "\t".join(cells[1:3]) in dev:
                yield from cells[3:]
    for name in ("sts-dev.tsv", "sts-test.tsv"):
        for line in (data / "stsb" / name).read_text("utf-8").splitlines():
            yield from line.split("\t")[5:7]


class Known:
    """Texts that documents are looked through for."""

    def __init__(self, texts: Iterator[str]):
        self.by_start: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for words in map(words_of, texts):
            if len(words) >= GRAM:
                self.by_start.setdefault(words[:GRAM], set()).add(words)

    def are_in(self, text: str) -> bool:
        words = words_of(text)
        for place in range(len(words) - GRAM + 1):
            for known in self.by_start.get(words[place : place + GRAM], ()):
                if words[place : place + len(known)] == known:
                    return True
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("KBZ_DATA"), required="KBZ_DATA" not in os.environ)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    with in_a_sentence():
        write(Path(given.data), given.out)


def write(data: Path, out: Path) -> None:
    """A new folder with a file of documents for every source."""
    if out.exists():
        raise ZooError(f"{out} exists already: choose another folder, or remove it.")
    part = out.with_name(f"{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    known = Known(test_texts(data))
    for name, (source, only) in SOURCES.items():
        kept = left = size = 0
        with (part / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for text, _ in Documents(data / source, only=only):
                text = NOTES.sub("", text).strip()
                if known.are_in(text):
                    left += 1
                    continue
                file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
                kept, size = kept + 1, size + len(text)
        print(f"{name}: {kept:,} documents, {size / 1e6:.1f} million characters; {left:,} left out", flush=True)
    part.rename(out)


if __name__ == "__main__":
    main()
