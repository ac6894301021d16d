package license

import "fmt"

// Reason says at which step a token, file or key turned out not to be authentic. The words are stable: programs branch
// on them, and the server uses the same.
type Reason string

// The reasons, each with the step of docs/tokens.md ("Verifying") that gives it.
const (
	NotAToken     Reason = "NOT_A_TOKEN"    // step 1
	TooLong       Reason = "TOO_LONG"       // step 1
	UnknownHeader Reason = "UNKNOWN_HEADER" // step 2
	WrongType     Reason = "WRONG_TYPE"     // step 2
	BadEncoding   Reason = "BAD_ENCODING"   // step 3
	BadSignature  Reason = "BAD_SIGNATURE"  // step 4
	BadPayload    Reason = "BAD_PAYLOAD"    // step 5
	BadClaims     Reason = "BAD_CLAIMS"     // step 6
	WrongAudience Reason = "WRONG_AUDIENCE" // step 6
	WrongVersion  Reason = "WRONG_VERSION"  // step 6
	KeyNotYet     Reason = "KEY_NOT_YET"    // step 6
	KeyRetired    Reason = "KEY_RETIRED"    // step 6
	KeyRevoked    Reason = "KEY_REVOKED"    // step 6
	BadKey        Reason = "BAD_KEY"        // when a keyring or a root is read
	UnknownRoot   Reason = "UNKNOWN_ROOT"   // step 2 of a key statement
	BadFile       Reason = "BAD_FILE"       // when a license file is read
)

// Error is every refusal of this package.
type Error struct {
	Reason Reason
	Detail string // a sentence for people; it never quotes a token
}

func (e *Error) Error() string {
	return fmt.Sprintf("license: %s: %s", e.Reason, e.Detail)
}

func refuse(reason Reason, detail string) error {
	return &Error{Reason: reason, Detail: detail}
}

func badClaims(detail string) error {
	return refuse(BadClaims, detail)
}
