"""What can be asked about tenancy."""
