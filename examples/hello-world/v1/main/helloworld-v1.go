// The hello-world service of the tutorial: answers with its version on the port that PORT names.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func handler(w http.ResponseWriter, r *http.Request) {
	log.Print("Hello world received a request.")
	version := os.Getenv("VERSION")
	if version == "" {
		version = "v1"
	}
	fmt.Fprintf(w, "Hello world %s\n", version)
}

func main() {
	log.Print("Hello world sample started.")
	http.HandleFunc("/api/hello", handler)
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	server := &http.Server{Addr: fmt.Sprintf(":%s", port)}

	// On SIGTERM the requests under way are finished first, so that a rollout loses none.
	stopped := make(chan struct{})
	go func() {
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM, os.Interrupt)
		<-term
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		server.Shutdown(ctx)
		close(stopped)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-stopped
}
