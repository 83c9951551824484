"""Films that are made up: pictures and sounds through real encoders and muxers, and what a check must say of each."""
