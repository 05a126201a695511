"""What the pages of the operators' portal share: the model admins of tenants' rows and of the registry, forms, cells."""
