"""What every service of Tencent Cloud API 3.0 shares: signature, envelope, errors, reading of parameters."""
