package license

const (
	floorNodes         = 4 // unrestricted for whoever held a Pro license, and for a trial that is not revoked
	secondsPerDay      = 86_400
	staleSeconds       = 400 * secondsPerDay // keys change yearly: what is older has been overtaken
	aheadSeconds       = 5 * 60
	behindSeconds      = 24 * 3_600
	duplicateGraceDays = 30
)

// Circumstances is what the reader knows beside the tokens. Every field may stay zero: not known. Times are Unix
// seconds. A client fills the first group from its memory and its files, a server the second from its database.
type Circumstances struct {
	FSID           string
	OverSince      *int64 // of the reader's last verdict
	CompliantAt    *int64 // the last time that a verdict had none
	RevokedAt      *int64
	NewestIAT      *int64 // the newest `iat` ever verified
	KeysIAT        *int64
	RevokedListIAT *int64

	NoRecord       bool // the server knows no such license
	SuspendedAt    *int64
	BoundFSID      string
	DuplicateSince *int64
	Granted        *int64
	EverPro        bool
}

// Verdict is the answer. Keep OverSince until the next evaluation.
type Verdict struct {
	Code       Code
	Restricted bool
	Warnings   []Warning
	Seats      int64
	Used       int64
	Granted    int64
	OverSince  *int64
	Message    string
	Remedy     string
}

// question is one license put to the rules.
type question struct {
	license   *License
	lease     *Lease // nil where it does not count
	nodes     int64
	now       int64
	known     Circumstances
	overSince *int64
}

// Evaluate says what license is worth for nodes storage nodes at now (Unix seconds). The first code that applies is the
// answer, and it alone says whether that restricts; a boundary second belongs to what begins.
//
// lease is the newest verified lease of this cluster, or nil. One that has expired, is of another license or cluster, or
// was judged by an older issue of the license, is ignored. A lease only narrows.
func Evaluate(license *License, lease *Lease, nodes int, now int64, known Circumstances) Verdict {
	q := question{license: license, nodes: int64(nodes), now: now, known: known}
	if lease != nil && q.counts(lease) {
		q.lease = lease
	}
	seats := license.Seats
	if q.lease != nil {
		seats = min(seats, q.lease.Seats)
	}
	granted := min(q.nodes, q.limit(seats))
	if q.nodes > granted {
		q.overSince = q.earliestExcess()
	}
	code, restricted := q.answer()
	message, remedy := describe(code, seats, q.nodes, granted)
	return Verdict{code, restricted, q.warnings(), seats, q.nodes, granted, q.overSince, message, remedy}
}

func (q *question) counts(lease *Lease) bool {
	sameCluster := q.known.FSID == "" || lease.FSID == q.known.FSID
	return lease.LID == q.license.LID && sameCluster && lease.Seq >= q.license.Seq && q.now < lease.Exp
}

// limit returns how many nodes may be granted: what the pool left for this cluster where the server said so, else all
// seats.
func (q *question) limit(seats int64) int64 {
	if q.known.Granted != nil {
		return *q.known.Granted
	}
	if q.lease != nil && q.lease.Granted < q.lease.Used {
		return min(seats, q.lease.Granted)
	}
	return seats
}

// earliestExcess returns the earliest start that is known of; what a lease says is over once the reader complied after
// it.
func (q *question) earliestExcess() *int64 {
	start := q.known.OverSince
	if q.lease != nil && (q.known.CompliantAt == nil || *q.known.CompliantAt < q.lease.IAT) {
		start = earlier(start, q.lease.OverSince)
	}
	if start == nil {
		return &q.now
	}
	copied := *start
	return &copied
}

func earlier(first, second *int64) *int64 {
	if first == nil || (second != nil && *second < *first) {
		return second
	}
	return first
}

// answer asks the rules in the order of docs/answers.md.
func (q *question) answer() (code Code, restricted bool) {
	for _, rule := range rules {
		if applies, restricted := rule.judge(q); applies {
			return rule.code, restricted
		}
	}
	return Valid, false
}

