"""ISO 20022 messages in and out: wire → schema → message rules → profile rules → account rules."""
