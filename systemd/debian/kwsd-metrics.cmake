# Metrics for Prometheus: a unit that asks kwsd, with examples of alert rules and of a dashboard. The program is kwsd's.
install(FILES kwsd-metrics.service kwsd-metrics.socket DESTINATION ${unit_folder}/system COMPONENT kwsd-metrics)
install(FILES ${PROJECT_SOURCE_DIR}/config/prometheus/kwsd-alerts.yml ${PROJECT_SOURCE_DIR}/config/prometheus/kwsd-dashboard.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/kwsd-metrics/examples COMPONENT kwsd-metrics)
debian_package(kwsd-metrics
  DEPENDS "kwsd (>= ${PROJECT_VERSION})"
  SUGGESTS "prometheus"
  DESCRIPTION
"metrics of the keyword-spotting daemon for Prometheus
Serves what kwsd counts (detections by keyword, load, branch, lost sound,
level) over HTTP to this machine alone, on port 9477. Has example alert
rules and a dashboard for Grafana.")
