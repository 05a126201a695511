"""Another process of the engine, which takes orders as lines.

`follow`: wait until the policy of the path is another one than before, and say its rate and when that was, on the
monotonic clock that all processes share. `spend N`: send N requests to the limiter and say how many it admitted.
"""

import sys
import time

import django


def main(slug: str, path: str) -> None:
    from config_mgmt.rate_limits.limiter import limiter
    from config_mgmt.rate_limits.policies import policies
    from tenants.context import tenant_scope
    from tenants.registry import tenant_by_slug

    seen = None
    with tenant_scope(tenant_by_slug(slug)):
        for order in sys.stdin:
            match order.split():
                case ["follow"]:
                    while (now := policies().policy_for(path).limit.per_minute) == seen:
                        time.sleep(0.01)
                    seen = now
                    say(seen, time.monotonic())
                case ["spend", count]:
                    policy = policies().policy_for(path)
                    say(sum(limiter().spend(policy)[0].admitted for _ in range(int(count))))


def say(*words: float) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    django.setup()
    main(*sys.argv[1:])
