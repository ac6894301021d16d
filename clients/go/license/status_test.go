package license

import "testing"

var gated = []Action{CreateCephUser, SetScrubbingSchedule, SaveResource}

func TestARestrictionRefusesExactlyThreeActions(t *testing.T) {
	status := NewStatus(Verdict{Code: Expired, Restricted: true})
	for _, action := range gated {
		if status.Allows(action) {
			t.Errorf("%s is allowed", action)
		}
	}
	for _, action := range []Action{"", "delete-resource", "read", "Save-Resource"} {
		if !status.Allows(action) {
			t.Errorf("%s is refused", action)
		}
	}
}

func TestAStatusThatKnowsNothingAllowsEverything(t *testing.T) {
	for _, status := range []*Status{nil, {}, NewStatus(Verdict{}), NewStatus(Verdict{Code: OverLimit})} {
		for _, action := range gated {
			if !status.Allows(action) {
				t.Errorf("%s is refused by %v", action, status)
			}
		}
	}
}

func TestAllowsNeedsNoMemory(t *testing.T) {
	status := NewStatus(Verdict{Restricted: true})
	if got := testing.AllocsPerRun(100, func() { status.Allows(SaveResource) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
