import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.showing import as_png, make_bar, plain, save


def test_a_picture_is_the_same_every_time():
    from matplotlib.figure import Figure

    def draw():
        figure = Figure()
        figure.subplots().set(title=plain("5 $ and 6 $, \u9f98"))
        return as_png(figure)

    assert draw()[:8] == b"\x89PNG\r\n\x1a\n"
    assert draw() == draw()


def test_files_in_a_folder(tmp_path):
    made = save(tmp_path / "a" / "b", {"x.txt": "\u00e4\n", "x.png": b"\x89"})
    assert {path.name: path.read_bytes() for path in made.iterdir()} == {"x.txt": "\u00e4\n".encode(), "x.png": b"\x89"}
    with pytest.raises(ZooError, match="x.txt is a file: give a folder, in which 1 files are made"):
        save(made / "x.txt", {"y": ""})


def test_no_bar_in_a_log(capsys):
    assert make_bar() is None
