"""Random numbers: the same for any engines and any distribution, and random enough."""

import numpy as np
import pytest

import distarray as da
from distarray.globalapi.random import Random
from distarray.tests.oracle import ENGINE_COUNTS, assert_bits, context_of, layouts_of

DRAWS = {
    "rand": lambda random, shape: random.rand(shape),
    "randn": lambda random, shape: random.randn(shape),
    "normal": lambda random, shape: random.normal(shape, 3, 0.5),
    "randint": lambda random, shape: random.randint(shape, -5, 100),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_numbers_everywhere(name):
    expected = None
    for engines in ENGINE_COUNTS:
        context = context_of(engines)
        random = Random(context)
        for layout in [(6, 5), *layouts_of(context, (6, 5))]:
            random.seed(42)
            first, second = DRAWS[name](random, layout), DRAWS[name](random, layout)
            if expected is None:
                expected = first.toarray(), second.toarray()
            assert_bits(first.toarray(), expected[0])
            assert_bits(second.toarray(), expected[1])
    assert not np.array_equal(*expected)


def test_seeds():
    random = Random(context_of(2))

    def draw(seed):
        random.seed(seed)
        return random.rand((10,)).tolist()

    assert draw(1) == draw(1)
    assert draw([1, 2]) == draw([1, 2])
    assert draw(np.int64(7)) == draw(7)
    seeds = 0, 1, 2, 2**40, [1, 2], [2, 1], [1, 2, 3], None, None
    assert len({tuple(draw(seed)) for seed in seeds}) == len(seeds)
    assert Random(context_of(2)).rand(5).tolist() != Random(context_of(2)).rand(5).tolist()
    with pytest.raises((ValueError, TypeError)):
        random.seed(-1)


def test_uniform_numbers():
    random = Random(context_of(3))
    random.seed(0)
    x = random.rand((200_000,)).toarray()
    assert x.dtype == float
    assert x.min() >= 0
    assert x.max() < 1
    # Five standard deviations.
    assert abs(x.mean() - 1 / 2) < 5 * np.sqrt(1 / 12 / x.size)
    assert abs(x.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / x.size)
    counts = np.histogram(x, 100, (0, 1))[0]
    chi_squared = ((counts - x.size / 100) ** 2 / (x.size / 100)).sum()
    assert abs(chi_squared - 99) < 5 * np.sqrt(2 * 99)
    assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 5 / np.sqrt(x.size)


def test_normal_numbers():
    stats = pytest.importorskip("scipy.stats")
    random = Random(context_of(3))
    random.seed(0)
    x = random.normal((100_000,), 3, 2).toarray()
    assert stats.kstest(x, "norm", (3, 2)).pvalue > 1e-4
    assert abs(stats.skew(x)) < 5 * np.sqrt(6 / x.size)
    assert abs(stats.kurtosis(x)) < 5 * np.sqrt(24 / x.size)
    assert stats.kstest(random.randn((50_000,)).toarray(), "norm").pvalue > 1e-4
    assert set(random.normal((5,), 2, 0).tolist()) == {2.0}


def test_integers():
    random = Random(context_of(3))
    random.seed(0)
    x = random.randint((70_000,), 3, 10).toarray()
    assert x.dtype == np.int64
    counts = np.bincount(x, minlength=10)
    assert counts[:3].sum() == 0
    assert len(counts) == 10
    assert abs(counts[3:] - 10_000).max() < 500
    assert set(random.randint((100,), 2).tolist()) == {0, 1}
    assert random.randint((5,), -(2**63), 2**63 - 1).dtype == np.int64
    assert random.randint((5,), 0, 200, dtype="u1").dtype == np.uint8
    for wrong in (5, 5), (5, 2), (0,), (-(2**70), 0), (0, 2**70):
        with pytest.raises(ValueError, match=r"low|high"):
            random.randint((3,), *wrong)
    with pytest.raises(ValueError, match="out of bounds"):
        random.randint((3,), 0, 300, dtype="u1")
    with pytest.raises(TypeError):
        random.randint((3,), 0, 5, dtype=float)


def test_arguments():
    random = Random(context_of(2))
    assert random.rand().shape == ()
    assert random.rand(3).shape == (3,)
    assert random.rand((0, 3)).shape == (0, 3)
    with pytest.raises(ValueError, match="scale"):
        random.normal((3,), 0, -1)
    assert da.random is da.random
    da.random.seed(3)
    assert da.random.rand((2, 2)).context is da.default_context()
