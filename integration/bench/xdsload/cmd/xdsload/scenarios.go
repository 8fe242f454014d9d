package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

type bench struct {
	o    *options
	w    *world
	ctl  *control
	pids procs
	seq  int // last change sent
}

// nextSeq numbers the changes of this process; the marker address holds 16 bits.
func (b *bench) nextSeq() (int, error) {
	if b.seq+1 >= maxSeq {
		return 0, fmt.Errorf("out of sequence numbers")
	}
	b.seq++
	return b.seq, nil
}

func (b *bench) connect() error {
	w, o := b.w, b.o
	b.ctl.collect()
	rss0, cpu0, self0 := b.pids.rss(), b.pids.cpu(), selfCPU()
	t0 := time.Now()
	for _, c := range w.conns {
		w.open(c)
	}
	ok := waitUntil(o.timeout, func() bool { return int(w.synced.Load()) >= o.streams })
	lat := b.syncLatency(t0)
	w.quiet(o.quiet, o.timeout)
	n := w.c.read()
	cpu := b.pids.cpu() - cpu0
	b.ctl.collect()
	rss := b.pids.rss()
	b.emit("connect", map[string]any{
		"all_synced": ok, "synced_streams": w.synced.Load(), "all_synced_ms": lat.json()["max"], "sync_ms": lat.json(),
		"bytes_received": n.bytes, "bytes_per_stream": n.bytes / uint64(o.streams),
		"bytes_sent": n.sentBytes, "responses": n.responses, "requests": n.requests, "resources": n.resources,
		"same_resources": n.sameResources, "responses_by_type": n.types(),
		"server_cpu_s": round(cpu.Seconds()), "server_cpu_ms_per_stream": round(ms(cpu) / float64(o.streams)),
		"server_rss_before": rss0, "server_rss_after": rss, "server_rss_per_stream": (rss - rss0) / int64(o.streams),
		"client_cpu_s": round((selfCPU() - self0).Seconds()),
		"verify":       w.verify(b.ctl),
	})
	if !ok {
		return fmt.Errorf("only %d of %d streams synced", w.synced.Load(), o.streams)
	}
	return nil
}

// memory opens half of the connections and then the other half, in the same
// server: what the later streams added is theirs, whatever a start takes.
func (b *bench) memory() error {
	w, o := b.w, b.o
	half := len(w.conns) / 2
	var rss [2]int64
	var streams [2]int
	for i, conns := range [][]*conn{w.conns[:half], w.conns[half:]} {
		for _, c := range conns {
			streams[i] += len(c.streams)
			w.open(c)
		}
		want := int64(streams[0] + streams[1])
		if !waitUntil(o.timeout, func() bool { return w.synced.Load() >= want }) {
			return fmt.Errorf("only %d of %d streams synced", w.synced.Load(), want)
		}
		w.quiet(o.quiet, o.timeout)
		b.ctl.collect()
		b.ctl.collect() // what lies in a pool of Go's outlives one collection
		rss[i] = b.pids.rss()
	}
	b.emit("memory", map[string]any{
		"server_rss_half": rss[0], "server_rss_after": rss[1], "server_rss_per_stream": (rss[1] - rss[0]) / int64(max(1, streams[1])),
		"verify": w.verify(b.ctl),
	})
	return nil
}

func (b *bench) syncLatency(t0 time.Time) *hist {
	h := &hist{}
	for _, s := range b.w.streams {
		s.mu.Lock()
		if s.synced {
			h.add(s.syncedAt.Sub(t0))
		}
		s.mu.Unlock()
	}
	return h
}

