#!/bin/sh
# Makes the virtual environment that `make demo` and `make test` use, and installs the Debian packages they need:
# by itself when it is root, else it says in one sentence which are missing. A second call takes no time.
#
#   installers/setup.sh demo [--headless …]   the product: no torch, no compilers
#   installers/setup.sh test                  the product, the training stack, TensorRT for RTX and the tests' peers
#   installers/setup.sh test-slow             the same, and the peers that the slower tests alone need
set -eu
kind=${1:?demo, test or test-slow}
shift
slow_packages=
if [ "$kind" = test-slow ]; then
    kind=test
    slow_packages="libpixelmed-java default-jre-headless"
fi
python=${PYTHON:-python3}
venv=${VENV:-.venv}
cd "$(dirname "$0")/.."

# The CPU build of torch where the index offers one; any version of pyproject's range does.
torch=${TORCH:-torch==2.13.0}
qt_packages="libegl1 libgl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 fonts-dejavu-core \
libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"
peer_packages="orthanc orthanc-dicomweb stunnel4 dcmtk dicom3tools postgresql poppler-utils xvfb xdotool openbox \
hunspell-en-us systemd rsyslog rsyslog-gnutls"

say() { printf '\033[1m[%s]\033[0m %s\n' "$kind" "$*" >&2; }

fail() { printf '%s: %s\n' "make $kind" "$*" >&2; exit 1; }

missing_packages() {
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || printf '%s ' "$package"
    done
}

install_packages() {
    command -v dpkg-query >/dev/null || return 0  # not a Debian: the README names what is needed
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        fail "these Debian packages are missing: $missing— install them with: sudo apt-get install $missing"
    fi
    say "installing Debian packages: $missing"
    apt-get update -qq
    # shellcheck disable=SC2086  # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
}

wants_window() {
    [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || return 1
    case " $* " in *" --headless "*) return 1 ;; esac
}

check_python() {
    command -v "$python" >/dev/null || install_packages python3
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "Python 3.11 or newer is needed; '$python' isn't one — name another with PYTHON=…"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
}

stamp="$venv/.$kind-$(cat pyproject.toml installers/setup.sh | cksum | tr -d ' ')"

case $kind in
demo)
    if wants_window "$@"; then install_packages $qt_packages; fi
    what="-e ."
    ;;
test)
    # shellcheck disable=SC2086
    install_packages $qt_packages $peer_packages $slow_packages
    what="$torch -e .[train,postgres,tensorrt] --group dev"
    ;;
*) fail "unknown kind '$kind'" ;;
esac

[ -e "$stamp" ] && exit 0
check_python
say "step 1 of 3: virtual environment in $venv"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
say "step 2 of 3: a pip that knows dependency groups"
"$venv/bin/python" -m pip install -q --disable-pip-version-check 'pip>=25.1'
say "step 3 of 3: packages ($([ "$kind" = demo ] && echo 'about 640 MB' || echo 'about 2.8 GB where torch comes without CUDA') once installed; a few minutes)"
fetch() {
    # shellcheck disable=SC2086
    "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off $what 2>&1 && touch "$stamp.fetched"
}
fetch | sed -u -n -e 's/^Collecting \([^ (]*\).*/      fetching \1/p' -e '/^Installing/p' -e '/[Ee][Rr][Rr][Oo][Rr]/p' >&2
[ -e "$stamp.fetched" ] || fail "the packages could not be installed; the lines above say why"
"$venv/bin/llmcxr" --version >/dev/null || fail "the command llmcxr does not start; the lines above say why"
mv "$stamp.fetched" "$stamp"
say "ready"
