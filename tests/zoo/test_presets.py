from pathlib import Path

import pytest

from keras_bert_zoo import ZooError, build, describe, list_models
from keras_bert_zoo.zoo.presets import ALIASES, PRESETS, canonical, is_name

# google-research/bert and albert, KerasHub and transformers agree on these, but for albert_tiny, which is ours alone:
# with pooler, without, MLM head, pretrainer
COUNTS = {
    "bert_tiny": (4_385_920, 4_369_408, None, None),
    "bert_mini": (11_170_560, 11_104_768, None, None),
    "bert_small": (28_763_648, 28_500_992, None, None),
    "bert_medium": (41_373_184, 41_110_528, None, None),
    "bert_l2_h256": (9_591_040, 9_525_248, None, None),
    "bert_l2_h512": (22_458_880, 22_196_224, None, None),
    "bert_l2_h768": (38_603_520, 38_012_928, None, None),
    "bert_l4_h128": (4_782_464, 4_765_952, None, None),
    "bert_l4_h768": (52_779_264, 52_188_672, None, None),
    "bert_l6_h128": (5_179_008, 5_162_496, None, None),
    "bert_l6_h256": (12_750_080, 12_684_288, None, None),
    "bert_l6_h512": (35_068_416, 34_805_760, None, None),
    "bert_l6_h768": (66_955_008, 66_364_416, None, None),
    "bert_l8_h128": (5_575_552, 5_559_040, None, None),
    "bert_l8_h256": (14_329_600, 14_263_808, None, None),
    "bert_l8_h768": (81_130_752, 80_540_160, None, None),
    "bert_l10_h128": (5_972_096, 5_955_584, None, None),
    "bert_l10_h256": (15_909_120, 15_843_328, None, None),
    "bert_l10_h512": (47_677_952, 47_415_296, None, None),
    "bert_l10_h768": (95_306_496, 94_715_904, None, None),
    "bert_l12_h128": (6_368_640, 6_352_128, None, None),
    "bert_l12_h256": (17_488_640, 17_422_848, None, None),
    "bert_l12_h512": (53_982_720, 53_720_064, None, None),
    "bert_l12_h768": (109_482_240, 108_891_648, None, None),
    "bert_base": (109_482_240, 108_891_648, 622_650, 110_106_428),
    "bert_base_cased": (108_310_272, 107_719_680, 621_124, 108_932_934),
    "bert_large": (335_141_888, 334_092_288, 1_082_170, 336_226_108),
    "bert_large_wwm": (335_141_888, 334_092_288, 1_082_170, 336_226_108),
    "bert_large_cased": (333_579_264, 332_529_664, 1_080_644, 334_661_958),
    "bert_large_wwm_cased": (333_579_264, 332_529_664, 1_080_644, 334_661_958),
    "bert_multilingual": (177_853_440, 177_262_848, 711_675, 178_566_653),
    "bert_multilingual_uncased": (167_356_416, 166_765_824, 698_007, 168_055_961),
    "bert_chinese": (102_267_648, 101_677_056, 613_256, 102_882_442),
    "albert_tiny": (2_447_424, 2_410_368, 42_480, 2_490_290),
    "albert_base": (11_683_584, 11_092_992, 128_688, 11_813_810),
    "albert_large": (17_683_968, 16_634_368, 161_456, 17_847_474),
    "albert_xlarge": (58_724_864, 54_528_512, 292_528, 59_021_490),
    "albert_xxlarge": (222_595_584, 205_814_272, 554_672, 223_158_450),
    "albert_base_v1": (11_683_584, 11_092_992, 128_688, 11_813_810),
    "albert_large_v1": (17_683_968, 16_634_368, 161_456, 17_847_474),
    "albert_xlarge_v1": (58_724_864, 54_528_512, 292_528, 59_021_490),
    "albert_xxlarge_v1": (222_595_584, 205_814_272, 554_672, 223_158_450),
    "albert_zh_base": (10_547_968, 9_957_376, None, None),
    "albert_zh_large": (16_548_352, 15_498_752, None, None),
    "albert_zh_xlarge": (57_589_248, 53_392_896, None, None),
    "albert_zh_xxlarge": (221_459_968, 204_678_656, None, None),
    "minilm_l6": (22_713_216, 22_565_376, None, None),
    "minilm_l12": (33_360_000, 33_212_160, None, None),
}
UNTIED = {"albert_base": 89_650_176, "albert_large": 307_397_120, "albert_xxlarge": 2_437_773_824}


