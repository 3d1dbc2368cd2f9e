# needs: python3
# Parts of python's own tests of threads, forks and signals, where they are installed.
/usr/bin/python3 -c 'import test.test_fork1' 2>/dev/null || {
  echo "no tests of python3"
  exit 0
}
run() {
  /usr/bin/python3 -m unittest "$@" >/dev/null 2>report
  echo "$1: $?" "$(sed -n 's/ in [0-9.]*s//; /^Ran\|^OK\|^FAILED/p' report)"
}
run test.test_threading.ThreadTests.test_various_ops test.test_threading.LockTests
run test.test_signal.PendingSignalsTests.test_sigwait test.test_signal.PendingSignalsTests.test_pthread_kill
run test.test_subprocess.POSIXProcessTestCase.test_exception_cwd
