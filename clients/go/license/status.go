package license

// Action is something a person asks the Data Control Center to do.
type Action string

// The three calls that a restriction refuses. Every other action, known here or not, is always allowed.
const (
	CreateCephUser       Action = "create-ceph-user"
	SetScrubbingSchedule Action = "set-scrubbing-schedule"
	SaveResource         Action = "save-resource"
)

func (a Action) gated() bool {
	return a == CreateCephUser || a == SetScrubbingSchedule || a == SaveResource
}

// Status is the verdict that the program goes by now. It never changes; put a new one in its place (an
// atomic.Pointer[Status] does). A nil or zero Status allows everything: what is not known restricts nobody.
type Status struct {
	verdict Verdict
}

// NewStatus returns the status of a verdict.
func NewStatus(verdict Verdict) *Status {
	return &Status{verdict: verdict}
}

// Allows reports whether the action may be done.
func (s *Status) Allows(action Action) bool {
	return s == nil || !s.verdict.Restricted || !action.gated()
}

// Verdict returns the verdict; the zero Verdict where there is none.
func (s *Status) Verdict() Verdict {
	if s == nil {
		return Verdict{}
	}
	return s.verdict
}