func (b *bench) fanout() error {
	w, o := b.w, b.o
	typ := map[string]int{"endpoint": eds, "cluster": cds, "route": rds}
	t, known := typ[o.kind]
	if !known {
		return fmt.Errorf("unknown kind %q", o.kind)
	}
	all, warm, ctl := &hist{}, &hist{}, &hist{}
	last := &hist{}
	w.quiet(o.settle, o.timeout)
	before, cpu0, self0, start := w.c.read(), b.pids.cpu(), selfCPU(), time.Now()
	missed := 0
	for range o.changes {
		seq, err := b.nextSeq()
		if err != nil {
			return err
		}
		f := &watchFor{typ: t, hist: all, from: int32(seq), to: int32(seq)}
		if o.kind == "cluster" {
			f.eds = warm
		}
		w.watch.Store(f)
		sent := time.Now()
		w.sentAt[seq].Store(sent.UnixNano())
		done := make(chan error, 1)
		go func() {
			err := b.ctl.change(o.kind, seq, (seq*7919)%o.clusters)
			ctl.add(time.Since(sent))
			done <- err
		}()
		n := int64(o.streams)
		ok := waitUntil(o.timeout, func() bool {
			return f.seen.Load() >= n && (f.eds == nil || f.seen2.Load() >= n)
		})
		last.add(time.Unix(0, w.lastResponse.Load()).Sub(sent))
		if err := <-done; err != nil {
			return err
		}
		if !ok {
			missed += int(n - f.seen.Load())
		}
		w.quiet(o.settle, o.timeout)
	}
	cpu, n := b.pids.cpu()-cpu0, w.c.read().sub(before)
	elapsed := time.Since(start)
	per := float64(o.streams * o.changes)
	m := map[string]any{
		"kind": o.kind, "changes": o.changes, "missed": missed,
		"latency_ms": all.json(), "last_stream_ms": last.json(), "control_ms": ctl.json(),
		"server_cpu_s": round(cpu.Seconds()), "server_cpu_us_per_stream_change": round(float64(cpu.Microseconds()) / per),
		"client_cpu_us_per_stream_change": round(float64((selfCPU() - self0).Microseconds()) / per),
		"bytes_per_stream_change":         round(float64(n.bytes) / per),
		"responses_per_stream_change":     round(float64(n.responses) / per),
		"resources_per_stream_change":     round(float64(n.resources) / per),
		"same_resources":                  n.sameResources, "same_bytes_per_stream_change": round(float64(n.sameBytes) / per),
		"empty_responses": n.empty, "more_than_changed": n.sameResources > 0 || n.empty > 0,
		"responses_by_type": n.types(), "elapsed_s": round(elapsed.Seconds()),
	}
	if o.kind == "cluster" {
		m["eds_ready_ms"] = warm.json()
		w.wantClusters += o.changes
	}
	m["verify"] = w.verify(b.ctl)
	b.emit("fanout", m)
	return nil
}

func (b *bench) churn(rate int) error {
	w, o := b.w, b.o
	total := int(o.duration.Seconds() * float64(rate))
	if b.seq+total >= maxSeq {
		return fmt.Errorf("out of sequence numbers")
	}
	w.quiet(o.settle, o.timeout)
	lat, ctl, lag := &hist{}, &hist{}, &hist{}
	f := &watchFor{typ: eds, hist: lat, from: int32(b.seq + 1), to: int32(b.seq + total)}
	w.watch.Store(f)
	// One queue per worker; an index always goes to the same worker, so the
	// last change of an index is well defined.
	queues := make([]chan int, max(1, o.controlWorkers))
	var wg sync.WaitGroup
	var failed, sentN atomic.Int64
	deadline := time.Now().Add(o.duration + 200*time.Millisecond)
	for i := range queues {
		queues[i] = make(chan int, total)
		wg.Add(1)
		go func() {
			defer wg.Done()
			for seq := range queues[i] {
				sent := time.Now()
				if sent.After(deadline) {
					continue // the server cannot take this rate; counted as unsent
				}
				sentN.Add(1)
				w.sentAt[seq].Store(sent.UnixNano())
				if b.ctl.change("endpoint", seq, b.indexOf(seq)) != nil {
					failed.Add(1)
				}
				ctl.add(time.Since(sent))
			}
		}()
	}
	before, cpu0, self0 := w.c.read(), b.pids.cpu(), selfCPU()
	start := time.Now()
	first := b.seq + 1
	for k := range total {
		due := start.Add(time.Duration(k) * time.Second / time.Duration(rate))
		if d := time.Until(due); d > 0 {
			time.Sleep(d)
		}
		lag.add(time.Since(due))
		b.seq++
		queues[b.indexOf(b.seq)%len(queues)] <- b.seq
	}
	for _, q := range queues {
		close(q)
	}
	wg.Wait()
	sending := time.Since(start)
	settled := w.quiet(o.quiet, o.timeout)
	caughtUp := time.Unix(0, w.lastResponse.Load()).Sub(start)
	cpu, n := b.pids.cpu()-cpu0, w.c.read().sub(before)
	streams := float64(o.streams)
	want := max(1, sentN.Load()*int64(o.streams))
	b.emit("churn", map[string]any{
		"rate": rate, "changes": sentN.Load(), "unsent_changes": int64(total) - sentN.Load(), "failed_changes": failed.Load(),
		"achieved_rate": round(float64(sentN.Load()) / sending.Seconds()), "caught_up_s": round(caughtUp.Seconds()), "settled": settled,
		"latency_ms": lat.json(), "control_ms": ctl.json(), "pacer_lag_ms": lag.json(),
		"seen": f.seen.Load(), "coalesced": want - f.seen.Load(), "coalesced_share": round(float64(want-f.seen.Load()) / float64(want)),
		"server_cpu_s": round(cpu.Seconds()), "server_cpu_us_per_stream_change": round(float64(cpu.Microseconds()) / float64(want)),
		"client_cpu_s":                round((selfCPU() - self0).Seconds()),
		"bytes_per_stream_change":     round(float64(n.bytes) / float64(want)),
		"responses_per_stream_change": round(float64(n.responses) / float64(want)),
		"responses_per_stream":        round(float64(n.responses) / streams),
		"same_resources":              n.sameResources, "same_bytes_per_stream_change": round(float64(n.sameBytes) / float64(want)),
		"server_rss_after": b.pids.rss(),
		"markers_ok":       b.checkMarkers(first), "verify": w.verify(b.ctl),
	})
	return nil
}

