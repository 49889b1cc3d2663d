"""Stands in for gcloud, uv, python -m build and keras-bert-zoo: a cloud in the folder $CLOUD, with real processes.

Buckets are folders in it, a TPU is a JSON file and a home folder in which `ssh` runs its command. scenario.json says
what goes wrong. Every call to gcloud is a line of calls.txt.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

CLOUD = Path(os.environ["CLOUD"])
STEPS = 8


def scenario():
    return json.loads((CLOUD / "scenario.json").read_text())


def fail(text):
    sys.exit(f"ERROR: (gcloud) {text}")


def gcloud(*words):
    line = shlex.join(("gcloud", *words))
    with (CLOUD / "calls.txt").open("a") as file:
        file.write(line + "\n")
    flags = dict(word[2:].partition("=")[::2] for word in words if word.startswith("--"))
    names = [word for word in words if not word.startswith("--")]
    if names[0] == "storage":
        return storage(names[1], names[2:], flags)
    if flags["zone"] != "us-west4-a":
        fail(f"PERMISSION_DENIED: Permission denied on 'locations/{flags['zone']}' (or it may not exist).")
    return TPU_COMMANDS[names[2], names[3]](names[4] if len(names) > 4 else None, flags)


def times(part):
    """So often something was asked for, this call included."""
    return sum(part in line for line in (CLOUD / "calls.txt").read_text().splitlines())


def machine(name):
    return CLOUD / f"{name}.json"


def create(name, flags):
    if "create" in scenario():
        fail(scenario()["create"])
    if machine(name).exists():
        fail("ALREADY_EXISTS: a second machine of this name")
    states = scenario().get("states", ["WAITING_FOR_RESOURCES", "ACTIVE"])
    machine(name).write_text(json.dumps(states))


def describe(name, flags):
    if times("queued-resources describe") in scenario().get("lost", []):
        fail("The network is unreachable.")
    if not machine(name).exists():
        fail(f"NOT_FOUND: Resource '{name}' was not found")
    states = json.loads(machine(name).read_text())
    if states[0] == "ACTIVE" and "taken" in scenario() and is_due():
        states = ["SUSPENDED"]
    print(states[0])
    machine(name).write_text(json.dumps(states[1:] or states))


def is_due():
    """Once, when the bucket has the commit of a step, the machine and all that is on it goes."""
    mark = CLOUD / "taken"
    steps = [int(path.name.removeprefix("step-")) for path in CLOUD.glob("mine/*/out/commits/step-*")]
    if mark.exists() or max(steps, default=-1) < scenario()["taken"]:
        return False
    mark.touch()
    leave()
    return True


def leave():
    for pid in CLOUD.glob("home/run.pid"):
        with suppress(ProcessLookupError):
            os.killpg(int(pid.read_text()), signal.SIGKILL)
    shutil.rmtree(CLOUD / "home", ignore_errors=True)


def delete(name, flags):
    if "delete" in scenario():
        fail(scenario()["delete"])
    machine(name).unlink()
    leave()


def node(name, flags):
    print(scenario().get("node", "READY"))


def show(name, flags):
    print(*(path.stem for path in CLOUD.glob("*.json") if path.stem != "scenario"))


def ssh(name, flags):
    if not machine(name).exists():
        fail(f"NOT_FOUND: Resource '{name}' was not found")
    if "worker.sh install" in flags["command"] and times("worker.sh install") <= scenario().get("no_install", 0):
        fail("Connection to the package index was lost.")
    home = CLOUD / "home"
    home.mkdir(exist_ok=True)
    environment = os.environ | {"HOME": str(home), "TPU_WORKER_ID": "0"}
    sys.exit(subprocess.run(["bash", "-c", flags["command"]], cwd=home, env=environment).returncode)


TPU_COMMANDS = {
    ("queued-resources", "create"): create,
    ("queued-resources", "describe"): describe,
    ("queued-resources", "delete"): delete,
    ("queued-resources", "list"): show,
    ("tpu-vm", "describe"): node,
    ("tpu-vm", "list"): show,
    ("tpu-vm", "ssh"): ssh,
}


def place(address):
    return CLOUD / address.removeprefix("gs://") if address.startswith("gs://") else Path(address)


def storage(verb, addresses, flags):
    places = [place(address) for address in addresses]
    if verb in ("cp", "rsync") and "read_only" in scenario() and addresses[-1].startswith("gs://"):
        fail("HTTPError 403: you do not have storage.objects.create access")
    if verb == "rsync":
        rsync(*places, flags)
    elif verb == "cp" and addresses[0] == "-":
        places[1].parent.mkdir(parents=True, exist_ok=True)
        places[1].write_bytes(sys.stdin.buffer.read())
    elif not places[0].exists():
        fail("The following URLs matched no objects or files")
    elif verb == "cat":
        sys.stdout.write(places[0].read_text())
    elif verb == "rm":
        places[0].unlink()
    elif verb == "cp" and "recursive" in flags:
        shutil.copytree(places[0], places[1] / places[0].name, dirs_exist_ok=True)
    elif verb == "cp":
        places[1].parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(*places)


def rsync(source, target, flags):
    if not source.is_dir() or (target.is_absolute() and CLOUD / "mine" not in target.parents and not target.is_dir()):
        fail(f"Did not find existing container at: {source} or {target}")
    hidden = re.compile(flags.get("exclude", "(?!)"))
    names = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    names = {name for name in names if not hidden.match(name)}
    for name in sorted(names):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    if "delete-unmatched-destination-objects" in flags:
        for path in [path for path in target.rglob("*") if path.is_file()]:
            if str(path.relative_to(target)) not in names:
                path.unlink()


def uv(*words):
    if words[0] == "venv":
        (Path(words[-1]) / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(shutil.which("keras-bert-zoo"), Path(words[-1]) / "bin")


def python(*words):
    Path(words[words.index("--outdir") + 1], "keras_bert_zoo-0.whl").touch()


def keras_bert_zoo(command, *words):
    options = dict(zip(words[::-1][1::2], words[::-1][::2], strict=False))
    if command == "tpu-check":
        sys.exit(scenario().get("check", 0))
    elif command == "prepare":
        Path(options["--out"]).mkdir(parents=True)
        Path(options["--out"], "manifest.json").write_text("{}")
    elif "train" in scenario():
        sys.exit(f"keras-bert-zoo: {scenario()['train']}")
    else:
        (CLOUD / "started.txt").write_text(json.dumps(words))
        train(Path(options["--out"]), Path(options["--data"]))


def train(out, data):
    """Commits every step, keeps two, and goes on after the last; told to stop twice, it ends without a commit."""
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(1) or (len(told) > 1 and os._exit(9)))
    assert (data / "manifest.json").exists()
    (out / "commits").mkdir(parents=True, exist_ok=True)
    done = max((int(path.name[5:]) for path in out.glob("commits/step-*")), default=0)
    lines = (out / "log.jsonl").read_text().splitlines()[:done] if done else []
    (out / ".lock").touch()
    for step in range(done + 1, STEPS + 1):
        time.sleep(scenario().get("step_s", 0.05))
        lines.append(str(step))
        (out / "log.jsonl").write_text("\n".join(lines) + "\n")
        (out / f"commits/step-{step}").mkdir()
        (out / f"commits/step-{step}/state").write_text(str(step))
        shutil.rmtree(out / f"commits/step-{step - 2}", ignore_errors=True)
        if told:
            print(f"stopped after step {step}; the same command goes on", flush=True)
            sys.exit(75)
    (out / "model").mkdir(exist_ok=True)
    (out / "model/config.json").write_text("{}")
    print("The model is there", flush=True)


if __name__ == "__main__":
    {"gcloud": gcloud, "uv": uv, "python": python, "keras-bert-zoo": keras_bert_zoo}[sys.argv[1]](*sys.argv[2:])
