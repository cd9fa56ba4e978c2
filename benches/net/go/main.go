// Go's side of `corepool-net-bench serve`, with the same arguments: net/http, or an echo.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"
)

const hello = "Hello, world!"

// Answers with the headers that the other servers have, and no others.
func answer(response http.ResponseWriter, _ *http.Request) {
	response.Header()["Content-Type"] = nil
	io.WriteString(response, hello)
}

// Returns what it reads. Unlike the others, it holds its buffer while it waits.
func echo(connection net.Conn) {
	defer connection.Close()
	bytes := make([]byte, 1024)
	for {
		count, err := connection.Read(bytes)
		if err != nil {
			return
		}
		if _, err := connection.Write(bytes[:count]); err != nil {
			return
		}
	}
}

func busy() {
	for {
		for start := time.Now(); time.Since(start) < time.Millisecond; {
		}
		runtime.Gosched()
	}
}

func serve(kind string, listener net.Listener) error {
	if kind == "http" {
		return http.Serve(listener, http.HandlerFunc(answer))
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go echo(connection)
	}
}

func number(text string) int {
	number, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	return number
}

// Arguments: serve http|echo Go WORKERS [--beside N]
func main() {
	runtime.GOMAXPROCS(number(os.Args[4]))
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if len(os.Args) > 6 {
		for range number(os.Args[6]) {
			go busy()
		}
	}
	go func() { log.Fatal(serve(os.Args[2], listener)) }()
	// The server ends with the process that has started it.
	io.Copy(io.Discard, os.Stdin)
}
