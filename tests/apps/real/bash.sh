# needs: bash
# Functions, arrays, arithmetic, pipelines, traps, job control and subshells of bash.
cat > s.bash <<'BASH'
f() { local i s=0; for ((i = 0; i < 5000; ++i)); do ((s += i % 7)); done; echo $s; }
f; declare -A m; for w in a b a c a; do m[$w]=$((${m[$w]:-0} + 1)); done; for k in "${!m[@]}"; do echo $k ${m[$k]}; done | sort
(exit 3) | true; echo ${PIPESTATUS[@]}; x=$(echo sub; exit 4); echo $x $?; trap 'echo trapped' USR1; kill -USR1 $$
sleep 5 & p=$!; kill $p; wait $p; echo $?; for i in 1 2 3 4 5; do (echo job $i > j$i) & done; wait; cat j?; cat <(echo substitution); [[ abc =~ b(.) ]] && echo ${BASH_REMATCH[1]}
set -m; sleep 5 & p=$!; kill -STOP %1; sleep 0.1; kill -CONT %1; kill $p; wait $p; echo $?; ulimit -n; printf '%s\n' {1..3}{a,b}; trap 'echo leaving' EXIT; exit 5
BASH
bash s.bash 2>/dev/null; echo $?
