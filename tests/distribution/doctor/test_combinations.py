"""Every combination that does not work: a place that has it, its line, and the place after that line."""

import pytest

from keras_bert_zoo.distribution.doctor.combinations import RULES
from keras_bert_zoo.distribution.doctor.faults import Facts, applies, find_faults

TEXT = 'pip install --no-deps "tensorflow-text=={}.*"'
JAX = {"backend": "jax"}
TPU = {"accelerator": "tpu", "unseen": "tpu"}
GPU = {"accelerator": "gpu", "unseen": "gpu"}
OF_TPU = {"2.19": "libtpu==0.0.10", "2.20": "libtpu==0.0.14"}
PROCESSES = "KERAS_DISTRIBUTION_JOB_ADDRESSES"

CASES = [  # what is there; the line; what is there afterwards
    (
        "tensorflow==2.20.0 tensorflow-cpu==2.21.0",
        'pip uninstall -y tensorflow tensorflow-cpu && pip install "tensorflow==2.20.0"',
        "tensorflow==2.20.0",
    ),
    *(
        (
            f"{stock}==2.20.0 tensorflow-tpu==2.19.1 libtpu==0.0.10",
            f'pip uninstall -y {stock} tensorflow-tpu && pip install "tensorflow-tpu==2.19.1"',
            "tensorflow-tpu==2.19.1 libtpu==0.0.10",
        )
        for stock in ("tensorflow", "tensorflow-cpu")
    ),
    (
        ("jax==0.10.2 tensorflow-tpu==2.20.0 libtpu==0.0.42.1", JAX),
        'pip uninstall -y tensorflow-tpu && pip install "tensorflow-cpu==2.21.*" "jax[tpu]"',
        ("jax==0.10.2 tensorflow-cpu==2.21.0 libtpu==0.0.42.1", JAX),
    ),
    (
        "tensorflow-tpu==2.20.0 libtpu==0.0.51",
        'pip install "libtpu==0.0.14"',
        "tensorflow-tpu==2.20.0 libtpu==0.0.14",
    ),
    (
        "tensorflow-tpu==2.19.1 libtpu==0.0.14",
        'pip install "libtpu==0.0.10"',
        "tensorflow-tpu==2.19.1 libtpu==0.0.10",
    ),
    *(
        (there, 'pip install "tensorflow-tpu==2.19.1" "libtpu==0.0.10"', "tensorflow-tpu==2.19.1 libtpu==0.0.10")
        for there in ("tensorflow-tpu==2.20.0", "tensorflow-tpu==2.18.0 libtpu==2.18.0")
    ),
    *(
        (
            f"{stock}=={other} tensorflow-text=={other}",
            f'pip install "{stock}==2.21.*" && {TEXT.format("2.21")}',
            f"{stock}==2.21.0 tensorflow-text==2.21.1",
        )
        for stock in ("tensorflow", "tensorflow-cpu")
        for other in ("2.18.1", "2.22.0rc1")
    ),
    *(
        (
            f"{build}=={minor}.0 {libtpu} tensorflow-text=={other}",
            TEXT.format(minor),
            f"{build}=={minor}.0 {libtpu} tensorflow-text=={minor}.1",
        )
        for build in ("tensorflow", "tensorflow-cpu", "tensorflow-tpu")
        for minor, other in (("2.19", "2.20.1"), ("2.20", "2.21.1"), ("2.21", "2.19.0"))
        for libtpu in ([OF_TPU.get(minor)] if build == "tensorflow-tpu" else [""])
        if libtpu is not None
    ),
    ("keras==3.14.1 tensorflow==2.21.0", 'pip install "keras>=3.15"', "keras==3.15.0 tensorflow==2.21.0"),
    (Facts(versions={"tensorflow": "2.21.0"}), 'pip install "keras>=3.15"', "keras==3.15.0 tensorflow==2.21.0"),
    (("jax==0.6.2", JAX), 'pip install --upgrade "jax>=0.7"', ("jax==0.7.0", JAX)),
    (
        ("tensorflow==2.21.0", {"backend": "torch"}),
        "export KERAS_BACKEND=tensorflow",
        ("tensorflow==2.21.0", {"backend": "tensorflow"}),
    ),
    (("tensorflow==2.21.0", JAX), 'pip install "jax"', ("tensorflow==2.21.0 jax==0.10.2", JAX)),
    (
        ("libtpu==0.0.42.1", JAX | {"accelerator": "tpu"}),
        'pip install "jax[tpu]"',
        ("jax==0.10.2 libtpu==0.0.42.1", JAX | {"accelerator": "tpu"}),
    ),
    ("jax==0.10.2", "export KERAS_BACKEND=jax", ("jax==0.10.2", JAX)),
    (
        "numpy==2.4.6",
        'pip install "tensorflow==2.21.*" "tensorflow-text==2.21.*"',
        "numpy==2.4.6 tensorflow==2.21.0 tensorflow-text==2.21.1",
    ),
    (
        ("jax==0.10.2", JAX | {"environment": {"TF_CONFIG": "{}"}}),
        f"unset TF_CONFIG && export {PROCESSES}=host:port KERAS_DISTRIBUTION_NUM_PROCESSES=2 "
        "KERAS_DISTRIBUTION_PROCESS_ID=0",
        ("jax==0.10.2", JAX | {"environment": {PROCESSES: "a:1"}}),
    ),
    (
        ("jax==0.10.2 tensorflow==2.21.0", {"environment": {PROCESSES: "a:1"}}),
        "export KERAS_BACKEND=jax",
        ("jax==0.10.2 tensorflow==2.21.0", JAX | {"environment": {PROCESSES: "a:1"}}),
    ),
    (
        ("jax==0.10.2", JAX | {"environment": {"JAX_DEFAULT_PRNG_IMPL": "rbg"}}),
        "unset JAX_DEFAULT_PRNG_IMPL",
        ("jax==0.10.2", JAX | {"environment": {"JAX_DEFAULT_PRNG_IMPL": "threefry2x32"}}),
    ),
    (
        ("tensorflow==2.21.0 jax==0.10.2 libtpu==0.0.42.1", TPU),
        "export KERAS_BACKEND=jax",
        ("tensorflow==2.21.0 jax==0.10.2 libtpu==0.0.42.1", JAX | {"accelerator": "tpu"}),
    ),
    (
        ("tensorflow==2.21.0 jax==0.10.2", TPU),
        'pip install "jax[tpu]" && export KERAS_BACKEND=jax',
        ("tensorflow==2.21.0 jax==0.10.2 libtpu==0.0.42.1", JAX | {"accelerator": "tpu"}),
    ),
    (
        ("jax==0.10.2", JAX | TPU),
        'pip install "jax[tpu]==0.10.2"',
        ("jax==0.10.2 libtpu==0.0.42.1", JAX | {"accelerator": "tpu"}),
    ),
    (
        ("jax==0.10.2 libtpu==0.0.42.1", JAX | TPU),
        "sudo lsof -w /dev/accel* /dev/vfio/*    # and end the process that it names",
        ("jax==0.10.2 libtpu==0.0.42.1", JAX | {"accelerator": "tpu"}),
    ),
    (
        ("jax==0.10.2", JAX | GPU),
        'pip install --upgrade "jax[cuda12]==0.10.2"',
        ("jax==0.10.2 jax-cuda12-plugin==0.10.2", JAX | {"accelerator": "gpu"}),
    ),
    (
        ("tensorflow-cpu==2.20.0", GPU),
        'pip uninstall -y tensorflow-cpu && pip install "tensorflow[and-cuda]==2.20.0"',
        ("tensorflow==2.20.0", {"accelerator": "gpu"}),
    ),
    (
        ("tensorflow==2.21.0", GPU),
        'pip install "tensorflow[and-cuda]==2.21.0"',
        ("tensorflow==2.21.0", {"accelerator": "gpu"}),
    ),
]


