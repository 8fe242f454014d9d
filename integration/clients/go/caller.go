package main

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	method  = "/fleetcast.test.Where/Ask"
	pause   = 10 * time.Millisecond
	timeout = 15 * time.Second
)

// follow calls the target until the function that it returns was called: that one waits for the last answer.
func follow(target string) (leave func()) {
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		say(event{Target: target, Error: err.Error()})
		return func() {}
	}
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			say(ask(connection, target))
			select {
			case <-stop:
				return
			case <-time.After(pause):
			}
		}
	})
	return func() {
		close(stop)
		running.Wait()
		_ = connection.Close()
	}
}

func ask(connection *grpc.ClientConn, target string) event {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	answer := &wrapperspb.StringValue{}
	if err := connection.Invoke(ctx, method, &emptypb.Empty{}, answer); err != nil {
		return event{Target: target, Error: err.Error()}
	}
	return event{Target: target, From: answer.GetValue()}
}
