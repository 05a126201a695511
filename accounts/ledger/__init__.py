"""The ledger's core: lock accounts set-wise, post journals set-wise. Nothing else writes postings or balances."""
