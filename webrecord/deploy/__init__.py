"""`webrecord deploy`: from an empty account to a deployment, by the official SDKs, from this machine.

There is no state file: names and markers are the state. Every resource says what would have to change (`changes`); a
change is made only when the one before it is seen. So the same command finishes what was interrupted anywhere.
"""
