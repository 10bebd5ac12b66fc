"""The web chat: a page for phones, with no account, on the same inbox and outbox as any channel."""
