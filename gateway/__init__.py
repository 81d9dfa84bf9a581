"""tenant-gateway: one tenant graph over the two legacy systems of a French social landlord."""
