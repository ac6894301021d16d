package licensing

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sort"
	"time"
)

const (
	stateVersion  = 1
	maxStateBytes = 1 << 20
	maxDays       = 400
	largestNumber = 1<<53 - 1
)

// state is what a client remembers over a restart, the same document as the Python client's (licensing/client/state.py).
// Times are Unix seconds. Nothing in it is trusted: the tokens are verified again, and what is not well-formed is dropped,
// piece by piece.
type state struct {
	seed        [ed25519.SeedSize]byte
	number      int64 // the last that was used with the key
	licenseFile *string
	lease       *string
	keys        *string
	revoked     *string
	newestIAT   *int64
	overSince   *int64
	compliantAt *int64
	lastCheckin *int64
	daily       []day // the highest count of each day, the earlier days first
}

type day struct {
	Day   string `json:"day"`
	Nodes int64  `json:"nodes"`
}

type instanceDocument struct {
	Seed   string `json:"seed"`
	Number int64  `json:"number"`
}

type stateDocument struct {
	V           int              `json:"v"`
	Instance    instanceDocument `json:"instance"`
	LicenseFile *string          `json:"license_file"`
	Lease       *string          `json:"lease"`
	Keys        *string          `json:"keys"`
	Revoked     *string          `json:"revoked"`
	NewestIAT   *int64           `json:"newest_iat"`
	OverSince   *int64           `json:"over_since"`
	CompliantAt *int64           `json:"compliant_at"`
	LastCheckin *int64           `json:"last_checkin"`
	Daily       []day            `json:"daily"`
}

// write returns the document; the inverse of readState.
func (s *state) write() ([]byte, error) {
	return json.Marshal(stateDocument{
		V:           stateVersion,
		Instance:    instanceDocument{base64.RawURLEncoding.EncodeToString(s.seed[:]), s.number},
		LicenseFile: s.licenseFile, Lease: s.lease, Keys: s.keys, Revoked: s.revoked,
		NewestIAT: s.newestIAT, OverSince: s.overSince, CompliantAt: s.compliantAt, LastCheckin: s.lastCheckin,
		Daily: s.daily,
	})
}

// readState returns what the document holds; begun anew, with the seed given, where it is no such document.
func readState(document []byte, seed [ed25519.SeedSize]byte) state {
	fresh := state{seed: seed}
	var members map[string]json.RawMessage
	if len(document) > maxStateBytes || json.Unmarshal(document, &members) != nil || !isNumber(members["v"], stateVersion) {
		return fresh
	}
	s := state{
		seed:        seed,
		licenseFile: read[string](members["license_file"]), lease: read[string](members["lease"]),
		keys: read[string](members["keys"]), revoked: read[string](members["revoked"]),
		newestIAT: whole(members["newest_iat"]), overSince: whole(members["over_since"]),
		compliantAt: whole(members["compliant_at"]), lastCheckin: whole(members["last_checkin"]),
		daily: readDays(members["daily"]),
	}
	if known, number, err := readInstance(members["instance"]); err == nil {
		s.seed, s.number = known, number
	}
	return s
}

// readInstance returns the key and its last number; no key without a number, which must never be used twice.
func readInstance(document json.RawMessage) (seed [ed25519.SeedSize]byte, number int64, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(document, &members); err != nil {
		return seed, 0, err
	}
	text, last := read[string](members["seed"]), whole(members["number"])
	if text == nil || last == nil {
		return seed, 0, errors.New("no key")
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(*text)
	if err != nil || len(data) != len(seed) {
		return seed, 0, errors.New("no key")
	}
	return [ed25519.SeedSize]byte(data), *last, nil
}

func read[T any](document json.RawMessage) *T {
	var value *T
	if json.Unmarshal(document, &value) != nil {
		return nil
	}
	return value
}

func whole(document json.RawMessage) *int64 {
	number := read[int64](document)
	if number == nil || *number < 0 || *number > largestNumber {
		return nil
	}
	return number
}

func isNumber(document json.RawMessage, want int64) bool {
	number := whole(document)
	return number != nil && *number == want
}

func readDays(document json.RawMessage) []day {
	var entries []json.RawMessage
	if json.Unmarshal(document, &entries) != nil {
		return nil
	}
	highest := map[string]int64{}
	for _, entry := range entries {
		var members map[string]json.RawMessage
		if json.Unmarshal(entry, &members) != nil {
			continue
		}
		name, nodes := read[string](members["day"]), whole(members["nodes"])
		if name == nil || nodes == nil || !isDay(*name) {
			continue
		}
		if before, known := highest[*name]; !known || *nodes > before {
			highest[*name] = *nodes
		}
	}
	return newestDays(highest)
}

func isDay(text string) bool {
	parsed, err := time.Parse(time.DateOnly, text)
	return err == nil && parsed.Format(time.DateOnly) == text
}

func newestDays(highest map[string]int64) []day {
	days := make([]day, 0, len(highest))
	for name, nodes := range highest {
		days = append(days, day{name, nodes})
	}
	sort.Slice(days, func(i, j int) bool { return days[i].Day < days[j].Day })
	if len(days) > maxDays {
		days = days[len(days)-maxDays:]
	}
	return days
}

// counted notes nodes for the day of now, where that day has not seen more.
func (s *state) counted(nodes int, now time.Time) {
	today := now.UTC().Format(time.DateOnly)
	highest := map[string]int64{}
	for _, each := range s.daily {
		highest[each.Day] = each.Nodes
	}
	if before, known := highest[today]; known && before >= int64(nodes) {
		return
	}
	highest[today] = int64(nodes)
	s.daily = newestDays(highest)
}
