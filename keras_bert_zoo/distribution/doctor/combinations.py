"""What does not go together, a row each, with the line that mends it."""

from collections.abc import Iterable
from dataclasses import dataclass

OTHER = "another"  # a backend that is none of ours
STOCK = ("tensorflow", "tensorflow-cpu")
TENSORFLOWS = (*STOCK, "tensorflow-tpu", "tensorflow-rocm", "tf-nightly")  # each is imported as tensorflow
MINORS = ("2.19", "2.20", "2.21")
DRIVERS = {"2.19": "0.0.10", "2.20": "0.0.14"}  # the libtpu of each tensorflow-tpu
HOLDERS = "sudo lsof -w /dev/accel* /dev/vfio/*    # and end the process that it names"
PROCESSES = " ".join(
    f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES=host:port", "NUM_PROCESSES=2", "PROCESS_ID=0")
)


@dataclass(frozen=True)
class Rule:
    """A combination that does not work; it is met where every condition that is given holds.

    In `wrong` and `mend` a package in braces stands for its version, {backend} for the backend and {extra} for the
    extra of jax that the accelerator needs.
    """

    wrong: str
    mend: str
    installed: tuple[str, ...] = ()  # requirements, each met by what is installed
    absent: tuple[str, ...] = ()  # packages, none of which is installed
    backend: str | None = None  # the one that Keras takes
    unseen: str | None = None  # "gpu" or "tpu", which the machine has and the backend does not see
    variable: str | None = None  # of the environment: NAME, or NAME=VALUE


def none_of(package: str, minors: Iterable[str]) -> str:
    """The requirement that other minors meet."""
    return package + ",".join(f"!={minor}.*" for minor in minors)