// indexOf spreads the changes over the clusters.
func (b *bench) indexOf(seq int) int { return (seq * 7919) % b.o.clusters }

// checkMarkers: every stream holds the last marker of every changed cluster.
func (b *bench) checkMarkers(first int) bool {
	lastOf := map[int32]int32{}
	for seq := first; seq <= b.seq; seq++ {
		if b.w.sentAt[seq].Load() == 0 {
			continue
		}
		if id, ok := b.w.in.lookup(eds, fmt.Sprintf("bench-%d", b.indexOf(seq))); ok {
			lastOf[id] = int32(seq)
		}
	}
	for _, s := range b.w.streams {
		s.mu.Lock()
		slots := s.types[eds].slots
		for id, seq := range lastOf {
			if int(id) >= len(slots) || slots[id] == nil || slots[id].seq != seq {
				s.mu.Unlock()
				return false
			}
		}
		s.mu.Unlock()
	}
	return true
}

func (b *bench) storm() error {
	w, o := b.w, b.o
	w.quiet(o.settle, o.timeout)
	w.watch.Store(nil)
	before, cpu0, self0 := w.c.read(), b.pids.cpu(), selfCPU()
	w.synced.Store(0)
	t0 := time.Now()
	w.lastResponse.Store(t0.UnixNano())
	var wg sync.WaitGroup
	cutAll := func(f func(c *conn)) {
		for _, c := range w.conns {
			wg.Add(1)
			go func() { defer wg.Done(); f(c) }()
		}
		wg.Wait()
	}
	if o.stormChange {
		cutAll(func(c *conn) { c.cut() })
		seq, err := b.nextSeq()
		if err != nil {
			return err
		}
		if err := b.ctl.change("endpoint", seq, b.indexOf(seq)); err != nil {
			return err
		}
		t0 = time.Now()
		cutAll(w.open)
	} else {
		cutAll(func(c *conn) { c.cut(); w.open(c) })
	}
	cutTook := time.Since(t0)
	// Done when every stream is complete on its new connection and nothing
	// more comes; a server may say nothing about types that are up to date, so
	// a long silence ends the wait too.
	ok := waitUntil(o.timeout, func() bool {
		if int(w.synced.Load()) >= o.streams {
			return true
		}
		return time.Since(time.Unix(0, w.lastResponse.Load())) > 5*o.quiet
	})
	w.quiet(o.quiet, o.timeout)
	last := &hist{}
	silent := 0
	for _, s := range w.streams {
		s.mu.Lock()
		if s.lastAt.After(t0) {
			last.add(s.lastAt.Sub(t0))
		} else {
			silent++
		}
		s.mu.Unlock()
	}
	cpu, n := b.pids.cpu()-cpu0, w.c.read().sub(before)
	b.emit("storm", map[string]any{
		"done": ok, "synced_streams": w.synced.Load(), "silent_streams": silent, "with_change": o.stormChange,
		"last_response_ms": last.json(), "all_synced_ms": last.json()["max"], "reopen_ms": ms(cutTook),
		"bytes_received": n.bytes, "bytes_per_stream": n.bytes / uint64(o.streams), "bytes_sent": n.sentBytes,
		"responses": n.responses, "empty_responses": n.empty, "responses_by_type": n.types(),
		"resent_resources": n.resources, "resent_per_stream": round(float64(n.resources) / float64(o.streams)),
		"resent_unchanged": n.sameResources,
		"server_cpu_s":     round(cpu.Seconds()), "server_cpu_ms_per_stream": round(ms(cpu) / float64(o.streams)),
		"client_cpu_s":     round((selfCPU() - self0).Seconds()),
		"server_rss_after": b.pids.rss(), "verify": w.verify(b.ctl),
	})
	return nil
}
