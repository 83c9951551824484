"""What the package does: functions that take their ports as arguments."""
