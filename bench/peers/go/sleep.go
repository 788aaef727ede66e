// SPDX-License-Identifier: MIT
//
// The work of bench/sleep_workloads.hpp on Go's goroutines.

package main

import (
	"fmt"
	"sort"
	"sync"
	"time"
)

func sleeping(threads int, window time.Duration, bench string) {
	const timedOneIn = 16
	sleeps, over := 0, false
	late := make([]float64, 0, 100000)
	var running sync.WaitGroup
	for i := 0; i < threads; i++ {
		running.Add(1)
		random, timed := (uint32(i)+1)*2654435761, i%timedOneIn == 0
		go func() {
			for !over {
				random ^= random << 13
				random ^= random >> 17
				random ^= random << 5
				length := time.Duration(1+random%20) * time.Millisecond
				if timed {
					start := time.Now()
					time.Sleep(length)
					late = append(late, float64(time.Since(start)-length)/1e3)
				} else {
					time.Sleep(length)
				}
				sleeps++
			}
			running.Done()
		}()
	}
	time.Sleep(100 * time.Millisecond)
	before := sleeps
	start := now()
	time.Sleep(window)
	took := now().minus(start)
	slept := sleeps - before
	over = true
	running.Wait()
	sort.Float64s(late)
	n := len(late)
	report(bench, took, slept, fmt.Sprintf(`,"late_us":%.1f,"late_p99_us":%.1f,"earliest_us":%.1f`, late[n/2], late[n-1-n/100], late[0]))
}
