"""Labelled texts as one model learns and is judged from them: targets, ids cut to a length, batches, figures."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_bert_zoo.data import LENGTHS, Labels, PackedBatches, Splits, compare, shortest_length
from keras_bert_zoo.data.lengths import framed
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.text.pack import pack
from keras_bert_zoo.training.tuning.baseline import tfidf
from keras_bert_zoo.training.tuning.questions import QUESTIONS
from keras_bert_zoo.training.tuning.settings import Settings


class Material:
    """The parts of a data set for a model; `inputs` and `targets` are by part, `batches` those of training."""

    def __init__(self, model: Task, splits: Splits, settings: Settings, replicas: int):
        self.splits, self.settings, self.labels = splits, settings, tuple(model.labels)
        self.question, known = QUESTIONS[model.key], Labels(self.labels)
        self.targets = {name: self.question.targets(known, part) for name, part in splits.parts().items()}
        self.twice = compare(splits)
        self.longest = model.encoder.config.max_length
        self.length, self.inputs, self.cut = self.tokenize(model)
        self.batches = self.make_batches(replicas)

    def tokenize(self, model: Task) -> tuple[int, dict[str, dict[str, np.ndarray]], float]:
        """The length in tokens, the inputs of every part cut to it, and the share of training texts it cuts."""
        tokenizer, train = model.tokenizer, self.splits.train
        tokenizer.max_length = self.longest  # an earlier run may have left less
        firsts = tokenizer.ids(train.texts)
        seconds = None if train.pairs is None else tokenizer.ids(train.pairs)
        whole = framed(pieces(firsts), pieces(seconds))
        length = self.settings.length or shortest_length(whole, most=min(self.longest, LENGTHS[-1]))
        if length > self.longest:
            raise ZooError(f"length={length} is longer than the {self.longest} tokens of this model.")
        others = {name: part for name, part in self.splits.parts().items() if name != "train"}
        inputs = {name: tokenizer(part.texts, part.pairs, length=length) for name, part in others.items()}
        inputs["train"] = pack(firsts, seconds, length, self.longest, tokenizer.frame())
        tokenizer.max_length = length  # answers see of a text what training saw
        return length, inputs, float((whole > length).mean())

    def make_batches(self, replicas: int) -> PackedBatches:
        targets, weights = self.targets["train"], np.ones(self.targets["train"].shape)
        if self.settings.class_weight:
            weights = self.question.weights(targets, len(self.labels))
        sizes = {"batch_size": self.settings.batch_size, "longest": self.longest}
        sizes |= {"multiple": replicas, "seed": self.settings.seed}
        return PackedBatches(self.inputs["train"], targets, weights, **sizes)

    def class_weights(self) -> dict[str, float] | None:
        """Of every label, where they are asked for."""
        if not self.settings.class_weight:
            return None
        weights = self.question.weight_of(self.targets["train"], len(self.labels))
        return dict(zip(self.labels, weights.tolist(), strict=True))

    def lines(self) -> Iterator[str]:
        """What people should know of it before they wait."""
        sizes = ", ".join(f"{len(part):,} {name}" for name, part in self.splits.parts().items())
        yield f"{', '.join(self.labels)}; {sizes}; {self.length} tokens, {self.cut:.1%} cut"
        for where, count in self.twice.items():
            if count and " and " in where:
                texts = "1 text is" if count == 1 else f"{count:,} texts are"
                yield f"{texts} in both {where}: figures may flatter; drop_duplicates=True takes them out"
        weights = self.class_weights()
        if weights:
            yield "class weights: " + ", ".join(f"{label} {weight:.3g}" for label, weight in weights.items())

    def score(self, part: str, likely: np.ndarray, threshold: Any) -> dict[str, Any]:
        return self.question.score(likely, self.targets[part], self.labels, threshold)

    def threshold(self, likely: np.ndarray) -> Any:
        """From which probability of validation's an answer is given, where that is asked for."""
        return self.question.threshold(likely, self.targets["validation"]) if self.settings.threshold else None

    def baseline(self) -> dict[str, Any] | None:
        """What the words alone can do on the last part, where that is asked for."""
        if not self.settings.baseline:
            return None
        last = "test" if "test" in self.targets else "validation"
        train, asked = self.splits.train, [self.splits.validation, self.splits.parts()[last]]
        chosen, likely = tfidf(train, self.targets["train"], asked, len(self.labels), self.settings.class_weight)
        return self.score(last, likely, self.threshold(chosen))


def pieces(ids: list[list[int]] | None) -> np.ndarray | None:
    """How many each text has (N,)."""
    return None if ids is None else np.array([len(own) for own in ids])
