package licensing

import (
	"context"
	"time"
)

// NodeLister names the storage nodes: distinct names, in any order. It may fail at any time; then what it said last stays.
type NodeLister interface {
	StorageNodes(ctx context.Context) ([]string, error)
}

// Cluster is the Ceph cluster that a client speaks for: its identity, FSID and KubeSystemUID, and what people call it.
// Production false is a wish that sales grant; DCCVersion is that of the Data Control Center.
type Cluster struct {
	FSID          string
	KubeSystemUID string
	Name          string
	DCCVersion    string
	Production    bool
}

// ClusterReader says which cluster this is. It may fail at any time; then what it said last stays.
type ClusterReader interface {
	Cluster(ctx context.Context) (Cluster, error)
}

// Store keeps what a client remembers: one document, read and written whole. An error means that it can't be done now.
type Store interface {
	Load(ctx context.Context) ([]byte, error) // nil, nil where nothing has been kept yet
	Save(ctx context.Context, state []byte) error
}

// Clock is the time: Now is the clock on the wall, which people set; Elapsed times the pauses and never goes back.
type Clock interface {
	Now() time.Time
	Elapsed() time.Duration
}

type systemClock struct{ start time.Time }

func (systemClock) Now() time.Time           { return time.Now() }
func (c systemClock) Elapsed() time.Duration { return time.Since(c.start) }
