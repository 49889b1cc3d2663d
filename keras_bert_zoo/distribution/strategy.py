"""Runtimes of tf.distribute."""

import json
import logging
import os
import socket
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import tensorflow as tf

from keras_bert_zoo.distribution.runtime import Runtime, check_several
from keras_bert_zoo.errors import ZooError

MEET_S = 600.0  # machines of one job start minutes apart
TELL_S = 20.0  # between two lines while waiting
TF_CONFIG = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
HELLO = b"keras-bert-zoo worker "
LOST = tuple(getattr(tf.errors, f"{name}Error") for name in ("Unavailable", "Aborted", "Cancelled", "Internal"))
log = logging.getLogger("keras_bert_zoo")


def mirrored() -> Runtime:
    """MirroredStrategy over the GPUs, or the logical CPUs where there are none."""
    names = [device.name for device in tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")]
    check_several(names)
    on_gpus = bool(tf.config.list_logical_devices("GPU"))
    ops = None if on_gpus else tf.distribute.ReductionToOneDevice()
    strategy = tf.distribute.MirroredStrategy(names, cross_device_ops=ops)
    return Runtime(len(names), strategy=strategy)


def multi_worker() -> Runtime:
    """MultiWorkerMirroredStrategy over the workers of TF_CONFIG."""
    addresses, host = read_tf_config()
    hosts = len(addresses)
    meet(addresses, host)
    ring = tf.distribute.experimental.CommunicationImplementation.RING
    auto = tf.distribute.experimental.CommunicationImplementation.AUTO
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=auto if tf.config.list_physical_devices("GPU") else ring
    )
    strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    asked = partial(gather, strategy, tf.function(over_replicas, autograph=False), hosts, host)
    return Runtime(strategy.num_replicas_in_sync, hosts, host, strategy, gather=asked)


def read_tf_config() -> tuple[list[str], int]:
    """The addresses of the workers that TF_CONFIG names, and which this one is."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise ZooError(f'distribution="multi_worker" needs TF_CONFIG={TF_CONFIG}.')
    try:
        said = json.loads(text)
        workers, task = said["cluster"]["worker"], said["task"]
        kind, index = task["type"], int(task["index"])
        if not all(0 < port_of(worker) < 1 << 16 for worker in workers):
            raise ValueError("a port is a number from 1 to 65535")
    except (ValueError, KeyError, TypeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise ZooError(f"TF_CONFIG={text!r:.200} cannot be read ({why}): it must be like {TF_CONFIG}.") from error
    if kind != "worker" or not 0 <= index < len(workers) or set(said["cluster"]) != {"worker"}:
        raise ZooError(f"TF_CONFIG={text!r:.200} must name workers alone, and this one as one of them.")
    twice = next((worker for worker in workers if workers.count(worker) > 1), None)
    if twice:
        raise ZooError(f"TF_CONFIG names the worker {twice} twice: give each its own address.")
    return workers, index


def meet(addresses: list[str], host: int, patience_s: float = MEET_S) -> None:
    """Wait until every worker has been there; TensorFlow itself would wait in silence. Raises ZooError with its name.

    Each says its number when it is called. One that has met all goes on, and then TensorFlow answers in its place.
    """
    began = told = time.monotonic()
    absent = set(range(len(addresses))) - {host}
    with answering(addresses[host], host):
        while absent := {number for number in absent if not answers(addresses[number], number)}:
            who = ", ".join(f"worker {number} ({addresses[number]})" for number in sorted(absent))
            now = time.monotonic()
            if now > began + patience_s:
                raise ZooError(
                    f"{who} did not come within {patience_s:,.0f} s: start every worker that TF_CONFIG names."
                )
            if now > told + TELL_S:
                told = now
                said = "Waiting for %s since %.0f s, of %.0f: start it too, or unset TF_CONFIG."
                log.warning(said, who, now - began, patience_s)
            time.sleep(0.2)


@contextmanager
def answering(address: str, host: int) -> Iterator[None]:
    """Take calls at this worker's own address, say its number, and hang up."""
    try:
        server = socket.create_server(("", port_of(address)))
    except OSError as error:
        raise ZooError(f"This worker cannot answer at {address} ({error.strerror}): is another run there?") from error
    with server:
        thread = threading.Thread(target=say_number, args=(server, host), daemon=True)
        thread.start()
        try:
            yield
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # wakes the thread
            thread.join(5)


def say_number(server: socket.socket, host: int) -> None:
    with suppress(OSError):
        while True:
            call = server.accept()[0]
            with call, suppress(OSError):
                call.sendall(HELLO + str(host).encode())


def answers(address: str, number: int) -> bool:
    """Whether somebody is there; raises ZooError for a worker that was told another number."""
    try:
        with socket.create_connection((address.rpartition(":")[0], port_of(address)), timeout=2) as call:
            said = heard(call)
    except OSError:
        return False
    if said.startswith(HELLO) and said != HELLO + str(number).encode():
        raise ZooError(
            f"At {address}, where TF_CONFIG has worker {number}, is one with index {said[len(HELLO) :].decode()}: give "
            "each its own."
        )
    return True


def heard(call: socket.socket) -> bytes:
    """What is said at once; TensorFlow, which says nothing we know, is not waited for."""
    call.settimeout(1)
    with suppress(OSError):
        return call.recv(64)
    return b""


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def tpu() -> Runtime:
    """TPUStrategy on the TPU of this machine, or the one that TPU_NAME names."""
    name = os.environ.get("TPU_NAME", "local")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        said = " ".join(str(error).split())
        raise ZooError(
            f"There is no TPU {name!r} here: give TPU_NAME the name of one, or leave distribution= out; "
            f"TensorFlow says {textwrap.shorten(said, 200, placeholder=' ...')!r}."
        ) from error
    strategy = tf.distribute.TPUStrategy(resolver)
    return Runtime(strategy.num_replicas_in_sync, strategy=strategy)


def over_replicas(own: tf.Tensor) -> tf.Tensor:
    context, here = tf.distribute.get_replica_context(), tf.identity(own)  # an argument has no device
    return context.all_reduce(tf.distribute.ReduceOp.SUM, here)


def gather(strategy: Any, add: Any, hosts: int, host: int, value: float) -> list[float]:
    """What each worker says, on each."""
    mine = [0.0] * hosts
    mine[host] = value
    with workers_that_stay(hosts):
        found = strategy.experimental_local_results(strategy.run(add, args=(tf.constant(mine, tf.float64),)))
    return [float(one) for one in found[0] * hosts / strategy.num_replicas_in_sync]


@contextmanager
def workers_that_stay(hosts: int) -> Iterator[None]:
    """Say what it means when one of several is lost in the middle of a sum."""
    try:
        yield
    except LOST as error:
        if hosts == 1:
            raise
        raise ZooError("Another worker was lost, or the way to it: start all of them again.") from error


MAKERS = {"mirrored": mirrored, "multi_worker": multi_worker, "tpu": tpu}
