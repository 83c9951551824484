"""Clients by strangers: official SDKs of another language judge the local cloud."""
