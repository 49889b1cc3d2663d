"""The packages that a run's numbers depend on."""

from importlib.metadata import version

PACKAGES = ("keras-bert-zoo", "keras", "numpy")


def versions() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}
