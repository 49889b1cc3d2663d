"""Runs of tpu/pretrain.sh against a cloud in a folder: from nothing, again, taken away, interrupted, deleted."""

import os
import signal
import subprocess


def test_from_nothing_to_a_model_and_the_same_again(cloud):
    done = cloud.run("pretrain.sh", CONFIRM="1")
    assert done.status == 0, done.stderr
    assert (cloud.laptop / "runs/recipe/model/config.json").exists()
    assert cloud.steps() == list("12345678")
    assert done.stdout.splitlines()[-1].endswith("To delete it:  TPU=bert ZONE=us-west4-a tpu/delete.sh")
    kept = [str(path.relative_to(cloud.folder / "mine/recipe/out")) for path in cloud.folder.glob("mine/*/out/**/*")]
    assert sorted(name for name in kept if name.startswith("commits/") and name.endswith("state")) == [
        "commits/step-7/state",
        "commits/step-8/state",
    ]
    assert ".lock" not in kept
    assert len(cloud.calls(" create ")) == 1

    done = cloud.run("pretrain.sh", CONFIRM="1")
    assert done.status == 0
    assert "recipe is finished already" in done.stdout
    assert len(cloud.calls(" create ")) == 1
    assert len(cloud.calls("worker.sh start")) == 1


def test_the_machine_is_deleted_at_the_end_when_asked(cloud):
    done = cloud.run("pretrain.sh", CONFIRM="1", DELETE="1")
    assert done.status == 0, done.stderr
    assert (cloud.laptop / "runs/recipe/model/config.json").exists()
    assert "bert is deleted." in done.stdout
    assert "still there" not in done.stdout
    assert not cloud.has()


def test_after_a_preemption_the_run_goes_on_elsewhere(cloud):
    cloud.goes(step_s=0.4, taken=3)
    done = cloud.run("pretrain.sh", CONFIRM="1")
    assert done.status == 0, done.stderr
    assert "bert is SUSPENDED: the run goes on from its last commit" in done.stdout
    assert cloud.steps() == list("12345678")
    assert len(cloud.calls(" create ")) == 2  # the stand-in refuses a second machine beside the first
    assert len(cloud.calls("queued-resources delete")) == 1
    assert len(cloud.calls("rsync --recursive gs://mine/recipe/out ")) == 1


def test_a_node_that_was_taken_from_an_active_request(cloud):
    cloud.goes(states=["ACTIVE"])
    assert cloud.run("create.sh", CONFIRM="1").status == 0
    cloud.goes(node="PREEMPTED")
    assert "bert: SUSPENDED" in cloud.run("status.sh").stdout


def test_ctrl_c_leaves_the_run_and_the_same_command_takes_it_up(cloud):
    cloud.goes(step_s=0.4)
    process = cloud.start("pretrain.sh", CONFIRM="1")
    cloud.wait_for(cloud.commits)
    done = cloud.interrupt(process)
    assert done.status == 130
    assert done.stdout.count("Whatever bert is, it costs money until:  TPU=bert ZONE=us-west4-a tpu/delete.sh") == 1
    assert cloud.has()

    done = cloud.run("pretrain.sh", CONFIRM="1")
    assert done.status == 0, done.stderr
    assert "A run is at work: its packages stay as they are." in done.stdout
    assert len(cloud.calls(" create ")) == 1
    assert cloud.steps() == list("12345678")


def test_ctrl_c_in_the_queue_says_that_the_request_stays(cloud):
    cloud.goes(states=["WAITING_FOR_RESOURCES"])
    process = cloud.start("create.sh", CONFIRM="1")
    cloud.wait_for(lambda: len(cloud.calls(" describe ")) > 3)
    done = cloud.interrupt(process)
    assert done.status == 130
    assert done.stdout.count("bert is WAITING_FOR_RESOURCES.") == 1
    assert "it costs money until:  TPU=bert ZONE=us-west4-a tpu/delete.sh" in done.stdout
    done = cloud.run("delete.sh", BUCKET=None)
    assert done.status == 0
    assert "bert is deleted." in done.stdout
    assert not cloud.has()