BUILDS = (
    Rule(
        "tensorflow {tensorflow} and tensorflow-cpu {tensorflow-cpu} are the same files twice.",
        'pip uninstall -y tensorflow tensorflow-cpu && pip install "tensorflow=={tensorflow}"',
        installed=STOCK,
    ),
    *(
        Rule(
            f"{stock} {{{stock}}} overwrites files of tensorflow-tpu {{tensorflow-tpu}}, which drives the TPU.",
            f'pip uninstall -y {stock} tensorflow-tpu && pip install "tensorflow-tpu=={{tensorflow-tpu}}"',
            installed=(stock, "tensorflow-tpu"),
            backend="tensorflow",
        )
        for stock in STOCK
    ),
    Rule(
        "tensorflow-tpu {tensorflow-tpu} claims the TPU, which JAX is to use.",
        'pip uninstall -y tensorflow-tpu && pip install "tensorflow-cpu==2.21.*" "jax[tpu]"',
        installed=("tensorflow-tpu",),
        backend="jax",
    ),
    *(
        Rule(
            f"tensorflow-tpu {{tensorflow-tpu}} is made for libtpu {libtpu}; with {{libtpu}} its import can abort.",
            f'pip install "libtpu=={libtpu}"',
            installed=(f"tensorflow-tpu=={minor}.*", f"libtpu!={libtpu}"),
            backend="tensorflow",
        )
        for minor, libtpu in DRIVERS.items()
    ),
    Rule(
        "tensorflow-tpu {tensorflow-tpu} has no libtpu, which drives the TPU.",
        'pip install "tensorflow-tpu==2.19.1" "libtpu==0.0.10"',
        installed=("tensorflow-tpu",),
        absent=("libtpu",),
        backend="tensorflow",
    ),
)
VERSIONS = (
    *(
        Rule(
            f"{stock} {{{stock}}} is none of {', '.join(MINORS)}, on which this package runs.",
            f'pip install "{stock}==2.21.*" && pip install --no-deps "tensorflow-text==2.21.*"',
            installed=(none_of(stock, MINORS),),
            backend="tensorflow",
        )
        for stock in STOCK
    ),
    Rule(
        "tensorflow-tpu {tensorflow-tpu} is neither 2.19 nor 2.20, of which 2.19.1 is the last that Keras names.",
        'pip install "tensorflow-tpu==2.19.1" "libtpu==0.0.10"',
        installed=(none_of("tensorflow-tpu", DRIVERS),),
        backend="tensorflow",
    ),
    *(
        Rule(
            f"tensorflow-text {{tensorflow-text}} cannot be loaded into {build} {{{build}}}: the minors differ.",
            f'pip install --no-deps "tensorflow-text=={minor}.*"',
            installed=(f"{build}=={minor}.*", f"tensorflow-text!={minor}.*"),
        )
        for build, minors in (*((stock, MINORS) for stock in STOCK), ("tensorflow-tpu", DRIVERS))
        for minor in minors
    ),
    Rule("keras {keras} is too old for this package.", 'pip install "keras>=3.15"', installed=("keras<3.15",)),
    Rule("Keras is not installed.", 'pip install "keras>=3.15"', absent=("keras",)),
    Rule(
        "jax {jax} is too old for this package.",
        'pip install --upgrade "jax{extra}>=0.7"',
        installed=("jax<0.7",),
        backend="jax",
    ),
)
CHOICES = (
    Rule(
        "Keras is told to take {backend}, and this package runs on tensorflow or jax.",
        "export KERAS_BACKEND=tensorflow",
        backend=OTHER,
    ),
    Rule("Keras takes JAX, which is not installed.", 'pip install "jax{extra}"', absent=("jax",), backend="jax"),
    Rule(
        "Keras takes TensorFlow, which is not installed; JAX is.",
        "export KERAS_BACKEND=jax",
        installed=("jax",),
        absent=TENSORFLOWS,
        backend="tensorflow",
    ),
    Rule(
        "Keras takes TensorFlow, which is not installed.",
        'pip install "tensorflow==2.21.*" "tensorflow-text==2.21.*"',
        absent=("jax", *TENSORFLOWS),
        backend="tensorflow",
    ),
    Rule(
        "TF_CONFIG names workers to TensorFlow, and Keras takes JAX, which does not read it.",
        f"unset TF_CONFIG && export {PROCESSES}",
        backend="jax",
        variable="TF_CONFIG",
    ),
    Rule(
        "KERAS_DISTRIBUTION_JOB_ADDRESSES names processes to JAX, and Keras takes TensorFlow, which does not read it.",
        "export KERAS_BACKEND=jax",
        backend="tensorflow",
        variable="KERAS_DISTRIBUTION_JOB_ADDRESSES",
    ),
    Rule(
        "JAX_DEFAULT_PRNG_IMPL=rbg asks for keys of random numbers that Keras's dropout does not make.",
        "unset JAX_DEFAULT_PRNG_IMPL",
        backend="jax",
        variable="JAX_DEFAULT_PRNG_IMPL=rbg",
    ),
)
ACCELERATORS = (
    Rule(
        "There is a TPU, which stock TensorFlow does not use and JAX would.",
        "export KERAS_BACKEND=jax",
        installed=("jax", "libtpu"),
        absent=("tensorflow-tpu",),
        backend="tensorflow",
        unseen="tpu",
    ),
    Rule(
        "There is a TPU, which stock TensorFlow does not use.",
        'pip install "jax[tpu]" && export KERAS_BACKEND=jax',
        absent=("tensorflow-tpu", "libtpu"),
        backend="tensorflow",
        unseen="tpu",
    ),
    Rule(
        "There is a TPU, and JAX has no libtpu to drive it.",
        'pip install "jax[tpu]=={jax}"',
        installed=("jax",),
        absent=("libtpu",),
        backend="jax",
        unseen="tpu",
    ),
    Rule(
        "There is a TPU, which JAX does not get; as a rule another process holds it.",
        HOLDERS,
        installed=("jax", "libtpu"),
        absent=("tensorflow-tpu",),
        backend="jax",
        unseen="tpu",
    ),
    Rule(
        "There is a GPU, which JAX does not see.",
        'pip install --upgrade "jax[cuda12]=={jax}"',
        installed=("jax",),
        backend="jax",
        unseen="gpu",
    ),
    Rule(
        "There is a GPU, which tensorflow-cpu does not use.",
        'pip uninstall -y tensorflow-cpu && pip install "tensorflow[and-cuda]=={tensorflow-cpu}"',
        installed=("tensorflow-cpu",),
        absent=("tensorflow",),
        backend="tensorflow",
        unseen="gpu",
    ),
    Rule(
        "There is a GPU, which tensorflow does not see; as a rule NVIDIA's libraries are missing.",
        'pip install "tensorflow[and-cuda]=={tensorflow}"',
        installed=("tensorflow",),
        backend="tensorflow",
        unseen="gpu",
    ),
)
RULES = (*BUILDS, *VERSIONS, *CHOICES, *ACCELERATORS)
