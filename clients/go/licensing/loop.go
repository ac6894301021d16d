package licensing

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime/debug"
	"sort"
	"time"

	"koor.tech/licensing/license"
)

const (
	maxFileBytes = 1 << 20
	nonceBytes   = 16
	saveEvery    = 3_600 // seconds after which it is kept again that a client still complies
)

var errStoreAway = failed("STORE_AWAY")

// loop is what one goroutine owns: it looks at the license file, counts, checks in and judges.
type loop struct {
	options  *Options
	schedule *schedule

	state  state
	saved  *state // nil until the store was read
	held   holding
	status *license.Status

	content []byte // of the license file in force
	refused []byte // the last content that proved nothing
	nodes   []string
	counted bool
	cluster *Cluster
	counts  Counts
}

func newLoop(options *Options) loop {
	l := loop{options: options, schedule: newSchedule(options.Clock, options.Random)}
	l.state.seed = l.newSeed()
	return l
}

func (l *loop) newSeed() (seed [ed25519.SeedSize]byte) {
	if _, err := io.ReadFull(l.options.Random, seed[:]); err != nil {
		l.options.Log.Error("the license client has no randomness", "error", err)
	}
	return seed
}

// step does what is due, each deed by itself, and returns how long nothing will be.
func (l *loop) step(ctx context.Context) time.Duration {
	for _, each := range []struct {
		name string
		at   *time.Duration
		deed func(context.Context)
	}{
		{"look", &l.schedule.look, l.look},
		{"count", &l.schedule.count, l.count},
		{"check in", &l.schedule.call, l.checkIn},
		{"judge", &l.schedule.judge, l.judge},
	} {
		if l.schedule.isDue(*each.at) && ctx.Err() == nil {
			l.guarded(each.name, func() { each.deed(ctx) })
		}
	}
	return l.schedule.pause()
}

