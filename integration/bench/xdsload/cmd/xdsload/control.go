package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// control speaks the bench control contract (see README.md).
type control struct {
	base string
	http *http.Client
}

func newControl(base string) *control {
	return &control{base: base, http: &http.Client{
		Timeout:   120 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	}}
}

func (c *control) post(path string, body any) error {
	b, _ := json.Marshal(body)
	resp, err := c.http.Post(c.base+path, "application/json", bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	msg, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("POST %s: %s: %s", path, resp.Status, bytes.TrimSpace(msg))
	}
	return nil
}

func (c *control) reset(clusters, endpoints int) error {
	return c.post("/reset", map[string]any{"clusters": clusters, "endpoints": endpoints})
}

func (c *control) change(kind string, seq, index int) error {
	return c.post("/change", map[string]any{"kind": kind, "seq": seq, "index": index})
}

// collect asks the server for a garbage collection, so that memory compares;
// a server without /collect is measured as it is.
func (c *control) collect() { _ = c.post("/collect", map[string]any{}) }

// digest returns nil when the server has no /digest.
func (c *control) digest() map[string]string {
	resp, err := c.http.Get(c.base + "/digest")
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var d map[string]string
	if resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(&d) != nil {
		return nil
	}
	return d
}
