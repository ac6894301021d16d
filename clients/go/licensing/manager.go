package licensing

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"koor.tech/licensing/license"
)

// Manager is one cluster's license. Its methods may be called from any goroutine, at any time; only Step may not run
// twice at once.
type Manager struct {
	options Options
	shown   atomic.Pointer[shown]

	lock sync.Mutex // of what Start and Stop share
	stop context.CancelFunc
	done chan struct{}
	soon atomic.Bool

	loop loop
}

// shown is what callers see, replaced as a whole.
type shown struct {
	status  *license.Status
	license *license.License
	counts  Counts
	cluster Cluster
	nodes   []string
	daily   []day
}

// Counts is what happened since the start. LastCheckin is Unix seconds, nil before the first; LastFailure is a word, ""
// after a success.
type Counts struct {
	Nodes       int
	Checkins    int64
	Failures    int64
	LastCheckin *int64
	LastFailure string
}

// New returns a manager that has not started. It fails for options that can't work; never for a license.
func New(options Options) (*Manager, error) {
	complete, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	m := &Manager{options: complete}
	m.loop = newLoop(&m.options)
	return m, nil
}

// Start begins the work in a goroutine and returns at once: fit for an OnStart hook. Started twice, it is still one.
func (m *Manager) Start(context.Context) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.stop != nil {
		return nil
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stop, m.done = stop, make(chan struct{})
	go m.run(ctx, m.done)
	return nil
}

// Stop ends the work and waits for it as long as ctx lives: fit for an OnStop hook. What was in force stays readable.
func (m *Manager) Stop(ctx context.Context) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.stop == nil {
		return nil
	}
	m.stop()
	select {
	case <-m.done:
		m.stop = nil
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Manager) run(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	for ctx.Err() == nil {
		pause := m.Step(ctx)
		if pause > time.Second {
			pause = time.Second // CheckInSoon is heard within a second
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Step does what is due now and returns how long nothing will be. It is for programs and tests that have a loop and a
// clock of their own; with Start, don't call it.
func (m *Manager) Step(ctx context.Context) time.Duration {
	if m.soon.Swap(false) {
		m.loop.schedule.callNow()
	}
	pause := m.loop.step(ctx)
	before, now := m.Status(), m.loop.shown()
	m.shown.Store(&now)
	if m.options.OnChange != nil && isNews(before, now.status) {
		m.loop.guarded("OnChange", func() { m.options.OnChange(now.status) })
	}
	return pause
}

func isNews(before, now *license.Status) bool {
	one, other := before.Verdict(), now.Verdict()
	return (before == nil) != (now == nil) || one.Code != other.Code || one.Restricted != other.Restricted ||
		one.Seats != other.Seats || one.Granted != other.Granted
}

// CheckInSoon lets the next check-in happen now, whatever the back-off was.
func (m *Manager) CheckInSoon() { m.soon.Store(true) }

// Allows reports whether the action may be done. It never waits, and allows everything that nobody forbade.
func (m *Manager) Allows(action license.Action) bool { return m.Status().Allows(action) }

// Status returns what the license is worth now; nil, which allows everything, where no license is in force.
func (m *Manager) Status() *license.Status {
	if seen := m.shown.Load(); seen != nil {
		return seen.status
	}
	return nil
}

// License returns the license in force, or nil.
func (m *Manager) License() *license.License {
	if seen := m.shown.Load(); seen != nil {
		return seen.license
	}
	return nil
}

// Counts returns the counters since the start.
func (m *Manager) Counts() Counts {
	if seen := m.shown.Load(); seen != nil {
		return seen.counts
	}
	return Counts{}
}
