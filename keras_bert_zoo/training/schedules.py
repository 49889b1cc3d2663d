"""Learning rates by the step."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_bert_zoo")
class WarmupLinear(keras.optimizers.schedules.LearningRateSchedule):
    """Up from 0 to `peak` in `warmup` steps, then in a line to 0 at `steps` (google-research/bert optimization.py)."""

    def __init__(self, peak: float, steps: int, warmup: int):
        self.peak, self.steps, self.warmup = peak, steps, warmup

    def __call__(self, step):
        step = ops.cast(step, "float32") + 1.0  # the first step learns something
        rise = step / max(self.warmup, 1)
        fall = (self.steps + 1 - step) / max(self.steps + 1 - self.warmup, 1)
        return self.peak * ops.clip(ops.minimum(rise, fall), 0.0, 1.0)

    def get_config(self) -> dict:
        return {"peak": self.peak, "steps": self.steps, "warmup": self.warmup}


def falling(shape: str, progress: float, warmup: float) -> float:
    """The share of its peak that a learning rate has at `progress`, from 0 to 1 of the run."""
    if progress < warmup:
        return progress / warmup
    return SHAPES[shape]((progress - warmup) / max(1 - warmup, 1e-12))


SHAPES = {
    "linear": lambda progress: max(1 - progress, 0.0),
    "cosine": lambda progress: (1 + math.cos(math.pi * min(progress, 1.0))) / 2,
    "constant": lambda progress: 1.0,
}
