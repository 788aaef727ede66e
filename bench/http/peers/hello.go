// SPDX-License-Identifier: MIT
//
// "Hello, World!" in Go, as its users write it. A client has 20 seconds for a request's head, as with the others.
//
//	bench_http_go [CERTIFICATE KEY]      prints its port; ends when it is killed

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

func hello(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "Hello, World!")
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := http.Server{Handler: http.HandlerFunc(hello), ReadHeaderTimeout: 20 * time.Second}
	if len(os.Args) > 2 {
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){} // HTTP/1.1, as the others
		fmt.Fprintln(os.Stderr, server.ServeTLS(listener, os.Args[1], os.Args[2]))
	}
	fmt.Fprintln(os.Stderr, server.Serve(listener))
}
