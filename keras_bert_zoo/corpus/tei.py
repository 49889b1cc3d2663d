"""Books in the mark-up of the Text Encoding Initiative (tei-c.org, P5)."""

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, iterparse

PARAGRAPHS = ("p", "l", "head", "ab")  # paragraphs, lines of verse, headings, unnamed blocks
DOCUMENTS = ("chapter", "article", "letter")  # kinds of <div> that stand for themselves
LEFT_OUT = ("note", "fw")  # footnotes and running titles cut sentences in two


def tei_documents(stream: BinaryIO) -> Iterator[str]:
    """A document for each chapter, and one for what is outside any, of the text's body; paragraphs by blank lines.

    Raises xml.etree.ElementTree.ParseError where the stream is no XML.
    """
    stack, paragraphs, bodies = [], [], 0  # a text in the text has a body of its own
    for event, element in iterparse(stream, ("start", "end")):
        kind = element.tag.rpartition("}")[2]
        if kind == "body":
            bodies += 1 if event == "start" else -1
        if event == "start":
            stack.append(kind)
            if is_document(kind, element) and paragraphs:
                yield "\n\n".join(paragraphs)
                paragraphs = []
            continue
        stack.pop()
        if bodies and kind in PARAGRAPHS and not any(above in PARAGRAPHS for above in stack):
            paragraphs.append(" ".join("".join(text_of(element)).split()))
        if is_document(kind, element) and paragraphs:
            yield "\n\n".join(paragraphs)
            paragraphs = []
        if not any(above in PARAGRAPHS for above in stack):
            element.clear()
    if paragraphs:
        yield "\n\n".join(paragraphs)


def is_document(kind: str, element: Element) -> bool:
    return kind == "div" and element.get("type") in DOCUMENTS


def text_of(element: Element) -> Iterator[str]:
    """The characters of an element, without those of footnotes in it."""
    yield element.text or ""
    for child in element:
        if child.tag.rpartition("}")[2] not in LEFT_OUT:
            yield from text_of(child)
        yield child.tail or ""
