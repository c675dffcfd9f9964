"""Prices of European options: a long chain with exp, log, sqrt and erf, and two results."""

from typing import Any

from benchmarks.workloads.workload import Goals, Tolerance, Workload, scaled, uniform

RATE, VOLATILITY = 0.02, 0.3


def formula(xp: Any, erf: Any, price: Any, strike: Any, time: Any) -> tuple[Any, Any]:
    """Return the prices of calls and of puts (Black and Scholes, 1973)."""
    spread = VOLATILITY * xp.sqrt(time)
    d1 = (xp.log(price / strike) + (RATE + VOLATILITY**2 / 2) * time) / spread
    d2 = d1 - spread
    n1 = 0.5 + 0.5 * erf(d1 / 2**0.5)
    n2 = 0.5 + 0.5 * erf(d2 / 2**0.5)
    discounted = strike * xp.exp(-RATE * time)
    call = price * n1 - discounted * n2
    put = call - price + discounted
    return call, put


def black_scholes(xp: Any, price: Any, strike: Any, time: Any) -> tuple[Any, Any]:
    """Return the prices of calls and of puts, with SciPy's erf."""
    from scipy.special import erf

    return formula(xp, erf, price, strike, time)


def workloads(scale: float) -> list[Workload]:
    """Return the family's workloads."""
    n = scaled(20_000_000, scale)
    data = uniform("options", (n, 10.0, 50.0), (n, 10.0, 50.0), (n, 1.0, 2.0))
    return [
        Workload(
            name="Black-Scholes",
            kind="black-scholes",
            data=data,
            elements=n,
            compute=black_scholes,
            elementwise=True,
            tolerance=Tolerance(relative=1e-9, absolute=1e-11),
            goals=Goals(best=1.0),
        )
    ]
