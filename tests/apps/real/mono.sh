# needs: mono mcs
# A JIT runtime of another kind: methods compiled one by one, faults turned into exceptions.
cat > Work.cs <<'CS'
using System; using System.Collections.Generic; using System.Threading;
class Work {
  static int Fib(int n) { return n < 2 ? n : Fib(n - 1) + Fib(n - 2); }
  static void Main() {
    var counts = new Dictionary<int, long>();
    for (int i = 0; i < 100000; i++) { long v; counts.TryGetValue(i % 1013, out v); counts[i % 1013] = v + i % 7; }
    long total = 0;
    foreach (var count in counts.Values) total += count;
    var results = new long[4];
    var threads = new Thread[4];
    for (int j = 0; j < 4; j++) {
      int number = j;
      threads[j] = new Thread(() => { for (int i = 0; i < 100000; i++) results[number] += i * number % 13; });
      threads[j].Start();
    }
    foreach (var thread in threads) thread.Join();
    try { object nothing = null; nothing.ToString(); } catch (NullReferenceException) { Console.WriteLine("null"); }
    Console.WriteLine(Fib(20) + " " + total + " " + (results[1] + results[2] + results[3]));
    Environment.Exit(6);
  }
}
CS
[ -f /tmp/weft-mono-classes/Work.exe ] || { mkdir -p /tmp/weft-mono-classes; mcs Work.cs -out:/tmp/weft-mono-classes/Work.exe; }
mono /tmp/weft-mono-classes/Work.exe; echo $?
