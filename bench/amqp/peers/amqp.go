// SPDX-License-Identifier: MIT
//
// The works of bench/amqp with Go's client (github.com/rabbitmq/amqp091-go, Debian's package); as work.hpp says.

package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "amqp091-go:", err)
		os.Exit(1)
	}
}

func cpu() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	us := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e6 + float64(t.Usec) }
	return us(usage.Utime) + us(usage.Stime)
}

var background = context.Background()
var body = make([]byte, 100)

func publish(channel *amqp.Channel, exchange string, key string, persistent bool) *amqp.DeferredConfirmation {
	mode := amqp.Transient
	if persistent {
		mode = amqp.Persistent
	}
	message := amqp.Publishing{DeliveryMode: mode, Body: body}
	confirmation, err := channel.PublishWithDeferredConfirmWithContext(background, exchange, key, false, false, message)
	check(err)
	return confirmation
}

// 1.5.0 registers a confirmation after it has sent the message, so Wait() may never end: what the listener tells counts.
func confirm(channel *amqp.Channel, messages int, window int) {
	confirmations := channel.NotifyPublish(make(chan amqp.Confirmation, window))
	acked := 0
	for sent := 0; acked < messages; {
		for sent < messages && sent-acked < window {
			check(channel.PublishWithContext(background, "", "bench", false, false,
				amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body}))
			sent++
		}
		<-confirmations
		acked++
	}
}

// Each goroutine waits for its own: by a listener that hands them out, for the same reason.
func confirmGreen(channel *amqp.Channel, messages int) {
	confirmations := channel.NotifyPublish(make(chan amqp.Confirmation, messages))
	waiting := make(map[uint64]chan bool)
	early := make(map[uint64]bool)
	var lock sync.Mutex
	go func() {
		for confirmation := range confirmations {
			lock.Lock()
			if wait, here := waiting[confirmation.DeliveryTag]; here {
				delete(waiting, confirmation.DeliveryTag)
				wait <- true
			} else {
				early[confirmation.DeliveryTag] = true
			}
			lock.Unlock()
		}
	}()
	var all sync.WaitGroup
	for i := 0; i < 1000; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			wait := make(chan bool, 1)
			for j := 0; j < messages/1000; j++ {
				tag := publish(channel, "", "bench", true).DeliveryTag
				lock.Lock()
				if early[tag] {
					delete(early, tag)
					lock.Unlock()
					continue
				}
				waiting[tag] = wait
				lock.Unlock()
				<-wait
			}
		}()
	}
	all.Wait()
}

func main() {
	work := os.Args[1]
	messages, err := strconv.Atoi(os.Args[3])
	check(err)
	connection, err := amqp.Dial("amqp://guest:guest@127.0.0.1:" + os.Args[2] + "/")
	check(err)
	channel, err := connection.Channel()
	check(err)
	if work == "confirm" || work == "confirm-1" || work == "confirm-green" {
		check(channel.Confirm(false))
	}
	var trips []float64
	begin, before := time.Now(), cpu()
	switch work {
	case "publish":
		for i := 0; i < messages; i++ {
			check(channel.PublishWithContext(background, "bench.none", "", false, false, amqp.Publishing{Body: body}))
		}
		_, err := channel.QueueDeclarePassive("bench", true, false, false, false, nil)
		check(err)
	case "confirm":
		confirm(channel, messages, 1000)
	case "confirm-1":
		confirm(channel, messages, 1)
	case "confirm-green":
		confirmGreen(channel, messages)
	case "consume", "consume-1":
		prefetch := 1
		if work == "consume" {
			prefetch = 1000
		}
		check(channel.Qos(prefetch, 0, false))
		deliveries, err := channel.Consume("bench", "", false, false, false, false, nil)
		check(err)
		for i := 0; i < messages; i++ {
			delivery := <-deliveries
			check(delivery.Ack(false))
		}
		_, err = channel.QueueDeclarePassive("bench", true, false, false, false, nil)
		check(err)
	case "rpc":
		answers, err := channel.Consume("amq.rabbitmq.reply-to", "", true, false, false, false, nil)
		check(err)
		for i := 0; i < messages; i++ {
			start := time.Now()
			check(channel.PublishWithContext(background, "", "bench.rpc", false, false,
				amqp.Publishing{ReplyTo: "amq.rabbitmq.reply-to", CorrelationId: "1", Body: body}))
			<-answers
			trips = append(trips, float64(time.Since(start).Nanoseconds())/1000)
		}
	default:
		os.Exit(3)
	}
	used, wall := cpu()-before, time.Since(begin).Seconds()
	fmt.Printf("%.4f %.0f", used/float64(messages), float64(messages)/wall)
	if len(trips) > 0 {
		sort.Float64s(trips)
		fmt.Printf(" %.1f %.1f", trips[len(trips)/2], trips[len(trips)*99/100])
	}
	fmt.Println()
}