def test_deleting_lets_the_run_commit_and_it_is_not_made_again(cloud):
    cloud.prepare()
    cloud.goes(step_s=0.4)
    # `stop` looks every second: a loop that looked oftener would start the run again before it is deleted
    process = cloud.start("resume_loop.sh", CONFIRM="1", POLL_S="3")
    cloud.wait_for(cloud.commits)
    done = cloud.run("delete.sh", BUCKET=None)
    assert (done.status, done.stderr) == (0, "")
    assert not cloud.has()
    assert "stopped after step" in (cloud.folder / "mine/recipe/logs/worker-0.txt").read_text()
    assert (cloud.folder / "mine/recipe/ended").read_text() == "stopped\n"
    done = cloud.end(process)
    assert done.status == 1
    assert "bert was deleted elsewhere, so it is not made again." in done.stderr
    assert len(cloud.calls(" create ")) == 1


def test_deleting_what_is_not_there_and_what_cannot_be_deleted(cloud):
    done = cloud.run("delete.sh")
    assert done.status == 0
    assert "There is no bert in us-west4-a." in done.stdout
    assert not cloud.calls("queued-resources delete")
    cloud.goes(states=["PROVISIONING"], delete="INTERNAL: try later")
    (cloud.folder / "bert.json").write_text('["PROVISIONING"]')
    done = cloud.run("delete.sh")
    assert done.status == 1
    assert "bert is NOT deleted and STILL COSTS MONEY" in done.stderr


def test_a_question_that_fails_is_waited_out_once_something_was_asked_for(cloud):
    cloud.goes(lost=[3], states=["WAITING_FOR_RESOURCES"] * 3 + ["ACTIVE"])
    done = cloud.run("create.sh", CONFIRM="1")
    assert done.status == 0
    assert "The network is unreachable." in done.stderr
    assert done.stdout.splitlines()[-2:] == ["bert is WAITING_FOR_RESOURCES.", "bert is there."]
    assert len(cloud.calls(" create ")) == 1

    cloud.goes(lost=[len(cloud.calls("queued-resources describe")) + 1])
    done = cloud.run("delete.sh")
    assert done.status == 0
    assert "bert is deleted." in done.stdout
    assert not cloud.has()


def test_what_goes_wrong_before_anything_was_asked_for_ends_it(cloud):
    cloud.goes(lost=[1])
    done = cloud.run("create.sh", CONFIRM="1")
    assert (done.status, done.stdout) == (1, "")
    assert not cloud.has()


def test_a_request_that_somebody_deletes_in_the_queue_is_not_made_again(cloud):
    cloud.goes(states=["WAITING_FOR_RESOURCES"])
    (cloud.folder / "bert.json").write_text('["WAITING_FOR_RESOURCES"]')
    process = cloud.start("create.sh", CONFIRM="1")
    before = len(cloud.calls(" describe "))
    cloud.wait_for(lambda: len(cloud.calls(" describe ")) > before + 3)
    made = len(cloud.calls(" create "))
    assert cloud.run("delete.sh", BUCKET=None).status == 0
    done = cloud.end(process)
    assert done.status == 1
    assert "bert was deleted elsewhere" in done.stderr
    assert len(cloud.calls(" create ")) == made


def test_a_second_run_is_refused_and_the_first_goes_on(cloud):
    cloud.prepare()
    assert cloud.run("upload.sh", RUN="second").status == 0
    cloud.goes(step_s=0.5, states=["ACTIVE"])
    process = cloud.start("resume_loop.sh", CONFIRM="1")
    cloud.wait_for(cloud.commits)
    done = cloud.run("resume_loop.sh", RUN="second")
    assert done.status == 1
    assert "The run recipe is at work on this TPU: let it end, or give second another TPU." in done.stderr
    assert "RUN=recipe\n" in (cloud.folder / "home/kit/run.env").read_text()
    assert cloud.end(process).status == 0
    assert cloud.run("resume_loop.sh", RUN="second").status == 0


