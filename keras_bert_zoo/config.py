"""The shape of an encoder: numbers only, no Keras."""

from dataclasses import dataclass, fields

from keras_bert_zoo.errors import ZooError

LARGEST_LENGTH = 1 << 20  # tokens: a guard against config files that lie
LARGEST_DEPTH = 1000
LARGEST_PARAMETERS = 20_000_000_000  # eight times the largest ALBERT, untied
MAY_BE_ZERO = ("num_segments",)


@dataclass(frozen=True, kw_only=True)
class BertConfig:
    """The shape of a BERT or an ALBERT; they differ in num_blocks and embedding_size.

    Raises ZooError for a size that is no whole number, is out of range, or does not fit the others.
    """

    vocab_size: int
    num_layers: int  # depths the text passes through
    num_blocks: int  # sets of weights those depths share: num_layers in BERT, 1 in ALBERT
    hidden_size: int
    embedding_size: int  # hidden_size in BERT, 128 in ALBERT
    num_heads: int
    intermediate_size: int
    activation: str = "gelu"  # a key of layers.ACTIVATIONS; "gelu" is the exact one
    dropout: float = 0.1  # after the embeddings, attention and feed-forward
    attention_dropout: float = 0.1  # of the attention probabilities
    epsilon: float = 1e-12  # of every LayerNormalization
    initializer_range: float = 0.02  # standard deviation of untrained weights
    max_length: int = 512  # tokens a text may have
    num_segments: int = 2  # 0 leaves the segment table out
    use_positions: bool = True
    pre_norm: bool = False  # normalise before attention and feed-forward, not after
    causal: bool = False  # a token sees only those before it: a GPT-style language model

    def __post_init__(self):
        for field in fields(self):
            check_value(field.name, field.type, getattr(self, field.name))
        if self.hidden_size % self.num_heads:
            raise ZooError(
                f"hidden_size={self.hidden_size} cannot be shared among num_heads={self.num_heads}: "
                "choose a multiple of num_heads."
            )
        if self.num_blocks > self.num_layers:
            raise ZooError(
                f"num_blocks={self.num_blocks} is more than num_layers={self.num_layers}: "
                "every block needs a depth to run at."
            )
        for name, value, most in (
            ("max_length", self.max_length, LARGEST_LENGTH),
            ("num_layers", self.num_layers, LARGEST_DEPTH),
            ("The number of parameters", self.count_params(), LARGEST_PARAMETERS),
        ):
            if value > most:
                raise ZooError(f"{name} is {value:,}, past {most:,}: check the sizes of this config.")

    @property
    def block_at(self) -> tuple[int, ...]:
        """The block of each depth: (0, 1, 2, ...) in BERT, (0, 0, 0, ...) in ALBERT."""
        return tuple(depth * self.num_blocks // self.num_layers for depth in range(self.num_layers))

    @property
    def family(self) -> str:
        """ "bert" where every depth has a block and embeddings are as wide as states, else "albert"."""
        plain = self.num_blocks == self.num_layers and self.embedding_size == self.hidden_size
        return "bert" if plain else "albert"

    def count_params(self, heads: tuple[str, ...] = ()) -> int:
        """Parameters of the encoder and of the heads named (keys of `head_params`)."""
        v, e, h, i = self.vocab_size, self.embedding_size, self.hidden_size, self.intermediate_size
        rows = v + self.num_segments + (self.max_length if self.use_positions else 0)
        embeddings = rows * e + 2 * e + (0 if e == h else e * h + h)
        block = 4 * (h * h + h) + 2 * h + (h * i + i) + (i * h + h) + 2 * h
        last_norm = 2 * h if self.pre_norm else 0
        return embeddings + self.num_blocks * block + last_norm + sum(self.head_params[head] for head in heads)

    def multiply_adds(self, length: int) -> int:
        """Multiply-adds of the encoder over one row of `length` tokens; attention's part grows with its square."""
        e, h, i = self.embedding_size, self.hidden_size, self.intermediate_size
        block = length * (4 * h * h + 2 * h * i) + 2 * length * length * h
        return self.num_layers * block + (0 if e == h else length * e * h)

    @property
    def head_params(self) -> dict[str, int]:
        """Parameters of each pretraining head; the masked-LM one borrows the token table."""
        v, e, h = self.vocab_size, self.embedding_size, self.hidden_size
        return {"pooler": h * h + h, "masked_lm": h * e + e + 2 * e + v, "next_sentence": 2 * h + 2}


def check_value(name: str, kind: type, value: object) -> None:
    """Refuse a value of the wrong type or out of the range its name allows."""
    if kind is int:
        least = 0 if name in MAY_BE_ZERO else 1
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ZooError(f"{name}={value!r} must be a whole number of at least {least}.")
    elif kind is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
            raise ZooError(f"{name}={value!r} must be a number from 0 up to, but not including, 1.")
    elif not isinstance(value, kind):
        raise ZooError(f"{name}={value!r} must be of type {kind.__name__}.")
