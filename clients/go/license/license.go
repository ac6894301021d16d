package license

// Edition is what was issued.
type Edition string

// The editions: the free trial and the paid Pro Bundle.
const (
	Trial Edition = "trial"
	Pro   Edition = "pro"
)

// Over is what happens above the seats.
type Over string

// A warning for ever, or a restriction after the grace.
const (
	OverWarn     Over = "warn"
	OverRestrict Over = "restrict"
)

const anyCluster = "*"

// Grace is days of patience: after `exp`, over the seats, and after a revocation.
type Grace struct {
	Exp    int64
	Over   int64
	Revoke int64
}

// License is the typed claims of one license token. Times are Unix seconds.
type License struct {
	Sub         string // the organisation's id
	JTI         string // this issuance
	IAT         int64
	NBF         int64
	Exp         *int64 // nil for a license without end
	LID         string // stays over renewals
	Seq         int64  // rises with each issue of the same LID
	Edition     Edition
	Seats       int64
	NPSeats     int64
	Tier        string // a label, never a rule
	Support     string
	Bind        []string
	Over        Over
	Grace       Grace
	Feat        []string
	Org         string
	Prev        *string // the issuance it replaces
	Relay       *Relay
	UnknownCrit []string // the names in `koor.crit` that this reader does not know
}

// AllowsCluster reports whether the license may be used on the Ceph cluster fsid.
func (l *License) AllowsCluster(fsid string) bool {
	for _, bound := range l.Bind {
		if bound == anyCluster || bound == fsid {
			return true
		}
	}
	return false
}

// Verify returns the license that token proves under ring, however old, or an *Error.
func Verify(token string, ring *Keyring) (*License, error) {
	claims, err := openToken(token, headersOf(ring), typeLicense)
	if err != nil {
		return nil, err
	}
	return parseLicense(claims)
}

func parseLicense(claims object) (*License, error) {
	top := members{of: claims}
	own := members{of: member[object](&top, "koor")}
	days := members{of: member[object](&own, "grace")}
	license := &License{
		Sub: member[string](&top, "sub"), JTI: member[string](&top, "jti"),
		IAT: member[int64](&top, "iat"), NBF: member[int64](&top, "nbf"),
		LID: member[string](&own, "lid"), Seq: member[int64](&own, "seq"),
		Edition: Edition(member[string](&own, "edition")),
		Seats:   member[int64](&own, "seats"), NPSeats: member[int64](&own, "np_seats"),
		Tier: member[string](&own, "tier"), Support: member[string](&own, "support"),
		Over: Over(member[string](&own, "over")),
		Grace: Grace{
			Exp: member[int64](&days, "exp"), Over: member[int64](&days, "over"), Revoke: member[int64](&days, "revoke"),
		},
		Org: member[string](&own, "org"),
	}
	version, unit := member[int64](&own, "v"), member[string](&own, "unit")
	bind, feat := member[[]any](&own, "bind"), member[[]any](&own, "feat")
	if top.bad || own.bad || days.bad {
		return nil, badClaims("a claim is missing or of the wrong type")
	}
	if version != 1 {
		return nil, refuse(WrongVersion, "this license is of a version not known here")
	}
	license.Exp = optionalNumber(&top, "exp")
	if top.bad || !license.sound(unit) {
		return nil, badClaims("a claim has a value not known here, or out of range")
	}
	if err := license.readLists(bind, feat, own.of); err != nil {
		return nil, err
	}
	return license, nil
}

// sound reports whether words are known and numbers in range.
func (l *License) sound(unit string) bool {
	known := (l.Edition == Trial || l.Edition == Pro) && (l.Over == OverWarn || l.Over == OverRestrict)
	numbers := inRange(l.IAT, l.NBF, l.Seq, l.Seats, l.NPSeats, l.Grace.Exp, l.Grace.Over, l.Grace.Revoke)
	return known && unit == "storage_node" && numbers && (l.Exp == nil || inRange(*l.Exp))
}

func (l *License) readLists(bind, feat []any, koor object) error {
	var bindOK, featOK bool
	l.Bind, bindOK = texts(bind)
	l.Feat, featOK = texts(feat)
	if !bindOK || !featOK {
		return badClaims("a list holds something other than text")
	}
	return l.readRare(koor)
}

// readRare reads the members that most licenses lack; null is none of them.
func (l *License) readRare(koor object) error {
	m := members{of: koor}
	if _, present := koor["prev"]; present {
		prev := member[string](&m, "prev")
		l.Prev = &prev
	}
	if _, present := koor["crit"]; present {
		names, ok := texts(member[[]any](&m, "crit"))
		m.bad = m.bad || !ok
		l.UnknownCrit = unknownNames(names)
	}
	if _, present := koor["relay"]; present {
		relay := members{of: member[object](&m, "relay")}
		l.Relay = &Relay{Kid: member[string](&relay, "kid"), X: member[string](&relay, "x")}
		m.bad = m.bad || relay.bad
	}
	if m.bad {
		return badClaims("`prev`, `crit` or `relay` is of the wrong type")
	}
	return nil
}

func unknownNames(names []string) (unknown []string) {
	for _, name := range names {
		if !knownMember(name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// knownMember reports whether this reader understands a member of `koor`.
func knownMember(name string) bool {
	switch name {
	case "v", "lid", "seq", "edition", "seats", "np_seats", "unit", "tier", "support", "bind", "over", "grace", "feat",
		"org", "prev", "relay", "crit":
		return true
	}
	return false
}
