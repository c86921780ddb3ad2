# Sourced by demo, test and fuzz: builds a preset with one line of progress. Logs go to build/logs.
: "${root:?}"
logs=$root/build/logs
jobs=$(nproc)

# ccache where it is there: a second build of the same source costs seconds, from another clone too.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# What a script adds to its preset.
cpns_options=()

cpns_configure() {
  local preset=$1
  local options=("${cpns_options[@]}")
  if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  (cd "$root" && cmake --preset "$preset" "${options[@]}")
}

# Ninja's own progress line on a terminal; every quarter elsewhere.
cpns_progress() {
  if [[ -t 2 ]]; then
    local line
    while IFS= read -r line; do
      [[ $line == \[* ]] && printf '\r\033[K  %.100s' "$line" >&2
    done
    printf '\r\033[K' >&2
  else
    awk -F'[][/]' '/^\[[0-9]+\/[0-9]+\]/ { q = int(4 * $2 / $3); if (q > last) { last = q; print "  [" $2 "/" $3 "]"; fflush() } }' >&2
  fi
}

# build_preset PRESET [TARGET...]
build_preset() {
  local preset=$1 log begun
  shift
  mkdir -p "$logs"
  log=$logs/build-$preset.log
  begun=$SECONDS
  echo "Building preset $preset (log: build/logs/build-$preset.log) ..." >&2
  if ! cpns_configure "$preset" >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    echo "Configuring preset $preset failed." >&2
    return 1
  fi
  local targets=()
  (($# == 0)) || targets=(--target "$@")
  if ! (cd "$root" && cmake --build --preset "$preset" -j "$jobs" "${targets[@]}" </dev/null 2>&1) |
    tee -a "$log" | cpns_progress; then
    grep -E -A12 'error:|FAILED|undefined reference' "$log" | head -n 60 >&2 || tail -n 30 "$log" >&2
    echo "Building preset $preset failed." >&2
    return 1
  fi
  echo "  built in $((SECONDS - begun)) s" >&2
}
