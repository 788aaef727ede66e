// SPDX-License-Identifier: MIT
//
// The work of bench/process.cpp with Go's os/exec.

package main

import "os/exec"

func popen() {
	measure("popen", 1, func(n int) elapsed {
		done := 0
		start := now()
		for i := 0; i < n; i++ {
			if exec.Command("/bin/true").Run() == nil {
				done++
			}
		}
		took := now().minus(start)
		requireDone("popen", done, n)
		return took
	})
}
