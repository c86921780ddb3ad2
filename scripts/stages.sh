# Sourced by test and fuzz: the stages of a test run, each with its log in build/logs, and the summary at the end.
: "${root:?}" "${logs:?}" "${jobs:?}"

stage_lines=()
failed_stages=0
passed_tests=0
failed_tests=0
ctest_lines=()

# stage NAME COMMAND...: runs it and goes on whatever comes, so that one run shows every failure.
stage() {
  local name=$1 begun=$SECONDS verdict=ok
  shift
  echo "== $name"
  if ! "$@"; then
    verdict=FAILED
    failed_stages=$((failed_stages + 1))
  fi
  stage_lines+=("$(printf '%-18s %-7s %4d s' "$name" "$verdict" $((SECONDS - begun)))")
}

# A stage without which the rest makes no sense.
required_stage() {
  local before=$failed_stages
  stage "$@"
  ((failed_stages == before)) || summary
}

summary() {
  echo "== summary"
  printf '  %s\n' "${stage_lines[@]}" "total $SECONDS s"
  if ((${#ctest_lines[@]})); then printf '%s\n' "${ctest_lines[@]}"; fi
  echo "$passed_tests passed, $failed_tests failed"
  ((failed_stages == 0 && failed_tests == 0)) || exit 1
}

# run_tests PRESET [LABELS]: all tests, or those with one of the labels. A test that fails is tried once more, because
# machines are shared and noisy, and is named: whoever needs a second try often has a bug.
run_tests() {
  local preset=$1 log=$logs/test-$1.log status=0 line
  local labels=()
  (($# == 1)) || labels=(-L "$2")
  (cd "$root" && ctest --preset "$preset" "${labels[@]}" -j "$jobs" --repeat until-pass:2 --no-tests=error </dev/null 2>&1) >"$log" || status=$?
  line=$(grep -E '^[0-9]+% tests passed' "$log" | tail -n 1)
  if [[ $line =~ passed,\ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
    failed_tests=$((failed_tests + BASH_REMATCH[1]))
    passed_tests=$((passed_tests + BASH_REMATCH[2] - BASH_REMATCH[1]))
  else
    status=1
  fi
  ctest_lines+=("ctest $preset: ${line:-did not run}")
  echo "  ${line:-did not run} (log: build/logs/test-$preset.log)"
  if ((status == 0)) && grep -qE '\*\*\*(Failed|Timeout|Exception)' "$log"; then
    echo "  needed a second try:"
    grep -E '\*\*\*(Failed|Timeout|Exception)' "$log" | sed -E 's/^ *[0-9]+\/[0-9]+ //; s/ \.+\*.*//; s/^/    /'
  fi
  if ((status != 0)); then
    # ctest shows what a failed test said after its result, up to the next start or result.
    awk '/^ +Start +[0-9]+:|^ *[0-9]+\/[0-9]+ Test +#/ { show = /\*\*\*/ } show' "$log" | head -n 150
    sed -n '/The following tests FAILED/,$p' "$log" | head -n 60
    [[ -n $line ]] || tail -n 20 "$log"
  fi
  return "$status"
}

check_format() {
  (cd "$root" && git -c safe.directory='*' ls-files -z 'src/*.cpp' 'src/*.hpp' 'bench/*.cpp' 'bench/*.hpp' 'apps/*.cpp' 'tests/*.cpp' 'tests/*.hpp' |
    xargs -0 -n 40 -P "$jobs" clang-format --dry-run -Werror) >"$logs/format.log" 2>&1 && return 0
  grep -E 'error:' "$logs/format.log" | cut -d: -f1 | sort | uniq -c | head -n 20
  echo "  run clang-format -i on these files"
  return 1
}

check_tidy() {
  (cd "$root" && find src/core -name '*.cpp' -print0 |
    xargs -0 -n 4 -P "$jobs" clang-tidy -p build/dev --quiet) >"$logs/tidy.log" 2>&1 && return 0
  grep -E 'error:' "$logs/tidy.log" | sed "s#$root/##" | sort -u | head -n 20
  return 1
}

# run_fuzzers SECONDS [KEEP]: every target for so long, from the corpus in the tree. What is found goes to build/fuzz;
# nothing is written into the tree unless KEEP is yes.
run_fuzzers() {
  local seconds=$1 keep=${2:-no} status=0 target
  mkdir -p "$root/build/fuzz/findings" "$logs"
  local targets=()
  for target in "$root"/build/fuzz/bin/fuzz_*; do
    if [[ -x $target ]]; then targets+=("$(basename "$target")"); fi
  done
  ((${#targets[@]})) || { echo "  no fuzz targets were built" >&2; return 1; }
  export -f fuzz_one
  printf '%s\n' "${targets[@]}" |
    root=$root logs=$logs seconds=$seconds keep=$keep xargs -P "$jobs" -I{} bash -c 'fuzz_one {}' || status=1
  return "$status"
}

fuzz_one() {
  local name=${1#fuzz_} log=$logs/$1.log found=$root/build/fuzz/corpus/${1#fuzz_}
  local kept=$root/tests/fuzz/corpus/$name
  mkdir -p "$found"
  if ! "$root/build/fuzz/bin/$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$root/build/fuzz/findings/$name-" "$found" "$kept" >"$log" 2>&1 </dev/null; then
    printf '  %-24s FAILED (log: build/logs/%s.log, input: build/fuzz/findings)\n' "$name" "$1"
    grep -E -m3 'ERROR|SUMMARY|runtime error' "$log"
    return 1
  fi
  printf '  %-24s %s runs\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  if [[ $keep == yes ]]; then "$root/build/fuzz/bin/$1" -merge=1 "$kept" "$found" >>"$log" 2>&1 </dev/null; fi
}

# The demonstration of the release build: ends well, quickly, and every line is one JSON object.
check_demo() {
  local log=$logs/demo.jsonl begun=$SECONDS
  if ! timeout 60 "$root/build/release/bin/cpns" demo --json >"$log" 2>"$logs/demo.err" </dev/null; then
    tail -n 5 "$log" "$logs/demo.err"
    return 1
  fi
  # Shown, not judged: on a machine that others use too, time is no verdict.
  echo "  took $((SECONDS - begun)) s"
  python3 -B - "$log" <<'PYTHON'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
steps = sorted({line["step"] for line in lines if line.get("event") == "step"})
assert steps == list(range(17)), f"steps {steps}"
print(f"  17 steps, {len(lines)} lines of JSON")
PYTHON
  check_modes_demo
}

check_modes_demo() {
  local log=$logs/demo-modes.jsonl begun=$SECONDS
  if ! timeout 300 "$root/build/release/bin/cpns" demo --modes --size 64 --json >"$log" 2>"$logs/demo-modes.err" </dev/null; then
    tail -n 5 "$log" "$logs/demo-modes.err"
    return 1
  fi
  python3 -B - "$log" $((SECONDS - begun)) <<'PYTHON'
import json, sys
last = json.loads(open(sys.argv[1]).read().splitlines()[-1])
assert last["event"] == "ended" and last["bytes"] == 64 << 20, last
print(f"  modes: {last['switches']} switches in {sys.argv[2]} s")
PYTHON
}
