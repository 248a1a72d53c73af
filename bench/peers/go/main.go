// The conformance suite's client on grpc-go itself: calls at a steady rate, a line of JSON each 200 ms (conformance/README.md).
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

const sayHello = "/lbscope.greeter.v1.Greeter/SayHello"

// raw hands messages through as they are: the answer's one field of interest is read by hand.
type raw struct{}

func (raw) Name() string                  { return "proto" }
func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

type counts struct {
	sync.Mutex
	answers map[string]int
	errors  map[string]int
	said    map[string]string
}

var out sync.Mutex

func say(line any) {
	out.Lock()
	defer out.Unlock()
	_ = json.NewEncoder(os.Stdout).Encode(line)
}

func now() float64 { return float64(time.Now().UnixMicro()) / 1000 }

func main() {
	dns := flag.String("dns", "", "host:port of the name server")
	target := flag.String("target", "", "host:port to call")
	policy := flag.String("policy", "round_robin", "round_robin or pick_first")
	rate := flag.Int("rate", 50, "calls per second")
	deadline := flag.Int("deadline", 2000, "of each call, in milliseconds")
	flag.Parse()
	dialer := func(ctx context.Context, address string) (net.Conn, error) {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			say(map[string]any{"t": "connected", "at": now(), "address": address})
		}
		return connection, err
	}
	connection, err := grpc.NewClient("dns://"+*dns+"/"+*target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(dialer),
		grpc.WithDefaultServiceConfig(fmt.Sprintf(`{"loadBalancingConfig":[{%q:{}}]}`, *policy)),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	say(map[string]any{"t": "client", "name": "grpc-go", "version": grpc.Version})

	// A line of input begins it; it ends with its input.
	input := bufio.NewReader(os.Stdin)
	_, _ = input.ReadString('\n')
	go func() {
		_, _ = input.ReadString(0)
		os.Exit(0)
	}()

	seen := &counts{answers: map[string]int{}, errors: map[string]int{}, said: map[string]string{}}
	go func() {
		for range time.Tick(200 * time.Millisecond) {
			seen.Lock()
			frame := map[string]any{"t": "frame", "at": now(), "answers": seen.answers, "errors": seen.errors, "said": seen.said}
			seen.answers, seen.errors, seen.said = map[string]int{}, map[string]int{}, map[string]string{}
			seen.Unlock()
			say(frame)
		}
	}()
	for range time.Tick(time.Second / time.Duration(*rate)) {
		go call(connection, seen, time.Duration(*deadline)*time.Millisecond)
	}
}

func call(connection *grpc.ClientConn, seen *counts, deadline time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	var request, answer []byte
	err := connection.Invoke(ctx, sayHello, &request, &answer)
	seen.Lock()
	defer seen.Unlock()
	if err != nil {
		code := strconv.Itoa(int(status.Code(err)))
		seen.errors[code]++
		seen.said[code] = status.Convert(err).Message()
		return
	}
	seen.answers[podName(answer)]++
}

// podName reads SayHelloResponse.pod.name: field 2 of field 1.
func podName(answer []byte) string { return string(field(field(answer, 1), 2)) }

func field(message []byte, wanted protowire.Number) []byte {
	for len(message) > 0 {
		number, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			return nil
		}
		message = message[length:]
		if number == wanted && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			return value
		}
		length = protowire.ConsumeFieldValue(number, kind, message)
		if length < 0 {
			return nil
		}
		message = message[length:]
	}
	return nil
}
