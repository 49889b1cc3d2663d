"""The figures of a run since its last line in the log."""

from collections.abc import Mapping
from typing import Any

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.training.goals import PRETRAINING

COUNTS = ("masked", "answers", "real", "seconds", "steps", "norm")


class Figures(dict):
    """Sums over steps, which make a line of means."""

    def __init__(self, sums: Mapping[str, float] | None = None):
        super().__init__(sums or dict.fromkeys((*PRETRAINING.sums, *COUNTS), 0.0))

    def add(self, found: Mapping[str, Any], seconds: float) -> None:
        """The figures of a step, or of a batch that was measured."""
        if found.get("applied", True):
            for name in (*PRETRAINING.sums, "masked", "answers"):
                self[name] += found[name]
            self["norm"] += found.get("norm", 0.0)
            self["steps"] += 1
        self["real"] += found["real"]
        self["seconds"] += seconds

    def means(self) -> dict[str, float]:
        """Losses a hidden piece and a pair, shares that were right, the mean norm."""
        masked, answers = max(self["masked"], 1.0), max(self["answers"], 1.0)
        found = {"masked_lm": self["masked_lm"] / masked, "masked_accuracy": self["masked_correct"] / masked}
        if self["answers"]:
            found |= {"pairs": self["pairs"] / answers, "pairs_accuracy": self["pairs_correct"] / answers}
        found["loss"] = found["masked_lm"] + found.get("pairs", 0.0)
        if not self["steps"]:  # all were skipped
            return {}
        return found | {"norm": self["norm"] / max(self["steps"], 1)}


def train_flops(config: BertConfig, length: int, masked: float, tokens: float) -> float:
    """Floating-point operations that learning from so many real tokens in rows of `length` needs, the head's too.

    Two for a multiply-add, three times the forward pass (Kaplan et al. 2020, section 2.1).
    """
    size = config.embedding_size
    head = masked * (config.hidden_size * size + size * config.vocab_size)
    return 6 * (config.multiply_adds(length) * tokens / length + head)
