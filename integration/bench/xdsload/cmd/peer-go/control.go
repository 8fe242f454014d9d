package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"sync"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"

	"xdsload/internal/benchres"
)

// state is the declared configuration.
type state struct {
	clusters  map[string]*cluster.Cluster
	endpoints map[string]*endpoint.ClusterLoadAssignment
	listeners map[string]*listener.Listener
	routes    map[string]*route.RouteConfiguration
}

// store puts state into a go-control-plane cache.
type store interface {
	replace(s *state) error
	setEndpoint(s *state, name string) error
	addCluster(s *state, name string) error // the cluster and its endpoints
	setRoute(s *state) error
	cacheHolder
}

// control serves the bench control contract.
type control struct {
	mu    sync.Mutex
	store store
	st    *state
	c, e  int
}

func (c *control) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /reset", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Clusters, Endpoints int }
		reply(w, r, &in, func() error { return c.reset(in.Clusters, in.Endpoints) })
	})
	m.HandleFunc("POST /change", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Kind       string
			Seq, Index int
		}
		reply(w, r, &in, func() error { return c.change(in.Kind, in.Seq, in.Index) })
	})
	m.HandleFunc("GET /digest", c.digest)
	m.HandleFunc("POST /collect", func(w http.ResponseWriter, _ *http.Request) {
		debug.FreeOSMemory()
		_, _ = w.Write([]byte("{}\n"))
	})
	return m
}

func reply(w http.ResponseWriter, r *http.Request, in any, f func() error) {
	if err := json.NewDecoder(r.Body).Decode(in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := f(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write([]byte("{}\n"))
}

func (c *control) reset(clusters, endpoints int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, err := benchres.Listener()
	if err != nil {
		return err
	}
	s := &state{
		clusters:  make(map[string]*cluster.Cluster, clusters),
		endpoints: make(map[string]*endpoint.ClusterLoadAssignment, clusters),
		listeners: map[string]*listener.Listener{l.GetName(): l},
		routes:    map[string]*route.RouteConfiguration{benchres.RouteName: benchres.Routes(clusters, 0)},
	}
	for i := range clusters {
		s.clusters[benchres.Name(i)] = benchres.Cluster(benchres.Name(i))
		s.endpoints[benchres.Name(i)] = benchres.Endpoints(i, endpoints, 0)
	}
	c.st, c.c, c.e = s, clusters, endpoints
	return c.store.replace(s)
}

func (c *control) change(kind string, seq, index int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch kind {
	case "endpoint":
		if index < 0 || index >= c.c {
			return fmt.Errorf("index %d of %d clusters", index, c.c)
		}
		n := benchres.Name(index)
		c.st.endpoints[n] = benchres.Endpoints(index, c.e, seq)
		return c.store.setEndpoint(c.st, n)
	case "cluster":
		n := benchres.NewName(seq)
		c.st.clusters[n] = benchres.Cluster(n)
		c.st.endpoints[n] = benchres.NewEndpoints(seq)
		return c.store.addCluster(c.st, n)
	case "route":
		c.st.routes[benchres.RouteName] = benchres.Routes(c.c, seq)
		return c.store.setRoute(c.st)
	}
	return fmt.Errorf("unknown kind %q", kind)
}

func (c *control) digest(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	s := state{maps.Clone(c.st.clusters), maps.Clone(c.st.endpoints), maps.Clone(c.st.listeners), maps.Clone(c.st.routes)}
	c.mu.Unlock()
	out := map[string]string{}
	var errs [4]error
	out["cds"], errs[0] = benchres.Digest(s.clusters)
	out["eds"], errs[1] = benchres.Digest(s.endpoints)
	out["lds"], errs[2] = benchres.Digest(s.listeners)
	out["rds"], errs[3] = benchres.Digest(s.routes)
	for _, err := range errs {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	_ = json.NewEncoder(w).Encode(out)
}
