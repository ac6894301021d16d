package license

import (
	"strconv"
	"strings"
)

// Code is what a license is worth now. The first that applies, in this order, is the answer.
type Code string

// The codes, in the order in which they are judged (docs/answers.md).
const (
	NotFound         Code = "NOT_FOUND"
	Unsupported      Code = "UNSUPPORTED"
	Revoked          Code = "REVOKED"
	Suspended        Code = "SUSPENDED"
	NotYetValid      Code = "NOT_YET_VALID"
	ExpiredGrace     Code = "EXPIRED_GRACE"
	Expired          Code = "EXPIRED"
	ClusterMismatch  Code = "CLUSTER_MISMATCH"
	DuplicateCluster Code = "DUPLICATE_CLUSTER"
	OverLimit        Code = "OVER_LIMIT"
	Valid            Code = "VALID"
)

// Warning is what a reader should know beside the code; it changes nothing.
type Warning string

// The warnings: keys or revoked list are old, and the clock can't be right.
const (
	KeysStale    Warning = "KEYS_STALE"
	ClockSuspect Warning = "CLOCK_SUSPECT"
)

type sentence struct{ message, remedy string }

var sentences = map[Code]sentence{
	NotFound: {
		"The license is signed by our key, but we have no record of it.",
		"Send the license file to Koor support; do not use it further.",
	},
	Unsupported:  {"The license uses something this version does not understand.", "Update the Data Control Center."},
	Revoked:      {"The license was revoked.", "Ask Koor sales for a new license."},
	Suspended:    {"The license is suspended.", "Ask Koor sales what is open."},
	NotYetValid:  {"The license is not valid yet.", "Check this machine's clock, or wait for the start date."},
	ExpiredGrace: {"The license has ended; everything still works for a while.", "Renew the license."},
	Expired:      {"The license has ended, and so has the time after it.", "Renew the license."},
	ClusterMismatch: {
		"The license belongs to another Ceph cluster.",
		"Use the license of this cluster, or release the other one first.",
	},
	DuplicateCluster: {
		"A cluster with the same identity is alive elsewhere.",
		"Release the cluster that is no longer used.",
	},
	OverLimit: {
		"{used} storage nodes are in use, {granted} of {seats} seats are granted to this cluster.",
		"Ask Koor sales for more seats, or remove nodes.",
	},
	Valid: {"{used} of {seats} storage nodes are in use.", ""},
}

func (c Code) known() bool {
	_, found := sentences[c]
	return found
}

// describe returns the sentence and the remedy of a code, for people. The remedy of a valid license is empty.
func describe(code Code, seats, used, granted int64) (message, remedy string) {
	found := sentences[code]
	numbers := strings.NewReplacer(
		"{seats}", strconv.FormatInt(seats, 10),
		"{used}", strconv.FormatInt(used, 10),
		"{granted}", strconv.FormatInt(granted, 10),
	)
	return numbers.Replace(found.message), found.remedy
}
