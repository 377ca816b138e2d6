#!/usr/bin/env bash
# Everything that has to hold before a change lands, on a fresh Debian machine with Rust, from one command.
#
# 1. System packages that the tests drive and that are missing are installed (this needs root; as another user the
#    script names them and stops).
# 2. A Python environment and the tests' Node modules are made under the tree, from pinned versions.
# 3. Formatting, lints, documentation, tests. The test runner's own summary closes the output.
#
# Run again, it installs nothing and goes straight to step 3.
set -euo pipefail
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
mkdir -p "$target"
log="$target/test-setup.log"
: >"$log"

step() { printf '== %s\n' "$*"; }
fail() {
    printf 'scripts/test.sh: %s\n' "$*" >&2
    exit 1
}

# quietly WHAT-IT-IS-FOR COMMAND…: the output goes to the log; its end is shown if the command fails.
quietly() {
    local what="$1"
    shift
    if ! "$@" >>"$log" 2>&1; then
        tail -n 30 "$log" >&2
        fail "$what failed (the whole output is in $log)"
    fi
}

# A system component is a command, or a check of its own below, and the Debian package that brings it.
components=(
    cc:build-essential
    git:git
    python3:python3
    python-venv:python3-venv
    node:nodejs
    npm:npm
    chromium:chromium
    fc-list:fontconfig
    chinese-font:fonts-wqy-microhei
    openssl:openssl
    curl:curl
    zbarimg:zbar-tools
    pdftoppm:poppler-utils
    mkfs.ext4:e2fsprogs
    losetup:util-linux
    mount:mount
    eatmydata:eatmydata
    faketime:faketime
    unshare:util-linux
    setpriv:util-linux
    postgres:postgresql
    jq:jq
    etcd:etcd-server
    etcdctl:etcd-client
    haproxy:haproxy
    ip:iproute2
    nft:nftables
)

present() {
    case "$1" in
    # Debian splits the part that makes environments off its Python.
    python-venv) python3 -c 'import venv, ensurepip' 2>/dev/null ;;
    # Without one the pages' Chinese is drawn as boxes.
    chinese-font) [ -n "$(fc-list :lang=zh family 2>/dev/null)" ] ;;
    # Debian keeps it off the PATH, a directory for each version.
    postgres) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

missing_packages() {
    local component
    for component in "${components[@]}"; do
        present "${component%%:*}" || printf '%s\n' "${component#*:}"
    done
}

install_system_packages() {
    local packages package
    mapfile -t packages < <(missing_packages)
    [ "${#packages[@]}" -gt 0 ] || return 0
    [ "$(id -u)" -eq 0 ] || fail "these packages are missing; install them, or run this as root: ${packages[*]}"
    command -v apt-get >/dev/null || fail "no apt-get here to install these packages with: ${packages[*]}"
    step "installing ${packages[*]}"
    quietly 'apt-get update' apt-get update -q
    for package in "${packages[@]}"; do
        quietly "installing the system package $package" \
            env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$package"
    done
    mapfile -t packages < <(missing_packages)
    [ "${#packages[@]}" -eq 0 ] || fail "still missing after their installation: ${packages[*]}"
}

# made_from STAMP FILE…: true when the last installation used exactly these files.
made_from() {
    local stamp="$1"
    shift
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(cat "$@" | sha256sum)" ]
}

make_python() {
    local venv="$target/venv" wanted=scripts/requirements.txt
    export ELICENSE_PYTHON="$venv/bin/python"
    if made_from "$venv/made-from" "$wanted" && "$ELICENSE_PYTHON" -c 'import cbor2, cryptography, openapi_spec_validator, patroni, psycopg, schemathesis, sd_jwt, token_status_list' 2>/dev/null; then
        return
    fi
    step 'making the Python environment'
    rm -rf "$venv"
    quietly 'python3 -m venv (package python3-venv)' python3 -m venv "$venv"
    quietly 'installing the packages of scripts/requirements.txt' "$ELICENSE_PYTHON" -m pip install --quiet -r "$wanted"
    sha256sum <"$wanted" >"$venv/made-from"
}

# make_node_modules FOLDER…: the modules that each folder's package-lock.json pins, in it.
make_node_modules() {
    local folder stamp
    for folder in "$@"; do
        stamp="$folder/node_modules/made-from"
        made_from "$stamp" "$folder/package.json" "$folder/package-lock.json" && continue
        step "installing the Node modules of $folder"
        quietly "npm ci in $folder" npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund
        cat "$folder/package.json" "$folder/package-lock.json" | sha256sum >"$stamp"
    done
}

command -v cargo >/dev/null || fail 'cargo is missing: install Rust first (rust-version in Cargo.toml says which)'
install_system_packages
make_python
make_node_modules tests/page tests/status_lists tests/sd_jwt tests/identity_provider

step 'formatting'
cargo fmt --check
step 'lints'
cargo clippy --quiet --all-targets -- -D warnings
step 'documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps
step 'documentation examples'
cargo test --quiet --doc
# The service's own tests, each installation's ledger in a database: the same binaries as below. The one that is left out
# fills the disk that the directory is on.
over_postgres=(
    http_calls http_batch http_parallel lookups comparisons materials uses limits access_matrix lifecycle
    status_changes status_lists receipts presentations durability
)
step 'tests, over PostgreSQL'
ELICENSE_TEST_STORE=postgres cargo test --no-fail-fast "${over_postgres[@]/#/--test=}" -- \
    --skip a_store_that_takes_no_entry_gives_no_answer
step 'tests'
# One binary after the other: the crash and browser tests need the machine to themselves.
exec cargo test --no-fail-fast
