package license

import (
	"errors"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// encoding/json is no reader for signed text: it takes names of another case for ours, keeps the last of two equal
// names, and replaces what is not UTF-8. This one reads RFC 8259 and nothing beside it, and refuses:
// names that stand twice, lone surrogates, NaN and infinities, more than maxDepth levels, and in tokens fractions.

const (
	maxDepth  = 32    // deepest nesting of objects and arrays that is read
	maxDigits = 4_300 // longest whole number that is read: Python's limit, so that both readers refuse the same
)

var errJSON = errors.New("not strict JSON")

// A value is one of nil, bool, string, int64, fraction, []any and object.
type object = map[string]any

// fraction is a finite number with a fraction or an exponent: never a whole number of ours, even where it has no rest.
type fraction float64

// readTokenJSON returns the value that data is: whole numbers only, no white space around it.
// A whole number beyond int64 comes back as the nearest int64: every range that is checked ends long before.
func readTokenJSON(data []byte) (any, error) {
	return readJSON(data, false)
}

// readFileJSON is readTokenJSON, but finite numbers may have a fraction, and white space may stand around the value.
func readFileJSON(data []byte) (any, error) {
	return readJSON(data, true)
}

func readJSON(data []byte, lenient bool) (any, error) {
	if !utf8.Valid(data) {
		return nil, errJSON
	}
	r := jsonReader{data: data, fractions: lenient}
	if lenient {
		r.skipSpace()
	}
	value, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if lenient {
		r.skipSpace()
	}
	if r.at != len(data) {
		return nil, errJSON
	}
	return value, nil
}

type jsonReader struct {
	data      []byte
	at        int
	fractions bool
}

// peek returns the next byte, or 0 at the end: no JSON value starts or goes on with a zero byte.
func (r *jsonReader) peek() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

func (r *jsonReader) take(c byte) bool {
	if r.peek() != c || r.at == len(r.data) {
		return false
	}
	r.at++
	return true
}

func (r *jsonReader) skipSpace() {
	for r.at < len(r.data) {
		switch r.data[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *jsonReader) value(depth int) (any, error) {
	switch c := r.peek(); {
	case c == '"':
		return r.text()
	case c == '{':
		return r.object(depth + 1)
	case c == '[':
		return r.array(depth + 1)
	case c == '-' || isDigit(c):
		return r.number()
	case c == 't':
		return true, r.word("true")
	case c == 'f':
		return false, r.word("false")
	case c == 'n':
		return nil, r.word("null")
	}
	return nil, errJSON
}

func (r *jsonReader) word(word string) error {
	end := r.at + len(word)
	if end > len(r.data) || string(r.data[r.at:end]) != word {
		return errJSON
	}
	r.at = end
	return nil
}

func (r *jsonReader) object(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errJSON
	}
	r.at++
	members := make(object)
	r.skipSpace()
	if r.take('}') {
		return members, nil
	}
	for {
		if err := r.member(members, depth); err != nil {
			return nil, err
		}
		if r.take('}') {
			return members, nil
		}
		if !r.take(',') {
			return nil, errJSON
		}
		r.skipSpace()
	}
}

// member reads `"name": value` and the white space after it into members.
func (r *jsonReader) member(members object, depth int) error {
	if r.peek() != '"' {
		return errJSON
	}
	name, err := r.text()
	if err != nil {
		return err
	}
	r.skipSpace()
	if _, twice := members[name]; twice || !r.take(':') {
		return errJSON
	}
	r.skipSpace()
	value, err := r.value(depth)
	if err != nil {
		return err
	}
	members[name] = value
	r.skipSpace()
	return nil
}

func (r *jsonReader) array(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errJSON
	}
	r.at++
	items := []any{}
	r.skipSpace()
	if r.take(']') {
		return items, nil
	}
	for {
		item, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		r.skipSpace()
		if r.take(']') {
			return items, nil
		}
		if !r.take(',') {
			return nil, errJSON
		}
		r.skipSpace()
	}
}

// text reads a string. Most have no escape and are taken as they stand.
func (r *jsonReader) text() (string, error) {
	start := r.at + 1
	for i := start; i < len(r.data); i++ {
		switch c := r.data[i]; {
		case c == '"':
			r.at = i + 1
			return string(r.data[start:i]), nil
		case c == '\\':
			r.at = i
			return r.escapedText(append([]byte(nil), r.data[start:i]...))
		case c < ' ':
			return "", errJSON
		}
	}
	return "", errJSON
}

// escapedText reads on from the first escape; out holds what stood before it.
func (r *jsonReader) escapedText(out []byte) (string, error) {
	for r.at < len(r.data) {
		c := r.data[r.at]
		r.at++
		switch {
		case c == '"':
			return string(out), nil
		case c < ' ':
			return "", errJSON
		case c != '\\':
			out = append(out, c)
		default:
			character, err := r.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, character)
		}
	}
	return "", errJSON
}

