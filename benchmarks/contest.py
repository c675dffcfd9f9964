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
        """Have everybody do it once, every other time in the opposite order."""
        for who, action in list({"DistArray": self.ours, **self.others}.items())[::order]:
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
