"""One file per deployed function, each with `main_handler(event, context)`."""
