# Sourced by every script here. Nothing in it starts anything.
# XDSENV_HOME   where built binaries are cached (safe to keep between runs, safe to delete)
# XDSENV_STATE  where running instances keep their data, logs and pids (temporary)
set -euo pipefail
ENV_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
XDSENV_HOME=${XDSENV_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/xds-env}
XDSENV_STATE=${XDSENV_STATE:-${TMPDIR:-/tmp}/xds-env-$(id -u)}
XDSENV_JOBS=${XDSENV_JOBS:-2}
BIN=$XDSENV_HOME/bin
mkdir -p "$BIN" "$XDSENV_STATE"

K8S_VERSION=1.36.3
ETCD_VERSION=3.6.8
TOXIPROXY_VERSION=2.5.0
ENVOY_VERSION=1.40.0
NODE_VERSION=24
GO_VERSION=1.27.3   # what is installed where there is none of GO_LEAST or newer
GO_LEAST=1.26

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

# apt_need CMD PACKAGE...: installs the packages only when CMD is missing.
apt_need() {
  local cmd=$1; shift
  command -v "$cmd" >/dev/null 2>&1 && return 0
  say "installing $*"
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
    { apt-get update >/dev/null; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null; }
}

# pip_fetch FOLDER REQUIREMENT: unpacks one PyPI package into the folder, and nothing of it anywhere else.
pip_fetch() {
  python3 -m pip --version >/dev/null 2>&1 || apt_need pip3 python3 python3-pip
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target "$1" "$2"
}

# free_port: a TCP port nobody listens on, below the ephemeral range so that no outgoing connection takes it first.
free_port() {
  local p
  for _ in $(seq 200); do
    p=$((10000 + RANDOM % 20000))
    ss -Hltn "sport = :$p" | grep -q . || { echo "$p"; return 0; }
  done
  die "no free port"
}

# alive PIDFILE: true while the process that wrote it still runs (same start time, so a reused pid does not count).
alive() {
  local pid start
  [ -s "$1" ] || return 1
  read -r pid start < "$1"
  [ -n "$start" ] && [ "$(pid_start "$pid")" = "$start" ]
}
# A zombie counts as gone.
pid_start() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" {print $20}' || true; }

# spawn NAME COMMAND...: starts it detached, with NAME.log and NAME.pid in $DIR.
spawn() {
  local name=$1 pid; shift
  setsid "$@" >"$DIR/$name.log" 2>&1 </dev/null 9>&- &
  pid=$!
  echo "$pid $(pid_start "$pid")" > "$DIR/$name.pid"
}

# stop NAME [SECONDS]: SIGTERM, then SIGKILL after so many seconds (5); only ever the pid that spawn recorded.
stop() {
  local f=$DIR/$1.pid grace=${2:-5} pid
  if alive "$f"; then
    read -r pid _ < "$f"
    kill "$pid" 2>/dev/null || true
    for _ in $(seq $((grace * 10))); do alive "$f" || break; sleep 0.1; done
    if alive "$f"; then kill -9 "$pid" 2>/dev/null || true; fi
    while alive "$f"; do sleep 0.02; done
  fi
  rm -f "$f"
}

# lock FILE: one run at a time; says so instead of waiting for ever.
lock() { exec 9>"$1"; flock -w 180 9 || die "$1 is held by another run"; }
