package licensing

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// WriteMetrics writes what the license is worth, and how check-ins went, as Prometheus text.
func (m *Manager) WriteMetrics(w io.Writer) error {
	verdict, in, counts := m.Status().Verdict(), m.License(), m.Counts()
	code, lid := string(verdict.Code), ""
	if code == "" {
		code = "NONE"
	}
	if in != nil {
		lid = in.LID
	}
	var text strings.Builder
	gauge(&text, "koor_license_info", "What the license is worth.", fmt.Sprintf("{code=%s,lid=%s}", label(code), label(lid)), 1)
	gauge(&text, "koor_license_restricted", "Whether the gated calls are refused.", "", toNumber(verdict.Restricted))
	gauge(&text, "koor_license_seats", "Storage nodes that the license covers.", "", verdict.Seats)
	gauge(&text, "koor_license_used", "Storage nodes of the last answer.", "", verdict.Used)
	gauge(&text, "koor_license_granted", "Storage nodes that are covered.", "", verdict.Granted)
	if in != nil && in.Exp != nil {
		gauge(&text, "koor_license_expires_seconds", "When the license ends, in Unix seconds.", "", *in.Exp)
	}
	gauge(&text, "koor_license_nodes", "Storage nodes counted last.", "", int64(counts.Nodes))
	counter(&text, "koor_license_checkins_total", "Check-ins that were answered.", counts.Checkins)
	counter(&text, "koor_license_checkin_failures_total", "Check-ins that failed.", counts.Failures)
	if counts.LastCheckin != nil {
		gauge(&text, "koor_license_last_checkin_timestamp_seconds", "The last answered check-in.", "", *counts.LastCheckin)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// MetricsHandler serves WriteMetrics.
func (m *Manager) MetricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", metricsType)
		_ = m.WriteMetrics(w) // whoever asked has gone
	})
}

func gauge(text *strings.Builder, name, help, labels string, value int64) {
	fmt.Fprintf(text, "# HELP %s %s\n# TYPE %s gauge\n%s%s %d\n", name, help, name, name, labels, value)
}

func counter(text *strings.Builder, name, help string, value int64) {
	fmt.Fprintf(text, "# HELP %s %s\n# TYPE %s counter\n%s %d\n", name, help, name, name, value)
}

func toNumber(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// label returns a label's value quoted; a license id is the vendor's word, and could hold anything.
func label(value string) string {
	return strconv.Quote(strings.ToValidUTF8(value, "?"))
}
