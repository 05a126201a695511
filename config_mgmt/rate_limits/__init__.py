"""Rate limits: how many requests a tenant may send to an endpoint, per tenant and endpoint pattern.

`limits` (the numbers), `endpoints` (which policy a path is under) and `gcra` (the decision) are pure. `gcra.lua` is the
decision again, run by Valkey for all processes at once; `local` runs the pure one while Valkey is away.
"""