def test_setting_up_is_tried_three_times(cloud):
    cloud.prepare()
    cloud.goes(no_install=2)
    assert cloud.run("resume_loop.sh", CONFIRM="1").status == 0
    cloud.goes(no_install=100)
    done = cloud.run("pretrain.sh", CONFIRM="1", DELETE="1", RUN="second")
    assert done.status == 1
    assert len(cloud.calls("worker.sh install")) == 6
    first, second = done.stdout.splitlines()[-2:]
    assert first == "DELETE=1 deletes after a run that finished, and this one did not: bert is left."
    assert second.startswith("bert in us-west4-a is still there and costs money.")
    assert cloud.has()


def test_a_run_that_was_killed_without_a_word_is_started_again(cloud):
    cloud.prepare()
    cloud.goes(step_s=0.2, states=["ACTIVE"])
    process = cloud.start("resume_loop.sh", CONFIRM="1")
    cloud.wait_for(cloud.commits)
    cloud.tell(signal.SIGKILL)
    done = cloud.end(process)
    assert done.status == 0, done.stderr
    assert "The run is not at work on bert, and left no word: it is started again." in done.stdout
    assert len(cloud.calls("worker.sh start")) == 2


def test_training_that_was_stopped_by_itself_is_not_finished(cloud):
    cloud.prepare()
    cloud.goes(step_s=0.3, states=["ACTIVE"])
    process = cloud.start("resume_loop.sh", CONFIRM="1")
    cloud.wait_for(cloud.commits)
    group = (cloud.folder / "home/run.pid").read_text().strip()
    subprocess.run(["pkill", "-TERM", "-g", group, "-f", "keras-bert-zoo pretrain"], check=True)
    done = cloud.end(process)
    assert done.status == 0, done.stderr
    assert done.stdout.count("The run was stopped after a commit.") == 1
    assert (cloud.folder / "mine/recipe/out/log.jsonl").read_text().split() == list("12345678")


def test_a_run_that_fails_there_says_why_and_what_it_costs(cloud):
    cloud.goes(train="There is no TPU here: JAX has cpu:0 and the like.")
    done = cloud.run("pretrain.sh", CONFIRM="1")
    assert done.status == 1
    assert "keras-bert-zoo: There is no TPU here: JAX has cpu:0 and the like." in done.stdout
    assert "The run failed with status 1; gs://mine/recipe/logs has the logs of all machines." in done.stderr
    assert done.stdout.splitlines()[-1].startswith("bert in us-west4-a is still there and costs money.")
    assert len(cloud.calls(" create ")) == len(cloud.calls("worker.sh start")) == 1


def test_a_machine_that_cannot_write_the_bucket(cloud):
    cloud.prepare()
    cloud.goes(read_only=True)
    done = cloud.run("resume_loop.sh", CONFIRM="1")
    assert done.status == 1
    assert "The TPU's service account cannot write gs://mine: give it the role roles/storage.objectUser." in done.stderr
    assert "still there and costs money" in done.stdout


def test_a_machine_that_goes_down_tells_the_run_once(cloud):
    cloud.prepare()
    cloud.goes(step_s=0.4, states=["ACTIVE"])
    process = cloud.start("resume_loop.sh", CONFIRM="1")
    cloud.wait_for(lambda: cloud.commits("home/recipe/out"))
    os.kill(int((cloud.folder / "home/run.pid").read_text()), signal.SIGTERM)
    before = max(path.name for path in cloud.commits("home/recipe/out"))
    two_later = f"step-{int(before[-1]) + 2}"
    cloud.wait_for(lambda: two_later in {path.name for path in cloud.commits("home/recipe/out")})
    cloud.tell(signal.SIGTERM)  # the run itself, which the first signal did not reach
    done = cloud.end(process)
    assert done.status == 0, done.stderr
    assert "stopped after step" in done.stdout
    assert done.stdout.count("The run was stopped after a commit.") == 1
    assert (cloud.folder / "mine/recipe/out/log.jsonl").read_text().split() == list("12345678")
