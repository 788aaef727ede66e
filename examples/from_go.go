// SPDX-License-Identifier: MIT
//
// The Go program of docs/coming-from-go.md; from_go.cpp is the same with tendril, and prints the same.

package main

import (
	"fmt"
	"sync"
	"time"
)

type result struct{ n, square int }

func worker(jobs <-chan int, results chan<- result, running *sync.WaitGroup) {
	defer running.Done()
	for n := range jobs {
		results <- result{n, n * n}
	}
}

func main() {
	jobs, results := make(chan int, 10), make(chan result)
	var running sync.WaitGroup
	for i := 0; i < 3; i++ {
		running.Add(1)
		go worker(jobs, results, &running)
	}
	go func() {
		defer close(jobs)
		for n := 1; n <= 10; n++ {
			jobs <- n
		}
	}()
	go func() {
		running.Wait()
		close(results)
	}()

	sum := 0
	for r := range results {
		sum += r.square
	}
	fmt.Println("the squares to 10 add up to", sum)

	never, ticks := make(chan int), make(chan int, 1)
	ticks <- 7
	for i := 0; i < 2; i++ {
		select {
		case n := <-never:
			fmt.Println("never printed", n)
		case n := <-ticks:
			fmt.Println("a tick:", n)
		case <-time.After(10 * time.Millisecond):
			fmt.Println("nothing within 10 ms")
		}
	}
}
