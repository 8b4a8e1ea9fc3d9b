"""What every room's API is built of, and the one resource of the ground floor: who am I."""
