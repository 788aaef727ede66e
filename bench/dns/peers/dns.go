// SPDX-License-Identifier: MIT
//
// The work of bench/dns/tendril.cpp with Go's own resolver.
//
//	bench_dns_go PORT

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func cpuNow() float64 {
	const clockProcessCPU = 2
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockProcessCPU, uintptr(unsafe.Pointer(&t)), 0)
	return float64(t.Nano())
}

var number int64

func lookUp(resolver *net.Resolver, callers, each int) {
	var running sync.WaitGroup
	running.Add(callers)
	for i := 0; i < callers; i++ {
		go func() {
			for k := 0; k < each; k++ {
				name := fmt.Sprintf("host%d.example.org.", atomic.AddInt64(&number, 1))
				if found, err := resolver.LookupIP(context.Background(), "ip4", name); err != nil || len(found) != 1 {
					fmt.Fprintln(os.Stderr, name, found, err)
					os.Exit(1)
				}
			}
			running.Done()
		}()
	}
	running.Wait()
}

func main() {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+os.Args[1])
	}}
	const callers, each = 64, 60
	lookUp(resolver, callers, 5)
	wall, cpu := time.Now(), cpuNow()
	lookUp(resolver, callers, each)
	n := float64(callers * each)
	fmt.Printf(`{"system":"Go","version":"%s","bench":"dns","ns_wall":%.1f,"ns_cpu":%.1f,"n":%d}`+"\n", runtime.Version(),
		float64(time.Since(wall))/n, (cpuNow()-cpu)/n, callers*each)
}
