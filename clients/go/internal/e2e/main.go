// Command e2e is the manager, driven over standard input and output by the test of a client and a running server
// (tests/client): one JSON command a line, one JSON answer a line, and a clock that only commands move.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"koor.tech/licensing/license"
	"koor.tech/licensing/licensing"
)

type command struct {
	Do            string   `json:"do"`
	Nodes         []string `json:"nodes"`
	FSID          string   `json:"fsid"`
	KubeSystemUID string   `json:"kube_system_uid"`
	Production    bool     `json:"production"`
	Now           int64    `json:"now"`
	Seconds       int64    `json:"seconds"`
}

// site is the cluster, as the commands say it is, and its clock.
type site struct {
	nodes   []string
	cluster licensing.Cluster
	now     time.Time
	elapsed time.Duration
}

func (s *site) StorageNodes(context.Context) ([]string, error)     { return s.nodes, nil }
func (s *site) Cluster(context.Context) (licensing.Cluster, error) { return s.cluster, nil }
func (s *site) Now() time.Time                                     { return s.now }
func (s *site) Elapsed() time.Duration                             { return s.elapsed }
func (s *site) pass(pause time.Duration)                           { s.now, s.elapsed = s.now.Add(pause), s.elapsed+pause }

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	file, server := flag.String("file", "", "license file"), flag.String("server", "", "URL")
	roots, store := flag.String("roots", "", "JWK file"), flag.String("store", "", "state file")
	now := flag.Int64("now", 0, "Unix seconds")
	flag.Parse()
	data, err := os.ReadFile(*roots)
	if err != nil {
		return err
	}
	trusted, err := license.ParseRoots(data)
	if err != nil {
		return err
	}
	here := &site{now: time.Unix(*now, 0)}
	manager, err := licensing.New(licensing.Options{
		File: *file, Server: *server, Roots: trusted, Nodes: here, Cluster: here, Clock: here,
		Store: licensing.FileStore(*store), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	lines, encoder := bufio.NewScanner(in), json.NewEncoder(out)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		if c.Do == "stop" {
			return nil
		}
		if err := encoder.Encode(here.obey(manager, c)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (s *site) obey(manager *licensing.Manager, c command) any {
	ctx := context.Background()
	switch c.Do {
	case "nodes":
		s.nodes = c.Nodes
	case "cluster":
		s.cluster = licensing.Cluster{FSID: c.FSID, KubeSystemUID: c.KubeSystemUID, Name: "production", DCCVersion: "0.6.0", Production: c.Production}
	case "clock":
		s.now = time.Unix(c.Now, 0)
		s.advance(ctx, manager, time.Minute)
	case "advance":
		s.advance(ctx, manager, time.Duration(c.Seconds)*time.Second)
	case "checkin":
		manager.CheckInSoon()
		manager.Step(ctx)
		manager.Step(ctx)
	case "request":
		return request(manager)
	}
	return status(manager)
}

// advance lets time pass; everything is done when it is due.
func (s *site) advance(ctx context.Context, manager *licensing.Manager, left time.Duration) {
	for left > 0 {
		pause := manager.Step(ctx)
		if pause < time.Millisecond {
			pause = time.Millisecond
		}
		if pause > left {
			pause = left
		}
		s.pass(pause)
		left -= pause
	}
	manager.Step(ctx)
	s.now = s.now.Round(time.Second)
}

func request(manager *licensing.Manager) any {
	document, err := manager.ActivationRequest()
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	return json.RawMessage(document)
}

func status(manager *licensing.Manager) map[string]any {
	verdict, in, counts := manager.Status().Verdict(), manager.License(), manager.Counts()
	said := map[string]any{
		"code": verdict.Code, "restricted": verdict.Restricted, "seats": verdict.Seats, "granted": verdict.Granted,
		"warnings": append([]license.Warning{}, verdict.Warnings...),
		"checkins": counts.Checkins, "failures": counts.Failures, "last_failure": nil, "lid": nil, "seq": nil,
	}
	if manager.Status() == nil {
		said["code"] = "NONE"
	}
	if counts.LastFailure != "" {
		said["last_failure"] = counts.LastFailure
	}
	if in != nil {
		said["lid"], said["seq"] = in.LID, in.Seq
	}
	allows := map[license.Action]bool{}
	for _, action := range []license.Action{license.CreateCephUser, license.SetScrubbingSchedule, license.SaveResource} {
		allows[action] = manager.Allows(action)
	}
	said["allows"] = allows
	return said
}
