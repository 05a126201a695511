"""pain.001, CustomerCreditTransferInitiation, versions .03 to .13: read, checked, never kept in memory as a whole."""
