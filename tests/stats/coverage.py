"""How a simulated level is judged: the false alarm of one assertion is below 1e-6."""

from scipy.stats import binom

ALARM = 1e-6


def assert_level(misses: int, runs: int, level: float) -> None:
    """Fail where `misses` of `runs` intervals could hardly come from a miss rate of at most `level`."""
    most = int(binom.ppf(1 - ALARM, runs, level))
    assert misses <= most, f"{misses} of {runs} missed; at most {most} at a level of {level}"


def exceeds_level(misses: int, runs: int, level: float) -> bool:
    """True where `assert_level` would fail: used to show that a test can fail."""
    return misses > int(binom.ppf(1 - ALARM, runs, level))
