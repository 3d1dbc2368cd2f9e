# needs: go
# Goroutines on several threads, garbage collections that signal them, timers.
cat >main.go <<'END'
package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

func main() {
	var wait sync.WaitGroup
	results := make(chan int, 100)
	for i := 0; i < 100; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			sum := 0
			for j := 0; j < 100000; j++ {
				sum += j * i
			}
			if i%10 == 0 {
				runtime.GC()
			}
			time.Sleep(time.Millisecond)
			results <- sum
		}(i)
	}
	wait.Wait()
	close(results)
	total := 0
	for sum := range results {
		total += sum
	}
	out, err := exec.Command("/bin/echo", "from", "a", "child").Output()
	fmt.Println(total, string(out), err)
}
END
export HOME="$PWD" GOCACHE=/tmp/weft-go-cache GO111MODULE=off
go build -o program main.go && ./program
