// A program that takes its addresses as arguments and knows nothing of PORT: one server for work, one for health.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"sync/atomic"
)

func main() {
	work := flag.String("http", "0.0.0.0:80", "address of the service")
	health := flag.String("health", "0.0.0.0:81", "address of the health checks")
	secret := flag.String("secret", "", "what signs the tokens")
	flag.Parse()
	if *secret == "" {
		log.Fatal("-secret is missing")
	}

	var broken atomic.Bool
	checks := http.NewServeMux()
	checks.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			http.Error(w, "broken", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	checks.HandleFunc("/readiness", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	go func() { log.Fatal(http.ListenAndServe(*health, checks)) }()

	service := http.NewServeMux()
	service.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, `{"message":"Hello"}`) })
	// Lets one see what liveness does: after this the health check fails.
	service.HandleFunc("/break", func(w http.ResponseWriter, r *http.Request) { broken.Store(true); fmt.Fprintln(w, "broken now") })
	log.Print("monolith listens on ", *work, ", health on ", *health)
	log.Fatal(http.ListenAndServe(*work, service))
}
