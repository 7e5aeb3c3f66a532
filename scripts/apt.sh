# Sourced. `apt_install PURPOSE PACKAGE...` installs Debian or Ubuntu packages as root; elsewhere says what is missing.
apt_install() {
    local purpose=$1 as_root=()
    shift
    if ! command -v apt-get >/dev/null; then
        echo "Please install what these Debian packages hold: $* ($purpose)" >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "Run as root, or install: $* ($purpose)" >&2; return 1; }
        as_root=(sudo)
    fi
    echo "Installing $* ($purpose)"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
