"""What every API door shares: bodies in, problems out, pages, entity tags, declared operations. Knows no business app."""
