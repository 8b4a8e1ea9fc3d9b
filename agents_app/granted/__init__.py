"""What a persona carries: its grants, its factories, and what a person may do through it."""
