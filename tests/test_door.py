"""What `import keras_bert_zoo` costs, and what it must not do."""

import subprocess
import sys

import pytest

import keras_bert_zoo

HEAVY = ("tensorflow", "jax", "torch", "keras", "numpy", "tokenizers", "sentencepiece", "sklearn", "matplotlib")
SHOW = f"import sys; print([m for m in {HEAVY!r} if m in sys.modules])"


def loaded_after(code):
    done = subprocess.run([sys.executable, "-c", f"{code}; {SHOW}"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "code",
    [
        "import keras_bert_zoo",
        "import keras_bert_zoo; keras_bert_zoo.list_models('albert*'); keras_bert_zoo.describe('bert_base')",
        "from keras_bert_zoo import BertConfig, ZooError",
        "import keras_bert_zoo.cli",
    ],
)
def test_nothing_heavy(code):
    assert loaded_after(code) == "[]"


def test_the_list_command_imports_nothing_heavy():
    assert loaded_after("from keras_bert_zoo.cli import app; app(['list'], standalone_mode=False)") == "[]"


def test_the_door_opens_on_everything_it_names():
    for name in keras_bert_zoo.__all__:
        assert getattr(keras_bert_zoo, name)
    assert dir(keras_bert_zoo) == sorted(keras_bert_zoo.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'bulid'"):
        keras_bert_zoo.bulid  # noqa: B018


def test_no_tensorflow_and_no_other_backend():
    code = "import sys; sys.modules['tensorflow'] = None; import keras_bert_zoo; keras_bert_zoo.build"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert "ImportError: Keras runs on TensorFlow unless KERAS_BACKEND says otherwise" in done.stderr
