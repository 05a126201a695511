"""The servers and the supervisor that `make run`, `make test` and `make bench` bring along. No production image needs any of it."""