// escape reads what follows a backslash (RFC 8259 §7).
func (r *jsonReader) escape() (rune, error) {
	c := r.peek()
	r.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return r.codePoint()
	}
	return 0, errJSON
}

// codePoint reads the four digits after \u, and the second half of a surrogate pair; half a pair is refused.
func (r *jsonReader) codePoint() (rune, error) {
	first, err := r.hex4()
	if err != nil || !utf16.IsSurrogate(first) {
		return first, err
	}
	if !r.take('\\') || !r.take('u') {
		return 0, errJSON
	}
	second, err := r.hex4()
	if err != nil {
		return 0, err
	}
	character := utf16.DecodeRune(first, second)
	if character == utf8.RuneError {
		return 0, errJSON
	}
	return character, nil
}

func (r *jsonReader) hex4() (rune, error) {
	if r.at+4 > len(r.data) {
		return 0, errJSON
	}
	var number rune
	for _, c := range r.data[r.at : r.at+4] {
		digit, ok := hexValue(c)
		if !ok {
			return 0, errJSON
		}
		number = number<<4 | digit
	}
	r.at += 4
	return number, nil
}

func hexValue(c byte) (rune, bool) {
	switch {
	case isDigit(c):
		return rune(c - '0'), true
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10, true
	}
	return 0, false
}

func isDigit(c byte) bool {
	return '0' <= c && c <= '9'
}

func (r *jsonReader) digits() int {
	start := r.at
	for isDigit(r.peek()) {
		r.at++
	}
	return r.at - start
}

// number reads a number (RFC 8259 §6): no leading zero, no plus sign, digits on both sides of a point.
func (r *jsonReader) number() (any, error) {
	start := r.at
	r.take('-')
	first := r.peek()
	count := r.digits()
	if count == 0 || (first == '0' && count > 1) {
		return nil, errJSON
	}
	whole, err := r.skipFraction()
	if err != nil {
		return nil, err
	}
	literal := string(r.data[start:r.at])
	if whole {
		return wholeNumber(literal, count)
	}
	return r.fraction(literal)
}

// skipFraction passes a fraction and an exponent, and says whether there was none.
func (r *jsonReader) skipFraction() (whole bool, err error) {
	whole = true
	if r.take('.') {
		whole = false
		if r.digits() == 0 {
			return false, errJSON
		}
	}
	if r.take('e') || r.take('E') {
		whole = false
		if !r.take('+') {
			r.take('-')
		}
		if r.digits() == 0 {
			return false, errJSON
		}
	}
	return whole, nil
}

func wholeNumber(literal string, digits int) (any, error) {
	if digits > maxDigits {
		return nil, errJSON
	}
	number, err := strconv.ParseInt(literal, 10, 64)
	if err == nil {
		return number, nil
	}
	if literal[0] == '-' {
		return int64(math.MinInt64), nil
	}
	return int64(math.MaxInt64), nil
}

func (r *jsonReader) fraction(literal string) (any, error) {
	number, err := strconv.ParseFloat(literal, 64)
	if err != nil || !r.fractions {
		return nil, errJSON
	}
	return fraction(number), nil
}
