# Make a virtual environment: `sh tools/venv.sh PYTHON DIR`. Debian packs the venv module apart from Python.
set -eu
python=$1 dir=$2
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "error: $python is older than 3.10; say which to use: make PYTHON=python3.11 …" >&2
    exit 1
}
mkdir -p "$dir" 2>/dev/null && [ -w "$dir" ] || {
    echo "error: $(pwd)/$dir can't be written: copy the checkout into a folder of yours" >&2
    exit 1
}
if "$python" -c 'import ensurepip, venv' 2>/dev/null; then exec "$python" -m venv "$dir"; fi
rm -rf "$dir"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's python3-venv …"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    exec "$python" -m venv "$dir"
fi
echo "error: $python has no venv module; install it first: sudo apt-get install python3-venv" >&2
exit 1
