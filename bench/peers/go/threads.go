// SPDX-License-Identifier: MIT
//
// The work of bench/hub_workloads.hpp and bench/threads.cpp in Go, with as many processors as there are.

package main

import (
	"runtime"
	"sync"
)

func twoProcessors(run func()) {
	runtime.GOMAXPROCS(runtime.NumCPU())
	run()
	runtime.GOMAXPROCS(1)
}

func oneWay(capacity int, bench string) {
	measure(bench, 1, func(n int) elapsed {
		pipe := make(chan int, capacity)
		sum := 0
		took := both(func() {
			for i := 0; i < n; i++ {
				pipe <- 1
			}
		}, func() {
			for i := 0; i < n; i++ {
				sum += <-pipe
			}
		})
		requireDone(bench, sum, n)
		return took
	})
}

// Each goroutine has an OS thread of its own, or both would soon share one.
func thereAndBack(bench string) {
	measure(bench, 1, func(n int) elapsed {
		there, back := make(chan int, 1), make(chan int, 1)
		sum := 0
		took := both(func() {
			runtime.LockOSThread()
			for i := 0; i < n; i++ {
				there <- 1
				sum += <-back
			}
		}, func() {
			runtime.LockOSThread()
			for i := 0; i < n; i++ {
				back <- <-there
			}
		})
		requireDone(bench, sum, n)
		return took
	})
}

// Functions sent to another goroutine, which runs them.
func post(bench string) {
	measure(bench, 1, func(n int) elapsed {
		calls := make(chan func(), 1024)
		ran := 0
		took := both(func() {
			for i := 0; i < n; i++ {
				calls <- func() { ran++ }
			}
		}, func() {
			for i := 0; i < n; i++ {
				(<-calls)()
			}
		})
		requireDone(bench, ran, n)
		return took
	})
}

// A pool of 10 OS threads, as tendril's: what blocks in Go needs none, but C code that blocks does.
func offload(callers int, bench string) {
	type job struct {
		run  func()
		done chan struct{}
	}
	jobs := make(chan job, 1024)
	for i := 0; i < 10; i++ {
		go func() {
			runtime.LockOSThread()
			for one := range jobs {
				one.run()
				one.done <- struct{}{}
			}
		}()
	}
	measure(bench, callers, func(n int) elapsed {
		done := make([]int, callers)
		var running sync.WaitGroup
		running.Add(callers)
		start := now()
		for i := 0; i < callers; i++ {
			mine := &done[i]
			go func() {
				back := make(chan struct{}, 1)
				for k := 0; k < n/callers; k++ {
					jobs <- job{func() {}, back}
					<-back
					*mine++
				}
				running.Done()
			}()
		}
		running.Wait()
		took := now().minus(start)
		sum := 0
		for _, each := range done {
			sum += each
		}
		requireDone(bench, sum, n)
		return took
	})
	close(jobs)
}
