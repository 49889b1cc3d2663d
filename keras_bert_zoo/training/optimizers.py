"""AdamW as BERT is trained with it, and the true LAMB."""

import keras
from keras import ops

# LayerNorm and biases (google-research/bert optimization.py). Keras matches a name, which is "bias" on JAX and
# ".../bias:0" on TensorFlow.
NO_DECAY = (r"(^|/)(gamma|beta|bias)(:0)?$",)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class AdamW(keras.optimizers.AdamW):
    """Adam with decoupled decay (Loshchilov & Hutter 2019), not of LayerNorm and biases, clipped by global norm.

    The moments are corrected for their start at zero, which google-research/bert leaves out and Mosbach et al. 2021
    show to matter in fine-tuning. Rows that a gradient of a table has twice are summed before the norm and the second
    moment, which Keras 3.15 does not do on TensorFlow.

    `summed` says that gradients come summed over replicas; where `keep`, a condition in the graph, is false, weights
    and moments stay as they are.
    """

    summed, keep = False, None

    def __init__(
        self,
        learning_rate=5e-5,
        weight_decay: float = 0.01,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-6,
        global_clipnorm: float | None = 1.0,
        **kwargs,
    ):
        super().__init__(
            learning_rate, weight_decay, beta_1, beta_2, epsilon, global_clipnorm=global_clipnorm, **kwargs
        )
        self.exclude_from_weight_decay(var_names=list(NO_DECAY))

    def apply(self, grads, trainable_variables=None):
        variables = self._trainable_variables if trainable_variables is None else trainable_variables
        return super().apply([dense(g, v) for g, v in zip(grads, variables, strict=True)], trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        if self.keep is None:
            self.move(gradient, variable, learning_rate)
            return
        place = self._get_variable_index(variable)
        touched = variable, self._momentums[place], self._velocities[place]
        before = [ops.copy(one) for one in touched]  # to Keras a variable is a tensor, read when it is needed
        self.move(gradient, variable, learning_rate)
        for one, value in zip(touched, before, strict=True):
            self.assign(one, ops.where(self.keep, ops.copy(one), value))

    def move(self, gradient, variable, learning_rate):
        """Keras's own step; on TensorFlow's devices in one pass over memory, where Keras makes a dozen."""
        if self.amsgrad or not in_one_pass(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate)

    def _all_reduce_sum_gradients(self, pairs):
        return pairs if self.summed else super()._all_reduce_sum_gradients(pairs)


def in_one_pass(optimizer: AdamW, gradient, variable, learning_rate) -> bool:
    """TensorFlow's fused Adam, the same formula as Keras's; false under a strategy, whose variables are several."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    if tf.distribute.has_strategy() or not isinstance(variable, tf.Variable) or variable.dtype != tf.float32:
        return False
    place = optimizer._get_variable_index(variable)
    step = tf.cast(optimizer.iterations + 1, tf.float32)
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=optimizer._momentums[place].value.handle,
        v=optimizer._velocities[place].value.handle,
        beta1_power=tf.pow(optimizer.beta_1, step),
        beta2_power=tf.pow(optimizer.beta_2, step),
        lr=tf.cast(learning_rate, tf.float32),
        beta1=optimizer.beta_1,
        beta2=optimizer.beta_2,
        epsilon=optimizer.epsilon,
        grad=gradient,
    )
    return True


@keras.saving.register_keras_serializable("keras_bert_zoo")
class LAMB(AdamW):
    """Layer-wise steps as long as the weights ask for (You et al. 2020, algorithm 2), for large batches.

    The decay is a part of the step that is measured against the weights; Keras's Lamb takes it off apart. LayerNorm
    and biases have neither decay nor that measure (google-research/albert lamb_optimizer.py).
    """

    def __init__(self, learning_rate=1e-3, weight_decay: float = 0.01, **kwargs):
        super().__init__(learning_rate, weight_decay, **kwargs)
        self.decay, self.weight_decay = weight_decay, None  # so that Keras takes none off apart

    def move(self, gradient, variable, learning_rate):
        place = self._get_variable_index(variable)
        first, second = self._momentums[place], self._velocities[place]
        gradient = ops.cast(gradient, "float32")
        step = ops.cast(self.iterations + 1, "float32")
        self.assign_add(first, (gradient - first) * (1 - self.beta_1))
        self.assign_add(second, (ops.square(gradient) - second) * (1 - self.beta_2))
        unbiased = first / (1 - ops.power(self.beta_1, step))
        update = unbiased / (ops.sqrt(second / (1 - ops.power(self.beta_2, step))) + self.epsilon)
        if self._use_weight_decay(variable):
            update = update + self.decay * ops.cast(variable, "float32")
            update = update * trust(ops.cast(variable, "float32"), update)
        self.assign_sub(variable, ops.cast(learning_rate, "float32") * update)

    def get_config(self) -> dict:
        return {**super().get_config(), "weight_decay": self.decay}


def trust(weights, update):
    """How long the weights are for every unit of the update; 1 where either is nothing."""
    ours, theirs = (ops.sqrt(ops.sum(ops.square(values))) for values in (weights, update))
    known = ops.logical_and(ours > 0, theirs > 0)
    return ops.where(known, ours / ops.where(known, theirs, 1.0), 1.0)


def dense(gradient, variable):
    """A gradient that is a list of rows (TensorFlow's IndexedSlices) as one array, rows of one index summed."""
    if type(gradient).__name__ != "IndexedSlices":
        return gradient
    return ops.segment_sum(gradient.values, gradient.indices, num_segments=variable.shape[0])


OPTIMIZERS = {"adamw": AdamW, "lamb": LAMB}
