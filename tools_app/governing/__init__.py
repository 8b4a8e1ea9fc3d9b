"""What installation, organization and tool say about uses, over the rules of a grant; and kill switches."""
