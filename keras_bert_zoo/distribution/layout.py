"""How the weights of one model are cut over several devices (Shoeybi et al. 2020, Megatron-LM, section 3)."""

import re
from collections.abc import Iterable

from keras_bert_zoo.errors import ZooError

LAYOUT = {  # what matches no rule is whole on every device
    r".*/attention/(query|key|value)/kernel": (None, "model", None),  # (H, N, D)
    r".*/attention/(query|key|value)/bias": ("model", None),  # (N, D)
    r".*/attention/attention_output/kernel": ("model", None, None),  # (N, D, H)
    r".*/feed_forward/expand/kernel": (None, "model"),  # (H, 4 H)
    r".*/feed_forward/expand/bias": ("model",),  # (4 H,)
    r".*/feed_forward/contract/kernel": ("model", None),  # (4 H, H)
    r".*/embeddings/tokens/embeddings": (None, "model"),  # (V, E): 30,522 pieces have few divisors
}


def check_layout(paths: Iterable[str], rules: Iterable[str] = LAYOUT) -> None:
    """Every rule must say something of a variable: Keras passes over one that fits none, and cuts nothing."""
    paths = list(paths)
    for rule in rules:
        if not any(re.fullmatch(rule, path) for path in paths):
            raise ZooError(
                f"The layout's rule {rule!r} fits no variable of the model, such as {paths[0]}: mend the rule."
            )
