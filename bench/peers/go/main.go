// SPDX-License-Identifier: MIT
//
// The work of bench/workloads.hpp on Go's goroutines, one processor (GOMAXPROCS=1), so that all of them share one
// OS thread as green threads do. The calibration is that of bench/measure.hpp.

package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type elapsed struct{ wall, cpu float64 }

var epoch = time.Now()

func now() elapsed {
	const clockProcessCPU = 2
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockProcessCPU, uintptr(unsafe.Pointer(&t)), 0)
	return elapsed{float64(time.Since(epoch)), float64(t.Nano())}
}

// As worth() in bench/measure.hpp.
func (e elapsed) worth() float64 { return math.Max(e.cpu, e.wall/8) }

func (e elapsed) minus(start elapsed) elapsed { return elapsed{e.wall - start.wall, e.cpu - start.cpu} }

func report(bench string, total elapsed, n int, more string) {
	fmt.Printf(`{"system":"Go","version":"%s","bench":"%s","ns_wall":%.4f,"ns_cpu":%.4f,"n":%d%s}`+"\n",
		runtime.Version(), bench, total.wall/float64(n), total.cpu/float64(n), n, more)
}

func measure(bench string, step int, work func(n int) elapsed) {
	n := step
	took := work(n)
	for took.worth() < 30e6 {
		n *= 4
		took = work(n)
	}
	n = (int(float64(n)*(300e6/took.worth()))/step + 1) * step
	report(bench, work(n), n, "")
}

func yieldBetween(threads int, bench string) {
	measure(bench, threads, func(n int) elapsed {
		var running sync.WaitGroup
		running.Add(threads)
		start := now()
		for i := 0; i < threads; i++ {
			go func() {
				for lap := 0; lap < n/threads; lap++ {
					runtime.Gosched()
				}
				running.Done()
			}()
		}
		running.Wait()
		return now().minus(start)
	})
}

func spawnAndJoin(batch int, bench string) {
	measure(bench, batch, func(n int) elapsed {
		done := 0
		var running sync.WaitGroup
		start := now()
		for spawned := 0; spawned < n; spawned += batch {
			running.Add(batch)
			for i := 0; i < batch; i++ {
				go func() {
					done++ // one processor, and Wait orders it before the next read
					running.Done()
				}()
			}
			running.Wait()
		}
		took := now().minus(start)
		if done != n {
			fmt.Fprintf(os.Stderr, "%s: %d of %d ran\n", bench, done, n)
			os.Exit(1)
		}
		return took
	})
}

func statusKib(key string) float64 {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == key {
			value, _ := strconv.ParseFloat(fields[1], 64)
			return value
		}
	}
	return 0
}

// Goroutines parked on a channel; ends the process.
func parked(wanted int, bench string) {
	rss, pte := statusKib("VmRSS:"), statusKib("VmPTE:")
	asleep := 0
	never := make(chan struct{})
	start := now()
	for i := 0; i < wanted; i++ {
		go func() {
			asleep++
			<-never
		}()
	}
	for asleep < wanted {
		runtime.Gosched()
	}
	took := now().minus(start)
	report(bench, took, wanted, fmt.Sprintf(`,"rss_kib":%.3f,"pte_kib":%.3f,"limit":""`,
		(statusKib("VmRSS:")-rss)/float64(wanted), (statusKib("VmPTE:")-pte)/float64(wanted)))
	os.Exit(0)
}

func main() {
	runtime.GOMAXPROCS(1)
	benches := []struct {
		name string
		run  func()
	}{
		{"yield_2", func() { yieldBetween(2, "yield_2") }},
		{"yield_1000", func() { yieldBetween(1000, "yield_1000") }},
		{"spawn_join_1", func() { spawnAndJoin(1, "spawn_join_1") }},
		{"spawn_join_1000", func() { spawnAndJoin(1000, "spawn_join_1000") }},
		{"sleep", func() { sleeping(10000, 400*time.Millisecond, "sleep") }},
		{"sleep_1000", func() { sleeping(1000, time.Second, "sleep_1000") }},
		{"sleep_100", func() { sleeping(100, time.Second, "sleep_100") }},
		{"queue", func() { pingPong(1, "queue") }},
		{"queue_same", func() { relay(1, "queue_same") }},
		{"channel", func() { pingPong(0, "channel") }},
		{"channel_same", func() { relay(0, "channel_same") }},
		{"semaphore", func() { handToAndFro("semaphore") }},
		{"event", func() { broadcastTo(10000, "event") }},
		{"shared_queue", func() { twoProcessors(func() { oneWay(1024, "shared_queue") }) }},
		{"shared_queue_1", func() { twoProcessors(func() { thereAndBack("shared_queue_1") }) }},
		{"mailbox", func() { twoProcessors(func() { post("mailbox") }) }},
		{"offload_1", func() { twoProcessors(func() { offload(1, "offload_1") }) }},
		{"offload_100", func() { twoProcessors(func() { offload(100, "offload_100") }) }},
		{"popen", popen},
		{"timers_arm", armTimers},
		{"timers_cancel", cancelTimers},
		{"timers_fire", fireTimers},
		// These end the process.
		{"parked_1000", func() { parked(1000, "parked_1000") }},
		{"parked_100000", func() { parked(100000, "parked_100000") }},
		{"parked", func() { parked(1000000, "parked") }},
	}
	for _, bench := range benches {
		wanted := len(os.Args) < 2
		for _, name := range os.Args[1:] {
			wanted = wanted || name == bench.name
		}
		if wanted {
			bench.run()
		}
	}
}
