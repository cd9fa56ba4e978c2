// Go's side of `corepool-rt-bench switch`: the same work, one line for each figure.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

const tasks = 200_000

// Each goroutine starts the next.
func chain() int {
	ended := make(chan struct{})
	var link func(left int)
	link = func(left int) {
		if left == 0 {
			close(ended)
			return
		}
		go link(left - 1)
	}
	go link(tasks)
	<-ended
	return tasks
}

// One goroutine starts all.
func many() int {
	var all sync.WaitGroup
	all.Add(tasks)
	for range tasks {
		go all.Done()
	}
	all.Wait()
	return tasks
}

// 200 goroutines yield 1,000 times each.
func yield() int {
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			for range 1000 {
				runtime.Gosched()
			}
		})
	}
	all.Wait()
	return 200 * 1000
}

// Two goroutines over two channels for one message: a round trip.
func pingPong() int {
	const trips = 100_000
	there, back := make(chan bool, 1), make(chan bool, 1)
	go func() {
		for message := range there {
			back <- message
		}
	}()
	for range trips {
		there <- true
		<-back
	}
	close(there)
	return trips
}

func main() {
	works := []struct {
		name string
		run  func() int
	}{{"chain", chain}, {"many", many}, {"yield", yield}, {"ping-pong", pingPong}}
	for _, workers := range []int{1, 2} {
		runtime.GOMAXPROCS(workers)
		for _, work := range works {
			work.run()
			start := time.Now()
			times := work.run()
			fmt.Printf("%s\t%d\tGo\t%.1f\n", work.name, workers, float64(time.Since(start).Nanoseconds())/float64(times))
		}
	}
}
