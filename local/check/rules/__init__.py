"""The rules by what they are about; each returns findings for what it sees, and none for a page that is right."""
