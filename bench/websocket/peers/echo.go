// SPDX-License-Identifier: MIT
//
// A WebSocket server in Go (golang.org/x/net, Debian's package) that sends back what it gets.
//
//	bench_websocket_go      prints its port; ends when it is killed

package main

import (
	"fmt"
	"net"
	"net/http"
	"os"

	"golang.org/x/net/websocket"
)

func echo(socket *websocket.Conn) {
	var message []byte
	for websocket.Message.Receive(socket, &message) == nil {
		if websocket.Message.Send(socket, message) != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	fmt.Fprintln(os.Stderr, http.Serve(listener, websocket.Server{Handler: echo}))
}
