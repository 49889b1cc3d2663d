"""A cloud in a folder, and a laptop that the scripts of tpu/ run on."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPTS = Path(__file__).parents[2] / "tpu"
GIVEN = {"TPU": "bert", "ZONE": "us-west4-a", "BUCKET": "gs://mine/"}
# Workers of pytest-xdist ignore Ctrl-C, and what they start would too; preexec_fn forks, of which JAX warns.
HEARING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"


class Cloud:
    """The folder that stands in for Google, and a laptop with the tools on its path."""

    def __init__(self, folder):
        self.folder, self.laptop = folder / "cloud", folder / "laptop"
        for made in (self.folder / "mine", self.laptop / "bin"):
            made.mkdir(parents=True)
        for name in ("gcloud", "uv", "python", "keras-bert-zoo"):
            tool = self.laptop / "bin" / name
            tool.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {Path(__file__).parent}/stand_in.py {name} "$@"\n')
            tool.chmod(0o755)
        for text in ("a", "b"):
            (self.laptop / text).touch()
        (self.laptop / "recipe.toml").write_text('model = "bert_tiny"\n')
        self.goes()

    def goes(self, **scenario):
        (self.folder / "scenario.json").write_text(json.dumps(scenario))

    def start(self, script, **settings):
        paths = {"PATH": f"{self.laptop}/bin:/usr/bin:/bin", "HOME": str(self.laptop), "CLOUD": str(self.folder)}
        chosen = {"RECIPE": "recipe.toml", "TEXTS": "a b", "POLL_S": "0.1", "SYNC_S": "0.1", "ASK_S": "1"}
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", HEARING, SCRIPTS / script],
            cwd=self.laptop,
            env={key: value for key, value in (paths | GIVEN | chosen | settings).items() if value is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, script, **settings):
        return self.end(self.start(script, **settings))

    def end(self, process):
        stdout, stderr = process.communicate(timeout=60)
        return SimpleNamespace(status=process.returncode, stdout=stdout, stderr=stderr)

    def interrupt(self, process):
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        return self.end(process)

    def prepare(self):
        """The shards on the laptop, and the bucket as upload.sh leaves it."""
        (self.laptop / "runs/shards").mkdir(parents=True)
        (self.laptop / "runs/shards/manifest.json").write_text("{}")
        assert self.run("upload.sh").status == 0

    def calls(self, part=""):
        path = self.folder / "calls.txt"
        return [line for line in path.read_text().splitlines() if part in line] if path.exists() else []

    def has(self, name="bert"):
        return (self.folder / f"{name}.json").exists()

    def wait_for(self, happened):
        until = time.monotonic() + 20
        while not happened():
            assert time.monotonic() < until, self.calls()
            time.sleep(0.02)

    def commits(self, where="mine/recipe/out"):
        return list(self.folder.glob(f"{where}/commits/step-*"))

    def steps(self):
        """The log that came home."""
        return (self.laptop / "runs/recipe/log.jsonl").read_text().split()

    def tell(self, number):
        """A signal to every process of the machine, as when it goes down."""
        for pid in self.folder.glob("home/run.pid"):
            with suppress(ProcessLookupError):
                os.killpg(int(pid.read_text()), number)


@pytest.fixture
def cloud(tmp_path):
    made = Cloud(tmp_path)
    yield made
    made.tell(signal.SIGKILL)
