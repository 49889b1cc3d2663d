"""What every task is: an encoder, the parts of its head, and raw text in and answers out."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from keras_bert_zoo import checkpoints
from keras_bert_zoo.config import BertConfig, check_value
from keras_bert_zoo.data.lengths import by_length
from keras_bert_zoo.distribution.values import whole
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.models import BertEncoder, check, complete
from keras_bert_zoo.tasks.blocks import find_block, name_block
from keras_bert_zoo.tasks.card import card
from keras_bert_zoo.tasks.precision import precision
from keras_bert_zoo.tasks.reading import as_array, check_tokenizer, first_rows, texts_in, tokenize
from keras_bert_zoo.tasks.registry import named_by
from keras_bert_zoo.tasks.values import not_lost
from keras_bert_zoo.text import Tokenizer, as_list
from keras_bert_zoo.text import open_folder as open_tokenizer

TEXT = ("token_ids", "segment_ids", "padding_mask")


class Task(keras.Model):
    """An encoder and the head that answers one kind of question.

    `parts` are the layers of the head by the names of their checkpoint tables. A subclass gives `call`, which takes
    `training` and hands it on (Keras's `fit` leaves dropout off in a model whose `call` does not), `objective`
    (the loss), `decode` (outputs to answers) and, where its head has settings, `options`.
    """

    key: str  # its name in TASKS
    features: tuple[str, ...] = TEXT
    heads: tuple[str, ...] = ()  # the checkpoint tables of its head
    architectures: Mapping[str, str] = {}  # Hugging Face's class for each family
    problem: str | None = None  # Hugging Face's problem_type, where the class has several
    objective: Any = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "training" not in inspect.signature(cls.call).parameters:
            raise TypeError(
                f"{cls.__name__}.call must take training=None and hand it on, self.encoder(inputs, training=training): "
                "Keras's fit leaves dropout off in a model whose call does not take it."
            )

    def __init__(self, encoder: BertEncoder, parts: Mapping[str, keras.layers.Layer], **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.tokenizer: Tokenizer | None = None
        self.load_report: checkpoints.LoadReport | None = None
        for name, layer in parts.items():
            setattr(self, name, layer)
        self({key: keras.Input((None,), dtype="int32", name=key) for key in self.features})

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "tokenizer":
            check_tokenizer(value, self.encoder.config)
        super().__setattr__(name, value)

    def __call__(self, inputs, *args, **kwargs):
        inputs = complete(inputs, self.features)
        check(inputs, self.encoder.config)
        return super().__call__(inputs, *args, **kwargs)

    def build(self, input_shape=None) -> None:
        self.built = True  # the call in the constructor has built every layer

    def compile(self, optimizer="rmsprop", loss=None, **kwargs) -> None:
        """Keras's compile, with the task's own loss where none is given."""
        self.own_loss = loss is None
        super().compile(optimizer=optimizer, loss=self.objective if loss is None else loss, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.build_optimizer()  # its slots are in the file

    def fit(self, x=None, y=None, *args, validation_data=None, **kwargs) -> keras.callbacks.History:
        """Keras's fit, which takes raw texts as well as arrays and data sets, to learn from and to validate on."""
        if isinstance(validation_data, (tuple, list)) and len(validation_data) > 1:
            validation_data = (*self.labelled(*validation_data[:2]), *validation_data[2:])
        x, y = self.labelled(x, y)
        self.build_optimizer()
        with not_lost(self):
            return super().fit(x, y, *args, validation_data=validation_data, **kwargs)

    def build_optimizer(self) -> None:
        """Make the optimizer's variables; TensorFlow traces a step that makes them twice, which doubles the wait."""
        optimizer = getattr(self, "optimizer", None)
        if optimizer is None or optimizer.built:
            return
        strategy = getattr(self, "distribute_strategy", None)  # TensorFlow's
        with strategy.scope() if strategy else nullcontext():
            optimizer.build(self.trainable_variables)

    def evaluate(self, x=None, y=None, *args, **kwargs) -> Any:
        """Keras's evaluate, which takes raw texts as well as arrays and data sets."""
        x, y = self.labelled(x, y)
        with not_lost(self):
            return super().evaluate(x, y, *args, **kwargs)

    def labelled(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Texts or arrays and their targets, checked against each other and, for the task's own loss, one by one."""
        x = self.arrays(x)
        if y is None or not isinstance(x, Mapping):
            return x, y
        y = self.targets(y) if getattr(self, "own_loss", True) else as_array(y) if isinstance(y, (list, tuple)) else y
        for part in keras.tree.flatten(y):
            if len(part) != len(x["token_ids"]):
                raise ZooError(f"There are {len(x['token_ids'])} texts but {len(part)} targets: give one for each.")
        return x, y

    def targets(self, y: Any) -> Any:
        """What the task's loss takes, out of what people have."""
        return {key: np.asarray(part) for key, part in y.items()} if isinstance(y, Mapping) else np.asarray(y)

    def predict(self, x, *args, **kwargs) -> Any:
        """Keras's predict, which takes raw texts as well as arrays and data sets."""
        x = self.arrays(x)
        with not_lost(self):
            return super().predict(x, *args, **kwargs)

    def arrays(self, x: Any) -> Any:
        """Raw texts as the model's inputs, arrays with their names and ids checked, all else as it is."""
        if isinstance(x, Mapping):
            arrays = {key: np.asarray(value) for key, value in complete(x, self.features).items()}
            check(arrays, self.encoder.config)
            return arrays
        texts = texts_in(x)
        if texts is not None:
            return self.read(texts)
        return complete(x, self.features) if isinstance(x, np.ndarray) else x

    def read(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """The inputs for raw texts, in rows of one of `data.LENGTHS`."""
        return self.tokenize(texts, pairs, "plain")

    def tokenize(self, texts, pairs, special_tokens: str) -> dict[str, np.ndarray]:
        return tokenize(self.tokenizer, texts, pairs, special_tokens)

    def answer(
        self, texts: str | Sequence[str], pairs: str | Sequence[str] | None = None, batch_size: int = 32
    ) -> list:
        """An answer for each text (or text and pair), in their order; `decode` says of what kind."""
        check_value("batch_size", int, batch_size)
        inputs = self.read(as_list(texts), None if pairs is None else as_list(pairs))
        answers = [None] * len(inputs["token_ids"])
        for places, outputs, batch in self.run(inputs, batch_size):
            for place, answer in zip(places, self.decode(outputs, batch), strict=True):
                answers[place] = answer
        return answers

    def run(
        self, inputs: Mapping[str, np.ndarray], batch_size: int = 32, predict: Callable[[dict], Any] | None = None
    ) -> Iterator[tuple[np.ndarray, Any, dict]]:
        """Batches of like length, in few shapes: their places in `inputs`, the outputs there, and the batch.

        The outputs are what `predict` gives for a batch, Keras's predict_on_batch unless said.
        """
        predict = predict or self.predict_on_batch
        for places, batch in by_length(inputs, batch_size):
            outputs, batch = first_rows((predict(batch), batch), len(places))
            yield places, outputs, batch

    def decode(self, outputs: Any, inputs: Mapping[str, np.ndarray]) -> list:
        """Answers out of what `predict` gave for `inputs`."""
        raise TypeError(f"{type(self).__name__} does not say how to decode its outputs.")

    def options(self) -> dict[str, Any]:
        """The head's settings, as the constructor takes them."""
        return {}

    def describe(self) -> checkpoints.Description:
        """What goes into a folder's config."""
        config = self.encoder.config
        architecture = self.architectures.get(config.family)
        named = named_by(architecture, self.problem) == self.key
        return checkpoints.Description(
            config,
            config.family,
            architecture if named else None,
            task=None if named else self.key,
            options={} if named else self.options(),
            block=name_block(self.encoder.block_maker),
            problem=self.problem if named else None,
        )

    def variables_by_name(self) -> dict[str, Any]:
        """Every weight under the name it has in checkpoint tables: its path without the model's own name."""
        return {variable.path.split("/", 1)[1]: variable for variable in self.weights}

    def arrays_by_name(self) -> dict[str, np.ndarray]:
        """Every weight as an array, by the names of `variables_by_name`."""
        return {name: np.asarray(whole(variable), "float32") for name, variable in self.variables_by_name().items()}

    def save_folder(
        self,
        folder: str | Path,
        form: str = "huggingface",
        overwrite: bool = False,
        dtype: str = "float32",
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> Path:
        """Write a model folder that `load` and transformers read: config, weights, vocabulary, labels, card.

        `form="google"` writes a TF 1 checkpoint instead, `dtype="float16"` half the bytes. The folder appears when it
        is whole; one that exists is an error unless `overwrite`. `files` go in beside; the card shows pictures and
        report.txt.
        """
        description, arrays = self.describe(), self.arrays_by_name()
        vocabulary = self.tokenizer.files() if self.tokenizer else {}
        with checkpoints.committed(folder, overwrite) as partial:
            checkpoints.write(partial, form, description, arrays, vocabulary, dtype)
            for name, content in files.items():
                (partial / name).write_bytes(content)
            (partial / "README.md").write_text(card(self.key, description, arrays, files))
        return Path(folder)

    def get_config(self) -> dict[str, Any]:
        shape = asdict(self.encoder.config)
        own = name_block(self.encoder.block_maker)
        block = {"block": keras.saving.get_registered_name(self.encoder.block_maker)} if own else {}
        return {**self.options(), **block, "name": self.name, "shape": shape, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects=None) -> "Task":
        config = dict(config)
        block = find_block(config.pop("block", None), custom_objects)
        with precision(config.pop("dtype", None)):
            return cls(BertEncoder(BertConfig(**config.pop("shape")), block, name="encoder"), **config)

    def save_assets(self, folder: str) -> None:
        """The vocabulary, for `.keras` files."""
        for name, content in (self.tokenizer.files() if self.tokenizer else {}).items():
            (Path(folder) / name).write_bytes(content)

    def load_assets(self, folder: str) -> None:
        if any(Path(folder).iterdir()):
            self.tokenizer = open_tokenizer(folder)
