"""Clean-up of text in steps, each of which does the same in Python and inside a TensorFlow graph."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import groupby

from keras_bert_zoo.text.unicode import FINAL_SIGMA, SIGMA, SMALL_SIGMA, characters, combining, pattern


class CharacterMap(dict):
    """What `rule` makes of each character, worked out when first met. Call it with a text.

    `changing` are the characters that the rule may change.
    """

    def __init__(self, rule: Callable[[str], str], changing: Iterable[str]):
        super().__init__()
        self.rule, self.changing = rule, changing

    def __missing__(self, code: int) -> str:
        self[code] = self.rule(chr(code))
        return self[code]

    def __call__(self, text: str) -> str:
        return text.translate(self)

    def trace(self, text: str) -> list[int]:
        """For every character of the outcome the place of the one that it comes from; every step has this."""
        return [place for place, char in enumerate(text) for _ in self[ord(char)]]

    def table(self) -> dict[str, str]:
        """What becomes of every character that may change."""
        return {char: self.rule(char) for char in self.changing}

    @cached_property
    def normalizer(self):
        import tensorflow as tf

        from keras_bert_zoo.text.graph import normalizer

        with tf.init_scope():  # what is made while one function is traced must outlive it
            return normalizer(self.table())

    def in_graph(self, strings):
        return self.normalizer.normalize(strings)


class LowerSigmas:
    """Capital sigmas as small ones: the final one where a word ends (Unicode 14, section 3.13, Final_Sigma)."""

    def __call__(self, text: str) -> str:
        places = [place for place, char in enumerate(text) if char == SIGMA]
        small = list(text)
        for place in places:
            before, after = next_letter(text, place, -1), next_letter(text, place, 1)
            is_last = before in characters("cased") and after not in characters("cased")
            small[place] = FINAL_SIGMA if is_last else SMALL_SIGMA
        return "".join(small)

    def trace(self, text: str) -> list[int]:
        return list(range(len(text)))

    @cached_property
    def at_word_end(self) -> str:
        cased, skipped = pattern("cased"), pattern("ignorable")
        return f"([{cased}][{skipped}]*){SIGMA}([{skipped}]*(?:[^{cased}{skipped}]|$))"

    def in_graph(self, strings):
        import tensorflow as tf

        strings = tf.strings.regex_replace(strings, self.at_word_end, rf"\1{FINAL_SIGMA}\2")
        return tf.strings.regex_replace(strings, SIGMA, SMALL_SIGMA)


def next_letter(text: str, place: int, step: int) -> str:
    """The nearest character that way that does not count as absent when words are looked for, or nothing."""
    places = range(place + step, len(text) if step > 0 else -1, step)
    return next((text[at] for at in places if text[at] not in characters("ignorable")), "")


class OrderMarks:
    """Combining characters behind one another in the order of their classes (Unicode 14, D109).

    `kept` are those that stay in the text: the order of the others does not matter.
    """

    def __init__(self, kept: Iterable[str]):
        by_class = sorted((combining()[char], char) for char in kept)
        self.groups = ["".join(c for _, c in group) for _, group in groupby(by_class, key=lambda item: item[0])]

    def __call__(self, text: str) -> str:
        return "".join(text[place] for place in self.trace(text))

    def trace(self, text: str) -> list[int]:
        classes, order = combining(), []
        for is_run, run in groupby(range(len(text)), key=lambda place: text[place] in classes):
            order.extend(sorted(run, key=lambda place: classes[text[place]] if is_run else 0))
        return order

    @cached_property
    def swaps(self) -> list[str]:
        """Two that stay in the wrong order, with those between them that do not stay."""
        kept = set("".join(self.groups))
        between = "".join(sorted(char for char in combining() if char not in kept))
        lower = ["".join(self.groups[:i]) for i in range(len(self.groups))]
        return [f"([{group}])([{between}]*)([{less}])" for group, less in zip(self.groups, lower, strict=True) if less]

    def in_graph(self, strings):
        import tensorflow as tf

        def once(strings):
            for swap in self.swaps:
                strings = tf.strings.regex_replace(strings, swap, r"\3\2\1")
            return strings

        def is_wrong(strings):
            found = [tf.reduce_any(tf.strings.regex_full_match(strings, f"(?s).*{swap}.*")) for swap in self.swaps]
            return tf.reduce_any(tf.stack(found))

        return tf.while_loop(is_wrong, lambda strings: (once(strings),), (strings,))[0]


class Cleaning:
    """The whole of it: `steps` where a text has one of the characters `seldom`, then `last`.

    `seldom` are the characters whose outcome depends on their neighbours; all others are a matter of `last` alone.
    """

    def __init__(self, seldom: Sequence[str], steps: Sequence[Callable[[str], str]], last: CharacterMap):
        self.seldom = "".join(sorted(seldom))
        self.steps, self.last = steps, last
        self.search = re.compile(f"[{re.escape(self.seldom)}]").search if self.seldom else lambda _: None

    def __call__(self, text: str) -> str:
        for step in self.needed(text):
            text = step(text)
        return text

    def needed(self, text: str) -> list:
        """The steps that this text takes."""
        careful = not text.isascii() and self.search(text)
        return [*(self.steps if careful else ()), self.last]

    def trace(self, text: str) -> tuple[str, list[int]]:
        """The cleaned text, and the place in `text` that each of its characters comes from."""
        places = list(range(len(text)))
        for step in self.needed(text):
            places = [places[place] for place in step.trace(text)]
            text = step(text)
        return text, places

    def in_graph(self, strings, last: Callable, careful_last: Callable, longest: int = 0):
        """The cleaned texts of a 1-D `tf.string` tensor; bytes that are no UTF-8 are dropped.

        `last` stands for the last step, `careful_last` where a text has words of more than `longest` characters.
        """
        import tensorflow as tf

        from keras_bert_zoo.text.graph import are_plain, only_utf8

        plain = are_plain(strings, self.seldom, longest)
        clean = last(strings)

        def with_care_for_some():
            places = tf.where(~plain)
            text = only_utf8(tf.gather_nd(strings, places))
            for step in self.steps:
                text = step.in_graph(text)
            return tf.tensor_scatter_nd_update(clean, places, careful_last(text))

        return tf.cond(tf.reduce_all(plain), lambda: clean, with_care_for_some)
