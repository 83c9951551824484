"""The pure centre: values in, values out. No I/O; time is an argument."""
