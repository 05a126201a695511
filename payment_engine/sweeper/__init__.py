"""The sweeper: finds work that is due in PostgreSQL and does it, whether or not any doorbell rang."""
