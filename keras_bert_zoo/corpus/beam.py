"""The same corpus by Apache Beam, for text that outgrows one machine (extra [beam]).

python -m keras_bert_zoo.corpus.beam "texts/*.txt" --out shards --tokenizer vocabulary --shards 64 --runner DirectRunner

What Beam's runners take (Dataflow, Spark, Flink) goes on the same line; source and `out` must be where every worker
sees them. The folder is, byte for byte, that of `prepare` with the same settings: where a document goes depends on its
content, and in what order on its place in the source.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from keras_bert_zoo.corpus.documents import Documents
from keras_bert_zoo.corpus.encoding import Encoded, Encoder, key_of
from keras_bert_zoo.corpus.journal import FILE
from keras_bert_zoo.corpus.preparation import FIGURES, Preparation, summary
from keras_bert_zoo.corpus.prepare import size_of
from keras_bert_zoo.corpus.shards import TOKENIZER, Corpus
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text import open_folder

FOUND = "figures.json"  # of the pipeline's, in the hidden folder
Place = tuple[int, int]  # a document's file, and its number there


class Read(beam.DoFn):
    """A source with its number to documents with their keys and places; what was skipped goes out by itself."""

    def __init__(self, reading: dict[str, Any]):
        self.reading = reading

    def process(self, source: tuple[int, str]) -> Iterator[Any]:
        number, name = source
        documents = Documents(name, **self.reading)
        for place, document in enumerate(documents):
            yield key_of(document.text), ((number, place), document.text)
        for reason, (count, first) in documents.skipped.items():
            yield beam.pvalue.TaggedOutput("skipped", (reason, (number, count, first)))


class Encode(beam.DoFn):
    """Texts to records by `Encoder`, which every worker opens once."""

    def __init__(self, folder: Path, sentences: str, language: str):
        self.arguments = folder, sentences, language

    def setup(self) -> None:
        self.encoder = Encoder(*self.arguments)

    def process(self, document: tuple[bytes, tuple[Place, str]]) -> Iterator[tuple[bytes, tuple[Place, int, Encoded]]]:
        key, (place, text) = document
        yield key, (place, size_of(text), self.encoder(text))


def first_of(found: tuple[bytes, Iterable[tuple[Place, str]]]) -> tuple[bytes, tuple[Place, str]]:
    """Of documents of one key the one that comes first."""
    key, documents = found
    return key, min(documents)


class Write(beam.DoFn):
    """The records of a shard, in the order of their documents, into its file; gives the shard's figures."""

    def __init__(self, folder: Path, names: Sequence[str]):
        self.folder, self.names = folder, names

    def process(self, shard: tuple[int, Iterable[tuple[Place, int, Encoded]]]) -> Iterator[dict[str, int]]:
        number, records = shard
        figures = dict.fromkeys(FIGURES, 0)
        with (self.folder / self.names[number]).open("wb") as file:
            for _, size, record in sorted(records, key=lambda record: record[0]):
                figures["bytes"] += size
                if record is None:
                    figures["empty"] += 1
                    continue
                file.write(record.frame)
                figures["tokens"] += record.tokens
                figures["sentences"] += record.sentences
        yield figures


def add(figures: Iterable[dict[str, int]]) -> dict[str, int]:
    figures = list(figures)
    return {name: sum(one.get(name, 0) for one in figures) for name in FIGURES}


def run(preparation: Preparation, options: Sequence[str] = ()) -> Corpus:
    """Make the corpus with Beam's runner and settings in `options`."""
    if preparation.is_done():
        return Corpus(preparation.folder)
    if (preparation.partial / FILE).is_file():
        raise ZooError(f"{preparation.partial} holds unfinished work of prepare: finish that, or remove the folder.")
    preparation.begin(going_on=False)
    preparation.write_tokenizer()
    partial, settings, layout = preparation.partial, preparation.settings, preparation.layout
    for name in layout.files():
        (partial / name).write_bytes(b"")  # also of shards that get nothing
    with beam.Pipeline(options=PipelineOptions(list(options))) as pipeline:
        sources = list(enumerate(name for name, _ in preparation.source))
        read = pipeline | beam.Create(sources) | beam.Reshuffle() | beam.ParDo(Read(preparation.reading)).with_outputs()
        documents = read[None]
        kept = documents
        if settings["deduplicate"]:
            kept = documents | "By content" >> beam.GroupByKey() | beam.Map(first_of)
        shards = (
            kept
            | beam.ParDo(Encode(partial / TOKENIZER, settings["sentences"], settings["language"]))
            | beam.MapTuple(lambda key, record: (layout.place(key), record))
            | "By shard" >> beam.GroupByKey()
            | beam.ParDo(Write(partial, layout.files()))
        )
        counts = [
            documents | "All" >> beam.combiners.Count.Globally() | beam.Map(lambda count: {"documents": count}),
            kept | "Kept" >> beam.combiners.Count.Globally() | beam.Map(lambda count: {"duplicates": -count}),
        ]
        figures = (shards, *counts) | beam.Flatten() | beam.CombineGlobally(add)
        skipped = read["skipped"] | beam.GroupByKey() | beam.combiners.ToList()
        _ = figures | beam.Map(write_found, partial / FOUND, beam.pvalue.AsSingleton(skipped))
    found = json.loads((partial / FOUND).read_text())
    (partial / FOUND).unlink()
    figures = found["figures"] | {"duplicates": found["figures"]["documents"] + found["figures"]["duplicates"]}
    return preparation.finish(figures, found["skipped"])


def write_found(figures: dict[str, int], path: Path, skipped: list[tuple[str, Iterable]]) -> None:
    """The figures, and what was skipped with the first of each reason, for whoever started the pipeline."""
    reasons = {}
    for reason, places in skipped:
        places = sorted(places)
        reasons[reason] = [sum(count for _, count, _ in places), places[0][2]]
    path.write_text(json.dumps({"figures": figures, "skipped": reasons}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    for name in ("out", "tokenizer"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("split", "sentences", "language", "field", "encoding", "only"):
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS)
    parser.add_argument("--heldout", type=float, default=argparse.SUPPRESS)
    parser.add_argument("--shards", type=int, default=argparse.SUPPRESS)
    given, options = parser.parse_known_args()
    settings = vars(given)
    try:
        settings["tokenizer"] = open_folder(settings["tokenizer"])
        print(summary(run(Preparation(**settings), options)))
    except ZooError as error:
        print(f"keras-bert-zoo: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
