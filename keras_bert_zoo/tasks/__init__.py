"""One question a file. Importing this room also lets Keras find the tasks in `.keras` files."""

from keras_bert_zoo.tasks.blocks import name_block
from keras_bert_zoo.tasks.card import card
from keras_bert_zoo.tasks.classification import LOGITS, Classification
from keras_bert_zoo.tasks.masked_lm import MaskedLM
from keras_bert_zoo.tasks.multi_label import EVEN, EachLabel, MultiLabel
from keras_bert_zoo.tasks.precision import precision
from keras_bert_zoo.tasks.pretraining import Pretraining
from keras_bert_zoo.tasks.registry import TASKS, named_by, task
from keras_bert_zoo.tasks.states import States
from keras_bert_zoo.tasks.task import TEXT, Task

__all__ = [
    "EVEN",
    "LOGITS",
    "TASKS",
    "TEXT",
    "Classification",
    "EachLabel",
    "MaskedLM",
    "MultiLabel",
    "Pretraining",
    "States",
    "Task",
    "card",
    "name_block",
    "named_by",
    "precision",
    "task",
]
