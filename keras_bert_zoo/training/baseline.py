"""What the words alone can do: the figure that a BERT must beat to be worth its time."""

import numpy as np

from keras_bert_zoo.data import Examples


def tfidf(train: Examples, targets: np.ndarray, test: Examples, classes: int, class_weight: str | None) -> np.ndarray:
    """Probabilities (N, C) for `test` by logistic regression on TF-IDF of words and pairs of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]"),
        LogisticRegression(C=10, max_iter=1000, class_weight=class_weight),
    )
    model.fit(joined(train), targets)
    likely = np.zeros((len(test), classes))
    likely[:, model.classes_] = model.predict_proba(joined(test))
    return likely


def joined(examples: Examples) -> list[str]:
    return [f"{a}\n{b}" for a, b in zip(examples.texts, examples.pairs or [""] * len(examples), strict=True)]
