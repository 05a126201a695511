"""The database backend (ENGINE) that turns the tenant in context into `SET LOCAL`, and makes tables tenant-safe."""
