"""What the words alone can do: the figure that a BERT must beat to be worth its time."""

from typing import Any

import numpy as np

from keras_bert_zoo.data import Examples


def tfidf(train: Examples, targets: np.ndarray, test: Examples, classes: int, class_weight: str | None) -> np.ndarray:
    """Probabilities (N, C) for `test` by logistic regression on TF-IDF of words and pairs of words.

    `targets` are class numbers (N,), or 0 and 1 (N, C): then every label has a regression of its own.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]")
    learnt, asked = words.fit_transform(joined(train)), words.transform(joined(test))
    if targets.ndim == 1:
        return regress(learnt, targets, asked, classes, class_weight)
    return np.stack([regress(learnt, label, asked, 2, class_weight)[:, 1] for label in targets.T.astype(int)], -1)


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