// guarded lets nobody's panic end the program: what is called may be anybody's code.
func (l *loop) guarded(name string, deed func()) {
	defer func() {
		if cause := recover(); cause != nil {
			l.options.Log.Error("the license client goes on", "deed", name, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	deed()
}

// look loads the state, once that is possible, and follows the license file.
func (l *loop) look(ctx context.Context) {
	l.schedule.looked()
	if l.saved == nil {
		l.load(ctx)
	}
	content, err := readFile(l.options.File)
	if err != nil || (l.content != nil && bytes.Equal(content, l.content)) ||
		(l.refused != nil && bytes.Equal(content, l.refused)) {
		return
	}
	l.follow(content)
}

func readFile(path string) ([]byte, error) {
	if path == "" {
		return nil, os.ErrNotExist
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFileBytes+1))
}

func (l *loop) load(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	document, err := l.options.Store.Load(ctx)
	if err != nil {
		l.options.Log.Warn("the license client's state can't be read yet", "error", err)
		return
	}
	l.state = readState(document, l.state.seed)
	saved := l.state
	l.saved = &saved
	l.hold()
}

// follow takes over another content of the file, unless it proves nothing while another is in force.
func (l *loop) follow(content []byte) {
	alone := l.state
	alone.licenseFile = nil
	followed := hold(content, &alone, l.options.Roots)
	if len(content) > maxFileBytes || (followed.license == nil && l.held.token != nil) {
		l.options.Log.Warn("the license file does not verify: what was in force stays", "file", l.options.File)
		l.refused = content
		return
	}
	l.content, l.refused = content, nil
	l.hold()
	l.schedule.callSoon()
}

func (l *loop) hold() {
	l.held = hold(l.content, &l.state, l.options.Roots)
	l.held.rememberIn(&l.state)
	l.schedule.judgeNow()
}

// count asks for cluster and nodes; another set of nodes is told to the server, after a moment's calm.
func (l *loop) count(ctx context.Context) {
	l.schedule.counted()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if cluster, err := l.options.Cluster.Cluster(ctx); err == nil {
		l.cluster = &cluster
	} else {
		l.options.Log.Warn("the Ceph cluster is not known now", "error", err)
	}
	names, err := l.options.Nodes.StorageNodes(ctx)
	if err != nil {
		l.options.Log.Warn("the storage nodes can't be counted now", "error", err)
		return
	}
	nodes := distinct(names)
	if l.counted && !reflect.DeepEqual(nodes, l.nodes) {
		l.schedule.callAfterChange()
	}
	l.nodes, l.counted = nodes, true
	l.state.counted(len(nodes), l.options.Clock.Now())
	l.schedule.judgeNow()
}

func distinct(names []string) []string {
	sorted := append(make([]string, 0, len(names)), names...)
	sort.Strings(sorted)
	kept := sorted[:0]
	for i, name := range sorted {
		if i == 0 || name != sorted[i-1] {
			kept = append(kept, name)
		}
	}
	return kept
}

func (l *loop) checkIn(ctx context.Context) {
	l.schedule.idle()
	if l.options.Server == "" || l.held.token == nil {
		return
	}
	l.guarded("count", func() { l.count(ctx) }) // what was counted last is told again where it can't be
	err := error(failed("INTERNAL"))
	var next int64
	l.guarded("check in", func() { next, err = l.exchange(ctx) })
	l.schedule.judgeNow()
	if err != nil {
		code, retryAfter := codeOf(err)
		l.options.Log.Warn("the check-in failed", "code", code)
		l.counts.Failures++
		l.counts.LastFailure = code
		l.schedule.failed(retryAfter)
		return
	}
	now := l.options.Clock.Now().Unix()
	l.state.lastCheckin = &now
	l.counts.Checkins++
	l.counts.LastFailure = ""
	l.schedule.called(next)
}

// exchange is one check-in, its answer taken over. It returns the seconds until the next, 0 where nobody said.
func (l *loop) exchange(ctx context.Context) (int64, error) {
	if l.cluster == nil || !l.counted {
		return 0, failed("NOT_COUNTED")
	}
	if err := l.nextNumber(ctx); err != nil {
		return 0, err
	}
	key := ed25519.NewKeyFromSeed(l.state.seed[:])
	nonce, body, err := l.question(key)
	if err != nil {
		return 0, err
	}
	proof, err := license.SignInstance(key, "POST", pathCheckIns, body, l.state.number)
	if err != nil {
		return 0, err
	}
	told, err := l.options.checkIn(ctx, *l.held.token, proof, body)
	if err != nil {
		return 0, err
	}
	l.state.takeKeys(told, l.options.Roots)
	taken, err := l.state.take(told, l.content, l.options.Roots, nonce, l.cluster.FSID)
	l.state = taken
	l.hold()
	if err != nil {
		return 0, err
	}
	l.fetchList(ctx)
	if l.held.lease == nil {
		return 0, nil
	}
	return l.held.lease.Next, nil
}

func (l *loop) question(key ed25519.PrivateKey) (nonce string, body []byte, err error) {
	var data [nonceBytes]byte
	if _, err := io.ReadFull(l.options.Random, data[:]); err != nil {
		return "", nil, err
	}
	nonce = base64.RawURLEncoding.EncodeToString(data[:])
	body, err = json.Marshal(checkinDocument{l.cluster.member(), l.nodes, nonce, license.InstancePublic(key)})
	return nonce, body, err
}

// nextNumber: a number never used with the key before is kept before it is used.
func (l *loop) nextNumber(ctx context.Context) error {
	if l.saved == nil {
		return errStoreAway
	}
	l.state.number++
	if err := l.save(ctx); err != nil {
		return errStoreAway
	}
	return nil
}

func (l *loop) fetchList(ctx context.Context) {
	if !l.schedule.isDue(l.schedule.list) || l.held.ring == nil {
		return
	}
	list, err := l.options.revokedList(ctx)
	if err != nil {
		l.options.Log.Warn("the revoked list did not come", "error", err)
		return
	}
	l.state.takeList(list, &l.held)
	l.schedule.listCame()
	l.hold()
}

// judge says what the license is worth now, and keeps what the next judgement needs.
func (l *loop) judge(ctx context.Context) {
	l.schedule.judged()
	l.status = nil
	if l.held.license != nil {
		now := l.options.Clock.Now().Unix()
		verdict := license.Evaluate(l.held.license, l.held.lease, len(l.nodes), now, l.held.circumstances(l.fsid(), &l.state))
		l.status = license.NewStatus(verdict)
		l.state.overSince = verdict.OverSince
		if verdict.OverSince == nil {
			l.state.compliantAt = &now
		}
	}
	if l.saved == nil || l.state.isMuchAs(l.saved) {
		return
	}
	if err := l.save(ctx); err != nil && !errors.Is(err, context.Canceled) {
		l.options.Log.Warn("the license client's state can't be written now", "error", err)
	}
}

func (l *loop) fsid() string {
	if l.cluster == nil {
		return ""
	}
	return l.cluster.FSID
}

func (l *loop) save(ctx context.Context) error {
	document, err := l.state.write()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := l.options.Store.Save(ctx, document); err != nil {
		return err
	}
	saved := l.state
	l.saved = &saved
	return nil
}

// isMuchAs reports whether saving the state would keep nothing new: that a client still complies is worth a word an hour.
func (s state) isMuchAs(saved *state) bool {
	since := int64(0)
	if s.compliantAt != nil && saved.compliantAt != nil {
		since = *s.compliantAt - *saved.compliantAt
	} else if s.compliantAt != nil || saved.compliantAt != nil {
		return false
	}
	s.compliantAt = saved.compliantAt
	return since >= 0 && since < saveEvery && reflect.DeepEqual(s, *saved)
}

func (l *loop) shown() shown {
	counts := l.counts
	counts.Nodes, counts.LastCheckin = len(l.nodes), l.state.lastCheckin
	seen := shown{status: l.status, license: l.held.license, counts: counts, nodes: l.nodes, daily: l.state.daily}
	if l.cluster != nil {
		seen.cluster = *l.cluster
	}
	return seen
}
