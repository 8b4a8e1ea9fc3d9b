"""What people see of an answer: cards, messages, pictures, in the shape of the dictionaries of `events.py`."""
