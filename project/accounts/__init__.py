"""Ground floor: who is asking. Organizations, memberships, tokens and the Identity made of them."""
