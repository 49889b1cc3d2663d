"""What a run has to know of the question that its model answers: targets, weights, loss, figures, thresholds."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.data import Examples, Labels, balanced, balanced_flags
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import EachLabel
from keras_bert_zoo.training.goals import CLASSES, Goal, add_labels
from keras_bert_zoo.training.tuning import scores

MEAN = "mean_with_sample_weight"  # Keras's reduction: what counts twice is divided by twice


class Question(ABC):
    """One kind of question. Targets are (N,) or (N, C), and every target has a weight of its own."""

    goal: Goal  # of the step that several replicas take
    figures = ("accuracy", "macro_f1", "loss")  # that an epoch can be chosen by

    @abstractmethod
    def labels(self, examples: Examples) -> Labels:
        """Those that occur."""

    @abstractmethod
    def targets(self, labels: Labels, examples: Examples) -> np.ndarray: ...

    @abstractmethod
    def weights(self, targets: np.ndarray, classes: int) -> np.ndarray:
        """Of every target, so that what is rare weighs as much as what is frequent."""

    @abstractmethod
    def weight_of(self, targets: np.ndarray, classes: int) -> np.ndarray:
        """Of every label (C,), as `weights` has it where a text has the label."""

    @abstractmethod
    def loss(self) -> keras.losses.Loss: ...

    @abstractmethod
    def score(self, likely: np.ndarray, truth: np.ndarray, labels: tuple[str, ...], threshold: Any) -> dict: ...

    @abstractmethod
    def threshold(self, likely: np.ndarray, truth: np.ndarray) -> float | list[float]:
        """From which probability an answer is given, for the F1 that is expected after these texts."""

    def check(self, metric: str, threshold: str | None, labels: tuple[str, ...]) -> None:
        """ZooError for settings that do not go with these labels."""
        scores.check_metric(metric, self.figures, labels)


class OneClass(Question):
    """Which of the classes a text belongs to: targets are numbers (N,)."""

    goal = CLASSES

    def labels(self, examples: Examples) -> Labels:
        return Labels.of(examples.labels, examples.source)

    def targets(self, labels: Labels, examples: Examples) -> np.ndarray:
        return labels.numbers(examples)

    def weights(self, targets: np.ndarray, classes: int) -> np.ndarray:
        return self.weight_of(targets, classes)[targets]

    def weight_of(self, targets: np.ndarray, classes: int) -> np.ndarray:
        return balanced(targets, classes)

    def loss(self) -> keras.losses.Loss:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=MEAN)

    def score(self, likely: np.ndarray, truth: np.ndarray, labels: tuple[str, ...], threshold: Any) -> dict:
        return scores.score(likely, truth, labels, threshold)

    def threshold(self, likely: np.ndarray, truth: np.ndarray) -> float | list[float]:
        return scores.choose_threshold(likely[:, 1], truth == 1)

    def check(self, metric: str, threshold: str | None, labels: tuple[str, ...]) -> None:
        super().check(metric, threshold, labels)
        if threshold and len(labels) != 2:
            raise ZooError(f"threshold= is for two classes, and there are {len(labels)}: {', '.join(labels)}.")


class AnyLabels(Question):
    """Which labels a text has: targets are 0 and 1 (N, C)."""

    goal = replace(CLASSES, add=add_labels)
    figures = ("accuracy", "macro_f1", "micro_f1", "loss")

    def labels(self, examples: Examples) -> Labels:
        return Labels.of_several(examples.labels, examples.source)

    def targets(self, labels: Labels, examples: Examples) -> np.ndarray:
        return labels.flags(examples)

    def weights(self, targets: np.ndarray, classes: int) -> np.ndarray:
        without, there = balanced_flags(targets)
        return np.where(targets > 0, there, without)

    def weight_of(self, targets: np.ndarray, classes: int) -> np.ndarray:
        return balanced_flags(targets)[1]

    def loss(self) -> keras.losses.Loss:
        return EachLabel(reduction=MEAN)

    def score(self, likely: np.ndarray, truth: np.ndarray, labels: tuple[str, ...], threshold: Any) -> dict:
        return scores.score_labels(likely, truth, labels, threshold)

    def threshold(self, likely: np.ndarray, truth: np.ndarray) -> float | list[float]:
        return [scores.choose_threshold(*label) for label in zip(likely.T, truth.T, strict=True)]


QUESTIONS: dict[str, Question] = {"classification": OneClass(), "multi_label": AnyLabels()}
