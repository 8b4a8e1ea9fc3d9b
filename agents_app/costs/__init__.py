"""What models cost: prices, budgets and their windows, and the book all sums are drawn from."""
