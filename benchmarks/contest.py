"""What several do in turn, for benchmarks that compare whole calls."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Contest:
    """What several do in turn, with the same outcome."""

    name: str
    ours: Callable[[], object]
    others: dict[str, Callable[[], object]]
    times: dict[str, list[float]] = field(default_factory=dict)

    def sample(self, order: int) -> None:
        """Have everybody do it twice in a row, every other time in the opposite order.

        The second time counts. A virtual machine may give memory that is free for some seconds back
        to its host, and whoever uses it next then pays several times the usual price for fresh
        memory (4 s of processor time a gigabyte, where these benchmarks were made, against 0.5):
        the first time pays that for everybody.
        """
        for who, action in list({"DistArray": self.ours, **self.others}.items())[::order]:
            action()
            os.sync()
            begun = time.perf_counter()
            result = action()
            self.times.setdefault(who, []).append(time.perf_counter() - begun)
            del result

    def row(self) -> str:
        """Return a line of the table."""
        medians = {who: statistics.median(times) for who, times in self.times.items()}
        mine = medians.pop("DistArray")
        others = "; ".join(
            f"{who} {seconds:.2f} ({seconds / mine:.2f}x)" for who, seconds in medians.items()
        )
        return f"{self.name:<15} DistArray {mine:.2f}; {others}"
