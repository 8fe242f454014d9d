// grpcpeer: an application as gRPC for Go makes it, with nothing of this project in it. It does what its standard input
// says, a command a line, and prints what happens as JSON, a line each:
//
//	follow TARGET   calls the target again and again: {"target", "from"} or {"target", "error"}
//	leave TARGET    ends that
//	serve ADDRESS   an xDS server that answers with its address: {"serves", "mode"}
//
// Where it finds its configuration, GRPC_XDS_BOOTSTRAP_CONFIG says.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"sync"
)

type event struct {
	Target string `json:"target,omitempty"`
	From   string `json:"from,omitempty"`
	Error  string `json:"error,omitempty"`
	Serves string `json:"serves,omitempty"`
	Mode   string `json:"mode,omitempty"`
}

var printing sync.Mutex

func say(e event) {
	printing.Lock()
	defer printing.Unlock()
	_ = json.NewEncoder(os.Stdout).Encode(e)
}

func main() {
	leave := map[string]func(){}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "follow":
			leave[argument] = follow(argument)
		case "leave":
			if end := leave[argument]; end != nil {
				end()
			}
		case "serve":
			if err := serve(argument); err != nil {
				say(event{Serves: argument, Error: err.Error()})
			}
		default:
			say(event{Error: "unknown command " + command})
		}
	}
}
