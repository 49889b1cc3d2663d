"""What goes to the standard output."""

import sys


def readable(text: str) -> str:
    """The text as far as the output can show it; bars then are of the sign #."""
    from keras_bert_zoo.data.tables import BAR

    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = text.replace(BAR, "#").encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding)
    return text
