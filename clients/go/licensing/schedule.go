package licensing

import (
	"encoding/binary"
	"io"
	"time"
)

// When a client does what (docs/dcc.md); the same as the Python client's.
const (
	lookEvery    = 30 * time.Second
	countEvery   = 5 * time.Minute
	judgeEvery   = time.Minute
	listEvery    = 24 * time.Hour
	callEvery    = 12 * time.Hour
	shortestCall = 5 * time.Minute
	longestCall  = 24 * time.Hour
	firstWithin  = time.Minute
	soonWithin   = 5 * time.Second
	calm         = time.Minute
	changeEvery  = 10 * time.Minute
	backOff      = time.Minute
	longestWait  = 6 * time.Hour
	jitter       = 0.2 // every pause is up to this share longer or shorter, so that a fleet does not call in step
)

// schedule is the next time of each deed, by Clock.Elapsed: a clock set back delays nothing.
type schedule struct {
	clock       Clock
	random      io.Reader
	look        time.Duration
	count       time.Duration
	judge       time.Duration
	list        time.Duration
	call        time.Duration
	afterChange time.Duration
	failures    int
}

func newSchedule(clock Clock, random io.Reader) *schedule {
	now := clock.Elapsed()
	s := &schedule{clock: clock, random: random, look: now, count: now, judge: now, list: now, afterChange: now}
	s.call = now + time.Duration(s.share()*float64(firstWithin))
	return s
}

// share returns a number of 0 up to, not with, 1: each as likely.
func (s *schedule) share() float64 {
	var data [8]byte
	if _, err := io.ReadFull(s.random, data[:]); err != nil {
		return 0.5
	}
	return float64(binary.BigEndian.Uint64(data[:])>>11) / (1 << 53)
}

func (s *schedule) jittered(pause time.Duration) time.Duration {
	return time.Duration(float64(pause) * (1 - jitter + 2*jitter*s.share()))
}

// isDue reports whether a deed's time has come.
func (s *schedule) isDue(at time.Duration) bool { return at <= s.clock.Elapsed() }

// pause returns how long nothing is due.
func (s *schedule) pause() time.Duration {
	first := s.look
	for _, at := range []time.Duration{s.count, s.judge, s.call} {
		if at < first {
			first = at
		}
	}
	if left := first - s.clock.Elapsed(); left > 0 {
		return left
	}
	return 0
}

func (s *schedule) looked()   { s.look = s.clock.Elapsed() + lookEvery }
func (s *schedule) counted()  { s.count = s.clock.Elapsed() + countEvery }
func (s *schedule) judged()   { s.judge = s.clock.Elapsed() + judgeEvery }
func (s *schedule) listCame() { s.list = s.clock.Elapsed() + listEvery }
func (s *schedule) judgeNow() { s.judge = s.clock.Elapsed() }
func (s *schedule) callNow()  { s.call = s.clock.Elapsed() }

// idle: there is nobody to call, or nothing to show.
func (s *schedule) idle() { s.call = s.clock.Elapsed() + callEvery }

// called: a check-in is over; the next one after seconds, as the server said, or in half a day where it did not.
func (s *schedule) called(seconds int64) {
	pause := callEvery
	if seconds > 0 {
		pause = clamp(time.Duration(min64(seconds, 1<<20))*time.Second, shortestCall, longestCall)
	}
	s.failures = 0
	s.call = s.clock.Elapsed() + s.jittered(pause)
}

// failed: a minute's pause, doubled with each failure; never before the server wants.
func (s *schedule) failed(retryAfter time.Duration) {
	pause := backOff
	for i := 0; i < s.failures && pause < longestWait; i++ {
		pause *= 2
	}
	s.failures++
	pause = s.jittered(clamp(pause, 0, longestWait))
	if retryAfter = clamp(retryAfter, 0, longestWait); retryAfter > pause {
		pause = retryAfter
	}
	s.call = s.clock.Elapsed() + pause
}

// callSoon: a license file came.
func (s *schedule) callSoon() {
	if soon := s.clock.Elapsed() + time.Duration(s.share()*float64(soonWithin)); soon < s.call {
		s.call = soon
	}
}

// callAfterChange: the nodes changed. Not at once, for the next may follow; and not for each in a day of changes.
func (s *schedule) callAfterChange() {
	due := s.clock.Elapsed() + calm
	if due < s.afterChange {
		due = s.afterChange
	}
	if due < s.call {
		s.call, s.afterChange = due, due+changeEvery
	}
}

func clamp(value, low, high time.Duration) time.Duration {
	if value < low {
		return low
	}
	if value > high {
		return high
	}
	return value
}

func min64(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
