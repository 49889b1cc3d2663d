from conftest import ALBERT, BERT


def test_multiply_adds():
    """Query, key, value and output, then the two of the feed-forward; every token with every token, twice."""
    projections, feed_forward = 4 * 12 * 12, 2 * 12 * 29
    assert BERT.multiply_adds(16) == 3 * (16 * (projections + feed_forward) + 2 * 16 * 16 * 12) == 79_488
    assert ALBERT.multiply_adds(2) == 5 * (2 * (projections + feed_forward) + 2 * 2 * 2 * 12) + 2 * 7 * 12 == 13_368
