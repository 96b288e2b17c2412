// Package web is the agent's own HTTP endpoint: metrics, health and a status
// page. It only reads the agent's state. Listening, TLS and basic
// authentication are exporter-toolkit's.
package web
