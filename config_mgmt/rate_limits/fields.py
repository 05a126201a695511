"""The RateLimit fields of HTTP (draft-ietf-httpapi-ratelimit-headers-10), as structured fields (RFC 9651).

Names of policies are endpoint patterns, whose characters need no escape in a structured string.
"""

from config_mgmt.rate_limits.endpoints import Policy
from config_mgmt.rate_limits.gcra import Verdict


def policy_field(policy: Policy) -> str:
    """RateLimit-Policy: how many requests (q) come back in a window of so many seconds (w)."""
    return f'"{policy.name}";q={policy.limit.quota};w={policy.limit.window_seconds}'


def limit_field(policy: Policy, verdict: Verdict) -> str:
    """RateLimit: how many requests are left (r), and in how many seconds (t) there will be more."""
    return f'"{policy.name}";r={verdict.remaining};t={verdict.wait_seconds}'
