"""The README of a model folder."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from keras_bert_zoo.checkpoints import Description

REPORT = "report.txt"
TEXT = """---
library_name: keras_bert_zoo
tags: [keras, {family}]
---
# A {family} for {task}

| | |
|---|---|
| depths | {config.num_layers}, of {config.num_blocks} different blocks |
| hidden size, heads | {config.hidden_size}, {config.num_heads} |
| vocabulary | {config.vocab_size:,} pieces |
| longest text | {config.max_length} tokens |
| parameters | {parameters:,} |
{labels}
```python
import keras_bert_zoo

model = keras_bert_zoo.load("path/to/this/folder")
model.answer(["Some text."])
```
"""


def card(
    task: str,
    description: Description,
    arrays: Mapping[str, np.ndarray],
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> str:
    """What the folder holds and how to use it, in Markdown, with the report and the pictures among `files`."""
    config = description.config
    labels = f"| labels | {', '.join(description.labels)} |\n" if description.labels else ""
    parameters = sum(array.size for array in arrays.values())
    shown = [f"```\n{files[REPORT].decode()}```\n"] if REPORT in files else []
    shown += [f"![{name}]({name})\n" for name in files if name.endswith(".png")]
    return "\n".join(
        [TEXT.format(family=description.family, task=task, config=config, parameters=parameters, labels=labels), *shown]
    )