// rules say whether their code applies, and whether the gated calls are restricted then.
var rules = []struct {
	code  Code
	judge func(*question) (applies, restricted bool)
}{
	{NotFound, (*question).notFound},
	{Unsupported, (*question).unsupported},
	{Revoked, (*question).revoked},
	{Suspended, (*question).suspended},
	{NotYetValid, (*question).notYetValid},
	{ExpiredGrace, (*question).expiredGrace},
	{Expired, (*question).expired},
	{ClusterMismatch, (*question).clusterMismatch},
	{DuplicateCluster, (*question).duplicateCluster},
	{OverLimit, (*question).overLimit},
}

// told is the rule of what only the server can know, as the lease tells it.
func (q *question) told(code Code) (applies, restricted bool) {
	if q.lease == nil || q.lease.Code != code {
		return false, false
	}
	return true, q.lease.Restricted
}

func (q *question) notFound() (applies, restricted bool) {
	if q.known.NoRecord {
		return true, true
	}
	return q.told(NotFound)
}

func (q *question) unsupported() (applies, restricted bool) {
	return len(q.license.UnknownCrit) > 0, false
}

func (q *question) revoked() (applies, restricted bool) {
	if q.known.RevokedAt == nil {
		return q.told(Revoked)
	}
	return true, q.aboveFloor() && q.after(*q.known.RevokedAt, q.license.Grace.Revoke)
}

func (q *question) suspended() (applies, restricted bool) {
	if q.known.SuspendedAt == nil {
		return q.told(Suspended)
	}
	return true, q.aboveFloor() && q.after(*q.known.SuspendedAt, q.license.Grace.Revoke)
}

func (q *question) notYetValid() (applies, restricted bool) {
	return q.now < q.license.NBF, q.aboveFloor()
}

func (q *question) expiredGrace() (applies, restricted bool) {
	exp := q.license.Exp
	return exp != nil && *exp <= q.now && !q.after(*exp, q.license.Grace.Exp), false
}

func (q *question) expired() (applies, restricted bool) {
	exp := q.license.Exp
	return exp != nil && q.after(*exp, q.license.Grace.Exp), q.aboveFloor()
}

func (q *question) clusterMismatch() (applies, restricted bool) {
	fsid, bound := q.known.FSID, q.known.BoundFSID
	if fsid != "" && (!q.license.AllowsCluster(fsid) || (bound != "" && bound != fsid)) {
		return true, true
	}
	return q.told(ClusterMismatch)
}

func (q *question) duplicateCluster() (applies, restricted bool) {
	if q.known.DuplicateSince == nil {
		return q.told(DuplicateCluster)
	}
	return true, q.aboveFloor() && q.after(*q.known.DuplicateSince, duplicateGraceDays)
}

func (q *question) overLimit() (applies, restricted bool) {
	if q.overSince == nil {
		return false, false
	}
	return true, q.license.Over == OverRestrict && q.after(*q.overSince, q.license.Grace.Over)
}

func (q *question) aboveFloor() bool {
	heldPro := q.license.Edition == Pro || q.known.EverPro
	if heldPro || q.known.RevokedAt == nil {
		return q.nodes > floorNodes
	}
	return q.nodes > 0
}

// after reports whether days of grace since start are over. It divides, because 2^53 days are more seconds than an
// int64 holds.
func (q *question) after(start, days int64) bool {
	return q.now >= start && between(start, q.now)/secondsPerDay >= uint64(days)
}

// between returns how many seconds later is after earlier, exactly.
func between(earlier, later int64) uint64 {
	return uint64(later) - uint64(earlier)
}

func (q *question) warnings() (found []Warning) {
	if q.stale(q.known.KeysIAT) || q.stale(q.known.RevokedListIAT) {
		found = append(found, KeysStale)
	}
	if q.ahead(q.license.IAT, aheadSeconds) || q.ahead(q.newestIAT(), behindSeconds) {
		found = append(found, ClockSuspect)
	}
	return found
}

func (q *question) stale(iat *int64) bool {
	return iat != nil && q.now >= *iat && between(*iat, q.now) >= staleSeconds
}

func (q *question) ahead(iat int64, seconds uint64) bool {
	return iat > q.now && between(q.now, iat) > seconds
}

func (q *question) newestIAT() int64 {
	newest := q.license.IAT
	if q.known.NewestIAT != nil {
		newest = max(newest, *q.known.NewestIAT)
	}
	if q.lease != nil {
		newest = max(newest, q.lease.IAT)
	}
	return newest
}
