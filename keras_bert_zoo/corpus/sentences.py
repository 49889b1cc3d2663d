"""A document's sentences, which sentence objectives are about."""

import re

PARAGRAPH = re.compile(r"\n\s*\n")


def split_sentences(text: str, language: str = "en") -> list[str]:
    """Sentences as Wikimedia's sentencex finds them in each paragraph of a language (ISO 639-1 code)."""
    from sentencex import segment

    found = (sentence.strip() for paragraph in PARAGRAPH.split(text) for sentence in segment(language, paragraph))
    return [sentence for sentence in found if sentence]


def split_lines(text: str, language: str = "en") -> list[str]:
    """A sentence for each line, as google-research/bert's create_pretraining_data.py takes them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


SENTENCES = {"split": split_sentences, "line": split_lines}
