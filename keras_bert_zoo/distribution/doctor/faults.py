"""Which of the combinations that do not work are here, and which packages do not get what they say they need."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from re import search

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from keras_bert_zoo.distribution.doctor.combinations import HOLDERS, OTHER, RULES, STOCK, TENSORFLOWS, Rule
from keras_bert_zoo.distribution.doctor.probe import LATE

BACKENDS = {"tensorflow": TENSORFLOWS, "jax": ("jax",)}  # and the packages that are imported under that name
EXTRAS = {"": "", "gpu": "[cuda12]", "tpu": "[tpu]"}
SIGNS = {"libtpu": "tpu", "jax-cuda12-plugin": "cuda12", "jax-cuda13-plugin": "cuda13"}  # of which extra of jax is here
OURS = (*STOCK, "tensorflow-text")  # rows say more of these than packages do: 2.19 runs, other builds stand in
WORKERS = """export TF_CONFIG='{"cluster": {"worker": ["host:port"]}, "task": {"type": "worker", "index": 0}}'"""
FAILURES = {  # what the words of a backend that does not come up look like, and what helps then
    "TF_CONFIG": WORKERS,
    "in use|lockfile": HOLDERS,
    LATE: "keras-bert-zoo doctor --timeout 600    # a TPU of several hosts answers when all of them ask",
}
Fault = dict[str, str]  # what is "wrong", and the line to "mend" it


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rules look at."""

    versions: Mapping[str, str] = field(default_factory=dict)
    backend: str = "tensorflow"
    accelerator: str = ""  # "gpu" or "tpu", where the machine has one
    unseen: str = ""  # the same, where the backend does not see it
    environment: Mapping[str, str] = field(default_factory=dict)


def find_faults(facts: Facts, requirements: Mapping[str, Sequence[str]]) -> list[Fault]:
    """What is wrong by our rules, then by what the packages say that they need."""
    hits = [rule for rule in RULES if applies(rule, facts)]
    values = {**facts.versions, "backend": facts.backend, "extra": EXTRAS[facts.accelerator]}
    found = [{"wrong": rule.wrong.format_map(values), "mend": rule.mend.format_map(values)} for rule in hits]
    said = {Requirement(text).name for rule in hits for text in rule.installed}
    return found + [unmet(*each, facts.versions) for each in find_unmet(facts.versions, requirements, said)]


def applies(rule: Rule, facts: Facts) -> bool:
    """Whether every condition holds."""
    backend = facts.backend if facts.backend in BACKENDS else OTHER
    name, _, value = (rule.variable or "").partition("=")
    given = facts.environment.get(name, "")
    return (
        all(is_met(Requirement(text), facts.versions) for text in rule.installed)
        and not any(package in facts.versions for package in rule.absent)
        and rule.backend in (None, backend)
        and rule.unseen in (None, facts.unseen)
        and (not name or (given != "" and value in ("", given)))
    )


def is_met(requirement: Requirement, versions: Mapping[str, str]) -> bool:
    """Whether a package is installed, in a version that will do; one that is no version will not."""
    try:
        number = versions.get(canonicalize_name(requirement.name))
        return number is not None and requirement.specifier.contains(number, prereleases=True)
    except InvalidVersion:
        return False


def find_unmet(
    versions: Mapping[str, str], requirements: Mapping[str, Sequence[str]], said: set[str]
) -> Iterator[tuple[str, Requirement]]:
    """Packages, and what each needs in another version than is installed, but for what has been said already."""
    for package, texts in requirements.items():
        for need in map(Requirement, texts):
            name = canonicalize_name(need.name)
            is_here = name in versions and name not in (*OURS, *said)
            if is_here and is_asked(need, package, versions) and not is_met(need, versions):
                yield package, need


def is_asked(need: Requirement, package: str, versions: Mapping[str, str]) -> bool:
    """Whether a requirement counts here: always, on this system, or for an extra of jax that is installed."""
    if need.marker is None:
        return True
    jax = package == "jax" and "tensorflow-tpu" not in versions  # whose libtpu is another
    extras = ["", *(extra for sign, extra in SIGNS.items() if jax and sign in versions)]
    return any(need.marker.evaluate({"extra": extra}) for extra in extras)


def unmet(package: str, need: Requirement, versions: Mapping[str, str]) -> Fault:
    need.marker = None
    wrong = f"{package} {versions[package]} needs {need}, and here is {versions[canonicalize_name(need.name)]}."
    return {"wrong": wrong, "mend": f'pip install "{need}"'}


def find_failure(backend: str, error: str, facts: Facts, others: Sequence[Fault]) -> Fault:
    """That the backend which Keras takes does not come up, which may be for one of the other faults."""
    build = next(name for name in BACKENDS[backend] if name in facts.versions)
    mend = "keras-bert-zoo doctor    # again, when the rest is mended" if others else mend_failure(build, error, facts)
    return {"wrong": f"{build} {facts.versions[build]} does not come up: {error.rstrip('.')}.", "mend": mend}


def mend_failure(build: str, error: str, facts: Facts) -> str:
    """What helps with a backend that has all it needs, by what it said."""
    if build == "tensorflow-tpu" and error.startswith(LATE) and not facts.accelerator:
        return "export TPU_SKIP_MDS_QUERY=1    # no TPU is here, and outside Google's cloud nobody answers for one"
    asked = facts.environment.get("JAX_PLATFORMS", "")
    if build == "jax" and asked not in ("", "cpu") and not facts.accelerator:
        return f"unset JAX_PLATFORMS    # it asks for {asked!r}, and no accelerator is here"
    extra = EXTRAS[facts.accelerator] if build == "jax" else ""
    again = f'pip install --force-reinstall "{build}{extra}=={facts.versions[build]}"'
    return next((mend for words, mend in FAILURES.items() if search(words, error)), again)
