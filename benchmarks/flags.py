"""`python -m benchmarks.flags`: what asking for a feature flag costs."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.costs import Cost, cost, report_beside_servers

BUDGET_MICROSECONDS: Final = 2
_FLAGS: Final = {
    "for-all": b"{}",
    "half": b'{"rolloutPercentage": 50}',
    "targeted": b'{"rolloutPercentage": 50, "targeting": [{"constraints":'
    b' [{"attribute": "channel", "operator": "IN", "values": ["api", "branch"]}]}]}',
    "scheduled": b'{"rolloutPercentage": 50, "schedule": {"activeFrom": "2020-01-01T00:00:00Z"}}',
    "varied": b'{"variants": [{"name": "a", "weight": 1}, {"name": "b", "weight": 1}, {"name": "c", "weight": 1}]}',
}


def costs() -> Iterator[Cost]:
    """Feature flags as code asks for them: snapshot of the tenant in context, targeting, hash, variant."""
    from config_mgmt.flags import is_active, variant
    from config_mgmt.flags.documents import FeatureDocument
    from config_mgmt.operations.features import save_feature
    from config_mgmt.values import Actor
    from payment_engine.api.json import decode

    actor = Actor(name="benchmark", person="benchmark")
    for key, config in _FLAGS.items():
        document = decode(b'{"enabled": true, "config": %s}' % config, FeatureDocument)
        save_feature(key=key, document=document, actor=actor)
    unit, customer = "acc_0198f3a2c4d87d1e9a55c1f0e2b7a913", "cus_0198f3a2c4d87d1e9a55c1f0e2b7a913"
    within = partial(cost, budget_microseconds=BUDGET_MICROSECONDS)
    yield within("unknown flag", lambda: is_active("unknown", unit=unit))
    yield within("flag for all", lambda: is_active("for-all", unit=unit))
    yield within("flag at 50 %", lambda: is_active("half", unit=unit))
    yield within("flag at 50 %, two attributes given", lambda: is_active("half", unit=unit, channel="api", customer=customer))
    yield within("flag at 50 % of whom a rule matches", lambda: is_active("targeted", unit=unit, channel="api"))
    yield within("flag at 50 % with a schedule", lambda: is_active("scheduled", unit=unit))
    yield cost("variant, one of three", lambda: variant("varied", unit=unit))


if __name__ == "__main__":
    sys.exit(report_beside_servers("benchmarks.flags", costs))