def test_every_model_has_its_published_counts():
    assert set(COUNTS) == set(list_models())
    for name, (whole, encoder, head, pretrainer) in COUNTS.items():
        said = describe(name)
        assert (said["parameters"], said["without_pooler"]) == (whole, encoder), name
        if head:
            assert (said["heads"]["masked_lm"], said["pretraining"]) == (head, pretrainer), name


def test_untied_counts():
    for name, count in UNTIED.items():
        config = PRESETS[name]
        assert type(config)(**vars(config) | {"num_blocks": config.num_layers}).count_params(("pooler",)) == count


@pytest.mark.parametrize("name", ["bert_tiny", "bert_mini", "albert_base"])
def test_counts_of_built_models(name):
    assert build(name).count_params() == COUNTS[name][0]


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTS)
def test_counts_of_every_built_model(name):
    assert build(name).count_params() == COUNTS[name][0]


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("bert_en_uncased_L-12_H-768_A-12", "bert_base"),
        ("uncased_L-2_H-128_A-2", "bert_tiny"),
        ("google-bert/bert-base-uncased", "bert_base"),
        ("bert-large-cased-whole-word-masking", "bert_large_wwm_cased"),
        ("albert-base-v2", "albert_base"),
        ("albert/albert-xxlarge-v1", "albert_xxlarge_v1"),
        ("small_bert/bert_en_uncased_L-4_H-512_A-8", "bert_small"),
        ("google/bert_uncased_L-12_H-768_A-12", "bert_l12_h768"),
        ("uncased_L-12_H-768_A-12", "bert_base"),
        ("multi_cased_L-12_H-768_A-12", "bert_multilingual"),
        ("bert_l2_h128", "bert_tiny"),
        ("bert_l12_h768", "bert_l12_h768"),
        ("sentence-transformers/all-MiniLM-L6-v2", "minilm_l6"),
        ("albert_xxlarge_v2", "albert_xxlarge"),
        ("albert_base_zh", "albert_zh_base"),
        ("google/albert_base", "albert_base"),
        ("tensorflow/small_bert/bert_en_uncased_L-4_H-512_A-8", "bert_small"),
        ("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/4", "bert_base"),
        ("https://tfhub.dev/google/albert_large/3", "albert_large"),
    ],
)
def test_other_names(alias, name):
    assert canonical(alias) == name
    assert describe(alias)["name"] == name


def test_every_alias_leads_to_a_model():
    assert set(ALIASES.values()) <= set(PRESETS)
    assert not set(ALIASES) & set(PRESETS)


def test_lists():
    assert list_models("albert_zh*") == ["albert_zh_base", "albert_zh_large", "albert_zh_xlarge", "albert_zh_xxlarge"]
    assert list_models("nothing*") == []


def test_settings_that_differ():
    assert PRESETS["albert_base"].activation == PRESETS["albert_xxlarge_v1"].activation == "gelu_tanh"
    assert PRESETS["albert_zh_base"].activation == "relu"
    assert PRESETS["bert_base"].activation == "gelu"
    assert PRESETS["albert_xlarge"].num_heads == 16
    assert PRESETS["albert_zh_xxlarge"].num_heads == 16
    assert PRESETS["albert_base_v1"].dropout == 0.1
    assert PRESETS["albert_xxlarge_v1"].dropout == PRESETS["albert_base"].attention_dropout == 0


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bert_bsae", "did you mean 'bert_base'"),
        ("Bert_Large", "'bert_large'"),
        ("gpt2", "keras-bert-zoo list"),
        (7, "7"),
    ],
)
def test_an_unknown_name_says_what_was_meant(name, meant):
    for door in (build, describe):
        with pytest.raises(ZooError, match="There is no model") as caught:
            door(name)
        assert meant in str(caught.value)


def test_a_folder_with_the_name_of_a_model(tmp_path, monkeypatch):
    """Which of both is meant must be said."""
    monkeypatch.chdir(tmp_path)
    assert is_name("bert_tiny")
    (tmp_path / "bert_tiny").mkdir()
    with pytest.raises(ZooError, match=r"'bert_tiny' is a model of the zoo and a folder here: write './bert_tiny'"):
        is_name("bert_tiny")
    assert not is_name("./bert_tiny")
    assert not is_name(Path("bert_tiny"))
