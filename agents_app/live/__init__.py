"""What goes to sockets while it happens. News only: the database is the truth."""
