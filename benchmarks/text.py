"""Texts to ids: ours offline and in a graph beside Hugging Face tokenizers, KerasHub and tensorflow-text.

python benchmarks/text.py english --data $KBZ_DATA    # film reviews
python benchmarks/text.py mixed --data $KBZ_DATA      # six languages
python benchmarks/text.py english --data $KBZ_DATA --two   # ours offline in one and in two processes

One core, the peers in turn, `--rounds` times; prints MB/s (median, of UTF-8) and the share of texts whose ids are ours.
"""

import argparse
import json
import os
import platform
import statistics
import tarfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["RAYON_NUM_THREADS"] = "1"

from keras_bert_zoo.text import packaged

VOCABULARY = "bert_uncased_vocab.txt"


def english(data: Path) -> Iterator[str]:
    with tarfile.open(data / "imdb/aclImdb_unsup.tar.xz") as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(".txt"):
                yield archive.extractfile(member).read().decode()


def mixed(data: Path) -> Iterator[str]:
    """A text of each language in turn."""
    yield from (text for row in zip(*languages(data).values(), strict=False) for text in row)


def languages(data: Path) -> dict[str, list[str]]:
    """Texts by language: English, Chinese, Turkish, Spanish, Swahili and Somali."""
    found = {name: squad(data / f"qa/xquad/xquad.{name}.json") for name in ("en", "zh", "tr", "es")}
    found["zh"] += squad(data / "qa/cmrc2018/cmrc2018_dev.json")
    found["zh"] += (data / "chinese/chnsenticorp/train.tsv").read_text(encoding="utf-8").splitlines()[1:]
    blocks = (data / "ner/masakhaner2_swa/train.txt").read_text(encoding="utf-8").split("\n\n")
    found["sw"] = [" ".join(line.split(" ")[0] for line in block.splitlines()) for block in blocks]
    with tarfile.open(data / "somali/somali_wikipedia.tar.xz") as archive:
        files = (archive.extractfile(member) for member in archive if member.isfile())
        found["so"] = [file.read().decode("utf-8", "ignore") for file in files]
    return found


def squad(path: Path) -> list[str]:
    """The contexts and questions of a file of that form."""
    rows = json.loads(path.read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for row in rows for paragraph in row["paragraphs"]]
    return [p["context"] for p in paragraphs] + [qa["question"] for p in paragraphs for qa in p["qas"]]


def ours_offline(vocabulary: Path) -> Callable[[list[str]], list]:
    """With an empty memory every time."""

    def run(texts: list[str]) -> list:
        return packaged(VOCABULARY).ids(texts)

    return run


def ours_in_graph(vocabulary: Path) -> Callable[[list[str]], list]:
    return in_graph(packaged(VOCABULARY).in_graph)


def hugging_face(vocabulary: Path) -> Callable[[list[str]], list]:
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    return lambda texts: [item.ids for item in tokenizer.encode_batch(texts, add_special_tokens=False)]


def keras_hub(vocabulary: Path) -> Callable[[list[str]], list]:
    from keras_hub.tokenizers import BertTokenizer

    return in_graph(BertTokenizer(vocabulary=str(vocabulary), lowercase=True, strip_accents=True))


def tensorflow_text(vocabulary: Path) -> Callable[[list[str]], list]:
    import tensorflow_text

    pieces = vocabulary.read_text(encoding="utf-8").splitlines()
    return in_graph(tensorflow_text.FastBertTokenizer(pieces, lower_case_nfd_strip_accents=True).tokenize)


def in_graph(tokenize: Callable) -> Callable[[list[str]], list]:
    import tensorflow as tf

    function = tf.function(tokenize, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    return lambda texts: function(tf.constant(texts))


PEERS = {
    "keras_bert_zoo offline": ours_offline,
    "keras_bert_zoo in a graph": ours_in_graph,
    "Hugging Face tokenizers": hugging_face,
    "KerasHub in a graph": keras_hub,
    "tensorflow-text FastBert": tensorflow_text,
}
SETS = {"english": english, "mixed": mixed}


def take(texts: Iterator[str], size: float) -> list[str]:
    """Texts of `size` MB."""
    taken, total = [], 0
    for text in texts:
        taken.append(text)
        total += len(text.encode())
        if total > size * 1e6:
            break
    return taken


def as_lists(ids) -> list:
    return ids if isinstance(ids, list) else ids.to_list()


def compare(texts: list[str], vocabulary: Path, rounds: int) -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    size = sum(len(text.encode()) for text in texts) / 1e6
    runs = {name: make(vocabulary) for name, make in PEERS.items()}
    ids = {name: as_lists(run(texts)) for name, run in runs.items()}  # and the first run, which compiles
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.perf_counter()
            run(texts)
            times[name].append(size / (time.perf_counter() - started))
    ours = ids["keras_bert_zoo offline"]
    print(f"{size:.1f} MB, {sum(map(len, ours)):,} tokens, {len(texts):,} texts; {versions()}")
    for name in runs:
        same = sum(a == b for a, b in zip(ids[name], ours, strict=True)) / len(texts)
        speed = statistics.median(times[name])
        print(f"{name:26} {speed:6.1f} MB/s ({min(times[name]):.1f} to {max(times[name]):.1f}), {same:.2%} as ours")


def versions() -> str:
    names = ("tensorflow", "tensorflow-text", "tokenizers", "keras-hub")
    return f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names)


def work(texts: list[str]) -> int:
    return sum(map(len, packaged(VOCABULARY).ids(texts)))


def two_processes(texts: list[str], rounds: int) -> None:
    size = sum(len(text.encode()) for text in texts) / 1e6
    with get_context("spawn").Pool(2) as pool:
        for count in (1, 2) * rounds:
            parts = [texts[start::2] for start in range(count)] if count == 2 else [texts[::2]]
            started = time.perf_counter()
            pool.map(work, parts, chunksize=1)
            print(f"{count} processes: {size / 2 * count / (time.perf_counter() - started):.1f} MB/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--data", type=Path, default=os.environ.get("KBZ_DATA"))
    parser.add_argument("--size", type=float, default=10, help="MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--two", action="store_true")
    given = parser.parse_args()
    if given.data is None:
        parser.error("give --data, or set KBZ_DATA")
    data = Path(given.data)
    texts = take(SETS[given.set](data), given.size)
    if given.two:
        two_processes(texts, given.rounds)
    else:
        compare(texts, data / "vocabs" / VOCABULARY, given.rounds)


if __name__ == "__main__":
    main()
