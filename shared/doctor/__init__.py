"""The doctor: looks at a deployment and says what is wrong."""
