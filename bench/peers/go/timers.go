// SPDX-License-Identifier: MIT
//
// The work of bench/timer_workloads.hpp on Go's timers.

package main

import (
	"runtime"
	"time"
)

const timers = 1000000

var fired int

type timerSet struct{ all []*time.Timer }

func nextRandom(state *uint32) uint32 {
	*state ^= *state << 13
	*state ^= *state >> 17
	*state ^= *state << 5
	return *state
}

func (t *timerSet) arm(least time.Duration, spread uint32) {
	random := uint32(2654435761)
	for i := range t.all {
		t.all[i] = time.AfterFunc(least+time.Duration(nextRandom(&random)%spread)*time.Microsecond, func() { fired++ })
	}
}

func (t *timerSet) cancel() {
	order := make([]uint32, len(t.all))
	random := uint32(362436069)
	for i := range order {
		place := nextRandom(&random) % uint32(i+1)
		order[i] = order[place]
		order[place] = uint32(i)
	}
	for _, each := range order {
		t.all[each].Stop()
	}
}

func armTimers() {
	set := timerSet{make([]*time.Timer, timers)}
	start := now()
	set.arm(0, 3600*1000000)
	report("timers_arm", now().minus(start), timers, "")
}

func cancelTimers() {
	set := timerSet{make([]*time.Timer, timers)}
	set.arm(0, 3600*1000000)
	start := now()
	set.cancel()
	report("timers_cancel", now().minus(start), timers, "")
}

func fireTimers() {
	set := timerSet{make([]*time.Timer, timers)}
	fired = 0
	set.arm(2*time.Second, 50000)
	start := now()
	for fired < timers {
		time.Sleep(time.Millisecond)
	}
	report("timers_fire", now().minus(start), timers, "")
	runtime.KeepAlive(set)
	requireDone("timers_fire", fired, timers)
}
