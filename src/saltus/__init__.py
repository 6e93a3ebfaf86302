"""saltus: abilities of language models across scale."""
