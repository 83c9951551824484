# Make sure there is a Chromium to record with, and a font for Chinese text.
set -eu
if [ -n "${CHROMIUM:-}" ]; then # the recorder starts this one, or none
    found=$(command -v "$CHROMIUM") && [ -f "$found" ] && [ -x "$found" ] && exit 0
    echo "error: no browser at $CHROMIUM: set CHROMIUM to a program, or to nothing" >&2
    exit 1
fi
while read -r name; do
    if command -v "$name" >/dev/null; then exit 0; fi
done <"$(dirname "$0")/../local/recorder/browsers.txt"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Chromium from Debian's packages …"
    apt-get update -qq
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq chromium-headless-shell fonts-wqy-microhei >/dev/null 2>&1 ||
        apt-get install -y -qq chromium fonts-wqy-microhei >/dev/null
    exit 0
fi
echo "error: no Chromium found. Install it first: sudo apt-get install chromium-headless-shell fonts-wqy-microhei" >&2
echo "       (or name one: CHROMIUM=/path/to/chrome make demo)" >&2
exit 1