def facts_of(place):
    """A place: its packages in words, with a keras that will do, and what else there is."""
    if isinstance(place, Facts):
        return place
    packages, more = (place, {}) if isinstance(place, str) else place
    keras = "" if "keras==" in packages else "keras==3.15.1 "
    versions = dict(package.split("==") for package in (keras + packages).split())
    return Facts(versions=versions, **more)


@pytest.mark.parametrize(("there", "line", "afterwards"), CASES)
def test_one_fault_and_its_line_mends_it(there, line, afterwards):
    (fault,) = find_faults(facts_of(there), {})
    assert fault["mend"] == line
    assert "{" not in fault["wrong"]
    assert fault["wrong"].endswith(".")
    assert find_faults(facts_of(afterwards), {}) == []


def test_every_rule_has_a_case():
    places = [facts_of(there) for there, *_ in CASES]
    assert [rule.wrong for rule in RULES if not any(applies(rule, place) for place in places)] == []


@pytest.mark.parametrize(
    "place",
    [
        "tensorflow==2.21.0 tensorflow-text==2.21.1 jax==0.10.2 jaxlib==0.10.2",
        ("jax==0.10.2", JAX),
        "tensorflow==2.19.1+nv25.2 tensorflow-text==2.19.0",
        "tensorflow-rocm==2.18.0",
        "tensorflow-tpu==2.19.1 libtpu==0.0.10 jax==0.10.2",
        ("jax==0.10.2 tensorflow==2.18.0", JAX),
        ("tensorflow==2.21.0", {"environment": {"TF_CONFIG": "{}", PROCESSES: ""}}),
    ],
)
def test_places_that_are_well(place):
    assert find_faults(facts_of(place), {}) == []
