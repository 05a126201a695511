"""A hasher for people who exist in tests only: the product's own takes 19 MiB and 20 ms for each of them."""

from tenants.hashers import EngineArgon2PasswordHasher


class QuickArgon2PasswordHasher(EngineArgon2PasswordHasher):
    """The same algorithm at its smallest figures; stored hashes of the product's figures are still verified."""

    time_cost = 1
    memory_cost = 8
