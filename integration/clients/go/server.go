package main

import (
	"context"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/xds"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// serve starts a server that takes its Listener from the management server, and serves once it has it.
func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server, err := xds.NewGRPCServer(xds.ServingModeCallback(func(at net.Addr, change xds.ServingModeChangeArgs) {
		e := event{Serves: at.String(), Mode: strings.ToLower(change.Mode.String())}
		if change.Err != nil {
			e.Error = change.Err.Error()
		}
		say(e)
	}))
	if err != nil {
		return err
	}
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "fleetcast.test.Where",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Ask", Handler: answerWith(address)}},
	}, struct{}{})
	go func() { _ = server.Serve(listener) }()
	return nil
}

func answerWith(address string) grpc.MethodHandler {
	answer := func(context.Context, any) (any, error) { return wrapperspb.String(address), nil }
	return func(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		request := &emptypb.Empty{}
		if err := decode(request); err != nil {
			return nil, err
		}
		if interceptor == nil {
			return answer(ctx, request)
		}
		return interceptor(ctx, request, &grpc.UnaryServerInfo{FullMethod: method}, answer)
	}
}
