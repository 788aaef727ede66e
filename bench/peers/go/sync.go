// SPDX-License-Identifier: MIT
//
// The work of bench/sync_workloads.hpp on Go's channels.

package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

func requireDone(bench string, done, n int) {
	if done != n {
		fmt.Fprintf(os.Stderr, "%s: %d of %d done\n", bench, done, n)
		os.Exit(1)
	}
}

// both runs two goroutines to their ends and returns what they took.
func both(first, second func()) elapsed {
	var running sync.WaitGroup
	running.Add(2)
	start := now()
	go func() {
		first()
		running.Done()
	}()
	go func() {
		second()
		running.Done()
	}()
	running.Wait()
	return now().minus(start)
}

func pingPong(capacity int, bench string) {
	measure(bench, 1, func(n int) elapsed {
		there, back := make(chan int, capacity), make(chan int, capacity)
		value := 0
		took := both(func() {
			for lap := 0; lap < n; lap++ {
				there <- value
				value = <-back
			}
		}, func() {
			for lap := 0; lap < n; lap++ {
				back <- <-there + 1
			}
		})
		requireDone(bench, value, n)
		return took
	})
}

// pingPong with one function for both ends.
func relay(capacity int, bench string) {
	measure(bench, 1, func(n int) elapsed {
		there, back := make(chan int, capacity), make(chan int, capacity)
		value := 0
		player := func(from, to chan int, first bool) {
			if first {
				to <- 0
			}
			for lap := 0; lap < n; lap++ {
				came := <-from + 1
				if first && lap+1 == n {
					value = came / 2
				} else {
					to <- came
				}
			}
		}
		took := both(func() { player(back, there, true) }, func() { player(there, back, false) })
		requireDone(bench, value, n)
		return took
	})
}

// A semaphore is a channel whose buffered elements are the free permits, the usual one in Go; with sync.Mutex and
// sync.Cond it takes longer.
func handToAndFro(bench string) {
	measure(bench, 2, func(n int) elapsed {
		mine, yours := make(chan struct{}, 1), make(chan struct{}, 1)
		taken := [2]int{}
		took := both(func() {
			for lap := 0; lap < n/2; lap++ {
				yours <- struct{}{}
				<-mine
				taken[0]++
			}
		}, func() {
			for lap := 0; lap < n/2; lap++ {
				<-yours
				taken[1]++
				mine <- struct{}{}
			}
		})
		requireDone(bench, taken[0]+taken[1], n)
		return took
	})
}

// Closing a channel is the broadcast; each round has a new channel. sync.Cond's broadcast takes as long. `waiting` is
// atomic because goroutines are preempted.
func broadcastTo(waiters int, bench string) {
	measure(bench, waiters, func(n int) elapsed {
		signal := make(chan struct{})
		over := false
		woken := make([]int, waiters)
		var waiting int64
		waitForAll := func() {
			for atomic.LoadInt64(&waiting) < int64(waiters) {
				runtime.Gosched()
			}
		}
		var running sync.WaitGroup
		running.Add(waiters)
		for i := 0; i < waiters; i++ {
			mine := &woken[i]
			go func() {
				for {
					now := signal
					atomic.AddInt64(&waiting, 1)
					<-now
					if over {
						running.Done()
						return
					}
					*mine++
				}
			}()
		}
		waitForAll()
		broadcast := func() {
			atomic.StoreInt64(&waiting, 0)
			was := signal
			signal = make(chan struct{})
			close(was)
		}
		start := now()
		for round := 0; round < n/waiters; round++ {
			broadcast()
			waitForAll()
		}
		took := now().minus(start)
		over = true
		broadcast()
		running.Wait()
		done := 0
		for _, times := range woken {
			done += times
		}
		requireDone(bench, done, n)
		return took
	})
}
