import pytest

from keras_bert_zoo.distribution.doctor.faults import Facts, find_failure, find_faults

JAX = [
    "jaxlib<=0.10.2,>=0.10.1",
    "numpy>=2.0",
    "scipy>=1.14",
    'jaxlib<=0.10.2,>=0.10.2; extra == "tpu"',
    'libtpu==0.0.42.*; extra == "tpu"',
    'jax-cuda12-plugin[with-cuda]<=0.10.2,>=0.10.2; extra == "cuda12"',
]
HERE = {"keras": "3.15.1", "jax": "0.10.2", "jaxlib": "0.10.2", "numpy": "2.4.6", "ml-dtypes": "0.6.0"}
TPU = {"tensorflow-tpu": "2.19.1", "libtpu": "0.0.10"}


def faults(requirements, backend="jax", **versions):
    there = HERE | {name.replace("_", "-"): version for name, version in versions.items()}
    return find_faults(Facts(versions=there, backend=backend), requirements)


@pytest.mark.parametrize(
    ("versions", "lines"),
    [
        ({}, []),
        ({"jaxlib": "0.9.0"}, ['pip install "jaxlib<=0.10.2,>=0.10.1"']),
        ({"jaxlib": "0.10.1"}, []),
        ({"jaxlib": "0.10.1", "libtpu": "0.0.42.1"}, ['pip install "jaxlib<=0.10.2,>=0.10.2"']),
        ({"libtpu": "0.0.51"}, ['pip install "libtpu==0.0.42.*"']),
        ({"jax_cuda12_plugin": "0.10.1"}, ['pip install "jax-cuda12-plugin[with-cuda]<=0.10.2,>=0.10.2"']),
        ({"jax_cuda12_plugin": "0.10.2"}, []),
        ({"numpy": "2.5.0rc1"}, []),
        ({"numpy": "of my own"}, ['pip install "numpy>=2.0"']),
    ],
)
def test_what_jax_says_that_it_needs(versions, lines):
    assert [fault["mend"] for fault in faults({"jax": JAX}, **versions)] == lines


def test_the_sentence_names_both():
    (fault,) = faults({"jax": JAX}, numpy="1.26.4")
    assert fault["wrong"] == "jax 0.10.2 needs numpy>=2.0, and here is 1.26.4."


def test_names_are_compared_as_pip_does():
    (fault,) = faults({"keras": ["ML_Dtypes>=1.0"]})
    assert fault["wrong"] == "keras 3.15.1 needs ML_Dtypes>=1.0, and here is 0.6.0."


def test_the_libtpu_of_tensorflow_is_not_that_of_jax():
    (fault,) = find_faults(Facts(versions=HERE | TPU, backend="jax"), {"jax": JAX})
    assert fault["mend"].startswith("pip uninstall -y tensorflow-tpu")
    assert find_faults(Facts(versions=HERE | TPU), {"jax": JAX}) == []


def test_nothing_is_said_twice_and_rows_know_better():
    old = ["keras>=3.10", "keras>=3.12"]
    (fault,) = faults({"tensorflow": old}, "tensorflow", tensorflow="2.21.0", keras="3.9.0")
    assert fault["mend"] == 'pip install "keras>=3.15"'
    needs = {"keras-bert-zoo": ["tensorflow<2.22,>=2.20", "tensorflow-text>=2.20.1"]}
    pair = {"tensorflow": "2.19.1", "tensorflow_text": "2.19.0", "keras_bert_zoo": "0.1.0"}
    assert faults(needs, "tensorflow", **pair) == []


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("Python was killed by SIGILL: it said nothing", 'pip install --force-reinstall "tensorflow-cpu==2.21.0"'),
        ("no answer within 120 s", "keras-bert-zoo doctor --timeout 600"),
        ("RuntimeError: The TPU is already in use by process with pid 7.", "sudo lsof -w /dev/accel*"),
        ("TF_CONFIG='{' cannot be read", 'export TF_CONFIG=\'{"cluster": {"worker": ["host:port"]}'),
    ],
)
def test_a_backend_that_does_not_come_up(error, line):
    place = Facts(versions={"tensorflow-cpu": "2.21.0"})
    fault = find_failure("tensorflow", error, place, [])
    assert fault["wrong"] == f"tensorflow-cpu 2.21.0 does not come up: {error.rstrip('.')}."
    assert fault["mend"].startswith(line)
    assert find_failure("tensorflow", error, place, [fault])["mend"].startswith("keras-bert-zoo doctor    # again")


def test_a_tpu_that_nobody_has():
    place = Facts(versions={"tensorflow-tpu": "2.20.0"})
    assert find_failure("tensorflow", "no answer within 120 s", place, [])["mend"].startswith("export TPU_SKIP_MDS")
    place = Facts(versions={"tensorflow-tpu": "2.20.0"}, accelerator="tpu")
    assert "--timeout 600" in find_failure("tensorflow", "no answer within 120 s", place, [])["mend"]


def test_jax_is_installed_again_with_its_accelerator():
    place = Facts(versions={"jax": "0.10.2"}, backend="jax", accelerator="gpu")
    assert find_failure("jax", "x", place, [])["mend"] == 'pip install --force-reinstall "jax[cuda12]==0.10.2"'


def test_a_backend_that_is_told_to_take_what_is_not_here():
    versions = {"jax": "0.10.2"}
    place = Facts(versions=versions, backend="jax", environment={"JAX_PLATFORMS": "tpu"})
    assert find_failure("jax", "x", place, [])["mend"].startswith("unset JAX_PLATFORMS    # it asks for 'tpu', and")
    place = Facts(versions=versions, backend="jax", accelerator="tpu", environment={"JAX_PLATFORMS": "tpu"})
    assert find_failure("jax", "x", place, [])["mend"] == 'pip install --force-reinstall "jax[tpu]==0.10.2"'
