"""Asking a chat model about crops: the client, the fair gate before it, the ladder that reads again, halved crops."""
