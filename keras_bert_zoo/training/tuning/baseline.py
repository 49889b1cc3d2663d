"""What the words alone can do: the figure that a BERT must beat to be worth its time."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_bert_zoo.data import Examples


def tfidf(
    train: Examples, targets: np.ndarray, asked: Sequence[Examples], classes: int, class_weight: str | None
) -> list[np.ndarray]:
    """Probabilities (N, C) for each part that is asked, by logistic regression on TF-IDF of words and pairs of words.

    `targets` are class numbers (N,), or 0 and 1 (N, C): then every label has a regression of its own.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]")
    learnt = words.fit_transform(joined(train))
    rows = words.transform([text for part in asked for text in joined(part)])
    if targets.ndim == 1:
        likely = regress(learnt, targets, rows, classes, class_weight)
    else:
        each = [regress(learnt, label, rows, 2, class_weight) for label in targets.T.astype(int)]
        likely = np.stack([one[:, 1] for one in each], -1)
    return np.split(likely, np.cumsum([len(part) for part in asked])[:-1])


def regress(learnt: Any, targets: np.ndarray, asked: Any, classes: int, class_weight: str | None) -> np.ndarray:
    """Probabilities (N, C); what is always so in the targets is sure."""
    from sklearn.linear_model import LogisticRegression

    likely, there = np.zeros((asked.shape[0], classes)), np.unique(targets)
    if len(there) == 1:
        likely[:, there] = 1
        return likely
    model = LogisticRegression(C=10, max_iter=1000, class_weight=class_weight).fit(learnt, targets)
    likely[:, model.classes_] = model.predict_proba(asked)
    return likely


def joined(examples: Examples) -> list[str]:
    return [f"{a}\n{b}" for a, b in zip(examples.texts, examples.pairs or [""] * len(examples), strict=True)]
