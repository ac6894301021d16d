package license

// members reads typed members of an object and remembers whether one was missing or of another type. Reading goes on
// after that; ask bad at the end.
type members struct {
	of  object
	bad bool
}

// member returns the member of exactly the type T. A missing one has the type of nothing.
func member[T any](m *members, name string) T {
	value, ok := m.of[name].(T)
	m.bad = m.bad || !ok
	return value
}

// optionalNumber returns nil for a member that is absent; null is no number.
func optionalNumber(m *members, name string) *int64 {
	if _, present := m.of[name]; !present {
		return nil
	}
	number := member[int64](m, name)
	return &number
}

// texts returns the list's items; ok is false if one is no text.
func texts(items []any) (found []string, ok bool) {
	found = make([]string, len(items))
	for i, item := range items {
		if found[i], ok = item.(string); !ok {
			return nil, false
		}
	}
	return found, true
}
