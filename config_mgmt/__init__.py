"""Configuration at run time: settings, feature flags and rate limits as versions, read from a snapshot per process."""
