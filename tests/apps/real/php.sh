# needs: php
# The interpreter alone, and opcache's compiler where it is installed: the same sums.
cat > f.php <<'PHP'
<?php
function fib($n) { return $n < 2 ? $n : fib($n - 1) + fib($n - 2); }
$counts = []; $state = 0;
for ($i = 0; $i < 100000; $i++) {
  $counts[$i % 1013] = ($counts[$i % 1013] ?? 0) + $i % 7;
  $state = ($state * 31 + $i) & 0xffffffff;
}
$list = [];
for ($i = 0; $i < 5000; $i++) $list[] = ($i * 7919) % 10007;
sort($list);
echo fib(17), " ", array_sum($counts), " $state ", md5(implode(",", $list)), "\n";
try { intdiv(1, 0); } catch (DivisionByZeroError $e) { echo get_class($e), "\n"; }
exit(6);
PHP
php f.php; echo $?
for jit in function tracing; do
  php -d opcache.enable_cli=1 -d opcache.jit_buffer_size=16M -d opcache.jit=$jit f.php; echo $?
done
