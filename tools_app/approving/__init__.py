"""How a question about a use is put, who may answer it, what they may say, and what they allow from now on."""
