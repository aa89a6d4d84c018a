#!/usr/bin/env bash
# Installs what is missing of packaging/debian-packages.txt: the group `run` (to
# build and run), or `test` (that and what the tests need). Says nothing and
# needs no rights when all is there. Run as root, or with sudo at hand.
#   packaging/install-deps.sh run|test
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
group=${1:-run}
grep -qx "\[$group\]" "$here/debian-packages.txt" || { echo "usage: install-deps.sh run|test" >&2; exit 2; }
mapfile -t wanted < <(awk -v last="[$group]" '
    /^\[/ { if (done) exit; if ($0 == last) done = 1; next }
    /^[a-z0-9]/ { print $1 }' "$here/debian-packages.txt")

missing=()
# What other packages provide counts: a node with its own npm, say.
provided=$(dpkg-query -W -f '${db:Status-Status}, ${Provides}\n' | sed -n 's/^installed, //p')
for package in "${wanted[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || grep -Eq "(^|, )$package( |,|$)" <<<"$provided" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "install-deps: missing ${missing[*]}: become root, or install sudo, or run" >&2
        echo "  apt-get install ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi

# redis-server and carbon-c-relay would each start a daemon of their own: ours
# is private, so ask dpkg not to start those that this call brings in.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
    "${as_root[@]}" chmod 755 $policy
    made_policy=1
fi
cleanup() { [ -z "$made_policy" ] || "${as_root[@]}" rm -f $policy; }
trap cleanup EXIT

echo "install-deps: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
