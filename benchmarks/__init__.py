"""`python -m benchmarks`: what a payment costs, each figure beside a reference measured in the same minutes."""
