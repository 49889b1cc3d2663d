from types import SimpleNamespace

import pytest

from keras_bert_zoo.training.tpu.program import collectives, estimate, figures_of, leaving, refused
from keras_bert_zoo.training.tpu.topologies import Chip

PROGRAM = """
  %a = f32[] all-reduce(%x), channel_id=1, metadata={op_name="jit(learn)/reduce_sum"}
  %b = (f32[3,5]{1,0:T(8,128)S(1)}, bf16[7]{0}, /*index=2*/s32[2]{0}) all-reduce(%y, %z), to_apply=%add
  %c = f32[10]{0} all-reduce-start(%w), metadata={op_name="jit(learn)/while/body/closed_call/add"}
  %d = f32[10]{0} all-reduce-done(%c)
  %e = (f32[4]{0:T(128)S(1)}) custom-call(%b), custom_call_target="ConcatBitcast"
  %f = bf16[8,2]{1,0} all-gather(%e), dimensions={0}
"""
OUT = [
    ("  %o = token[] outfeed(f32[] %a, token[] %t), outfeed_config=", "outfeed"),
    ("  %s = (f32[], u32[], token[]) send(f32[] %a, token[] %t), channel_id=2, is_host_transfer=true", "send"),
    ('  %p = f32[] custom-call(), custom_call_target="xla_python_callback"', "xla_python_callback"),
    ("  %h = f32[8]{0:T(128)S(5)} copy(%a)", "5"),
]


@pytest.mark.parametrize(
    ("message", "sizes"),
    [
        ("the memory required for HLO temporaries (40.50G) exceeds available HBM (15.75G).", (40.5, 15.75)),
        ("Ran out of memory in memory space hbm. Used 1.5T of 31.25G hbm. Exceeded by 1504.75G.", (1536, 31.25)),
        ("It needs 512.00M of 0.25G hbm.", (0.5, 0.25)),
    ],
)
def test_both_sizes_of_what_is_refused(message, sizes):
    assert refused(f"RESOURCE_EXHAUSTED: {message}") == {
        "bytes": pytest.approx(sizes[0] * 2**30),
        "memory": sizes[1] * 2**30,
    }


def test_other_failures_are_not_taken_for_it():
    assert refused("INTERNAL: 3.00G of 15.75G hbm") is None
    assert refused("RESOURCE_EXHAUSTED: too many open files") is None


def test_messages_between_chips_by_hand():
    assert collectives(PROGRAM) == {
        "all-reduce": {"count": 3, "in_loop": 1, "bytes": 4 + (60 + 14 + 8) + 40, "bytes_in_loop": 40},
        "all-gather": {"count": 1, "in_loop": 0, "bytes": 32, "bytes_in_loop": 0},
    }


def test_what_leaves_the_device():
    assert leaving(PROGRAM) == []
    for line, name in OUT:
        assert leaving(PROGRAM + line) == [name]


def compiled(flops=100.0, moved=1000.0):
    memory = SimpleNamespace(argument_size_in_bytes=300, output_size_in_bytes=200, peak_memory_in_bytes=700)
    return SimpleNamespace(
        memory_analysis=lambda: memory,
        cost_analysis=lambda: {"flops": flops, "bytes accessed": moved, "optimal_seconds": -3.0},
        as_text=lambda: PROGRAM,
    )


def test_a_loop_is_counted_as_often_as_it_runs():
    once, four = figures_of(compiled(), 1), figures_of(compiled(), 4)
    assert (once["bytes"], once["flops"], once["bytes_moved"]) == (700, 100, 1000)
    assert (four["bytes"], four["flops"], four["bytes_moved"]) == (700, 400, 1000 + 3 * 500)


def test_seconds_by_hand():
    found = figures_of(compiled(), 2)
    seconds = estimate(found, Chip(flops=50.0, memory=1, memory_rate=100.0, network_rate=20.0), chips=4, parts=2)
    reduced = 4 + 82 + 40 + 32 + 40  # the one in the loop twice
    assert seconds["compute"] == 4
    assert seconds["memory"] == 15
    assert seconds["network"] == pytest.approx(1.5 * reduced / 10)
    assert seconds["step"] == pytest.approx(15 + 1.5 * reduced / 10)
