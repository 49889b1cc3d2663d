"""A short fine-tuning on the devices of this process; run as a program, because a process has one set of them.

python fits.py FOLDER OUT KIND DEVICES SETTINGS: weights and texts from FOLDER; writes weights and figures.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def main(folder, out, kind, count, settings):
    from distribution.steps import prepare_devices

    prepare_devices(int(count))
    import numpy as np

    from keras_bert_zoo import finetune

    given = {"epochs": 2, "batch_size": 6, "learning_rate": 1e-3, "baseline": None, "length": 32}
    given |= json.loads(settings)
    run = finetune(folder, train=f"{folder}/texts.jsonl", test=False, distribution=kind, tell=print, **given)
    arrays = {f"{i:03d}": np.array(array) for i, array in enumerate(run.model.get_weights())}
    figures = {"loss": run.report["validation"]["loss"]} | {key: run.report[key] for key in ("steps", "interrupted")}
    again = run.model.answer(["red apples", "green pears and more of them"])
    np.savez(out, **arrays, **figures, answers=[list(answer["scores"].values()) for answer in again])
    print("folder", run.folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
